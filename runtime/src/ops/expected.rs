//! Holds ops against the numbers of TensorFlow, and puts them to the checks of [`testing`], with each set of vectors
//! that the machine has.

use std::any::Any;
use std::sync::Mutex;

use ndarray::ArrayD;

use crate::kernels::isa;
use crate::op::{Operation, Result};
use crate::testing::{self, Recorder, Tensor, Value, differentiate, run};

/// How far results and gradients of `f64` may be from TensorFlow's.
const TOLERANCE: f64 = 1e-10;

/// A tensor of `f64` with these elements.
pub fn tensor(shape: &[usize], elements: &[f64]) -> Tensor {
    ArrayD::from_shape_vec(shape, elements.to_vec()).unwrap().into()
}

/// A tensor of indices.
pub fn ids(shape: &[usize], elements: &[u32]) -> Tensor {
    ArrayD::from_shape_vec(shape, elements.to_vec()).unwrap().into()
}

/// The op as a graph of its own.
pub fn graph<A: Any + Send + Sync + Copy>(
    operation: &'static Operation,
    attrs: A,
) -> impl Fn(&mut Recorder, &[Value]) -> Result<Vec<Value>> + Send + Sync + 'static {
    move |recorder, operands| {
        let values = recorder.op(operation, operation.signature.name, operands, std::sync::Arc::new(attrs))?;
        Ok(values.into_vec())
    }
}

/// The results of the op.
pub fn results<A: Any + Send + Sync + Copy>(
    operation: &'static Operation,
    attrs: A,
    operands: &[Tensor],
) -> Result<Vec<Tensor>> {
    run(operands, graph(operation, attrs))
}

/// What the op says of operands that it refuses.
pub fn refusal<A: Any + Send + Sync + Copy>(operation: &'static Operation, attrs: A, operands: &[Tensor]) -> String {
    results(operation, attrs, operands).unwrap_err().to_string()
}

/// [`testing::check`].
pub fn check<A: Any + Send + Sync + Copy>(
    operation: &'static Operation,
    attrs: A,
    operands: &[Tensor],
) -> std::result::Result<(), String> {
    let checked = Mutex::new(Ok(()));
    isa::on_each(|isa| {
        if let Err(message) = testing::check(operation, attrs, operands) {
            *checked.lock().unwrap() = Err(format!("{isa:?}: {message}"));
        }
    });
    checked.into_inner().unwrap()
}

/// Checks results, and the gradients of the floats among the operands for these upstream gradients, one per result.
pub fn expect<A: Any + Send + Sync + Copy>(
    operation: &'static Operation,
    attrs: A,
    operands: &[Tensor],
    wanted: &[Tensor],
    (upstream, gradients): (&[&[f64]], &[&[f64]]),
) {
    isa::on_each(|_| expect_on_one(operation, attrs, operands, wanted, (upstream, gradients)));
}

fn expect_on_one<A: Any + Send + Sync + Copy>(
    operation: &'static Operation,
    attrs: A,
    operands: &[Tensor],
    wanted: &[Tensor],
    (upstream, gradients): (&[&[f64]], &[&[f64]]),
) {
    let shaped = |(elements, result): (&&[f64], &Tensor)| Some(tensor(result.array.shape(), elements).array);
    let upstream: Vec<_> = upstream.iter().zip(wanted).map(shaped).collect();
    let found = differentiate(operands, &upstream, graph(operation, attrs)).unwrap();
    assert_eq!(found.results.len(), wanted.len());
    for (found, wanted) in found.results.iter().zip(wanted) {
        assert_eq!((found.dtype, found.array.shape()), (wanted.dtype, wanted.array.shape()));
        compare("results", found.array.iter(), wanted.array.iter());
    }
    let floats = found.gradients.iter().zip(operands).filter(|(_, operand)| operand.dtype.is_float());
    for ((found, _), wanted) in floats.zip(gradients) {
        compare("gradients", found.iter(), wanted.iter());
    }
}

fn compare<'a>(what: &str, found: impl Iterator<Item = &'a f64>, wanted: impl Iterator<Item = &'a f64>) {
    let (found, wanted): (Vec<f64>, Vec<f64>) = (found.copied().collect(), wanted.copied().collect());
    assert_eq!(found.len(), wanted.len(), "{what}");
    let near = |(found, wanted): (&f64, &f64)| (found - wanted).abs() <= TOLERANCE * wanted.abs().max(1.0);
    assert!(found.iter().zip(&wanted).all(near), "{what} are {found:?}, TensorFlow's {wanted:?}");
}
