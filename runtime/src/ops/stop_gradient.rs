//! `stop_gradient(x)`: `x` itself, through which no gradient flows back.

use crate::op::*;

crate::attributes! {}

/// The shape of `x`.
pub const fn shape(x: Shape, _: &Attrs) -> Result<Shapes, ShapeError> {
    Ok(Shapes::one(x))
}

crate::op! {
    stop_gradient(x: T) -> (y: T), for T in [f32, f64] and [i32, i64, u8, u32, bool];
    alias;
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::ops::expected::check;
    use crate::ops::mul;
    use crate::testing::{Recorder, Value, differentiate};

    #[test]
    fn gives_its_operand() {
        check(&OPERATION, Attrs::DEFAULT, &[array![1.0, -2.0].into()]).unwrap();
    }

    #[test]
    fn no_gradient_flows_through() {
        let graph = |recorder: &mut Recorder, x: &[Value]| {
            let stopped = record(recorder, "stop_gradient", x, Attrs::DEFAULT)?.one()?;
            Ok(mul::record(recorder, "mul", &[x[0], stopped], mul::Attrs::DEFAULT)?.into_vec())
        };
        let upstream = [Some(array![1.0, 1.0].into_dyn())];
        let found = differentiate(&[array![3.0, -2.0].into()], &upstream, graph).unwrap();
        assert_eq!(found.results, [array![9.0, 4.0].into()]);
        assert_eq!(found.gradients[0], array![3.0, -2.0].into_dyn());
    }
}
