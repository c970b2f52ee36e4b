//! Holds what a way has seen against what TensorFlow did.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::format::{Scenario, Step};
use super::reasons::Reason;
use super::rules::{self, Facts};
use super::trace::{Entry, Stop, Trace};

/// How a scenario comes out.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// As in TensorFlow.
    Same,
    /// As in TensorFlow, or refused, for these reasons.
    Stricter(BTreeSet<Reason>),
    /// The scenario does not apply to the library.
    NotApplicable(Reason),
    /// Otherwise: at which step, what TensorFlow did, and what the library.
    Different(String),
}

/// Compares a run of a scenario with TensorFlow's.
pub fn compare(scenario: &Scenario, trace: &Trace) -> Verdict {
    let mut facts = Facts::new(&scenario.program);
    let mut stricter = BTreeSet::new();
    let mut expected = scenario.log.iter();
    for entry in &trace.entries {
        let tf = expected.next();
        match step(scenario, tf, entry, &facts) {
            Ok(soft) => stricter.extend(soft),
            Err(outcome) => {
                return outcome.map_or_else(Verdict::Different, |reason| with(stricter, reason));
            }
        }
        facts.note(&entry.step, tf);
    }
    let left = expected.next();
    facts.note_error(scenario.error.as_ref().map(|(class, _)| class.as_str()));
    let ended = end(scenario, left, trace.end.as_ref(), &facts);
    match ended {
        Ok(()) => {}
        Err(Ok(reason)) => return with(stricter, reason),
        Err(Err(text)) => return Verdict::Different(text),
    }
    for key in ["global", "trainable", "local"] {
        let (tf, ours) = (&scenario.variables[key], &trace.variables[key]);
        match facts.lists(key, tf, ours) {
            Some(soft) => stricter.extend(soft),
            None if facts.failed => return with(stricter, Reason::NothingLeftBehind),
            None => return Verdict::Different(format!("{key} variables at the end: {ours}, TensorFlow has {tf}")),
        }
    }
    if stricter.is_empty() { Verdict::Same } else { Verdict::Stricter(stricter) }
}

fn with(mut reasons: BTreeSet<Reason>, reason: Reason) -> Verdict {
    if reason.is_stricter() {
        reasons.insert(reason);
        Verdict::Stricter(reasons)
    } else {
        Verdict::NotApplicable(reason)
    }
}

/// What ends a comparison: a reason, or a difference.
type Ended = Result<Reason, String>;

/// Compares an entry of the log; gives the reasons for which it may differ and the rest still be compared.
fn step(scenario: &Scenario, tf: Option<&Value>, entry: &Entry, facts: &Facts) -> Result<Vec<Reason>, Ended> {
    let different = || {
        let ours = entry.caught.as_ref().map_or_else(|| entry.seen.to_string(), |error| format!("{error:?}"));
        let theirs = tf.map_or_else(|| format!("{:?}", scenario.error), Value::to_string);
        Err(format!("at {}: {ours}, TensorFlow has {theirs}", entry.at))
    };
    // The two are at different steps: one of them has stopped at the earlier.
    let Some(tf) = tf.filter(|tf| tf["step"] == entry.at.as_str() && tf["verb"] == entry.seen["verb"]) else {
        let class = tf.and_then(|tf| tf["error_class"].as_str()).or(scenario.error.as_ref().map(|(class, _)| &**class));
        if let Some(error) = &entry.caught {
            return Err(
                rules::refused(error, &entry.step, tf.or(scenario.log.last()), facts).map_or_else(different, Ok)
            );
        }
        return Err(class.and_then(|class| rules::accepted(class, &entry.step, facts)).map_or_else(different, Ok));
    };
    if tf["verb"] == "try" {
        let class = tf["error_class"].as_str();
        let reason = match (class, &entry.caught) {
            (None, None) => return Ok(Vec::new()),
            (Some(class), Some(error)) if error.is_of(class) => return Ok(Vec::new()),
            (_, Some(error)) => rules::refused(error, &entry.step, Some(tf), facts)
                .or_else(|| class.and_then(|class| rules::both(error, class)))
                .or_else(|| class.and_then(|class| rules::accepted(class, &entry.step, facts))),
            (Some(class), None) => rules::accepted(class, &entry.step, facts),
        };
        return Err(reason.map_or_else(different, Ok));
    }
    let mut soft = Vec::new();
    for (key, ours) in entry.seen.as_object().into_iter().flatten() {
        if !facts.agree(key, &tf[key], ours, tf, entry) {
            match rules::value(key, &entry.step, tf, &entry.seen, facts) {
                Some((reason, true)) => soft.push(reason),
                Some((reason, false)) => return Err(Ok(reason)),
                None => return Err(different()),
            }
        }
    }
    Ok(soft)
}

/// Compares how the program ends.
fn end(scenario: &Scenario, left: Option<&Value>, ours: Option<&(String, Stop)>, facts: &Facts) -> Result<(), Ended> {
    let tf = scenario.error.as_ref().filter(|_| left.is_none());
    match (ours, tf) {
        (None, None) if left.is_none() => Ok(()),
        (Some((_, Stop::Reason { reason, .. })), _) => Err(Ok(*reason)),
        (Some((at, Stop::Error { error, .. })), Some((class, tf_at))) if at == tf_at && error.is_of(class) => Ok(()),
        (Some((at, Stop::Error { error, step })), _) => {
            let class = tf.filter(|(_, tf_at)| tf_at == at).map(|(class, _)| class.as_str());
            let reason = step.as_ref().and_then(|step| {
                let accepted = || {
                    class.and_then(|class| rules::both(error, class).or_else(|| rules::accepted(class, step, facts)))
                };
                rules::refused(error, step, left, facts).or_else(accepted)
            });
            let theirs = left.map_or_else(|| format!("{tf:?}"), Value::to_string);
            Err(reason.ok_or_else(|| format!("at {at}: {error:?}, TensorFlow has {theirs}")))
        }
        (None, _) => {
            let class = tf.map(|(class, _)| class.as_str());
            let failed = tf.and_then(|(_, at)| find(&scenario.program, at));
            let reason = class.zip(failed).and_then(|(class, step)| rules::accepted(class, &step, facts));
            Err(reason.ok_or_else(|| format!("no error, TensorFlow has {tf:?} {left:?}")))
        }
    }
}

/// The step at a place of the program.
pub fn find(steps: &[Step], at: &str) -> Option<Step> {
    let (first, rest) = at.split_once('.').map_or((at, None), |(first, rest)| (first, Some(rest)));
    let step = steps.get(first.parse::<usize>().ok()?)?;
    match rest {
        None => Some(step.clone()),
        Some(rest) => find(&step.steps("try").ok()?, rest),
    }
}

/// The texts of a list.
pub fn texts(list: &Value) -> HashSet<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
