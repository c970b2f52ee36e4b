//! Scenarios of scopes: programs over TensorFlow's scopes, run through the library and held against what TensorFlow did.
//!
//! Each goes through every [`Way`] there is. What a step is in varscope stands in [`runtime_way`]; why a scenario may
//! come out otherwise is one of the [`Reason`]s, chosen by the [`rules`].

pub mod arguments;
pub mod compare;
pub mod format;
pub mod listing;
pub mod macro_way;
pub mod reasons;
pub mod refusal;
pub mod rules;
pub mod runtime_way;
pub mod trace;

use std::fmt;

pub use compare::Verdict;
pub use format::Scenario;
pub use macro_way::MacroWay;
pub use reasons::Reason;
pub use runtime_way::RuntimeWay;
pub use trace::Way;

use crate::json::Error;

/// The ways through which every scenario goes.
pub const WAYS: [&dyn Way; 2] = [&RuntimeWay, &MacroWay];

/// How all scenarios of a file came out.
#[derive(Clone, Debug, Default)]
pub struct ScopeReport {
    lines: Vec<(String, &'static str, Verdict)>,
    /// For each line what a compiler can make of the scenario.
    hints: Vec<Option<String>>,
}

impl ScopeReport {
    /// Each scenario and way with its verdict.
    pub fn verdicts(&self) -> impl Iterator<Item = (&str, &'static str, &Verdict)> {
        self.lines.iter().map(|(id, way, verdict)| (id.as_str(), *way, verdict))
    }

    /// Whether anything came out otherwise, for no reason.
    pub fn is_different(&self) -> bool {
        self.lines.iter().any(|(_, _, verdict)| matches!(verdict, Verdict::Different(_)))
    }

    /// Of the scenarios with a hint, how many come out the same or stricter through the macro, and how many there are.
    pub fn settled(&self, hint: &str) -> (usize, usize) {
        let hinted = self.lines.iter().zip(&self.hints).filter(|(_, of)| of.as_deref() == Some(hint));
        let verdicts = hinted.filter(|((_, way, _), _)| *way == MacroWay.name()).map(|((_, _, verdict), _)| verdict);
        let is_settled = |verdict: &&Verdict| matches!(verdict, Verdict::Same | Verdict::Stricter(_));
        (verdicts.clone().filter(is_settled).count(), verdicts.count())
    }

    fn count(&self, is: impl Fn(&Verdict) -> bool) -> usize {
        self.lines.iter().filter(|(_, _, verdict)| is(verdict)).count()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("same"),
            Self::Stricter(reasons) => {
                let reasons: Vec<String> = reasons.iter().map(Reason::to_string).collect();
                write!(f, "stricter: {}", reasons.join("; "))
            }
            Self::NotApplicable(reason) => write!(f, "not applicable: {reason}"),
            Self::Different(text) => write!(f, "DIFFERENT: {text}"),
        }
    }
}

impl fmt::Display for ScopeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, way, verdict) in &self.lines {
            writeln!(f, "{id} ({way}): {verdict}")?;
        }
        for hint in ["compile_error", "compile_guarantee"] {
            let (settled, all) = self.settled(hint);
            writeln!(f, "{hint}: {settled} of {all} same or stricter through the macro")?;
        }
        writeln!(
            f,
            "{} runs: {} same, {} stricter, {} not applicable, {} DIFFERENT",
            self.lines.len(),
            self.count(|verdict| *verdict == Verdict::Same),
            self.count(|verdict| matches!(verdict, Verdict::Stricter(_))),
            self.count(|verdict| matches!(verdict, Verdict::NotApplicable(_))),
            self.count(|verdict| matches!(verdict, Verdict::Different(_))),
        )
    }
}

/// Judges every scenario of a file whose text this is.
///
/// # Errors
///
/// It does not have the form of `data/golden.json`.
pub fn judge(text: &str) -> Result<ScopeReport, Error> {
    judge_through(text, &WAYS)
}

/// Judges every scenario of a file whose text this is, through some of the ways.
///
/// # Errors
///
/// It does not have the form of `data/golden.json`.
pub fn judge_through(text: &str, ways: &[&dyn Way]) -> Result<ScopeReport, Error> {
    let mut report = ScopeReport::default();
    for scenario in format::read(text)? {
        for way in ways {
            let verdict = compare::compare(&scenario, &way.run(&scenario));
            report.lines.push((scenario.id.clone(), way.name(), verdict));
            report.hints.push(scenario.hint.clone());
        }
    }
    Ok(report)
}
