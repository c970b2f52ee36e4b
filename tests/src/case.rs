//! The form of the file's arrays and of its cases of ops.

use ndarray::{ArrayD, IxDyn};
use varscope::op::DType;
use varscope::testing::Tensor;

use crate::json::{Error, Node};

/// An array of a file, its elements as `f64`.
#[derive(Clone, PartialEq, Debug)]
pub struct Array {
    /// The name that NumPy has for the element type.
    pub dtype: String,
    /// The elements.
    pub array: ArrayD<f64>,
}

impl Array {
    /// `{"shape": […], "dtype": "…", "data": […]}`; the element type is `float64` where none is named.
    ///
    /// # Errors
    ///
    /// Something else stands there, or the data do not fill the shape.
    pub fn read(node: &Node<'_>) -> Result<Self, Error> {
        let shape = node.field("shape")?.sizes()?;
        let data = node.field("data")?.numbers()?;
        let dtype = node.get("dtype")?.map_or(Ok("float64"), |dtype| dtype.text())?.to_string();
        let count = data.len();
        let array = ArrayD::from_shape_vec(IxDyn(&shape), data)
            .map_err(|_| node.wrong(format!("{count} elements do not fill the shape {shape:?}")))?;
        Ok(Self { dtype, array })
    }

    /// The array as ops take it; none where the library has no such element type.
    pub fn tensor(&self) -> Option<Tensor> {
        let dtype = match self.dtype.as_str() {
            "float32" => DType::F32,
            "float64" => DType::F64,
            "int32" => DType::I32,
            "int64" => DType::I64,
            "uint8" => DType::U8,
            "uint32" => DType::U32,
            "bool" => DType::Bool,
            _ => return None,
        };
        Some(Tensor { dtype, array: self.array.clone() })
    }

    /// The sizes.
    pub fn shape(&self) -> &[usize] {
        self.array.shape()
    }
}

/// Arrays by name, in the order of the file.
pub type Named<T> = Vec<(String, T)>;

/// A case of an op: what goes in and what TensorFlow made of it.
#[derive(Clone, Debug)]
pub struct OpCase<'a> {
    /// The case, for saying what is wrong with it.
    pub node: Node<'a>,
    /// The name of the case.
    pub id: &'a str,
    /// TensorFlow's name of the op.
    pub op: &'a str,
    /// The attributes.
    pub attrs: Vec<(&'a str, Node<'a>)>,
    /// What is to be known besides; empty if nothing.
    pub note: &'a str,
    /// The operands.
    pub inputs: Named<Array>,
    /// The results.
    pub outputs: Named<Array>,
    /// The gradients of the results that are floats.
    pub upstream: Named<Array>,
    /// The gradients of the operands that are floats; none where TensorFlow has none.
    pub grads: Named<Option<Array>>,
}

impl<'a> OpCase<'a> {
    /// A case of the section `ops`.
    ///
    /// # Errors
    ///
    /// A part is missing or has another form.
    pub fn read(node: &Node<'a>) -> Result<Self, Error> {
        let id = node.field("id")?.text()?;
        let node = node.clone().called(id);
        let named = |name: &str| -> Result<Named<Array>, Error> {
            let arrays = node.field(name)?.fields()?;
            arrays.into_iter().map(|(name, array)| Ok((name.to_string(), Array::read(&array)?))).collect()
        };
        let gradient = |(name, node): (&str, Node<'_>)| {
            let array = if node.is_null() { None } else { Some(Array::read(&node)?) };
            Ok((name.to_string(), array))
        };
        Ok(Self {
            id,
            op: node.field("op")?.text()?,
            attrs: node.get("attrs")?.map_or(Ok(vec![]), |attrs| attrs.fields())?,
            note: node.get("note")?.map_or(Ok(""), |note| note.text())?,
            inputs: named("inputs")?,
            outputs: named("outputs")?,
            upstream: named("upstream")?,
            grads: node.field("grads")?.fields()?.into_iter().map(gradient).collect::<Result<_, Error>>()?,
            node,
        })
    }

    /// Whether any of the numbers was computed in single precision.
    pub fn is_single(&self) -> bool {
        let arrays = self.inputs.iter().chain(&self.outputs).chain(&self.upstream);
        arrays.map(|(_, array)| array).any(|array| array.dtype == "float32")
    }

    /// The number that the note has behind some words: the file keeps some attributes and tolerances there.
    pub fn noted(&self, words: &str) -> Option<f64> {
        let (_, rest) = self.note.split_once(words)?;
        leading_number(rest)
    }
}

/// The number with which a text begins.
pub fn leading_number(text: &str) -> Option<f64> {
    let text = text.trim_start();
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    text[..end].trim_end_matches('.').parse().ok()
}

/// The array of a name.
pub fn find<'a, T>(named: &'a Named<T>, name: &str) -> Option<&'a T> {
    named.iter().find(|(found, _)| found == name).map(|(_, array)| array)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_ends_where_words_begin() {
        assert_eq!(leading_number("2e-6: TF passes lr"), Some(2e-6));
        assert_eq!(leading_number(" 0.25 (alpha)"), Some(0.25));
        assert_eq!(leading_number("1e-6."), Some(1e-6));
        assert_eq!(leading_number("none"), None);
    }

    #[test]
    fn data_must_fill_the_shape() {
        let value = serde_json::json!({"shape": [2, 2], "data": [1.0, 2.0]});
        let error = Array::read(&Node::root(&value)).unwrap_err();
        assert_eq!(error.to_string(), "2 elements do not fill the shape [2, 2]");
    }
}
