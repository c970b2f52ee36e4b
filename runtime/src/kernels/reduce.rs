//! Sums over axes.

use crate::element::Float;

use super::broadcast::for_each_run;

/// Partial sums of a sum: vectorizable, and more exact than one number after the other.
pub const LANES: usize = 16;

/// The sum of some numbers, in partial sums.
pub fn sum<T: Float>(numbers: &[T]) -> T {
    sum_of(numbers, |number| number)
}

/// The sum of a function of some numbers, in the same order.
pub fn sum_of<T: Float>(numbers: &[T], f: impl Fn(T) -> T) -> T {
    let mut sums = [T::zero(); LANES];
    let chunks = numbers.chunks_exact(LANES);
    let rest: T = chunks.remainder().iter().map(|&number| f(number)).sum();
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, &number)| *sum += f(number));
    }
    sums.into_iter().sum::<T>() + rest
}

/// Adds to each element of `y` the elements of `x` that it stands for; `y_shape` has a 1 for each axis that is summed.
pub fn add_sums<T: Float>(x: &[T], shape: &[usize], y: &mut [T], y_shape: &[usize]) {
    let mut from = 0;
    for_each_run(shape, [y_shape], |[to], length, [step]| {
        let x = &x[from..from + length];
        from += length;
        if step == 0 {
            y[to] += sum(x);
        } else {
            y[to..to + length].iter_mut().zip(x).for_each(|(y, &x)| *y += x);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::reference;

    #[test]
    fn sums_agree_with_the_definition() {
        for (shape, y_shape) in [
            (vec![2, 3, 4], vec![1, 3, 1]),
            (vec![2, 3, 4], vec![2, 1, 4]),
            (vec![2, 3, 4], vec![1, 1, 1]),
            (vec![2, 3, 4], vec![2, 3, 4]),
            (vec![40], vec![1]),
            (vec![0, 3], vec![1, 3]),
            (vec![], vec![]),
        ] {
            let x: Vec<f64> = (0..shape.iter().product()).map(|n: usize| n as f64).collect();
            let mut y = vec![10.0; y_shape.iter().product()];
            let mut wanted = y.clone();
            add_sums(&x, &shape, &mut y, &y_shape);
            for (n, x) in x.iter().enumerate() {
                wanted[reference::broadcast_index(n, &shape, &y_shape)] += x;
            }
            assert_eq!(y, wanted, "{shape:?} to {y_shape:?}");
        }
    }
}
