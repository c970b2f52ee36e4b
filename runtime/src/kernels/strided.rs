//! Copies between tensors whose axes are in another order, or of which only a part is meant.

use crate::shape::MAX_RANK;

/// Where the elements of a tensor are in memory: the first of them, and for each axis how many there are and how far
/// apart.
#[derive(Clone, Copy, Debug)]
pub struct Strided {
    first: usize,
    rank: usize,
    sizes: [usize; MAX_RANK],
    strides: [usize; MAX_RANK],
}

impl Strided {
    /// A whole tensor of up to six axes, the last fastest.
    pub fn new(shape: &[usize]) -> Self {
        let rank = shape.len().min(MAX_RANK);
        let (mut sizes, mut strides) = ([1; MAX_RANK], [0; MAX_RANK]);
        let mut stride = 1;
        for (axis, &size) in shape.iter().enumerate().take(rank).rev() {
            (sizes[axis], strides[axis]) = (size, stride);
            stride *= size;
        }
        Self { first: 0, rank, sizes, strides }
    }

    /// The axes in another order: axis `n` is what axis `order[n]` was.
    pub fn permuted(&self, order: &[usize]) -> Self {
        let mut permuted = *self;
        for (to, &from) in order.iter().enumerate().take(self.rank) {
            (permuted.sizes[to], permuted.strides[to]) = (self.sizes[from], self.strides[from]);
        }
        permuted
    }

    /// Of one axis only `size` positions, from `begin` on.
    pub fn part(mut self, axis: usize, begin: usize, size: usize) -> Self {
        self.first += begin * self.strides[axis];
        self.sizes[axis] = size;
        self
    }

    fn sizes(&self) -> &[usize] {
        &self.sizes[..self.rank]
    }
}

/// `put(y, x)` for each element of a whole tensor `y` and the element of `x` at the same position of `part`.
pub fn read<T: Copy>(x: &[T], part: &Strided, y: &mut [T], put: impl Fn(&mut T, T)) {
    copy(x, part, y, &Strided::new(part.sizes()), put);
}

/// `put(y, x)` for each element of a whole tensor `x` and the element of `y` at the same position of `part`.
pub fn write<T: Copy>(x: &[T], y: &mut [T], part: &Strided, put: impl Fn(&mut T, T)) {
    copy(x, &Strided::new(part.sizes()), y, part, put);
}

/// One axis of both tensors.
#[derive(Clone, Copy, Default)]
struct Axis {
    size: usize,
    from: usize,
    to: usize,
}

/// The axes of two tensors of the same sizes, without those of size 1; neighbours that are one in both are joined.
fn joined(from: &Strided, to: &Strided) -> ([Axis; MAX_RANK], usize) {
    let (mut axes, mut count) = ([Axis::default(); MAX_RANK], 0);
    for n in 0..from.rank {
        let axis = Axis { size: from.sizes[n], from: from.strides[n], to: to.strides[n] };
        if axis.size == 1 {
            continue;
        }
        let last: Option<&mut Axis> = axes[..count].last_mut();
        match last {
            Some(last) if last.from == axis.from * axis.size && last.to == axis.to * axis.size => {
                *last = Axis { size: last.size * axis.size, ..axis };
            }
            _ => {
                axes[count] = axis;
                count += 1;
            }
        }
    }
    (axes, count)
}

/// Rows and columns of a tile: a tile of each tensor stays in the first cache.
const TILE: usize = 16;

