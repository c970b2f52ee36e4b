//! Checks that every op can be put to, the library's and one's own.
//!
//! [`check`] is the whole of it: gradients against central differences, in place against not, `shape` with sizes that
//! are not known against the real ones. [`run`] and [`differentiate`] record any graph of ops and run it.
//!
//! ```
//! use ndarray::array;
//! use varscope::ops::matmul;
//! use varscope::testing::check;
//!
//! let (a, b) = (array![[1.0, -2.0], [0.5, 3.0]], array![[2.0], [-1.0]]);
//! check(&matmul::OPERATION, matmul::Attrs::DEFAULT, &[a.into(), b.into()])?;
//! # Ok::<(), String>(())
//! ```

use std::any::Any;
use std::sync::Arc;

use ndarray::{Array, ArrayD, Dimension, IxDyn};

use crate::draft::Draft;
use crate::element::{DType, Element, with_element};
use crate::error::{Error, Result};
use crate::init;
use crate::op::{Backward, Dim, Operation, Shape};
use crate::ops::{add, copy, mul, sum};
use crate::regularizer::{AnyRegularizer, Regularizer, loss};
use crate::run::{Runs, Step};
use crate::store::VariableStore;
use crate::variable::{AnyVariable, Variable};

pub use crate::record::{Recorder, Value};

/// An array of any element type, its elements as `f64`.
#[derive(Clone, PartialEq, Debug)]
pub struct Tensor {
    /// The type that ops see.
    pub dtype: DType,
    /// The elements.
    pub array: ArrayD<f64>,
}

impl<T: Element, D: Dimension> From<Array<T, D>> for Tensor {
    fn from(array: Array<T, D>) -> Self {
        Self { dtype: T::DTYPE, array: array.into_dyn().mapv(T::as_f64) }
    }
}

/// Runs a graph of ops on some operands, in inference mode.
///
/// # Errors
///
/// Sizes that do not fit; data that an op refuses.
pub fn run(operands: &[Tensor], graph: impl Fn(&mut Recorder, &[Value]) -> Result<Vec<Value>>) -> Result<Vec<Tensor>> {
    let variables = Operands::new(operands)?;
    let record = |recorder: &mut Recorder, _: &[Value]| {
        let values = variables.record(recorder);
        graph(recorder, &values)
    };
    Runs::default().call(0, variables.element, 0, &[], record, |outputs| {
        let tensor = |(number, dtype)| -> Result<Tensor> {
            with_element!(dtype, T => outputs.array::<T, IxDyn>(number).map(|array| array.to_owned().into()))
        };
        outputs.dtypes().enumerate().map(tensor).collect()
    })
}

/// The results of a graph, and the gradients of the operands.
#[derive(Clone, Debug)]
pub struct Differentiated {
    /// The results.
    pub results: Vec<Tensor>,
    /// For each operand the gradient of the sum of all results, each element weighted by its upstream gradient; zero
    /// for an operand that no gradient reaches.
    pub gradients: Vec<ArrayD<f64>>,
}

/// Runs a graph of ops on some operands as a training step does, forward and backward. `upstream` are the gradients of
/// the results; one without counts nothing.
///
/// # Errors
///
/// Sizes that do not fit; data that an op refuses.
pub fn differentiate(
    operands: &[Tensor],
    upstream: &[Option<ArrayD<f64>>],
    graph: impl Fn(&mut Recorder, &[Value]) -> Result<Vec<Value>> + Send + Sync + 'static,
) -> Result<Differentiated> {
    let variables = Arc::new(Operands::new(operands)?);
    let weights: Vec<Tensor> = upstream.iter().flatten().map(|array| array.clone().into()).collect();
    let weights: Vec<Tensor> =
        weights.into_iter().map(|weight| Tensor { dtype: variables.element, ..weight }).collect();
    let (counted, weights) = (counted(upstream), Operands::new(&weights)?);
    weights.list.iter().for_each(|weight| weight.set_trainable(false));
    let recorded = Arc::clone(&variables);
    let mut step = Step::new(variables.element, 0, move |recorder, _| {
        let values = recorded.record(recorder);
        let results = graph(recorder, &values)?;
        let weights = weights.record(recorder);
        let loss = weighted_sum(recorder, counted.iter().map(|&number| results[number]).zip(weights))?;
        Ok([loss].into_iter().chain(results).collect())
    });
    step.compute(&[])?;
    let dtypes: Vec<DType> = step.dtypes().skip(1).collect();
    let tensor = |(number, dtype): (usize, DType)| -> Result<Tensor> {
        with_element!(dtype, T => step.result::<T, IxDyn>(number + 1).map(|array| array.to_owned().into()))
    };
    let results = dtypes.into_iter().enumerate().map(tensor).collect::<Result<_>>()?;
    let gradient = |variable: &Arc<dyn AnyVariable>| -> Result<ArrayD<f64>> {
        with_element!(variable.dtype(), T => {
            let variable = Variable::<T, IxDyn>::of(Arc::clone(variable));
            let variable = variable.ok_or_else(|| Error::defect("an operand is of another type"))?;
            Ok(step.gradients().of(&variable).mapv(T::as_f64))
        })
    };
    let gradients = variables.list.iter().map(gradient).collect::<Result<_>>()?;
    Ok(Differentiated { results, gradients })
}

