//! The rules by which a reason is chosen.

use std::collections::HashSet;

use serde_json::Value;
use varscope::Error;

use super::compare::texts;
use super::format::Step;
use super::reasons::Reason;
use super::trace::Entry;

/// What has happened in a scenario so far.
#[derive(Clone, Default, Debug)]
pub struct Facts {
    /// The names of scopes.
    scopes: HashSet<String>,
    /// The names of variables, as TensorFlow has them.
    variables: HashSet<String>,
    /// Those that hold no floats.
    not_floats: HashSet<String>,
    /// Those that were put into collections.
    collected: HashSet<String>,
    has_parts: bool,
    has_reuse: bool,
    /// Whether a call failed after TensorFlow had left something behind.
    pub failed: bool,
}

/// The classes of errors after which something is left behind.
const LEAVES: [&str; 4] =
    ["initializer_wrong_dtype", "initializer_bad_signature", "regularizer_wrong_dtype", "too_many_partitions"];

impl Facts {
    /// Notes what TensorFlow did at a step.
    pub fn note(&mut self, step: &Step, tf: Option<&Value>) {
        let Some(tf) = tf else { return };
        self.failed |= tf["error_class"].as_str().is_some_and(|class| LEAVES.contains(&class));
        self.has_reuse |= tf["reuse"] == true || tf["reuse"] == "AUTO_REUSE";
        if let Some(scope) = tf["scope"].as_str() {
            self.scopes.insert(scope.to_string());
        }
        let Some(name) = tf["name"].as_str().filter(|_| tf.get("dtype").is_some()) else { return };
        let parts = tf["parts"].as_array();
        self.has_parts |= parts.is_some();
        let parts = parts.into_iter().flatten().filter_map(|part| part[0].as_str());
        for name in parts.chain([name]) {
            let name = bare(name).to_string();
            if !is_float(tf) {
                self.not_floats.insert(name.clone());
            }
            if step.get("collections").is_some() && tf["created"] != false {
                self.collected.insert(name.clone());
            }
            self.variables.insert(name);
        }
    }

    /// Whether a value is TensorFlow's.
    pub fn agree(&self, key: &str, tf: &Value, ours: &Value, all: &Value, entry: &Entry) -> bool {
        match (key, entry.step.verb.as_str()) {
            ("numbers", _) => {
                let (mut expected, mut found) = (Vec::new(), Vec::new());
                flatten(&all["value"], &mut expected);
                flatten(ours, &mut found);
                let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-6 * a.abs().max(1.0);
                expected.len() == found.len() && expected.iter().zip(&found).all(near)
            }
            ("value", "collection") if entry.step.argument_text() == "regularization_losses" => {
                let name = |op: &str| op.split("/Regularizer").next().unwrap_or_default().to_string();
                let of = |list: &Value| texts(list).into_iter().map(name).collect::<HashSet<_>>();
                of(tf) == of(ours)
            }
            _ => tf == ours,
        }
    }

    /// Whether a list of variables is TensorFlow's, but for what is so by design.
    pub fn lists(&self, key: &str, tf: &Value, ours: &Value) -> Option<Vec<Reason>> {
        let ordered = |list: &Value, without: &HashSet<String>| -> Vec<String> {
            let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
            names.filter(|name| !without.contains(bare(name))).map(str::to_string).collect()
        };
        let none = HashSet::new();
        if ordered(tf, &none) == ordered(ours, &none) {
            return Some(Vec::new());
        }
        let (without, reason) = match key {
            "trainable" | "trainable_variables" => (&self.not_floats, Reason::IntegersNotTrainable),
            "global" | "variables" => (&self.collected, Reason::CollectionsAdd),
            _ => return None,
        };
        (ordered(tf, without) == ordered(ours, without)).then(|| vec![reason])
    }

    /// Whether a name is that of a scope or stands before that of a variable.
    fn is_scope(&self, name: &str) -> bool {
        let inside = |other: &String| other.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
        self.scopes.contains(name) || self.variables.iter().any(inside)
    }

    /// Whether there is a name that differs in case only.
    fn has_other_case(&self, name: &str) -> bool {
        let is_other = |other: &str| other != name && other.eq_ignore_ascii_case(name);
        let heads = |full: &String| {
            let ends = full.match_indices('/').map(|(at, _)| at).chain([full.len()]);
            ends.map(|end| full[..end].to_string()).collect::<Vec<_>>()
        };
        self.scopes.iter().chain(&self.variables).flat_map(heads).any(|head| is_other(&head))
    }
}

