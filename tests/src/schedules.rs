//! The section `schedules`: learning rates at some steps.

use varscope::optimizer::LearningRate;
use varscope::optimizer::schedule::{
    cosine_decay, exponential_decay, inverse_time_decay, natural_exp_decay, piecewise_constant, polynomial_decay,
};

use crate::compare::{Comparison, Tolerances};
use crate::json::{Error, Node};
use crate::report::{Report, Verdict};

/// The schedule of a case. The file does not have their parameters: they are those of `run_numeric.py`.
fn schedule(id: &str) -> Option<LearningRate> {
    Some(match id {
        "exponential" => exponential_decay(0.1, 10, 0.5).into(),
        "exponential_staircase" => exponential_decay(0.1, 10, 0.5).staircase().into(),
        "polynomial" => polynomial_decay(0.1, 20, 0.01).power(2.0).into(),
        "polynomial_cycle" => polynomial_decay(0.1, 20, 0.01).cycle().into(),
        "inverse_time" => inverse_time_decay(0.1, 10, 0.5).into(),
        "natural_exp" => natural_exp_decay(0.1, 10, 0.5).into(),
        "piecewise_constant" => piecewise_constant([5, 20], [1.0, 0.5, 0.1]).into(),
        "cosine" => cosine_decay(0.1, 20).into(),
        _ => return None,
    })
}

/// Judges the section `schedules`.
///
/// # Errors
///
/// A case that does not have the form of one.
pub fn judge(section: &Node<'_>, tolerances: &Tolerances, report: &mut Report) -> Result<(), Error> {
    for case in section.items()? {
        let id = case.field("id")?.text()?;
        let steps = case.field("steps")?.sizes()?;
        let values = case.field("values")?.numbers()?;
        let Some(schedule) = schedule(id) else {
            report.add(id, Verdict::NotThereYet("there is no such schedule, or its parameters are not known".into()));
            continue;
        };
        // TensorFlow's single precision loses digits in relation to the rate that the schedule falls from.
        let scale = values.iter().fold(f64::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
        let mut comparison = Comparison::new(tolerances.of("schedules")?).relative_to(scale);
        match steps.iter().map(|&step| schedule.at(step as u64)).collect::<Result<Vec<_>, _>>() {
            Ok(rates) => comparison.numbers("the rate", &rates, &values),
            Err(error) => comparison.fail(error.to_string()),
        }
        report.add(id, comparison.verdict());
    }
    Ok(())
}
