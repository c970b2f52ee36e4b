//! The table of a model's variables.

use std::fmt;

use crate::model::{VariableInfo, Variables};

/// What `println!("{}", net.summary())` prints: scope, variable, shape, number of elements, and what is shared.
#[derive(Clone, Debug)]
pub struct Summary {
    rows: Vec<[String; 5]>,
    total: String,
}

const HEAD: [&str; 5] = ["scope", "variable", "shape", "count", ""];

impl Summary {
    pub(crate) fn new(variables: &Variables) -> Self {
        let mut scope = String::new();
        let rows = variables.iter().flat_map(|variable| rows(variable, &mut scope)).collect();
        let count = |trainable: bool| -> usize {
            variables.iter().filter(|variable| variable.trainable() == trainable).map(VariableInfo::len).sum()
        };
        let (trainable, fixed) = (count(true), count(false));
        let total = format!(
            "{} in {} variables{}",
            grouped(trainable + fixed),
            variables.len(),
            if fixed == 0 { String::new() } else { format!(", {} of them trainable", grouped(trainable)) }
        );
        Self { rows, total }
    }
}

/// The rows of a variable, its parts after it; the scope is left out where it is that of the row before.
fn rows(variable: &VariableInfo, before: &mut String) -> Vec<[String; 5]> {
    let (scope, name) = variable.name().rsplit_once('/').unwrap_or(("", variable.name()));
    let shown = if scope == before { String::new() } else { scope.to_string() };
    *before = scope.to_string();
    let cells = |scope: String, name: &str, shape: &[usize], notes: String| {
        let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
        let shape_text = format!("{}[{}]", variable.dtype(), sizes.join(", "));
        [scope, name.to_string(), shape_text, grouped(shape.iter().product()), notes]
    };
    let whole = cells(shown, name, variable.shape(), notes(variable));
    let parts = variable.parts();
    let parts = parts.iter().map(|(part, shape)| {
        let name = part.get(variable.name().len() - name.len()..).unwrap_or(part);
        cells(String::new(), name, shape, String::new())
    });
    std::iter::once(whole).chain(parts).collect()
}

fn notes(variable: &VariableInfo) -> String {
    let mut notes = Vec::new();
    if variable.places() > 1 {
        notes.push(format!("shared in {} places", variable.places()));
    }
    if variable.owners() > 1 {
        notes.push(format!("shared by {} instances", variable.owners()));
    }
    match variable.parts().len() {
        0 => {}
        1 => notes.push("in one part".to_string()),
        parts => notes.push(format!("in {parts} parts")),
    }
    if !variable.trainable() {
        notes.push("not trainable".to_string());
    }
    notes.join(", ")
}

/// A number with a comma after each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([HEAD[column].len()]).max().unwrap_or(0)
        };
        let widths: [usize; 5] = std::array::from_fn(width);
        let mut line = |cells: [&str; 5]| {
            let [scope, variable, shape, count, notes] = cells;
            let [a, b, c, d, _] = widths;
            let line = format!("{scope:a$}  {variable:b$}  {shape:c$}  {count:>d$}  {notes}");
            writeln!(f, "{}", line.trim_end())
        };
        line(HEAD)?;
        for row in &self.rows {
            line(row.each_ref().map(String::as_str))?;
        }
        write!(f, "{}", self.total)
    }
}
