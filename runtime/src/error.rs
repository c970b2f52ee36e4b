//! Everything that can go wrong when a model runs.

use std::fmt;
use std::panic::Location;

use crate::element::DType;
use crate::partition::PartitionError;

/// The result of anything that can fail at run time.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong: which variable, input or op, what was expected and what was found.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Error {
    /// A variable is made under a name that is taken, in a scope that does not reuse.
    AlreadyExists {
        /// The full name.
        variable: String,
        /// Where it was first made.
        first: &'static Location<'static>,
    },
    /// A reusing scope asks for a variable that nobody has made.
    DoesNotExist {
        /// The full name.
        variable: String,
        /// The existing name that is spelt most alike.
        nearest: Option<String>,
    },
    /// A variable is shared with a shape unlike its own.
    ShapeMismatch {
        /// The full name.
        variable: String,
        /// The shape asked for.
        expected: Vec<usize>,
        /// The variable's shape.
        found: Vec<usize>,
    },
    /// A variable is shared as another element type than its own.
    DTypeMismatch {
        /// The full name.
        variable: String,
        /// The element type asked for.
        expected: DType,
        /// The variable's element type.
        found: DType,
    },
    /// A new variable has neither a shape nor a value that would give it one.
    ShapeMissing {
        /// The full name.
        variable: String,
    },
    /// A variable is given a shape and a value, which has a shape of its own.
    ShapeAndValue {
        /// The full name.
        variable: String,
    },
    /// A variable is given a value of another element type than its own.
    ValueDType {
        /// The full name.
        variable: String,
        /// The element type asked for.
        expected: DType,
        /// That of the value.
        found: DType,
    },
    /// Something is given to a variable that is shared, and has its own from where it was made.
    GivenWhereShared {
        /// The full name.
        variable: String,
        /// What is given.
        what: &'static str,
        /// Where the variable was made.
        first: &'static Location<'static>,
    },
    /// Something that only a float can have is given to another variable.
    NotFloat {
        /// The full name.
        variable: String,
        /// What is given.
        what: &'static str,
        /// The variable's element type.
        dtype: DType,
    },
    /// A variable cannot be divided into parts, or is not divided so.
    Partition {
        /// The full name.
        variable: String,
        /// What is wrong.
        problem: PartitionError,
    },
    /// A scope or a variable that is always new is asked for in a scope that shares what exists.
    UniqueReused {
        /// The full name.
        name: String,
    },
    /// A name that no variable or scope can have.
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An initializer cannot make such a variable.
    Initializer {
        /// The full name of the variable.
        variable: String,
        /// Why not.
        reason: String,
    },
    /// A constraint cannot hold for such a variable.
    Constraint {
        /// The full name of the variable.
        variable: String,
        /// Why not.
        reason: String,
    },
    /// A regularizer cannot be that of such a variable.
    Regularizer {
        /// The full name of the variable.
        variable: String,
        /// Why not.
        reason: String,
    },
    /// A moving average that is asked for and not there, or has nowhere to go.
    MovingAverage {
        /// The name of the variable.
        variable: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Sizes that do not fit together.
    Shape {
        /// The op or the input with its scope, the shapes and the reason.
        message: String,
    },
    /// An index, such as a label, that is not below the size it points into.
    IndexOutOfRange {
        /// The op with its scope.
        op: String,
        /// The index.
        index: u64,
        /// How many there are.
        size: usize,
    },
    /// An integer is divided by 0.
    DivisionByZero {
        /// The op with its scope.
        op: String,
    },
    /// A number that must be finite (and positive, where `what` says so) and is not.
    BadNumber {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// Gradients that do not belong together, or to these variables.
    Gradients {
        /// What does not fit.
        message: String,
    },
    /// A hyper-parameter that has no default was not given.
    HyperparameterMissing {
        /// The model.
        model: &'static str,
        /// The hyper-parameter.
        name: &'static str,
    },
    /// More memory than the machine can address.
    TooLarge {
        /// What would need it.
        what: String,
    },
    /// An op broke its contract, or the memory plan is wrong: a defect of the op's, or of this library.
    Defect {
        /// What was found.
        message: String,
    },
}

impl Error {
    /// A defect of an op or of this library.
    pub(crate) fn defect(message: impl Into<String>) -> Self {
        Self::Defect { message: message.into() }
    }
}

fn does_not_exist(f: &mut fmt::Formatter<'_>, variable: &str, nearest: Option<&str>) -> fmt::Result {
    write!(f, "variable `{variable}` does not exist and its scope reuses; ")?;
    match nearest {
        Some(nearest) => write!(f, "there is a `{nearest}`"),
        None => f.write_str("`.auto_reuse()` makes what is missing"),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyExists { variable, first } => write!(
                f,
                "variable `{variable}` already exists, first made at {first}; to share it, make this one in a scope \
                 with `.reuse()` or `.auto_reuse()`"
            ),
            Self::DoesNotExist { variable, nearest } => does_not_exist(f, variable, nearest.as_deref()),
            Self::ShapeMismatch { variable, expected, found } => {
                write!(f, "variable `{variable}` has the shape {found:?}, and is asked for as {expected:?}")
            }
            Self::DTypeMismatch { variable, expected, found } => {
                write!(f, "variable `{variable}` is of {found}, and is asked for as {expected}")
            }
            Self::ShapeMissing { variable } => {
                write!(f, "variable `{variable}` is new, and has neither a shape nor a value that has one")
            }
            Self::ShapeAndValue { variable } => {
                write!(f, "variable `{variable}` is given a value, which has a shape: leave the other shape out")
            }
            Self::ValueDType { variable, expected, found } => {
                write!(f, "variable `{variable}` is to be of {expected}, and its value is of {found}")
            }
            Self::GivenWhereShared { variable, what, first } => write!(
                f,
                "variable `{variable}` is shared, and its {what} is that of where it was made, {first}: leave it out"
            ),
            Self::NotFloat { variable, what, dtype } => {
                write!(f, "variable `{variable}` is of {dtype}, and only a float can have {what}")
            }
            Self::Partition { variable, problem } => write!(f, "variable `{variable}` {problem}"),
            Self::UniqueReused { name } => write!(
                f,
                "`{name}` is to be new, and its scope shares what exists: give it a name of its own, without `unique`"
            ),
            Self::BadName { name, reason } => write!(f, "`{name}` cannot be a name: {reason}"),
            Self::Initializer { variable, reason } => {
                write!(f, "variable `{variable}` cannot be initialized: {reason}")
            }
            Self::Constraint { variable, reason } => {
                write!(f, "variable `{variable}` cannot be so constrained: {reason}")
            }
            Self::Regularizer { variable, reason } => {
                write!(f, "variable `{variable}` cannot be so regularized: {reason}")
            }
            Self::MovingAverage { variable, problem } => write!(f, "variable `{variable}` {problem}"),
            Self::Shape { message } | Self::Gradients { message } => f.write_str(message),
            Self::IndexOutOfRange { op, index, size } => {
                write!(f, "{op}: index {index} is out of range, there are {size} (0 to {})", size.saturating_sub(1))
            }
            Self::DivisionByZero { op } => write!(f, "{op}: an integer is divided by 0"),
            Self::BadNumber { what, value } => write!(f, "{what} is {value}"),
            Self::HyperparameterMissing { model, name } => {
                write!(f, "`{model}` needs its hyper-parameter `{name}`, which has no default")
            }
            Self::TooLarge { what } => write!(f, "{what} does not fit into memory"),
            Self::Defect { message } => write!(f, "{message}; this is a defect, of a custom op or of varscope"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_small_enough_to_return() {
        assert!(size_of::<Error>() < 128, "{}", size_of::<Error>());
    }

    #[test]
    fn says_where_a_variable_was_first_made() {
        let error = Error::AlreadyExists { variable: "a/w".into(), first: Location::caller() };
        assert!(error.to_string().contains("variable `a/w` already exists, first made at "), "{error}");
    }
}
