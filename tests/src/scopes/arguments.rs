//! What steps say about variables and scopes, as the library takes it.

use ndarray::{ArrayD, IxDyn};
use serde_json::Value;
use varscope::init::{constant, elements, glorot_uniform, ones, random_normal, truncated_normal, zeros};
use varscope::op::{DType, Float, Gradient, Random, View};
use varscope::partition::{Partitioner, fixed_size, per_axis};
use varscope::regularizer::{Regularizer, l1, l2};
use varscope::{VariableRequest, init::Initializer};

use super::reasons::Reason;

/// The element type that TensorFlow calls so.
pub fn dtype(name: &str) -> Result<DType, Reason> {
    match name.strip_suffix("_ref").unwrap_or(name) {
        "float32" => Ok(DType::F32),
        "float64" => Ok(DType::F64),
        "int32" => Ok(DType::I32),
        "int64" => Ok(DType::I64),
        "uint8" => Ok(DType::U8),
        "uint32" => Ok(DType::U32),
        "bool" => Ok(DType::Bool),
        _ => Err(Reason::ElementType),
    }
}

/// TensorFlow's name of an element type.
pub fn dtype_name(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "float32",
        DType::F64 => "float64",
        DType::I32 => "int32",
        DType::I64 => "int64",
        DType::U8 => "uint8",
        DType::U32 => "uint32",
        DType::Bool => "bool",
        _ => "unknown",
    }
}

/// How a variable starts.
#[derive(Clone)]
pub enum Start {
    /// Drawn.
    Drawn(Drawn),
    /// These numbers.
    Value(Array),
}

/// An array whose element type is known at run time.
#[derive(Clone, Debug)]
pub struct Array {
    /// The element type.
    pub dtype: DType,
    /// The elements.
    pub array: ArrayD<f64>,
}

/// The initializers of the files.
#[derive(Clone, Debug)]
pub enum Drawn {
    /// The same everywhere.
    Constant(f64),
    /// These.
    Elements(Vec<f64>),
    /// The default for floats.
    GlorotUniform,
    /// With a standard deviation.
    TruncatedNormal(f64),
    /// With a standard deviation of 1.
    RandomNormal,
}

impl Initializer for Drawn {
    fn draw(
        &self,
        dtype: DType,
        shape: &[usize],
        random: &mut Random,
        element: &mut dyn FnMut(f64),
    ) -> Result<(), String> {
        match self {
            Self::Constant(value) => constant(*value).draw(dtype, shape, random, element),
            Self::Elements(values) => elements(values.iter().copied()).draw(dtype, shape, random, element),
            Self::GlorotUniform => glorot_uniform().draw(dtype, shape, random, element),
            Self::TruncatedNormal(stddev) => truncated_normal().stddev(*stddev).draw(dtype, shape, random, element),
            Self::RandomNormal => random_normal().draw(dtype, shape, random, element),
        }
    }
}

impl Drawn {
    /// Whether its values are left to chance.
    pub fn is_random(&self) -> bool {
        !matches!(self, Self::Constant(_) | Self::Elements(_))
    }
}

/// An initializer of a step. `existing` finds the value of a variable.
pub fn start(value: &Value, existing: &dyn Fn(&str) -> Option<Array>) -> Result<Start, Reason> {
    if value == "xavier" {
        return Ok(Start::Drawn(Drawn::GlorotUniform));
    }
    let (name, argument) = value.as_object().and_then(|object| object.iter().next()).ok_or(Reason::Types)?;
    let array = || array(argument, name == "numpy", value["dtype"].as_str());
    let drawn = match (name.as_str(), argument) {
        ("tensor" | "value" | "numpy", _) => return Ok(Start::Value(array()?)),
        ("initialized_value", alias) => {
            let found = alias.as_str().and_then(existing).ok_or(Reason::OtherStep)?;
            return Ok(Start::Value(found));
        }
        ("constant", Value::Array(_)) => Drawn::Elements(array()?.array.into_iter().collect()),
        ("constant", Value::Bool(value)) => Drawn::Constant(f64::from(u8::from(*value))),
        ("constant", number) => Drawn::Constant(number.as_f64().ok_or(Reason::ElementType)?),
        ("zeros", _) => Drawn::Constant(0.0),
        ("ones", _) => Drawn::Constant(1.0),
        ("class", class) if class == "ones" => Drawn::Constant(1.0),
        ("class", class) if class == "zeros" => Drawn::Constant(0.0),
        ("glorot_uniform", _) => Drawn::GlorotUniform,
        ("truncated_normal", keywords) => Drawn::TruncatedNormal(keywords["stddev"].as_f64().unwrap_or(1.0)),
        ("random_normal", _) => Drawn::RandomNormal,
        _ => return Err(Reason::OtherStep),
    };
    Ok(Start::Drawn(drawn))
}

/// A number or nested lists of numbers, with the element type that TensorFlow gives them.
pub fn array(value: &Value, is_numpy: bool, dtype_given: Option<&str>) -> Result<Array, Reason> {
    let (mut shape, mut first) = (Vec::new(), value);
    while let Value::Array(list) = first {
        shape.push(list.len());
        first = list.first().ok_or(Reason::OtherStep)?;
    }
    let own = match first {
        Value::Bool(_) => DType::Bool,
        Value::Number(number) if number.is_f64() => {
            if is_numpy {
                DType::F64
            } else {
                DType::F32
            }
        }
        Value::Number(_) => {
            if is_numpy {
                DType::I64
            } else {
                DType::I32
            }
        }
        Value::Object(_) => return Err(Reason::Types),
        _ => return Err(Reason::ElementType),
    };
    let dtype = dtype_given.map_or(Ok(own), dtype)?;
    let mut numbers = Vec::new();
    flatten(value, &mut numbers)?;
    let array = ArrayD::from_shape_vec(IxDyn(&shape), numbers).map_err(|_| Reason::Types)?;
    Ok(Array { dtype, array })
}