fn copy<T: Copy>(x: &[T], from: &Strided, y: &mut [T], to: &Strided, put: impl Fn(&mut T, T)) {
    if from.sizes().contains(&0) {
        return;
    }
    let (mut axes, count) = joined(from, to);
    let axes = &mut axes[..count];
    // The innermost two axes: the one in which `x` is contiguous, and last the one in which `y` is.
    if let Some(axis) = axes.iter().position(|axis| axis.from == 1) {
        axes[axis..].rotate_left(1);
    }
    if let Some(axis) = axes.iter().position(|axis| axis.to == 1) {
        axes[axis..].rotate_left(1);
    }
    let columns = axes.last().copied().unwrap_or(Axis { size: 1, from: 1, to: 1 });
    let outer = &axes[..count.saturating_sub(1)];
    if columns.from == 1 && columns.to == 1 {
        for_each(outer, [from.first, to.first], |[from, to]| {
            let (x, y) = (&x[from..from + columns.size], &mut y[to..to + columns.size]);
            y.iter_mut().zip(x).for_each(|(y, &x)| put(y, x));
        });
        return;
    }
    let (rows, outer) = match outer.split_last() {
        Some((rows, outer)) => (*rows, outer),
        None => (Axis { size: 1, from: 0, to: 0 }, outer),
    };
    for_each(outer, [from.first, to.first], |[from, to]| {
        for first_row in (0..rows.size).step_by(TILE) {
            for first_column in (0..columns.size).step_by(TILE) {
                for row in first_row..rows.size.min(first_row + TILE) {
                    for column in first_column..columns.size.min(first_column + TILE) {
                        let at = to + row * rows.to + column * columns.to;
                        put(&mut y[at], x[from + row * rows.from + column * columns.from]);
                    }
                }
            }
        }
    });
}

/// Calls `run` with the offsets of each position of some axes, the last fastest.
fn for_each(axes: &[Axis], [mut from, mut to]: [usize; 2], mut run: impl FnMut([usize; 2])) {
    let mut at = [0; MAX_RANK];
    loop {
        run([from, to]);
        let mut n = axes.len();
        loop {
            if n == 0 {
                return;
            }
            n -= 1;
            let axis = &axes[n];
            at[n] += 1;
            (from, to) = (from + axis.from, to + axis.to);
            if at[n] < axis.size {
                break;
            }
            (from, to) = (from - axis.from * axis.size, to - axis.to * axis.size);
            at[n] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::reference;

    const SHAPES: [&[usize]; 8] =
        [&[], &[5], &[1, 3], &[17, 33], &[2, 3, 4], &[3, 1, 16, 2], &[2, 3, 1, 2, 3, 2], &[2, 0, 3]];

    fn orders(rank: usize) -> Vec<Vec<usize>> {
        let identity: Vec<usize> = (0..rank).collect();
        let mut orders = vec![identity.clone(), identity.iter().rev().copied().collect()];
        for axis in 0..rank {
            let mut order = identity.clone();
            order[axis..].rotate_left(1);
            orders.push(order);
            let mut order = identity.clone();
            order.swap(0, axis);
            orders.push(order);
        }
        orders
    }

    #[test]
    fn every_order_of_axes_agrees_with_the_definition() {
        for shape in SHAPES {
            let x: Vec<usize> = (0..shape.iter().product()).collect();
            for order in orders(shape.len()) {
                let part = Strided::new(shape).permuted(&order);
                let (mut y, mut back) = (vec![0; x.len()], vec![0; x.len()]);
                read(&x, &part, &mut y, |y, x| *y = x);
                assert_eq!(y, reference::transposed(&x, shape, &order), "{shape:?} by {order:?}");
                write(&y, &mut back, &part, |y, x| *y = x);
                assert_eq!(back, x, "{shape:?} by {order:?}");
            }
        }
    }

    #[test]
    fn a_part_is_read_and_written_where_it_is() {
        let x: Vec<usize> = (0..24).collect();
        let part = Strided::new(&[2, 3, 4]).part(1, 1, 2).part(2, 2, 1);
        let mut y = vec![0; 4];
        read(&x, &part, &mut y, |y, x| *y = x);
        assert_eq!(y, [6, 10, 18, 22]);
        let mut z = vec![100; 24];
        write(&y, &mut z, &part, |z, y| *z += y);
        let changed: Vec<usize> = z.into_iter().filter(|&z| z != 100).collect();
        assert_eq!(changed, [106, 110, 118, 122]);
        read(&x, &part.part(0, 0, 0), &mut [], |y, x| *y = x);
    }
}