/// Why the library may refuse what TensorFlow takes, or refuse it otherwise; `tf` is what TensorFlow did.
pub fn refused(error: &Error, step: &Step, tf: Option<&Value>, facts: &Facts) -> Option<Reason> {
    match error {
        Error::BadName { name, .. } => {
            let given = given_name(step);
            if given.contains('/') {
                Some(Reason::Slash)
            } else if given.is_empty() || !given.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
                Some(Reason::Name)
            } else if facts.has_other_case(name) {
                Some(Reason::CaseOnly)
            } else if facts.variables.contains(name) || facts.is_scope(name) {
                Some(Reason::VariableAndScope)
            } else {
                let called = tf.and_then(|tf| tf["name"].as_str()).map(bare);
                called.is_some_and(|called| called != name).then_some(Reason::NameTaken)
            }
        }
        Error::GivenWhereShared { .. } => {
            let ignored = ["initializer", "regularizer", "trainable", "collections"];
            let is_shared = tf.is_none_or(|tf| tf["created"] != true);
            (is_shared && ignored.iter().any(|key| step.get(key).is_some())).then_some(Reason::GivenWhereShared)
        }
        Error::UniqueReused { .. } => {
            let is_unique = step.verb == "variable" || step.argument().is_null();
            (is_unique && facts.has_reuse).then_some(Reason::UniqueReused)
        }
        Error::NotFloat { .. } => tf.is_some_and(|tf| !is_float(tf)).then_some(Reason::RegularizerOfIntegers),
        _ => facts.failed.then_some(Reason::NothingLeftBehind),
    }
}

/// Why the library may take what TensorFlow refuses with an error of a class.
pub fn accepted(class: &str, step: &Step, facts: &Facts) -> Option<Reason> {
    let initializer = step.get("initializer");
    let has = |name: &str| initializer.is_some_and(|initializer| initializer.get(name).is_some());
    let whole = initializer.and_then(|initializer| initializer["constant"].as_f64());
    match class {
        "initializer_wrong_dtype" if whole.is_some_and(|number| number.fract() == 0.0) => Some(Reason::PythonValue),
        "partitioned_shape_missing" | "initializer_wrong_dtype" if has("value") || has("numpy") => {
            Some(Reason::PythonValue)
        }
        "op_shape_error" => Some(Reason::Graph),
        "different_graphs" if step.get("values").is_some() => Some(Reason::Graph),
        _ => facts.failed.then_some(Reason::NothingLeftBehind),
    }
}

/// Why a value may differ, and whether what comes after can still be compared.
pub fn value(key: &str, step: &Step, tf: &Value, ours: &Value, facts: &Facts) -> Option<(Reason, bool)> {
    let verb = step.verb.as_str();
    match key {
        "trainable" if !is_float(tf) => Some((Reason::IntegersNotTrainable, true)),
        "name" if verb == "variable" => {
            let scope = |seen: &Value| {
                seen["name"].as_str().and_then(|name| name.rsplit_once('/')).map(|(scope, _)| scope.to_string())
            };
            (scope(tf) != scope(ours)).then_some((Reason::UniqueName, false))
        }
        "value" if verb == "collection" && step.get("scope").is_some() => Some((Reason::WholeNames, true)),
        "value" if verb == "scope_collection" && facts.scopes.iter().any(|scope| scope.contains('.')) => {
            Some((Reason::WholeNames, true))
        }
        "value" if verb.ends_with("collection") => {
            let soft = facts.lists(step.argument_text(), &tf["value"], &ours["value"])?;
            soft.first().map(|&reason| (reason, true))
        }
        "count" if facts.has_parts => Some((Reason::OnePenalty, true)),
        "checkpoint" if !facts.collected.is_empty() => Some((Reason::CollectionsAdd, true)),
        _ => None,
    }
    .or(facts.failed.then_some((Reason::NothingLeftBehind, false)))
}

/// The name that a step gives to a scope, a variable or an op.
fn given_name(step: &Step) -> &str {
    match step.verb.as_str() {
        "op" => step.text("name").unwrap_or("op"),
        "variable" => step.text("variable").unwrap_or("Variable"),
        _ => step.argument().as_str().or(step.text("default_name")).unwrap_or_default(),
    }
}

fn bare(name: &str) -> &str {
    name.strip_suffix(":0").unwrap_or(name)
}

fn is_float(tf: &Value) -> bool {
    tf["dtype"].as_str().is_none_or(|dtype| dtype.starts_with("float"))
}

fn flatten(value: &Value, numbers: &mut Vec<f64>) {
    match value {
        Value::Array(list) => list.iter().for_each(|item| flatten(item, numbers)),
        Value::Bool(is) => numbers.push(f64::from(u8::from(*is))),
        number => numbers.extend(number.as_f64()),
    }
}
