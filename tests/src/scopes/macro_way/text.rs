//! The words of the language for what steps say.

use serde_json::Value;

use crate::scopes::arguments::{self, Array, Drawn, Start};
use crate::scopes::format::Step;
use crate::scopes::reasons::Reason;
use crate::scopes::trace::Stop;

/// A name as it is written; one that is none is put in quotes, which the language refuses.
pub fn name(name: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let begins = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if begins && name != "_" && name.chars().all(is_word) { name.to_string() } else { format!("{name:?}") }
}

/// Attributes in parentheses, if there are any.
pub fn attributes(list: &[String]) -> String {
    if list.is_empty() { String::new() } else { format!("({})", list.join(", ")) }
}

/// The element type that TensorFlow calls so.
pub fn dtype(name: &str) -> String {
    let name = name.strip_suffix("_ref").unwrap_or(name);
    match name {
        "float32" => "f32",
        "float64" => "f64",
        "float16" => "f16",
        "int32" => "i32",
        "int64" => "i64",
        "int16" => "i16",
        "int8" => "i8",
        "uint8" => "u8",
        "uint16" => "u16",
        "uint32" => "u32",
        other => other,
    }
    .to_string()
}

/// A shape; a size that is left open is `_`.
pub fn shape(value: &Value) -> Result<String, Stop> {
    let sizes = value.as_array().ok_or(Reason::Types)?;
    let sizes: Vec<String> =
        sizes.iter().map(|size| if size.is_null() { "_".to_string() } else { size.to_string() }).collect();
    Ok(format!("[{}]", sizes.join(", ")))
}

/// How a variable starts: the words, and what they mean.
#[derive(Clone)]
pub struct Written {
    /// The words.
    pub text: String,
    /// What they mean.
    pub start: Start,
    /// The type of a value, which TensorFlow takes from it.
    pub ty: Option<(String, String)>,
}

impl Written {
    /// Something that is drawn.
    pub fn drawn(drawn: Drawn) -> Self {
        let text = match &drawn {
            Drawn::Constant(0.0) => "zeros()".to_string(),
            Drawn::Constant(1.0) => "ones()".to_string(),
            Drawn::Constant(number) => format!("constant({number:?})"),
            Drawn::Elements(elements) => format!("{elements:?}"),
            Drawn::GlorotUniform => "glorot_uniform()".to_string(),
            Drawn::TruncatedNormal(stddev) => format!("truncated_normal(stddev = {stddev:?})"),
            Drawn::RandomNormal => "random_normal()".to_string(),
        };
        Self { text, start: Start::Drawn(drawn), ty: None }
    }

    /// A value: an array, whose numbers say what they are.
    pub fn value(array: Array) -> Self {
        let dtype = dtype(arguments::dtype_name(array.dtype));
        let number = |value: &f64| match dtype.as_str() {
            "bool" => (*value != 0.0).to_string(),
            "f32" | "f64" => format!("{value:?}{dtype}"),
            _ => format!("{value}{dtype}"),
        };
        let text = nested(array.array.shape(), &array.array.iter().map(number).collect::<Vec<_>>());
        let shape = format!("{:?}", array.array.shape());
        Self { text, start: Start::Value(array), ty: Some((dtype, shape)) }
    }
}

/// Numbers in rows.
fn nested(shape: &[usize], numbers: &[String]) -> String {
    let Some((rows, rest)) = shape.split_first() else { return numbers.first().cloned().unwrap_or_default() };
    let length = rest.iter().product::<usize>();
    let row = |row: usize| nested(rest, numbers.get(row * length..(row + 1) * length).unwrap_or_default());
    format!("[{}]", (0..*rows).map(row).collect::<Vec<_>>().join(", "))
}

/// The words of an initializer without what they are free in: spaces, and the rows of an array.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"[]".contains(*c)).collect()
}

/// A regularizer.
pub fn regularizer(value: &Value) -> Result<String, Stop> {
    use arguments::Penalty;
    Ok(match arguments::regularizer(value)? {
        None => "none".to_string(),
        Some(Penalty::L1(scale)) => format!("l1({scale:?})"),
        Some(Penalty::L2(scale)) => format!("l2({scale:?})"),
        Some(Penalty::MeanPlus(number)) => format!("own::mean_plus({number:?})"),
    })
}

/// A partitioner.
pub fn partitioner(value: &Value) -> Result<String, Stop> {
    if let Some(parts) = value["axis0"].as_u64() {
        return Ok(format!("fixed_size({parts})"));
    }
    let parts = value["vector"].as_array().ok_or(Reason::PythonFunction)?;
    let parts: Vec<String> = parts.iter().map(Value::to_string).collect();
    Ok(format!("per_axis([{}])", parts.join(", ")))
}

/// A custom getter: those that are ops on the value are written as ops.
pub fn custom_getter(value: &Value) -> Result<String, Stop> {
    match value.as_str() {
        Some(getter) if getter.starts_with("identity") => Ok("own::identity()".to_string()),
        Some(_) => Err(Reason::GetterSeesValue.into()),
        None => Ok(value.to_string()),
    }
}

/// A constraint.
pub fn constraint(value: &Value) -> Result<String, Stop> {
    let scale = value["scale"].as_f64().ok_or(Reason::PythonFunction)?;
    Ok(format!("own::scale({scale:?})"))
}

/// A list of collections.
pub fn collections(step: &Step, is_shared: bool) -> Option<String> {
    let local = (step.verb == "local" && !is_shared).then(|| "local_variables".to_string());
    let given = step.get("collections").and_then(Value::as_array);
    let names: Vec<String> = given
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_string))
        .chain(local)
        .map(|name| if name == "local" { "local_variables".to_string() } else { name })
        .collect();
    (!names.is_empty()).then(|| format!("{names:?}"))
}
