//! What a way of running a scenario has seen.

use serde_json::Value;
use varscope::Error;

use super::format::{Scenario, Step};
use super::reasons::Reason;
use super::refusal::Refusal;

/// A way to run scenarios through the library.
pub trait Way {
    /// Its name in the report.
    fn name(&self) -> &'static str;

    /// Runs a scenario.
    fn run(&self, scenario: &Scenario) -> Trace;
}

/// All that was seen.
#[derive(Clone, Debug)]
pub struct Trace {
    /// What was seen at each step that can be observed.
    pub entries: Vec<Entry>,
    /// Where and why the program ended before its end.
    pub end: Option<(String, Stop)>,
    /// The names of the variables at the end, as in the file.
    pub variables: Value,
}

/// What was seen at a step.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The place of the step: `8.1` is the second step inside of the ninth.
    pub at: String,
    /// The step.
    pub step: Step,
    /// What was seen, in the form of the file.
    pub seen: Value,
    /// The error that was caught.
    pub caught: Option<Refusal>,
}

impl Entry {
    /// Something was seen.
    pub fn new(at: &str, step: &Step, seen: Value) -> Self {
        Self { at: at.to_string(), step: step.clone(), seen, caught: None }
    }

    /// An error was caught.
    pub fn caught(at: &str, step: &Step, error: Refusal) -> Self {
        Self { caught: Some(error), ..Self::new(at, step, serde_json::json!({"verb": "try"})) }
    }
}

/// Why a program ends before its end.
#[derive(Clone, Debug)]
pub enum Stop {
    /// The library says no, at a step.
    Error {
        /// What it says.
        error: Box<Refusal>,
        /// The step.
        step: Option<Box<Step>>,
    },
    /// The step cannot be put to the library.
    Reason {
        /// Why not.
        reason: Reason,
        /// The step.
        step: Option<Box<Step>>,
    },
}

impl Stop {
    /// The same, at a step.
    #[must_use]
    pub fn at(self, at: &Step) -> Self {
        let step = Some(Box::new(at.clone()));
        match self {
            Self::Error { error, .. } => Self::Error { error, step },
            Self::Reason { reason, .. } => Self::Reason { reason, step },
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error { error: Box::new(error.into()), step: None }
    }
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Reason { reason, step: None }
    }
}
