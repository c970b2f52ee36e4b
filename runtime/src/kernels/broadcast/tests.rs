use super::*;
use crate::kernels::{isa, reference};

const SHAPES: [(&[usize], &[usize], &[usize]); 24] = [
    (&[2, 3], &[2, 3], &[2, 3]),
    (&[2, 3], &[2, 3], &[3]),
    (&[2, 3], &[2, 1], &[1, 3]),
    (&[3, 2, 4], &[3, 1, 4], &[2, 4]),
    (&[2, 3, 4, 5], &[4, 1], &[2, 1, 1, 5]),
    (&[4], &[], &[4]),
    (&[], &[], &[1]),
    (&[2, 0, 3], &[2, 1, 3], &[0, 1]),
    // At the edges of vectors and of wide rows, each operand being repeated in its turn.
    (&[41, 15], &[41, 15], &[15]),
    (&[41, 16], &[16], &[41, 16]),
    (&[41, 17], &[41, 17], &[1, 17]),
    (&[41, 17], &[17], &[17]),
    (&[300, 6], &[300, 6], &[6]),
    (&[3, 128], &[3, 128], &[128]),
    (&[3, 129], &[129], &[3, 129]),
    (&[40, 50, 17], &[40, 50, 17], &[17]),
    (&[40, 50, 17], &[1, 1, 17], &[]),
    // Sums of rows, of blocks and of all.
    (&[40, 33], &[40, 33], &[40, 1]),
    (&[40, 33], &[40, 1], &[1, 33]),
    (&[9, 40, 17], &[9, 1, 17], &[40, 17]),
    (&[9, 40, 17], &[9, 40, 1], &[9, 1, 1]),
    (&[70000], &[1], &[70000]),
    (&[5000, 3], &[1, 1], &[5000, 1]),
    (&[4, 1, 9000], &[1, 9000], &[4, 1, 1]),
];

fn count(shape: &[usize]) -> usize {
    shape.iter().product()
}

fn numbers(shape: &[usize], from: f64) -> Vec<f64> {
    (0..count(shape)).map(|n| from + n as f64).collect()
}

#[test]
fn every_pair_of_shapes_agrees_with_the_definition_on_every_path() {
    isa::on_each(|_| check_pairs());
}

fn check_pairs() {
    for (shape, a_shape, b_shape) in SHAPES {
        let (a, b) = (numbers(a_shape, 1.0), numbers(b_shape, 100.0));
        let mut y = vec![0.0; count(shape)];
        zip(shape, (&a, a_shape), (&b, b_shape), &mut y, |a, b| a * b);
        let wanted: Vec<f64> = (0..count(shape))
            .map(|n| {
                a[reference::broadcast_index(n, shape, a_shape)] * b[reference::broadcast_index(n, shape, b_shape)]
            })
            .collect();
        assert_eq!(y, wanted, "{a_shape:?} and {b_shape:?}");
        if a_shape == shape {
            let mut in_place = a.clone();
            zip_in_place(&mut in_place, shape, (&b, b_shape), |a, b| a * b);
            assert_eq!(in_place, wanted);
        }
    }
}

#[test]
fn gradients_are_summed_over_broadcast_axes_on_every_path() {
    isa::on_each(|_| check_gradients());
}

fn check_gradients() {
    for (shape, a_shape, b_shape) in SHAPES {
        let (dy, a, b) = (numbers(shape, 0.5), numbers(a_shape, 1.0), numbers(b_shape, 2.0));
        check_sums((shape, &dy), (a_shape, a.len()), (b_shape, &b));
        let mut gradient = vec![1.0; a.len()];
        let f = |dy: f64, a: f64, b: f64| dy * b + a;
        super::gradient((&mut gradient, a_shape), (&dy, shape), (&a, a_shape), (&b, b_shape), Update::Add, f);
        let mut wanted = vec![1.0; a.len()];
        for (n, &dy) in dy.iter().enumerate() {
            let at = reference::broadcast_index(n, shape, a_shape);
            wanted[at] += f(dy, a[at], b[reference::broadcast_index(n, shape, b_shape)]);
        }
        assert_eq!(gradient, wanted, "{a_shape:?} and {b_shape:?}");
    }
}

/// Derivatives that look at the gradient alone, or at the other operand.
fn check_sums((shape, dy): (&[usize], &[f64]), (a_shape, length): (&[usize], usize), (b_shape, b): (&[usize], &[f64])) {
    for (update, base) in [(Update::Set, 0.0), (Update::Add, 1.0)] {
        let mut wanted = [vec![base; length], vec![base; length]];
        for (n, &dy) in dy.iter().enumerate() {
            let at = reference::broadcast_index(n, shape, a_shape);
            wanted[0][at] += dy;
            wanted[1][at] += dy * b[reference::broadcast_index(n, shape, b_shape)];
        }
        let (mut alone, mut with_b) = (vec![1.0; length], vec![1.0; length]);
        let unread: Operand<'_, ()> = (&[()], &[]);
        super::gradient((&mut alone, a_shape), (dy, shape), unread, unread, update, |dy, (), ()| dy);
        super::gradient((&mut with_b, a_shape), (dy, shape), unread, (b, b_shape), update, |dy, (), b| dy * b);
        assert_eq!([alone, with_b], wanted, "{a_shape:?} of {shape:?}, {update:?}");
    }
}

#[test]
fn does_not_depend_on_the_number_of_threads() {
    let dy: Vec<f32> = (0..1 << 18).map(|n| 1.0 / (n + 1) as f32).collect();
    for (shape, a_shape) in [([4096, 64], [1, 64]), ([4096, 64], [4096, 1]), ([4096, 64], [1, 1])] {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut gradient = vec![0.5; count(&a_shape)];
            let unread: Operand<'_, ()> = (&[()], &[]);
            pool.install(|| {
                let target = (&mut gradient[..], &a_shape[..]);
                super::gradient(target, (&dy, &shape), unread, unread, Update::Add, |dy, (), ()| dy);
            });
            gradient
        };
        assert_eq!(run(1), run(3), "{a_shape:?}");
    }
}
