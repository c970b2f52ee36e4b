//! Models where the dependency is renamed, and in places where items seldom stand.

use nn::prelude::*;

model! {
    /// A model of a crate that calls varscope `nn`.
    pub struct Line {
        fn values(x: [batch, 1]) -> [batch, 1] {
            var slope: [1, 1] = ones();
            crate::twice(scope shift: layers::Dense(matmul(x, slope), units = 1))
        }

        fn loss(x: [batch, 1]) -> [] {
            mean(square(values(x)))
        }
    }
}

/// `2 · x`, an op of this crate's own.
pub mod twice {
    use nn::op::*;

    nn::attributes! {}

    /// The shape of `x`.
    ///
    /// # Errors
    ///
    /// None.
    pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
        Ok(Shapes::one(x))
    }

    /// `y = 2 · x`.
    ///
    /// # Errors
    ///
    /// None.
    pub fn forward<T: Float>(_: &Context, x: View<T>, _: &Attrs, mut y: ViewMut<T>) -> Result<()> {
        y.data().iter_mut().zip(x.data()).for_each(|(y, &x)| *y = x + x);
        Ok(())
    }

    /// `dx = 2 · dy`.
    ///
    /// # Errors
    ///
    /// None.
    pub fn backward<T: Float>(_: &Context, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
        dx.map(dy, |dy| dy + dy);
        Ok(())
    }

    nn::op! {
        twice(x: T) -> (y: T), for T in [f32, f64];
        backward(reads [], from [y], to [x]);
    }
}

#[cfg(test)]
mod tests {
    use arrays::{Array1, Array2};

    #[test]
    fn a_renamed_dependency_is_found() {
        let net = super::Line::seeded(1).unwrap();
        assert_eq!(net.values(Array2::zeros((3, 1)).view()).unwrap().shape(), [3, 1]);
        let mut step = net.loss_gradients();
        assert!(step.compute(Array2::ones((3, 1)).view()).is_ok());
    }

    #[test]
    fn an_own_op_passes_the_self_test() {
        let x = arrays::array![[0.5, -1.0], [2.0, 0.0]];
        nn::testing::check(&super::twice::OPERATION, super::twice::Attrs::DEFAULT, &[x.into()]).unwrap();
    }

    #[test]
    fn a_model_in_a_function() {
        const SIZE: usize = 3;
        nn::model! {
            struct Local {
                fn shifted(x: [SIZE]) -> [SIZE] {
                    var shift: [SIZE] = ones();
                    x + shift
                }
            }
        }
        let net = Local::seeded(1).unwrap();
        assert_eq!(net.shifted(Array1::zeros(SIZE).view()).unwrap(), Array1::ones(SIZE));
    }
}
