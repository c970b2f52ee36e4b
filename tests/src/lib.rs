//! Tests of varscope that cross its crates, and the judge of files of numbers that TensorFlow computed.
//!
//! A file is JSON in the form of `data/numeric.json`; `data/SOURCE.md` says how that one was made. [`judge_file`] runs
//! every case of a file through the library and gives a [`Report`] with a line for each. Nothing in here knows the
//! numbers or the sizes of a case: what an op of the file is in varscope stands in the tables of [`ops`].

pub mod book;
pub mod case;
pub mod compare;
pub mod conv_sizes;
pub mod gallery;
pub mod initializers;
pub mod json;
pub mod misc;
pub mod models;
pub mod ops;
pub mod optimizers;
pub mod report;
pub mod schedules;
pub mod scopes;

use std::path::Path;

pub use json::Error;
pub use report::{Report, Verdict};

use compare::Tolerances;
use json::Node;

/// How a section of a file is judged: its cases go to the report.
type Section = fn(&Node<'_>, &Tolerances, &mut Report) -> Result<(), Error>;

const SECTIONS: [(&str, Section); 6] = [
    ("ops", ops::judge),
    ("optimizers", optimizers::judge),
    ("misc", misc::judge),
    ("schedules", schedules::judge),
    ("initializers", initializers::judge),
    ("conv_sizes", conv_sizes::judge),
];

/// Judges every case of a file.
///
/// # Errors
///
/// The file cannot be read, is not JSON, or does not have the form of `data/numeric.json`.
pub fn judge_file(path: &Path) -> Result<Report, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::new(format!("{} cannot be read: {error}", path.display())))?;
    judge_text(&text).map_err(|error| Error::new(format!("{}: {error}", path.display())))
}

/// Judges every case of a file whose text this is. A section that is not there has no cases.
///
/// # Errors
///
/// As for [`judge_file`].
pub fn judge_text(text: &str) -> Result<Report, Error> {
    let value = serde_json::from_str(text).map_err(|error| Error::new(format!("this is not JSON: {error}")))?;
    let root = Node::root(&value);
    let tolerances = Tolerances::read(&root.field("meta")?.field("tolerances")?)?;
    let mut report = Report::default();
    let mut found = false;
    for (name, judge) in SECTIONS {
        if let Some(section) = root.get(name)? {
            judge(&section, &tolerances, &mut report)?;
            found = true;
        }
    }
    if found { Ok(report) } else { Err(root.wrong(format!("none of the sections {} is there", names()))) }
}

fn names() -> String {
    SECTIONS.map(|(name, _)| format!("`{name}`")).join(", ")
}
