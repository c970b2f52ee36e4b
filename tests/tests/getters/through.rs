//! Ops through which variables are read.

/// `round(x)`: to whole numbers, with the gradient of `x` itself (Bengio, Léonard and Courville, 2013).
pub mod round {
    use varscope::op::*;

    varscope::attributes! {}

    pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
        Ok(Shapes::one(x))
    }

    pub fn forward<T: Float>(_: &Context, x: View<T>, _: &Attrs, mut y: ViewMut<T>) -> Result<()> {
        y.data().iter_mut().zip(x.data()).for_each(|(y, x)| *y = x.round());
        Ok(())
    }

    pub fn backward<T: Float>(_: &Context, dy: View<T>, _: &Attrs, dx: Gradient<T>) -> Result<()> {
        dx.map(dy, |dy| dy);
        Ok(())
    }

    varscope::op! {
        round(x: T) -> (y: T), for T in [f32, f64];
        backward(reads [], from [y], to [x]);
    }
}

/// `affine(x)`: `x · by + plus`.
pub mod affine {
    use varscope::op::*;

    varscope::attributes! {
        /// The factor.
        by: f64 = 1.0,
        /// What is added.
        plus: f64 = 0.0,
    }

    pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
        Ok(Shapes::one(x))
    }

    pub fn forward<T: Float>(_: &Context, x: View<T>, attrs: &Attrs, mut y: ViewMut<T>) -> Result<()> {
        y.data().iter_mut().zip(x.data()).for_each(|(y, &x)| *y = x * T::of(attrs.by) + T::of(attrs.plus));
        Ok(())
    }

    pub fn backward<T: Float>(_: &Context, dy: View<T>, attrs: &Attrs, dx: Gradient<T>) -> Result<()> {
        dx.map(dy, |dy| dy * T::of(attrs.by));
        Ok(())
    }

    varscope::op! {
        affine(x: T) -> (y: T), for T in [f32, f64];
        backward(reads [], from [y], to [x]);
    }
}

/// `largest_singular(w, &mut u)`: the largest singular value of `w` by one step of power iteration from `u`, which the
/// step moves (Miyato et al., 2018). The directions count as constants in the gradient.
pub mod largest_singular {
    use varscope::op::*;

    varscope::attributes! {}

    pub const fn shape(w: Shape, u: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
        if w.rank() != 2 || u.rank() != 1 {
            return Err(ShapeError::new("it takes a matrix, and a vector with a number for each column"));
        }
        let rows = Shape::new(w.dtype(), &[w.dim(0)]);
        Ok(Shapes::one(Shape::scalar(w.dtype())).and(u).and_saved(rows))
    }

    fn normalize<T: Float>(x: &mut [T]) {
        let norm = x.iter().fold(T::zero(), |sum, &x| sum + x * x).sqrt();
        x.iter_mut().for_each(|x| *x /= norm);
    }

    pub fn forward<T: Float>(
        context: &Context,
        w: View<T>,
        u: View<T>,
        _: &Attrs,
        mut y: ViewMut<T>,
        mut moved: ViewMut<T>,
        mut v: ViewMut<T>,
    ) -> Result<()> {
        let columns = u.len();
        let times = |row: &[T], u: &[T]| row.iter().zip(u).fold(T::zero(), |sum, (&w, &u)| sum + w * u);
        for (v, row) in v.data().iter_mut().zip(w.data().chunks_exact(columns)) {
            *v = times(row, u.data());
        }
        normalize(v.data());
        moved.data().copy_from_slice(u.data());
        if context.is_training() {
            moved.data().fill(T::zero());
            for (&v, row) in v.data().iter().zip(w.data().chunks_exact(columns)) {
                moved.data().iter_mut().zip(row).for_each(|(u, &w)| *u += v * w);
            }
            normalize(moved.data());
        }
        let rows = v.data().iter().zip(w.data().chunks_exact(columns));
        y.data()[0] = rows.fold(T::zero(), |sum, (&v, row)| sum + v * times(row, moved.data()));
        Ok(())
    }

    pub fn backward<T: Float>(
        _: &Context,
        moved: View<T>,
        v: View<T>,
        dy: View<T>,
        _: &Attrs,
        dw: Gradient<T>,
    ) -> Result<()> {
        let Some(mut dw) = dw.zeroed() else { return Ok(()) };
        for (&v, row) in v.data().iter().zip(dw.data().chunks_exact_mut(moved.len())) {
            row.iter_mut().zip(moved.data()).for_each(|(dw, &u)| *dw += dy.data()[0] * v * u);
        }
        Ok(())
    }

    varscope::op! {
        largest_singular(w: T, u: (mut T)) -> (y: T, moved: T) saves (v: T), for T in [f32, f64];
        backward(reads [moved, v], from [y], to [w]);
    }
}
