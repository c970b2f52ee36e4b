//! Passes over tensors of one number of elements, split between threads where they are long.

use super::isa::vectorised;
use super::parallel::{for_each_chunk, for_each_slots};

/// Elements that a thread does at a time, with those of two more tensors a part of the second cache.
pub const CHUNK: usize = 1 << 14;

/// Multiply-adds that take as long as an element.
pub const ELEMENT: usize = 16;

/// Calls `f` with each element of `y`.
pub fn update<Y: Send>(y: &mut [Y], f: impl Fn(&mut Y) + Sync) {
    let operations = y.len() * ELEMENT;
    for_each_chunk(y, CHUNK, operations, |_, y| {
        vectorised(
            #[inline(always)]
            || y.iter_mut().for_each(&f),
        );
    });
}

/// Calls `f` with each element of `y` and that of `a`.
pub fn update_with<Y: Send, A: Copy + Sync>(y: &mut [Y], a: &[A], f: impl Fn(&mut Y, A) + Sync) {
    let operations = y.len() * ELEMENT;
    for_each_chunk(y, CHUNK, operations, |number, y| {
        let a = &a[number * CHUNK..];
        vectorised(
            #[inline(always)]
            || y.iter_mut().zip(a).for_each(|(y, &a)| f(y, a)),
        );
    });
}

/// Calls `f` with each element of `y` and those of `a` and `b`.
pub fn update_with_two<Y: Send, A: Copy + Sync, B: Copy + Sync>(
    y: &mut [Y],
    (a, b): (&[A], &[B]),
    f: impl Fn(&mut Y, A, B) + Sync,
) {
    let operations = y.len() * ELEMENT;
    for_each_chunk(y, CHUNK, operations, |number, y| {
        let (a, b) = (&a[number * CHUNK..], &b[number * CHUNK..]);
        vectorised(
            #[inline(always)]
            || y.iter_mut().zip(a).zip(b).for_each(|((y, &a), &b)| f(y, a, b)),
        );
    });
}

/// Calls `f` with each element of `y` and those of `a`, `b` and `c`.
pub fn update_with_three<Y: Send, A: Copy + Sync, B: Copy + Sync, C: Copy + Sync>(
    y: &mut [Y],
    (a, b, c): (&[A], &[B], &[C]),
    f: impl Fn(&mut Y, A, B, C) + Sync,
) {
    let operations = y.len() * ELEMENT;
    for_each_chunk(y, CHUNK, operations, |number, y| {
        let (a, b, c) = (&a[number * CHUNK..], &b[number * CHUNK..], &c[number * CHUNK..]);
        vectorised(
            #[inline(always)]
            || y.iter_mut().zip(a).zip(b).zip(c).for_each(|(((y, &a), &b), &c)| f(y, a, b, c)),
        );
    });
}

/// Calls `f` with parts of `values`, of `gradients`, and of each of the slots of an optimizer.
pub fn update_slots<T: Send + Sync>(
    values: &mut [T],
    gradients: &[T],
    slots: &mut [Vec<T>],
    f: impl Fn(&mut [T], &[T], &mut [&mut [T]]) + Sync,
) {
    let operations = values.len() * ELEMENT;
    for_each_slots((values, slots), CHUNK, operations, |number, values, slots| {
        let gradients = &gradients[number * CHUNK..];
        vectorised(
            #[inline(always)]
            || f(values, gradients, slots),
        );
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::isa;

    #[test]
    fn every_element_meets_its_own_on_every_path() {
        isa::on_each(|_| [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 20 * CHUNK + 3].into_iter().for_each(check));
        // With helpers.
        check(20 * CHUNK + 3);
    }

    fn check(length: usize) {
        let (a, b): (Vec<u32>, Vec<f32>) = (0..length).map(|n| (n as u32, n as f32 * 0.5)).unzip();
        let mut y: Vec<f32> = b.clone();
        update(&mut y, |y| *y += 1.0);
        update_with(&mut y, &a, |y, a| *y += a as f32);
        update_with_two(&mut y, (&a, &b), |y, a, b| *y -= a as f32 + b);
        update_with_three(&mut y, (&a, &b, &b), |y, a, b, c| *y += (b + c) - a as f32);
        assert!(y.iter().all(|&y| y == 1.0), "{length}");
        let mut slots = vec![b.clone(), vec![0.0; length]];
        update_slots(&mut y, &b, &mut slots, |y, b, slots| {
            let [first, second] = slots else { panic!("two slots") };
            for (((y, &b), first), second) in y.iter_mut().zip(b).zip(first.iter_mut()).zip(second.iter_mut()) {
                (*y, *first, *second) = (*y + b, *first - b, b);
            }
        });
        assert!(y.iter().zip(&b).all(|(&y, &b)| y == 1.0 + b) && slots[0].iter().all(|&slot| slot == 0.0));
        assert_eq!(slots[1], b);
    }
}
