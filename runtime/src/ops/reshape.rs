//! `reshape(x, shape = [batch, 4, _])`: the same elements in the same order, with other sizes.
//!
//! One size may be `_` (TensorFlow's `-1`): what the others leave. Names that stand on both sides cancel, so that
//! `[batch, 28, 28, 1]` as `[batch, _]` is known to be `[batch, 784]`.

use crate::op::*;

crate::attributes! {
    /// The sizes; `_`, once at the most, is what the others leave.
    shape: Sizes = Sizes::NONE,
}

/// A product of sizes: of numbers, of names, and perhaps of sizes about which nothing is known.
#[derive(Clone, Copy)]
struct Product {
    /// The product of the numbers, without the zeros among them.
    number: u64,
    zeros: usize,
    names: [u32; MAX_RANK],
    count: usize,
    is_open: bool,
}

impl Product {
    const fn of(shape: &Shape) -> Self {
        let mut product = Self { number: 1, zeros: 0, names: [0; MAX_RANK], count: 0, is_open: false };
        let mut axis = 0;
        while axis < shape.rank() {
            match shape.dim(axis) {
                Dim::Known(0) => product.zeros += 1,
                Dim::Known(size) => product.number = product.number.saturating_mul(size as u64),
                Dim::Symbol(name) => {
                    product.names[product.count] = name;
                    product.count += 1;
                }
                Dim::Unknown => product.is_open = true,
                Dim::Rest => {}
            }
            axis += 1;
        }
        product
    }

    const fn is_number(&self) -> bool {
        self.count == 0 && !self.is_open
    }

    /// The product as a size.
    const fn dim(&self) -> Dim {
        match (self.is_open, self.zeros, self.count) {
            (true, _, _) => Dim::Unknown,
            (false, 0, 0) => Dim::known(self.number as usize),
            (false, 0, 1) if self.number == 1 => Dim::Symbol(self.names[0]),
            (false, 0, _) => Dim::Unknown,
            (false, _, _) => Dim::Known(0),
        }
    }

    /// Takes the `n`-th name out.
    const fn remove(&mut self, n: usize) {
        self.count -= 1;
        self.names[n] = self.names[self.count];
    }

    /// Takes one factor of this name out, if there is one.
    const fn divide(&mut self, name: u32) -> bool {
        let mut n = 0;
        while n < self.count {
            if self.names[n] == name {
                self.remove(n);
                return true;
            }
            n += 1;
        }
        false
    }

    /// Takes the names out of both that stand in both.
    const fn cancel(&mut self, other: &mut Self) {
        let mut n = 0;
        while n < self.count {
            if other.divide(self.names[n]) {
                self.remove(n);
            } else {
                n += 1;
            }
        }
    }

    /// What is left of this product where the other one has taken its part; `None` where that cannot be.
    const fn divided_by(mut self, mut other: Self) -> Option<Dim> {
        self.cancel(&mut other);
        // An empty batch on both sides: what is left is what it would be for another batch.
        let zeros = if self.zeros < other.zeros { self.zeros } else { other.zeros };
        (self.zeros, other.zeros) = (self.zeros - zeros, other.zeros - zeros);
        if !other.is_number() || self.is_open {
            return Some(Dim::Unknown);
        }
        let is_multiple = self.number.is_multiple_of(other.number);
        match (other.zeros, self.zeros) {
            (0, 0) if is_multiple => {
                self.number /= other.number;
                Some(self.dim())
            }
            (0, 0) | (1.., _) => {
                if self.count == 0 {
                    None
                } else {
                    Some(Dim::Unknown)
                }
            }
            (0, 1..) => Some(Dim::Known(0)),
        }
    }
}

/// The sizes, with a number or a name for `_` where it is known.
pub const fn shape(x: Shape, attrs: &Attrs) -> Result<Shapes, ShapeError> {
    if attrs.shape.len() > MAX_RANK {
        return Err(ShapeError::new("a tensor has at most {} axes").number(MAX_RANK as isize));
    }
    let wanted = Shape::new(x.dtype(), attrs.shape.dims());
    let (mut rest, mut axis) = (None, 0);
    while axis < wanted.rank() {
        match (wanted.dim(axis), rest) {
            (Dim::Rest, Some(_)) => {
                return Err(ShapeError::new("one size may be `_`, and {} has more").shape(wanted));
            }
            (Dim::Rest, None) => rest = Some(axis),
            _ => {}
        }
        axis += 1;
    }
    match rest {
        None => match check_elements(&x, &wanted) {
            Ok(()) => Ok(Shapes::one(wanted)),
            Err(error) => Err(error),
        },
        Some(axis) => match Product::of(&x).divided_by(Product::of(&wanted)) {
            Some(dim) => Ok(Shapes::one(wanted.with(axis, dim))),
            None => Err(misfit("its {} elements, divided by the {} of {}, leave no size for `_`", &x, wanted)),
        },
    }
}

const fn check_elements(x: &Shape, wanted: &Shape) -> Result<(), ShapeError> {
    let (mut has, mut wants) = (Product::of(x), Product::of(wanted));
    has.cancel(&mut wants);
    if has.dim().agrees(wants.dim()) {
        return Ok(());
    }
    Err(misfit("its {} elements cannot become the {} of {}", x, *wanted))
}