fn flatten(value: &Value, numbers: &mut Vec<f64>) -> Result<(), Reason> {
    match value {
        Value::Array(list) => list.iter().try_for_each(|item| flatten(item, numbers)),
        Value::Bool(is) => {
            numbers.push(f64::from(u8::from(*is)));
            Ok(())
        }
        number => {
            numbers.push(number.as_f64().ok_or(Reason::Types)?);
            Ok(())
        }
    }
}

/// TensorFlow's name for an op of a kind that has none of its own.
pub fn op_name(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "constant" => "Const",
        "placeholder" => "Placeholder",
        "plus" => "add",
        "times" => "mul",
        "add" => "Add",
        "multiply" => "Mul",
        "matmul" => "MatMul",
        "identity" => "Identity",
        "square" => "Square",
        "reduce_sum" => "Sum",
        "relu" => "Relu",
        _ => return None,
    })
}

/// Gives a variable whose shape and element type are said its start.
pub fn begin_described<'a>(request: VariableRequest<'a>, start: Start) -> VariableRequest<'a> {
    match start {
        Start::Value(Array { array, .. }) => request.initializer(elements(array.iter().copied())),
        drawn => begin(request, drawn),
    }
}

/// Gives a variable its start.
pub fn begin<'a>(request: VariableRequest<'a>, start: Start) -> VariableRequest<'a> {
    let Array { dtype, array } = match start {
        Start::Drawn(Drawn::Constant(0.0)) => return request.initializer(zeros()),
        Start::Drawn(Drawn::Constant(1.0)) => return request.initializer(ones()),
        Start::Drawn(drawn) => return request.initializer(drawn),
        Start::Value(value) => value,
    };
    match dtype {
        DType::F32 => request.value(&array.mapv(|x| x as f32)),
        DType::I32 => request.value(&array.mapv(|x| x as i32)),
        DType::I64 => request.value(&array.mapv(|x| x as i64)),
        DType::U8 => request.value(&array.mapv(|x| x as u8)),
        DType::U32 => request.value(&array.mapv(|x| x as u32)),
        DType::Bool => request.value(&array.mapv(|x| x != 0.0)),
        _ => request.value(&array),
    }
}

/// The regularizers of the files.
#[derive(Clone, Copy, Debug)]
pub enum Penalty {
    /// As the library has it.
    L1(f64),
    /// As the library has it.
    L2(f64),
    /// The mean and a number.
    MeanPlus(f64),
}

impl Regularizer for Penalty {
    fn loss<T: Float>(&self, value: View<'_, T>) -> T {
        match self {
            Self::L1(scale) => l1(*scale).loss(value),
            Self::L2(scale) => l2(*scale).loss(value),
            Self::MeanPlus(number) => {
                value.data().iter().copied().sum::<T>() / T::of(value.len() as f64) + T::of(*number)
            }
        }
    }

    fn gradient<T: Float>(&self, value: View<'_, T>, upstream: T, gradient: Gradient<'_, T>) {
        match self {
            Self::L1(scale) => l1(*scale).gradient(value, upstream, gradient),
            Self::L2(scale) => l2(*scale).gradient(value, upstream, gradient),
            Self::MeanPlus(_) => gradient.map(value, |_| upstream / T::of(value.len() as f64)),
        }
    }
}

/// A regularizer; `None` is that there is to be none.
pub fn regularizer(value: &Value) -> Result<Option<Penalty>, Reason> {
    if value == "no_regularizer" {
        return Ok(None);
    }
    let (name, number) = value.as_object().and_then(|object| object.iter().next()).ok_or(Reason::Types)?;
    let number = number.as_f64().ok_or(Reason::Types)?;
    match name.as_str() {
        "l1" => Ok(Some(Penalty::L1(number))),
        "l2" => Ok(Some(Penalty::L2(number))),
        "mean_plus" => Ok(Some(Penalty::MeanPlus(number))),
        _ => Err(Reason::PythonFunction),
    }
}

/// A partitioner as it is written in a model.
pub fn written_partitioner(text: &str) -> Option<Partitioner> {
    let (name, numbers) = text.split_once('(')?;
    let numbers = numbers.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
    let numbers: Vec<usize> = numbers.map(str::parse).collect::<Result<_, _>>().ok()?;
    match (name.trim(), numbers.as_slice()) {
        ("fixed_size", [parts]) => Some(fixed_size(*parts)),
        ("per_axis", parts) => Some(per_axis(parts)),
        _ => None,
    }
}

/// A partitioner.
pub fn partitioner(value: &Value) -> Result<Partitioner, Reason> {
    let size = |value: &Value| value.as_u64().and_then(|size| usize::try_from(size).ok());
    if let Some(parts) = size(&value["axis0"]) {
        return Ok(fixed_size(parts));
    }
    let vector = value["vector"].as_array().ok_or(Reason::PythonFunction)?;
    let parts: Option<Vec<usize>> = vector.iter().map(size).collect();
    Ok(per_axis(&parts.ok_or(Reason::Types)?))
}

/// A shape.
pub fn shape(value: &Value) -> Result<Vec<usize>, Reason> {
    let sizes = value.as_array().ok_or(Reason::Types)?;
    let size = |value: &Value| value.as_u64().and_then(|size| usize::try_from(size).ok()).ok_or(Reason::OpenShape);
    sizes.iter().map(size).collect()
}
