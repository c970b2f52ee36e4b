//! The rules by which a reason is chosen.

use std::collections::HashSet;

use serde_json::Value;

use super::compare::texts;
use super::format::Step;
use super::reasons::Reason;
use super::refusal::{Kind, Refusal};
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
    /// Those that are in the collection of local variables.
    local: HashSet<String>,
    /// Those that were put into collections.
    collected: HashSet<String>,
    has_parts: bool,
    /// What optimizers keep.
    slots: HashSet<String>,
    /// Those that are always new.
    unique: HashSet<String>,
    /// Whether a step of the program makes a scope share.
    has_reuse: bool,
    /// Whether a scope of the program has a whole number as its initializer.
    has_whole_constant: bool,
    /// Whether a scope of the program switches the regularizer off.
    has_no_regularizer: bool,
    /// Whether a scope of the program gives a value as its initializer.
    has_value: bool,
    /// Whether a scope of the program gives numbers as its initializer.
    has_number: bool,
    /// Whether a call failed after TensorFlow had left something behind.
    pub failed: bool,
}

/// The classes of errors after which something is left behind.
const LEAVES: [&str; 4] =
    ["initializer_wrong_dtype", "initializer_bad_signature", "regularizer_wrong_dtype", "too_many_partitions"];

impl Facts {
    /// What is so before the first step.
    pub fn new(program: &[Step]) -> Self {
        let mut facts = Self::default();
        facts.scan(program);
        facts
    }

    fn scan(&mut self, steps: &[Step]) {
        for step in steps {
            let shares = step.get("reuse").is_some_and(|reuse| *reuse != false);
            self.has_reuse |= shares || matches!(step.verb.as_str(), "reuse_variables" | "call_template");
            self.has_whole_constant |= is_whole(step.get("initializer")) || is_whole(step.get("value"));
            let gives = matches!(step.verb.as_str(), "open" | "variable_op_scope" | "set");
            let none = step.get("regularizer").or(step.get("value")).is_some_and(|given| given == "no_regularizer");
            self.has_no_regularizer |= gives && none;
            let value = step.get("initializer").or(step.get("value"));
            self.has_value |= gives && value.is_some_and(|given| given.get("tensor").or(given.get("value")).is_some());
            self.has_number |= gives && is_number(step.get("initializer").or(step.get("value")));
            for inside in ["try", "body"] {
                self.scan(&step.steps(inside).unwrap_or_default());
            }
        }
    }

    /// Notes that TensorFlow has failed with an error of a class.
    pub fn note_error(&mut self, class: Option<&str>) {
        self.failed |= class.is_some_and(|class| LEAVES.contains(&class));
    }