/// The numbers of the results that have an upstream gradient.
fn counted(upstream: &[Option<ArrayD<f64>>]) -> Vec<usize> {
    upstream.iter().enumerate().filter_map(|(number, upstream)| upstream.as_ref().map(|_| number)).collect()
}

fn weighted_sum(recorder: &mut Recorder, terms: impl Iterator<Item = (Value, Value)>) -> Result<Value> {
    let mut total = None;
    for (value, weight) in terms {
        let product = mul::record(recorder, "product", &[value, weight], mul::Attrs::DEFAULT)?.one()?;
        let term = sum::record(recorder, "term", &[product], sum::Attrs::DEFAULT)?.one()?;
        total = Some(match total {
            None => term,
            Some(total) => add::record(recorder, "total", &[total, term], add::Attrs::DEFAULT)?.one()?,
        });
    }
    total.map_or_else(|| Ok(recorder.number(0.0)), Ok)
}

/// Operands as variables, so that floats among them have gradients.
struct Operands {
    list: Vec<Arc<dyn AnyVariable>>,
    /// The element type of a model with such operands.
    element: DType,
}

impl Operands {
    fn new(operands: &[Tensor]) -> Result<Self> {
        let mut draft = Draft::new(&VariableStore::new(0).root())?;
        let mut make = |(number, Tensor { dtype, array }): (usize, &Tensor)| -> Result<Arc<dyn AnyVariable>> {
            with_element!(*dtype, T => {
                let name = format!("operand{number}");
                let variable: Variable<T, IxDyn> =
                    draft.get(&name, array.shape(), &init::zeros(), dtype.is_float())?;
                variable.assign(&array.mapv(T::from_f64))?;
                Ok(variable.erase())
            })
        };
        let list = operands.iter().enumerate().map(&mut make).collect::<Result<_>>()?;
        let is_f32 = operands.iter().any(|operand| operand.dtype == DType::F32);
        Ok(Self { list, element: if is_f32 { DType::F32 } else { DType::F64 } })
    }

    fn record(&self, recorder: &mut Recorder) -> Vec<Value> {
        self.list.iter().map(|variable| recorder.any_variable(Arc::clone(variable))).collect()
    }
}

/// A finite step in each direction, for central differences of `f64`.
const STEP: f64 = 1e-6;

/// How far a gradient may be from central differences, in relation to the largest of its tensor (at least 1).
const TOLERANCE: f64 = 2e-5;

/// Puts an op to all checks, on operands of `f64` (and of integers, for indices). The operands should be away from
/// kinks, where the derivative jumps.
///
/// # Errors
///
/// What is wrong, in words.
pub fn check<A: Any + Send + Sync>(operation: &'static Operation, attrs: A, operands: &[Tensor]) -> Result<(), String> {
    let op = Checked { operation, attrs: Arc::new(attrs), operands };
    op.shape_of_unknown_sizes()?;
    op.in_place()?;
    op.by_rows()?;
    op.gradients()
}