/// An error with the numbers of elements, and before it what was cancelled.
const fn misfit(template: &'static str, x: &Shape, wanted: Shape) -> ShapeError {
    let (mut has, mut wants) = (Product::of(x), Product::of(&wanted));
    has.cancel(&mut wants);
    ShapeError::new(template).with(has.dim()).with(wants.dim()).shape(wanted)
}

/// `dx = dy`, in the sizes of `x`.
pub fn backward<T: Float>(_: &Context, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
    dx.map(dy, |dy| dy);
    Ok(())
}

crate::op! {
    reshape(x: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    alias;
    backward(reads [], from [y], to [x]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::expected::{check, refusal, results, tensor};

    const BATCH: Dim = Dim::Symbol(0);
    const TIME: Dim = Dim::Symbol(1);

    const fn n(size: usize) -> Dim {
        Dim::known(size)
    }

    fn made<const N: usize>(x: &[Dim], sizes: [Dim; N]) -> Result<Vec<Dim>, String> {
        let made = shape(Shape::new(DType::F32, x), &Attrs::DEFAULT.shape(sizes));
        made.map(|made| made.results()[0].dims().to_vec()).map_err(|error| error.to_string())
    }

    #[test]
    fn gradients_and_values() {
        let x = tensor(&[2, 3, 2], &[0.5, -2.0, 3.0, 1.5, 0.25, -0.75, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
        let attrs = Attrs::DEFAULT.shape([3, -1]);
        check(&OPERATION, attrs, std::slice::from_ref(&x)).unwrap();
        let found = results(&OPERATION, attrs, std::slice::from_ref(&x)).unwrap();
        assert_eq!(found[0].array, x.array.into_shape_with_order(vec![3, 4]).unwrap());
        let found = results(&OPERATION, Attrs::DEFAULT.shape([2, 1]), &[ndarray::array![true, false].into()]).unwrap();
        assert_eq!(found, [ndarray::array![[true], [false]].into()]);
    }

    #[test]
    fn names_cancel() {
        assert_eq!(made(&[BATCH, n(4), n(9)], [BATCH, n(36)]), Ok(vec![BATCH, n(36)]));
        assert_eq!(made(&[BATCH, n(28), n(28), n(1)], [BATCH, Dim::Rest]), Ok(vec![BATCH, n(784)]));
        assert_eq!(made(&[BATCH, TIME, n(8)], [Dim::Rest, n(8), BATCH]), Ok(vec![TIME, n(8), BATCH]));
        assert_eq!(made(&[BATCH, TIME, n(8)], [Dim::Rest, n(8)]), Ok(vec![Dim::Unknown, n(8)]));
        assert_eq!(made(&[BATCH, BATCH, n(8)], [Dim::Rest, n(8), BATCH]), Ok(vec![BATCH, n(8), BATCH]));
        assert_eq!(made(&[BATCH, n(8)], [Dim::Rest, n(3)]), Ok(vec![Dim::Unknown, n(3)]));
        assert_eq!(made(&[Dim::Unknown, n(8)], [BATCH, Dim::Rest]), Ok(vec![BATCH, Dim::Unknown]));
        assert_eq!(made(&[BATCH, TIME], [Dim::Unknown]), Ok(vec![Dim::Unknown]));
    }

    #[test]
    fn an_empty_batch_leaves_what_any_batch_does() {
        assert_eq!(made(&[n(0), n(4), n(9)], [n(0), Dim::Rest]), Ok(vec![n(0), n(36)]));
        assert_eq!(made(&[n(0), n(4), n(9)], [Dim::Rest, n(36)]), Ok(vec![n(0), n(36)]));
        assert_eq!(made(&[n(0), n(4)], [n(0), n(7)]), Ok(vec![n(0), n(7)]));
        assert!(made(&[n(2), n(4)], [n(0), Dim::Rest]).is_err());
    }

    #[test]
    fn the_number_of_elements_must_fit() {
        let error = |text: &str| Err(text.to_string());
        assert_eq!(made(&[n(2), n(6)], [n(3), n(5)]), error("its 12 elements cannot become the 15 of [3, 5]"));
        assert_eq!(made(&[BATCH, n(4)], [BATCH, n(5)]), error("its 4 elements cannot become the 5 of [?, 5]"));
        assert_eq!(made(&[BATCH], [n(5)]), error("its ? elements cannot become the 5 of [5]"));
        assert_eq!(made(&[BATCH], [TIME]), error("its ? elements cannot become the ? of [?]"));
        let left = "its 12 elements, divided by the 5 of [_, 5], leave no size for `_`";
        assert_eq!(made(&[n(2), n(6)], [Dim::Rest, n(5)]), error(left));
        assert_eq!(made(&[n(6)], [Dim::Rest, Dim::Rest]), error("one size may be `_`, and [_, _] has more"));
        assert_eq!(made(&[n(1)], [n(1); 7]), error("a tensor has at most 6 axes"));
        let found = refusal(&OPERATION, Attrs::DEFAULT.shape([4]), &[tensor(&[3], &[0.0; 3])]);
        assert_eq!(found, "reshape: [3]: its 3 elements cannot become the 4 of [4]");
    }
}
