//! The names of ops and of name scopes.

use std::fmt;

/// The name of an op or of a name scope, part by part; the root has no part.
///
/// A part that was asked for several times has a number: the second `a` is `a_1`. It is kept apart, because what is
/// recorded several times, a turn of a loop of the graph or a `fn` that is called again, asks for its names again.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OpName {
    parts: Vec<(String, usize)>,
}

impl OpName {
    /// The name of something inside.
    pub fn join(&self, name: &str, number: usize) -> Self {
        Self { parts: self.parts.iter().cloned().chain([(name.to_string(), number)]).collect() }
    }

    /// The name as the recorder takes it: `a:1/matmul` is the op `a_1/matmul`.
    pub fn recorded(&self) -> String {
        self.with_numbers_after(':')
    }

    fn with_numbers_after(&self, mark: char) -> String {
        let part = |(name, number): &(String, usize)| match number {
            0 => name.clone(),
            number => format!("{name}{mark}{number}"),
        };
        self.parts.iter().map(part).collect::<Vec<_>>().join("/")
    }
}

impl fmt::Display for OpName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_numbers_after('_'))
    }
}