/// Puts a regularizer to the checks of ops, on a value that should be away from kinks: its penalty, its gradient, and
/// both for several variables together.
///
/// # Errors
///
/// What is wrong, in words.
pub fn check_regularizer(regularizer: impl Regularizer + 'static, value: impl Into<Tensor>) -> Result<(), String> {
    let value = value.into();
    regularizer.check(value.array.shape())?;
    let regularizers = vec![Arc::new(regularizer) as Arc<dyn AnyRegularizer>; 2];
    let halved = Tensor { array: &value.array * 0.5, ..value.clone() };
    check(&loss::OPERATION, loss::Attrs { regularizers }, &[value, halved])
}

/// An op that is being checked.
struct Checked<'a> {
    operation: &'static Operation,
    attrs: Arc<dyn Any + Send + Sync>,
    operands: &'a [Tensor],
}

impl Checked<'_> {
    /// The op as a graph; `computed` lets it find its operands in memory that it may overwrite.
    fn graph(&self, computed: bool) -> impl Fn(&mut Recorder, &[Value]) -> Result<Vec<Value>> + Send + Sync + use<> {
        let (operation, attrs) = (self.operation, Arc::clone(&self.attrs));
        move |recorder, operands| {
            let mut operands = operands.to_vec();
            if computed {
                for operand in &mut operands {
                    *operand = copy::record(recorder, "copy", &[*operand], copy::Attrs::DEFAULT)?.one()?;
                }
            }
            Ok(recorder.op(operation, "op", &operands, Arc::clone(&attrs))?.into_vec())
        }
    }

    /// `shape` must give what it gives for the real sizes, or leave open what it does not know.
    fn shape_of_unknown_sizes(&self) -> Result<(), String> {
        let shapes: Vec<Shape> =
            self.operands.iter().map(|operand| Shape::of(operand.dtype, operand.array.shape())).collect();
        let shape_of = |shapes: &[Shape]| (self.operation.shape)(DType::F64, shapes, &*self.attrs);
        let known = shape_of(&shapes).map_err(|error| error.to_string())?;
        for (number, shape) in shapes.iter().enumerate() {
            for axis in 0..shape.rank() {
                for dim in [Dim::Unknown, Dim::Symbol(7)] {
                    let mut partly = shapes.clone();
                    partly[number] = shape.with(axis, dim);
                    let what = || format!("`shape` with axis {axis} of operand {number} as {dim:?}");
                    match shape_of(&partly) {
                        Ok(made) => {
                            let fits = |(made, known): (&Shape, &Shape)| {
                                made.rank() == known.rank()
                                    && made
                                        .dims()
                                        .iter()
                                        .zip(known.dims())
                                        .all(|(made, known)| made.size().is_none_or(|_| made == known))
                            };
                            if !made.results().iter().zip(known.results()).all(fits) {
                                return Err(format!(
                                    "{} gives {:?}, not {:?}",
                                    what(),
                                    made.results(),
                                    known.results()
                                ));
                            }
                        }
                        // A name may differ from what it has to be; an unknown size agrees with everything.
                        Err(error) if dim == Dim::Unknown => return Err(format!("{}: {error}", what())),
                        Err(_) => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// The op must give the same wherever its operands are.
    fn in_place(&self) -> Result<(), String> {
        let text = |error: Error| error.to_string();
        let kept = run(self.operands, self.graph(false)).map_err(text)?;
        let overwritten = run(self.operands, self.graph(true)).map_err(text)?;
        if kept == overwritten { Ok(()) } else { Err(format!("in place it gives {overwritten:?}, otherwise {kept:?}")) }
    }

    /// An op that says it goes element by element must give the same for each row by itself.
    fn by_rows(&self) -> Result<(), String> {
        let text = |error: Error| error.to_string();
        let whole = run(self.operands, self.graph(false)).map_err(text)?;
        let ([Tensor { array: whole, .. }], true) = (whole.as_slice(), self.operation.elementwise) else {
            return Ok(());
        };
        let row = whole.shape().last().copied().unwrap_or(1);
        for (number, wanted) in whole.iter().copied().collect::<Vec<f64>>().chunks(row.max(1)).enumerate() {
            let part = |operand: &Tensor| {
                let last = operand.array.shape().last().copied().unwrap_or(1);
                let elements: Vec<f64> = operand.array.iter().copied().collect();
                let array = match elements.len() {
                    length if length == whole.len() => {
                        ArrayD::from_shape_vec(vec![1, row], elements[number * row..(number + 1) * row].to_vec())
                    }
                    length if length == last => ArrayD::from_shape_vec(vec![last], elements),
                    _ => return None,
                };
                Some(Tensor { dtype: operand.dtype, array: array.ok()? })
            };
            // Where a row of the result meets something else of an operand, a plan does not cut it.
            let Some(operands) = self.operands.iter().map(part).collect::<Option<Vec<Tensor>>>() else {
                return Ok(());
            };
            let found = run(&operands, self.graph(false)).map_err(text)?;
            if found.first().is_none_or(|found| !found.array.iter().eq(wanted)) {
                return Err(format!("it is `elementwise`, and row {number} by itself gives {found:?}, not {wanted:?}"));
            }
        }
        Ok(())
    }

    /// Gradients must be those of central differences, for weights of the results that differ from element to element.
    fn gradients(&self) -> Result<(), String> {
        let Some(backward) = self.operation.backward else { return Ok(()) };
        let text = |error: Error| error.to_string();
        let results = run(self.operands, self.graph(false)).map_err(text)?;
        let upstream: Vec<Option<ArrayD<f64>>> = results
            .iter()
            .enumerate()
            .map(|(number, result)| self.counts(&backward, number).then(|| weights(result.array.shape(), number)))
            .collect();
        let found = differentiate(self.operands, &upstream, self.graph(false)).map_err(text)?;
        let in_place = differentiate(self.operands, &upstream, self.graph(true)).map_err(text)?.gradients;
        if in_place != found.gradients {
            let wanted = &found.gradients;
            return Err(format!("`backward_in_place` gives {in_place:?}, and `backward` {wanted:?}"));
        }
        for (number, operand) in self.operands.iter().enumerate().filter(|(_, operand)| operand.dtype.is_float()) {
            if backward.to.contains(&number) || self.is_in_list(&backward, number) {
                let wanted = self.central_differences(number, operand, &upstream)?;
                compare(number, &found.gradients[number], &wanted)?;
            }
        }
        Ok(())
    }

    fn counts(&self, backward: &Backward, result: usize) -> bool {
        let last = self.operation.signature.results.len() - 1;
        backward.from.contains(&result.min(last))
    }

    fn is_in_list(&self, backward: &Backward, operand: usize) -> bool {
        let last = self.operation.signature.operands.len() - 1;
        operand >= last && backward.to.contains(&last)
    }

    fn central_differences(
        &self,
        number: usize,
        operand: &Tensor,
        upstream: &[Option<ArrayD<f64>>],
    ) -> Result<ArrayD<f64>, String> {
        let mut differences = ArrayD::zeros(operand.array.raw_dim());
        let mut operands = self.operands.to_vec();
        let indices: Vec<IxDyn> = ndarray::indices(operand.array.raw_dim()).into_iter().collect();
        for index in indices {
            let mut side = |step: f64| -> Result<f64, String> {
                operands[number].array[&index] = operand.array[&index] + step;
                let moved = differentiate(&operands, upstream, self.graph(false)).map_err(|error| error.to_string())?;
                let weighted = moved.results.iter().zip(upstream);
                Ok(weighted.filter_map(|(result, weight)| weight.as_ref().map(|w| (&result.array * w).sum())).sum())
            };
            differences[&index] = (side(STEP)? - side(-STEP)?) / (2.0 * STEP);
            operands[number].array[&index] = operand.array[&index];
        }
        Ok(differences)
    }
}

/// Weights that have no pattern which an error could have as well.
fn weights(shape: &[usize], number: usize) -> ArrayD<f64> {
    let mut random = crate::random::Random::new(7, "weights", number as u64);
    ArrayD::from_shape_simple_fn(shape, || random.normal())
}

fn compare(number: usize, found: &ArrayD<f64>, wanted: &ArrayD<f64>) -> Result<(), String> {
    let scale = wanted.iter().fold(1.0_f64, |largest, element| largest.max(element.abs()));
    for ((index, found), wanted) in found.indexed_iter().zip(wanted) {
        if (found - wanted).abs() > TOLERANCE * scale || found.is_nan() {
            let index = index.slice();
            return Err(format!("the gradient of operand {number} is {found} at {index:?}; differences say {wanted}"));
        }
    }
    Ok(())
}