    /// Notes what TensorFlow did at a step.
    pub fn note(&mut self, step: &Step, tf: Option<&Value>) {
        let Some(tf) = tf else { return };
        self.note_error(tf["error_class"].as_str());
        if let Some(scope) = tf["scope"].as_str() {
            self.scopes.insert(scope.to_string());
        }
        if matches!(step.verb.as_str(), "minimize" | "ema") {
            let made = tf["created_variables"].as_array().into_iter().flatten().filter_map(Value::as_str);
            self.slots.extend(made.map(|name| bare(name).to_string()));
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
            if step.verb == "variable" {
                self.unique.insert(name.clone());
            }
            if is_local(step) {
                self.local.insert(name.clone());
            }
            if (step.get("collections").is_some() || step.verb == "local") && tf["created"] != false {
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
            // TensorFlow's `no_regularizer` is one that adds nothing.
            ("value", "query") if tf == "set" && ours.is_null() => {
                entry.step.argument_text() == "regularizer" && self.has_no_regularizer
            }
            // A variable may be listed twice where its collection is named twice.
            ("value", "collection" | "scope_collection") => unique(tf) == unique(ours),
            _ => tf == ours,
        }
    }

    /// Whether a list of variables is TensorFlow's, but for what is so by design.
    pub fn lists(&self, key: &str, tf: &Value, ours: &Value) -> Option<Vec<Reason>> {
        let ordered = |list: &Value, without: &HashSet<String>| -> Vec<String> {
            let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut seen = HashSet::new();
            names.filter(|name| !without.contains(bare(name)) && seen.insert(*name)).map(str::to_string).collect()
        };
        let none = HashSet::new();
        if ordered(tf, &none) == ordered(ours, &none) {
            return Some(Vec::new());
        }
        let sets = match key {
            "trainable" | "trainable_variables" => {
                vec![(&self.not_floats, Reason::IntegersNotTrainable), (&self.local, Reason::LocalNotTrainable)]
            }
            "global" | "variables" => vec![(&self.collected, Reason::CollectionsAdd), (&self.slots, Reason::Slots)],
            _ => return None,
        };
        let without = sets.iter().flat_map(|(set, _)| set.iter().cloned()).collect();
        let reasons = sets.iter().filter(|(set, _)| !set.is_empty()).map(|(_, reason)| *reason).collect();
        (ordered(tf, &without) == ordered(ours, &without)).then_some(reasons)
    }

    /// Whether a name is that of a scope or stands before that of a variable.
    fn is_scope(&self, name: &str) -> bool {
        let inside = |other: &String| other.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
        self.scopes.contains(name) || self.variables.iter().any(inside)
    }

    /// Whether there is another scope whose struct would have the name of this one's.
    fn has_like_struct(&self, name: &str) -> bool {
        let plain = |name: &str| name.replace(['_', '/'], "").to_ascii_lowercase();
        let heads = |full: &String| {
            full.match_indices('/').map(|(at, _)| full[..at].to_string()).chain([full.clone()]).collect::<Vec<_>>()
        };
        self.scopes.iter().flat_map(heads).any(|other| other != name && plain(&other) == plain(name))
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
pub fn refused(error: &Refusal, step: &Step, tf: Option<&Value>, facts: &Facts) -> Option<Reason> {
    let name = &error.name;
    match error.kind {
        Kind::BadName => {
            let given = given_name(step);
            let is_open = matches!(step.verb.as_str(), "open" | "variable_op_scope");
            if given.contains('/') {
                Some(Reason::Slash)
            } else if given.is_empty()
                || given.starts_with(['_', '-'])
                || !given.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
            {
                Some(Reason::Name)
            } else if facts.unique.contains(name) && tf.is_some_and(|tf| tf.get("parts").is_some()) {
                Some(Reason::Namesakes)
            } else if facts.has_other_case(name) {
                Some(Reason::CaseOnly)
            } else if facts.is_scope(name)
                || (facts.variables.contains(name) && (is_open || !facts.unique.contains(name)))
            {
                Some(Reason::VariableAndScope)
            } else {
                let called = tf.and_then(|tf| tf["name"].as_str()).map(bare);
                let is_taken = called.is_some_and(|called| called != name) || facts.unique.contains(name);
                is_taken.then_some(Reason::NameTaken)
            }
        }
        Kind::ShapeMissing if facts.has_value && !step.keys().any(|key| key == "shape") => Some(Reason::ValueOfScope),
        Kind::Written | Kind::ShapeMissing if cannot_be_written(step).is_some() => cannot_be_written(step),
        Kind::StructName => facts.has_like_struct(name).then_some(Reason::StructName),
        Kind::ElementType => Some(Reason::NoSuchType),
        Kind::GivenWhereShared => {
            let ignored =
                ["initializer", "regularizer", "partitioner", "trainable", "collections", "units", "num_outputs"];
            let is_shared = tf.is_none_or(|tf| tf["created"] != true);
            (is_shared && ignored.iter().any(|key| step.get(key).is_some())).then_some(Reason::GivenWhereShared)
        }
        Kind::UniqueReused => {
            let is_layer = matches!(step.verb.as_str(), "layer" | "slim");
            let is_unnamed = is_layer && step.get("name").or(step.get("scope")).is_none();
            let is_unique = step.verb == "variable" || step.argument().is_null() || is_unnamed;
            (is_unique && facts.has_reuse).then_some(Reason::UniqueReused)
        }
        Kind::NotFloat if step.get("trainable").is_some_and(|given| *given == true) => {
            Some(Reason::IntegersNotTrainable)
        }
        Kind::NotFloat => Some(Reason::RegularizerOfIntegers),
        Kind::Scalar => step.get("partitioner").map(|_| Reason::ScalarInParts),
        Kind::Initializer if is_number(step.get("initializer")) || facts.has_number => Some(Reason::Range),
        _ => facts.failed.then_some(Reason::NothingLeftBehind),
    }
}

/// Why there are no words for a step.
fn cannot_be_written(step: &Step) -> Option<Reason> {
    let initializer = step.get("initializer").unwrap_or(&Value::Null);
    let is_open = matches!(step.verb.as_str(), "open" | "variable_op_scope");
    let is_of_other_type = |key: &str, is: fn(&Value) -> bool| step.get(key).is_some_and(|value| !is(value));
    let given = given_name(step);
    let is_no_name = match step.verb.as_str() {
        "name_scope" | "op_scope" => given.is_empty() || given.ends_with('/') || step.argument().is_object(),
        _ => false,
    };
    if is_no_name {
        Some(Reason::NameScopeAgain)
    } else if step.get("shape").is_some_and(|shape| shape.as_array().into_iter().flatten().any(Value::is_null)) {
        Some(Reason::OpenShape)
    } else if initializer.get("initialized_value").is_some() {
        Some(Reason::OtherVariable)
    } else if initializer["value"].is_object()
        || (is_open && !(step.argument().is_string() || step.argument().is_null() || step.argument().is_object()))
        || is_of_other_type("reuse", |value| value.is_boolean() || value == "AUTO_REUSE")
        || is_of_other_type("auxiliary_name_scope", Value::is_boolean)
        || is_of_other_type("custom_getter", Value::is_string)
    {
        Some(Reason::Types)
    } else if given.contains('/') {
        Some(Reason::Slash)
    } else {
        let is_needed = is_open && !step.argument().is_object() || !given.is_empty();
        let is_word = !given.is_empty() && given.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_name = is_word && !given.starts_with(|first: char| first.is_ascii_digit()) && given != "_";
        let is_get = matches!(step.verb.as_str(), "get" | "local" | "variable");
        ((is_needed || is_get) && (!is_name || KEYWORDS.split(' ').any(|word| word == given))).then_some(Reason::Name)
    }
}

/// The words of Rust, which no name in a model can be.
const KEYWORDS: &str = "as async await box break const continue crate do dyn else enum extern false final fn for gen if \
     impl in let loop macro match mod move mut override priv pub ref return self Self static struct super trait true \
     try type typeof unsafe unsized use virtual where while yield abstract become";

/// Why the library may take what TensorFlow refuses with an error of a class.
pub fn accepted(class: &str, step: &Step, facts: &Facts) -> Option<Reason> {
    let initializer = step.get("initializer");
    let has = |name: &str| initializer.is_some_and(|initializer| initializer.get(name).is_some());
    match class {
        "initializer_wrong_dtype" if is_whole(initializer) || (initializer.is_none() && facts.has_whole_constant) => {
            Some(Reason::PythonValue)
        }
        "partitioned_shape_missing" | "initializer_wrong_dtype" if has("value") || has("numpy") || has("lambda0") => {
            Some(Reason::PythonValue)
        }
        "constant_initializer_with_shape" if is_shape_of(step) => Some(Reason::ShapeBesideArray),
        "no_variables_to_save" if !facts.collected.is_empty() => Some(Reason::CollectionsAdd),
        "op_shape_error" => Some(Reason::Graph),
        "different_graphs" if step.get("values").is_some() => Some(Reason::OtherGraph),
        "does_not_exist" if step.verb == "minimize" => Some(Reason::Slots),
        // Where the loss reaches no variable its gradients are none.
        "no_variables_to_optimize" => Some(Reason::Library),
        "partitioned_scalar" if is_shape_of_scalar(step) => Some(Reason::PythonValue),
        _ => facts.failed.then_some(Reason::NothingLeftBehind),
    }
}

/// Why both may refuse a step for different things that are wrong with it.
pub fn both(error: &Refusal, class: &str) -> Option<Reason> {
    let by_parts = ["partitioner_invalid", "partitioned_shape_missing", "partitioned_scalar", "too_many_partitions"];
    let is_by_variable =
        matches!(error.kind, Kind::DoesNotExist | Kind::AlreadyExists | Kind::ShapeAndValue | Kind::ValueDType);
    let is_by_number = error.kind == Kind::TooMany && class == "initializer_wrong_dtype";
    (is_by_number || (is_by_variable && by_parts.contains(&class))).then_some(Reason::SaidFirst)
}

/// Why a value may differ, and whether what comes after can still be compared.
pub fn value(key: &str, step: &Step, tf: &Value, ours: &Value, facts: &Facts) -> Option<(Reason, bool)> {
    let verb = step.verb.as_str();
    match key {
        "trainable" if !is_float(tf) => Some((Reason::IntegersNotTrainable, true)),
        "trainable" if is_local(step) => Some((Reason::LocalNotTrainable, true)),
        "name" if verb == "variable" => {
            let scope = |seen: &Value| {
                seen["name"].as_str().and_then(|name| name.rsplit_once('/')).map(|(scope, _)| scope.to_string())
            };
            let is_namesake = tf["name"].as_str().is_some_and(|name| facts.variables.contains(bare(name)));
            let by_scope = (scope(tf) != scope(ours)).then_some((Reason::UniqueName, false));
            let numbered = |seen: &Value| {
                let last = seen["name"].as_str().map(bare).and_then(|name| name.rsplit('/').next());
                last.is_some_and(|last| is_suffixed(Some(last), Some(given_name(step))) || last == given_name(step))
            };
            let is_numbered = numbered(tf) && numbered(ours);
            by_scope
                .or(is_namesake.then_some((Reason::Namesakes, false)))
                .or(is_numbered.then_some((Reason::UniqueNumber, false)))
        }
        // An op was called so before; here variables and ops have names of their own.
        "name" if is_suffixed(tf["name"].as_str(), ours["name"].as_str()) => Some((Reason::OwnName, false)),
        "value" if verb == "collection" && step.argument_text() == "update_ops" => Some((Reason::Updates, true)),
        "value" if verb == "collection" && step.get("scope").is_some() => {
            let whole = in_whole_scope(step, &tf["value"]);
            let soft = facts.lists(step.argument_text(), &whole, &ours["value"]);
            soft.map(|soft| (soft.first().copied().unwrap_or(Reason::WholeNames), true))
        }
        "value" if verb == "scope_collection" && facts.scopes.iter().any(|scope| scope.contains('.')) => {
            Some((Reason::WholeNames, true))
        }
        "value" if verb.ends_with("collection") => {
            let soft = facts.lists(step.argument_text(), &tf["value"], &ours["value"]);
            soft.and_then(|soft| soft.first().map(|&reason| (reason, true)))
        }
        "count" if facts.has_parts => Some((Reason::OnePenalty, true)),
        "checkpoint" if !facts.collected.is_empty() => Some((Reason::CollectionsAdd, true)),
        _ => None,
    }
    .or(facts.failed.then_some((Reason::NothingLeftBehind, false)))
}

/// Whether the shape that a step gives is that of the value that it gives.
fn is_shape_of(step: &Step) -> bool {
    let value =
        step.get("initializer").and_then(|given| ["value", "tensor", "numpy"].iter().find_map(|key| given.get(*key)));
    let Some(mut value) = value else { return false };
    let mut sizes = Vec::new();
    while let Value::Array(list) = value {
        sizes.push(Value::from(list.len()));
        value = list.first().unwrap_or(&Value::Null);
    }
    step.get("shape").is_some_and(|shape| *shape == Value::Array(sizes))
}

/// Whether a step gives a single number as the value.
fn is_shape_of_scalar(step: &Step) -> bool {
    let value = step.get("initializer").and_then(|given| given.get("tensor").or(given.get("value")));
    value.is_some_and(Value::is_number) && step.get("shape").is_none()
}

/// What is in a list by a whole name, and not by a part of one or a regular expression.
fn in_whole_scope(step: &Step, list: &Value) -> Value {
    let filter = step.text("scope").unwrap_or_default().trim_end_matches('/');
    let is_in = |name: &&str| name.strip_prefix(filter).is_some_and(|rest| filter.is_empty() || rest.starts_with('/'));
    Value::from(unique(list).into_iter().filter(is_in).collect::<Vec<_>>())
}

/// Whether a name is another with a number behind it.
fn is_suffixed(name: Option<&str>, other: Option<&str>) -> bool {
    let (Some(name), Some(other)) = (name.map(bare), other.map(bare)) else { return false };
    let suffix = name.strip_prefix(other).and_then(|rest| rest.strip_prefix('_'));
    suffix.is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

/// Whether a variable is put among the local ones.
fn is_local(step: &Step) -> bool {
    let collections = step.get("collections").map(texts).unwrap_or_default();
    collections.contains("local") || collections.contains("local_variables")
}

/// The name that a step gives to a scope, a variable or an op.
pub fn given_name(step: &Step) -> &str {
    match step.verb.as_str() {
        "op" => step.text("name").unwrap_or("op"),
        "variable" => step.text("variable").unwrap_or("Variable"),
        _ => step.argument().as_str().or(step.text("default_name")).unwrap_or_default(),
    }
}

/// Whether an initializer gives numbers that not every element type can hold.
fn is_number(initializer: Option<&Value>) -> bool {
    let draws = ["constant", "truncated_normal", "random_normal", "glorot_uniform"];
    initializer.is_some_and(|given| given == "xavier" || draws.iter().any(|name| given.get(*name).is_some()))
}

/// Whether an initializer is one number everywhere, which has no fraction.
fn is_whole(initializer: Option<&Value>) -> bool {
    initializer
        .and_then(|initializer| initializer.get("constant")?.as_f64())
        .is_some_and(|number| number.fract() == 0.0)
}

fn bare(name: &str) -> &str {
    name.strip_suffix(":0").unwrap_or(name)
}

fn is_float(tf: &Value) -> bool {
    tf["dtype"].as_str().is_none_or(|dtype| dtype.starts_with("float"))
}

fn unique(list: &Value) -> Vec<&str> {
    let mut seen = HashSet::new();
    list.as_array().into_iter().flatten().filter_map(Value::as_str).filter(|text| seen.insert(*text)).collect()
}

fn flatten(value: &Value, numbers: &mut Vec<f64>) {
    match value {
        Value::Array(list) => list.iter().for_each(|item| flatten(item, numbers)),
        Value::Bool(is) => numbers.push(f64::from(u8::from(*is))),
        number => numbers.extend(number.as_f64()),
    }
}
