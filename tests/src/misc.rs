//! The section `misc`: clipping of gradients, and moving averages of variables.

use ndarray::Array1;
use varscope::Gradients;
use varscope::init::zeros;
use varscope::prelude::{ExponentialMovingAverage, VariableStore};

use crate::case::Array;
use crate::compare::{Comparison, Tolerances};
use crate::json::{Error, Node};
use crate::models::{Linear, LinearHyperparameters};
use crate::report::{Report, Verdict};

/// Judges the section `misc`.
///
/// # Errors
///
/// A case that does not have the form of one.
pub fn judge(section: &Node<'_>, tolerances: &Tolerances, report: &mut Report) -> Result<(), Error> {
    for case in section.items()? {
        let id = case.field("id")?.text()?;
        let verdict = if id.starts_with("clip_by_") {
            judge_clipping(&case, tolerances)?
        } else if id.starts_with("ema") {
            judge_averages(&case, tolerances)?
        } else {
            Verdict::NotThereYet("nothing does that".into())
        };
        report.add(id, verdict);
    }
    Ok(())
}

/// Clips by the global norm; for one gradient, its norm is the global one.
fn judge_clipping(case: &Node<'_>, tolerances: &Tolerances) -> Result<Verdict, Error> {
    let norm = case.field("clip_norm")?.number()?;
    let global = case.get("global_norm")?.map(|norm| norm.number()).transpose()?;
    let [inputs, outputs] = [elements(&case.field("inputs")?)?, elements(&case.field("outputs")?)?];
    let mut comparison = Comparison::new(tolerances.of("ops float64")?);
    match clip(&inputs, norm, &mut comparison, global) {
        Ok(clipped) => comparison.numbers("the clipped gradients", &clipped, &outputs.concat()),
        Err(error) => comparison.fail(error.to_string()),
    }
    Ok(comparison.verdict())
}

/// Averages of a variable to which the same is added before each update.
fn judge_averages(case: &Node<'_>, tolerances: &Tolerances) -> Result<Verdict, Error> {
    let numbers = |list: &Node<'_>| -> Result<Vec<f64>, Error> { list.items()?.iter().map(Node::number).collect() };
    let read = |name: &str| Ok::<_, Error>(Array1::from_vec(numbers(&case.field(name)?)?));
    let (start, added) = (read("v0")?, read("delta_per_step")?);
    let decay = case.field("decay")?.number()?;
    let updates = case.get("num_updates")?.map(|updates| updates.number()).transpose()?;
    let wanted: Vec<_> = case.field("averages")?.items()?.iter().map(numbers).collect::<Result<_, _>>()?;
    let is_debiased = case.field("id")?.text()?.ends_with("zero_debias");
    let mut comparison = Comparison::new(tolerances.of("ema")?);
    let found = || -> varscope::Result<Vec<f64>> {
        let store = VariableStore::new(0);
        let variable = store.root().get_variable_of::<f64, _>("v", start.len(), &zeros())?;
        variable.assign(&start)?;
        let mut averages = ExponentialMovingAverage::new(&store.variables(), decay)?;
        if is_debiased {
            averages = averages.zero_debias();
        }
        if let Some(updates) = updates {
            averages.num_updates(updates as u64);
        }
        let average = averages.average_of(&variable)?;
        let mut found = average.read().to_vec();
        for _ in 1..wanted.len() {
            let next = &*variable.read() + &added;
            variable.assign(&next)?;
            averages.apply();
            found.extend(average.read().iter());
        }
        Ok(found)
    };
    match found() {
        Ok(found) => comparison.numbers("the averages", &found, &wanted.concat()),
        Err(error) => comparison.fail(error.to_string()),
    }
    Ok(comparison.verdict())
}

/// The elements of each array of a list.
fn elements(node: &Node<'_>) -> Result<Vec<Vec<f64>>, Error> {
    node.items()?.iter().map(|array| Ok(Array::read(array)?.array.iter().copied().collect())).collect()
}

/// The elements of all gradients, clipped: of the first for one variable, of the rest for another.
fn clip(
    gradients: &[Vec<f64>],
    norm: f64,
    comparison: &mut Comparison,
    global: Option<f64>,
) -> varscope::Result<Vec<f64>> {
    let Some((first, others)) = gradients.split_first() else { return Ok(vec![]) };
    let [first, others] = [first.clone(), others.concat()].map(Array1::from_vec);
    let net = Linear::seeded_with(0, LinearHyperparameters::new(first.len(), others.len()))?;
    let read = |gradients: &Gradients| -> Vec<f64> {
        let (first, others) = (gradients.of(&net.first), gradients.of(&net.second));
        first.iter().chain(others.iter()).copied().collect()
    };
    let mut step = net.loss_gradients();
    let (_, gradients) = step.compute(first.view(), others.view())?;
    if let Some(global) = global {
        comparison.number("the global norm", gradients.global_norm(), global);
    }
    let clipped = read(&gradients.clip_by_global_norm(norm));
    step.clip_by_global_norm(norm);
    let (_, in_place) = step.compute(first.view(), others.view())?;
    comparison.numbers("the gradients clipped in place", &read(in_place), &clipped);
    Ok(clipped)
}
