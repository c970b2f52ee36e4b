//! A scenario through the macro: its steps are the source of a model, which the compiler takes or refuses.
//!
//! A step is a line. What the compiler refuses where the program catches an error is left out, as TensorFlow leaves the
//! rest of that block out, and the rest is compiled again.

mod library;
mod replay;
mod scopes;
mod source;
mod text;
mod translate;
mod variables;

use std::collections::HashMap;

use serde_json::json;
use varscope_compiler::EventKind;

use self::replay::{Replay, Unmade};
use self::source::Found;
use self::translate::{Known, Translator};
use super::format::Scenario;
use super::listing::names;
use super::refusal::{Kind, Refusal};
use super::trace::{Entry, Stop, Trace, Way};

/// The macro `model!`, as far as its compiler goes.
#[derive(Clone, Copy, Debug)]
pub struct MacroWay;

impl Way for MacroWay {
    fn name(&self) -> &'static str {
        "macro"
    }

    fn run(&self, scenario: &Scenario) -> Trace {
        let (mut known, mut failed) = (Known::default(), HashMap::new());
        loop {
            let translated = Translator::translate(&scenario.program, &known, &failed);
            let found = Found::compile(&translated.source);
            let learned = learn(&translated, &found);
            if learned != known {
                known = learned;
                continue;
            }
            let mut replay = Replay::new(&translated, &found);
            if let Some((step, mistake)) = &found.first {
                // What cannot be made before it is refused before it.
                if let Err(Unmade::Refused(at, refusal)) = replay.run(*step)
                    && !failed.contains_key(&at)
                {
                    failed.insert(at, refusal);
                    continue;
                }
                let Some(done) = translated.done.get(*step) else {
                    return stopped(format!("{mistake:?} at no step"));
                };
                let mut refusal = Refusal::from(mistake);
                refusal.name = full_name(&translated, *step);
                if failed.insert(done.at.clone(), refusal).is_some() {
                    return stopped(format!("{mistake:?} again at {}", done.at));
                }
                continue;
            }
            match replay.run(translated.done.len()) {
                Err(Unmade::Refused(at, refusal)) if !failed.contains_key(&at) => drop(failed.insert(at, refusal)),
                Err(Unmade::Refused(at, refusal)) => return stopped(format!("{refusal:?} again at {at}")),
                Err(Unmade::Stop(at, stop)) => return trace(&replay, Some((at, stop))),
                Ok(()) => return trace(&replay, translated.end.clone()),
            }
        }
    }
}

/// What is known after a program was compiled.
fn learn(translated: &Translator<'_>, found: &Found) -> Known {
    let mut known = Known::default();
    for (number, done) in translated.done.iter().enumerate() {
        for event in found.at(number) {
            if let EventKind::Scope { name, .. } | EventKind::Layer { name, .. } = &event.kind {
                known.scopes.insert(done.at.clone(), name.clone());
            }
        }
    }
    for (graph, model) in found.models.iter().enumerate() {
        for variable in &model.variables {
            let sizes: Vec<String> =
                variable.shape.iter().map(|size| size.map_or("_".to_string(), |size| size.to_string())).collect();
            let dtype = variable.dtype.clone().unwrap_or_else(|| "f32".to_string());
            known.variables.insert((graph, variable.name.clone()), (format!("[{}]", sizes.join(", ")), dtype));
        }
    }
    known
}

/// The full name that a step would give.
fn full_name(translated: &Translator<'_>, step: usize) -> String {
    let done = &translated.done[step];
    let name = super::rules::given_name(&done.step);
    match translated.outer_path(step) {
        Some(path) if !path.is_empty() => format!("{path}/{name}"),
        _ => name.to_string(),
    }
}

fn trace(replay: &Replay<'_>, end: Option<(String, Stop)>) -> Trace {
    let first = &replay.stores[0];
    Trace {
        entries: replay.entries.clone(),
        end,
        variables: json!({
            "global": names(&first.variables()),
            "trainable": names(&first.trainable_variables()),
            "local": names(&first.collection("local_variables")),
        }),
    }
}

/// What comes out where this way itself is at its end, so that it is seen.
fn stopped(text: String) -> Trace {
    let refusal = Refusal { kind: Kind::Written, name: String::new(), text };
    let end = Some((String::new(), Stop::Error { error: Box::new(refusal), step: None }));
    Trace { entries: Vec::<Entry>::new(), end, variables: json!({}) }
}
