//! The section `ops`: what each of TensorFlow's ops is in varscope.
//!
//! Each family of ops is a file with a table of [`Mapping`]s. A mapping reads the attributes of a case and gives the
//! [`Graph`] of our ops that computes the same. An op that no table has, and an attribute that a mapping does not ask
//! for, are not there yet.

mod activations;
mod arrangement;
mod call;
mod creation;
mod elementwise;
mod graph;
mod images;
mod lists;
mod losses;
mod matrices;
mod normalization;
mod recurrent;
mod reductions;

pub use call::{Call, Problem};
pub use graph::{Graph, Mode, Operand};

use crate::case::OpCase;
use crate::compare::Tolerances;
use crate::json::{Error, Node};
use crate::report::{Report, Verdict};

/// TensorFlow's name of an op, and what it is here.
pub type Mapping = (&'static str, fn(&Call<'_>) -> Result<Graph, Problem>);

const FAMILIES: &[&[Mapping]] = &[
    activations::MAPPINGS,
    arrangement::MAPPINGS,
    creation::MAPPINGS,
    elementwise::MAPPINGS,
    images::MAPPINGS,
    losses::MAPPINGS,
    matrices::MAPPINGS,
    normalization::MAPPINGS,
    recurrent::MAPPINGS,
    reductions::MAPPINGS,
];

/// Judges the cases of the section `ops`.
///
/// # Errors
///
/// A case that does not have the form of one.
pub fn judge(section: &Node<'_>, tolerances: &Tolerances, report: &mut Report) -> Result<(), Error> {
    for node in section.items()? {
        let case = OpCase::read(&node)?;
        let verdict = match mapped(&case) {
            Ok(graph) => graph::judge(&case, &graph, tolerances)?,
            Err(Problem::NotThereYet(missing)) => Verdict::NotThereYet(missing),
            Err(Problem::Malformed(error)) => return Err(error),
        };
        report.add(case.id, verdict);
    }
    Ok(())
}

/// The graph of a case.
fn mapped(case: &OpCase<'_>) -> Result<Graph, Problem> {
    let mut mappings = FAMILIES.iter().flat_map(|family| family.iter());
    let (_, map) = mappings
        .find(|(name, _)| *name == case.op)
        .ok_or_else(|| Problem::NotThereYet(format!("no op does what TensorFlow's `{}` does", case.op)))?;
    let call = Call::new(case);
    let graph = map(&call)?;
    call.all_are_known()?;
    Ok(graph)
}
