//! What the library says no with, at run time or when a model is compiled.

use varscope::Error;
use varscope::partition::PartitionError;
use varscope_compiler::{Mistake, MistakeKind};

/// A refusal.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Which rule is broken.
    pub kind: Kind,
    /// The name that cannot be, where that is what is wrong.
    pub name: String,
    /// What the user is told.
    pub text: String,
}

/// The rules that can be broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A variable exists.
    AlreadyExists,
    /// A variable does not exist.
    DoesNotExist,
    /// A new variable has no shape.
    ShapeMissing,
    /// A shared variable has another shape.
    ShapeMismatch,
    /// A shared variable has another element type.
    DTypeMismatch,
    /// A shape beside a value.
    ShapeAndValue,
    /// A value of another element type.
    ValueDType,
    /// An initializer that does not suit.
    Initializer,
    /// What is for floats alone.
    NotFloat,
    /// What sharing would ignore.
    GivenWhereShared,
    /// What is unique cannot reuse.
    UniqueReused,
    /// A name that cannot be.
    BadName,
    /// An element type that there is not.
    ElementType,
    /// A variable in parts and one that is whole.
    Whole,
    /// A variable in parts that is asked for as a whole.
    Divided,
    /// A scalar in parts.
    Scalar,
    /// Parts along several axes, or not as many as there are axes.
    Invalid,
    /// More parts than elements.
    TooMany,
    /// A shared variable has other parts.
    Parts,
    /// Two scopes whose structs would have one name.
    StructName,
    /// What the language has no words for.
    Written,
}

impl Refusal {
    /// Whether TensorFlow's errors of a class say the same.
    pub fn is_of(&self, class: &str) -> bool {
        let classes: &[&str] = match self.kind {
            // TensorFlow compares parts before it looks whether the variable may be shared at all.
            Kind::AlreadyExists => &[
                "already_exists",
                "partitioned_already_exists",
                "rnn_weights_taken",
                "partitioner_unexpected",
                "partitioner_missing",
            ],
            Kind::DoesNotExist => &["does_not_exist", "partitioned_does_not_exist"],
            Kind::ShapeMismatch => &["shape_mismatch", "partitioned_shape_mismatch"],
            Kind::DTypeMismatch => &["dtype_mismatch", "partitioned_dtype_mismatch"],
            Kind::ShapeMissing => {
                &["shape_missing", "shape_not_fully_defined", "partitioned_shape_missing", "initial_value_required"]
            }
            Kind::ShapeAndValue => &["constant_initializer_with_shape", "shapes_incompatible"],
            Kind::ValueDType => &["initializer_dtype_mismatch"],
            Kind::Initializer => &["initializer_wrong_dtype", "shapes_incompatible", "op_shape_error"],
            Kind::NotFloat => &["regularizer_wrong_dtype"],
            Kind::UniqueReused => &["reuse_needs_name"],
            Kind::BadName => &["invalid_scope_name"],
            // There is no default for complex numbers, nor are there complex numbers.
            Kind::ElementType => &["initializer_required"],
            Kind::Whole => &["partitioner_unexpected"],
            Kind::Divided => &["partitioner_missing"],
            Kind::Scalar => &["partitioned_scalar"],
            Kind::Invalid => &["partitioner_invalid"],
            Kind::TooMany => &["too_many_partitions"],
            Kind::Parts => &["partitions_mismatch"],
            Kind::GivenWhereShared | Kind::StructName | Kind::Written => &[],
        };
        classes.contains(&class)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        let name = if let Error::BadName { name, .. } = &error { name.clone() } else { String::new() };
        let kind = match &error {
            Error::AlreadyExists { .. } => Kind::AlreadyExists,
            Error::DoesNotExist { .. } => Kind::DoesNotExist,
            Error::ShapeMismatch { .. } => Kind::ShapeMismatch,
            Error::DTypeMismatch { .. } => Kind::DTypeMismatch,
            Error::ShapeMissing { .. } => Kind::ShapeMissing,
            Error::ShapeAndValue { .. } => Kind::ShapeAndValue,
            Error::ValueDType { .. } => Kind::ValueDType,
            Error::Initializer { .. } => Kind::Initializer,
            Error::NotFloat { .. } => Kind::NotFloat,
            Error::UniqueReused { .. } => Kind::UniqueReused,
            Error::BadName { .. } => Kind::BadName,
            Error::GivenWhereShared { .. } => Kind::GivenWhereShared,
            Error::Partition { problem, .. } => match problem {
                PartitionError::Whole => Kind::Whole,
                PartitionError::Divided => Kind::Divided,
                PartitionError::Scalar => Kind::Scalar,
                PartitionError::Invalid { .. } => Kind::Invalid,
                PartitionError::TooMany { .. } => Kind::TooMany,
                PartitionError::Differs { .. } => Kind::Parts,
                _ => Kind::Written,
            },
            _ => Kind::Written,
        };
        Self { kind, name, text }
    }
}

impl From<&Mistake> for Refusal {
    fn from(mistake: &Mistake) -> Self {
        let kind = match mistake.kind {
            MistakeKind::AlreadyExists => Kind::AlreadyExists,
            MistakeKind::DoesNotExist => Kind::DoesNotExist,
            MistakeKind::ShapeMissing => Kind::ShapeMissing,
            MistakeKind::ShapeMismatch => Kind::ShapeMismatch,
            MistakeKind::DTypeMismatch => Kind::DTypeMismatch,
            MistakeKind::ShapeAndValue => Kind::ShapeAndValue,
            MistakeKind::ValueDType => Kind::ValueDType,
            MistakeKind::NotFloat => Kind::NotFloat,
            MistakeKind::GivenWhereShared => Kind::GivenWhereShared,
            MistakeKind::UniqueReused => Kind::UniqueReused,
            MistakeKind::BadName => Kind::BadName,
            MistakeKind::ElementType => Kind::ElementType,
            MistakeKind::InOnePiece => Kind::Whole,
            MistakeKind::InParts => Kind::Divided,
            MistakeKind::InOtherParts => Kind::Parts,
            MistakeKind::ScalarInParts => Kind::Scalar,
            MistakeKind::StructName => Kind::StructName,
            _ => Kind::Written,
        };
        Self { kind, name: String::new(), text: mistake.message.clone() }
    }
}
