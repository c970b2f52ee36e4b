//! What is seen at each step: what the compiler said, and what an instance made of that has.

use std::collections::HashMap;

use serde_json::{Value, json};
use varscope::{VariableInfo, VariableStore};
use varscope_compiler::{DescribedVariable, Description, EventKind, Reuse};

use super::source::Found;
use super::translate::{Bound, Done, Translator};
use crate::scopes::arguments::{self, Penalty, Start};
use crate::scopes::listing;
use crate::scopes::reasons::Reason;
use crate::scopes::refusal::{Kind, Refusal};
use crate::scopes::trace::{Entry, Stop};

/// Goes through the steps with what the compiler found.
pub struct Replay<'a> {
    translated: &'a Translator<'a>,
    found: &'a Found,
    /// The store of each graph, with the variables so far.
    pub stores: Vec<VariableStore>,
    infos: HashMap<(usize, String), (VariableInfo, bool)>,
    /// The variable that a step made or shared.
    made: HashMap<usize, (usize, String)>,
    /// What was seen.
    pub entries: Vec<Entry>,
}

/// Why what was compiled cannot be made: at a place, and why.
pub enum Unmade {
    /// The library says no.
    Refused(String, Refusal),
    /// For another reason.
    Stop(String, Stop),
}

impl<'a> Replay<'a> {
    /// Goes through all steps.
    pub fn new(translated: &'a Translator<'a>, found: &'a Found) -> Self {
        let stores = (0..translated.source.graphs()).map(|_| VariableStore::new(1)).collect();
        Self { translated, found, stores, infos: HashMap::new(), made: HashMap::new(), entries: Vec::new() }
    }

    /// Goes through so many steps.
    pub fn run(&mut self, steps: usize) -> Result<(), Unmade> {
        for (number, done) in self.translated.done.iter().enumerate().take(steps) {
            if let Some((_, step, refusal)) = &done.caught {
                let mut entry = Entry::caught(&done.at, step, refusal.clone());
                entry.seen = json!({"verb": done.step.verb});
                self.entries.push(entry);
                continue;
            }
            match self.step(number, done) {
                Ok(Some(seen)) => self.entries.push(Entry::new(&done.at, &done.step, seen)),
                Ok(None) => {}
                Err(Stop::Error { error, .. }) => return Err(Unmade::Refused(done.at.clone(), *error)),
                Err(stop) => return Err(Unmade::Stop(done.at.clone(), stop.at(&done.step))),
            }
        }
        Ok(())
    }

    fn step(&mut self, number: usize, done: &Done) -> Result<Option<Value>, Stop> {
        let verb = &done.step.verb;
        let events: Vec<EventKind> = self.found.at(number).map(|event| event.kind.clone()).collect();
        let (mut created, mut applied): (Vec<Value>, Option<Value>) = (Vec::new(), None);
        for event in &events {
            let seen = match event {
                EventKind::Scope { name, name_scope, reuse } => {
                    let mut seen = json!({"verb": verb, "scope": name, "reuse": rule(*reuse)});
                    if !done.in_thread {
                        seen["name_scope"] = json!(with_slash(name_scope));
                    }
                    seen
                }
                EventKind::NameScope { name_scope } => json!({"verb": verb, "name_scope": with_slash(name_scope)}),
                EventKind::Layer { name, model, is_new, name_scope } => {
                    let seen = self.layer(done, (name, model), *is_new)?;
                    created.extend(seen.as_array().into_iter().flatten().cloned());
                    let mut seen = json!({"verb": verb});
                    if let Some(op) = self.last_op(model).filter(|_| matches!(verb.as_str(), "layer" | "slim")) {
                        seen["name"] = json!(format!("{name_scope}/{op}:0"));
                    }
                    seen
                }
                EventKind::Variable { name, is_new } => {
                    if *is_new {
                        self.make(done.graph, name, "", None)?;
                    }
                    self.made.insert(number, (done.graph, name.clone()));
                    let mut seen = self.variable(done, name, *is_new)?;
                    if verb == "slim" {
                        seen["verb"] = json!("slim.variable");
                        seen.as_object_mut().map(|seen| seen.remove("created"));
                    }
                    seen
                }
                EventKind::Op { .. } if done.in_thread => json!({"verb": verb}),
                EventKind::Op { name } => json!({"verb": verb, "name": format!("{name}:0")}),
                _ => continue,
            };
            if matches!(event, EventKind::Layer { .. }) {
                applied = Some(seen);
            } else if is_seen(verb, event) {
                return Ok(Some(seen));
            }
        }
        if let Some(mut seen) = applied {
            seen["created_variables"] = json!(created);
            if verb == "old_rnn_checked_scope" {
                seen["verb"] = json!("old_rnn");
            }
            return Ok(Some(seen));
        }
        self.unrecorded(done)
    }

    /// What is seen at a step of which the compiler says nothing.
    fn unrecorded(&mut self, done: &Done) -> Result<Option<Value>, Stop> {
        let verb = done.step.verb.as_str();
        match verb {
            "try" => Ok(Some(json!({"verb": verb}))),
            "minimize" => self.minimize(done).map(Some),
            "call_template" if !done.names.is_empty() => Ok(self.template(done)),
            "assign" => self.assign(done).map(Some),
            "capture" => Ok(Some(self.capture(done))),
            "query" => Ok(Some(self.query(done))),
            "same" => self.same(done).map(Some),
            "eval" => self.eval(done).map(Some),
            "collection" | "scope_collection" | "regularization_losses" | "store_keys" | "saver" => {
                let scope = match done.names.first() {
                    Some(Bound::Scope(object)) => self.translated.objects[*object].path.clone().unwrap_or_default(),
                    _ => String::new(),
                };
                listing::inspect(&self.stores[done.graph], &done.step, &scope).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Makes the variables of a layer, or shares them; gives the names of those that it makes.
    fn layer(&mut self, done: &Done, (name, model): (&str, &str), is_new: bool) -> Result<Value, Stop> {
        let Some(layer) = self.found.layers.iter().find(|layer| layer.name == model).filter(|_| is_new) else {
            return Ok(json!([]));
        };
        let names: Vec<String> = layer.variables.iter().map(|variable| variable.name.clone()).collect();
        for variable in &names {
            self.make(done.graph, variable, &format!("{name}/"), Some(layer))?;
        }
        Ok(json!(names.iter().map(|variable| format!("{name}/{variable}:0")).collect::<Vec<_>>()))
    }

    /// The name of the op in which a layer ends.
    fn last_op(&self, model: &str) -> Option<&String> {
        let layer = self.found.layers.iter().find(|layer| layer.name == model)?;
        layer.events.iter().rev().find_map(|event| match &event.kind {
            EventKind::Op { name } => Some(name),
            _ => None,
        })
    }

    /// A step of training; where the variables of a scope are asked for and there are none, `only` refuses.
    fn minimize(&self, done: &Done) -> Result<Value, Stop> {
        let variables = self.stores[done.graph].trainable_variables();
        if let Some(scope) = done.step.text("var_scope")
            && variables.in_scope(scope).is_empty()
        {
            let (name, text) = (String::new(), "`only` is given no variable".to_string());
            return Err(Stop::Error {
                error: Box::new(Refusal { kind: Kind::NothingToTrain, name, text }),
                step: None,
            });
        }
        Ok(json!({"verb": "minimize"}))
    }

    /// The scope of a template and its variables.
    fn template(&self, done: &Done) -> Option<Value> {
        let Some(Bound::Made(opened)) = done.names.first() else { return None };
        let scope = self.found.at(*opened).find_map(|event| match &event.kind {
            EventKind::Scope { name, .. } => Some(name.clone()),
            _ => None,
        })?;
        let variables = listing::names(&self.stores[done.graph].variables().in_scope(&scope));
        Some(json!({"verb": "call_template", "variable_scope": scope, "variables": variables}))
    }

    /// Gives a variable other numbers.
    fn assign(&mut self, done: &Done) -> Result<Value, Stop> {
        let value = arguments::array(&done.step.to_json()["value"], false, None)?;
        let Some(Bound::Made(step)) = done.names.first() else { return Err(Reason::Graph.into()) };
        let (graph, name) = self.made.get(step).ok_or(Reason::Graph)?;
        let (scope, last) = name.rsplit_once('/').unwrap_or(("", name));
        let root = self.stores[*graph].root();
        let scope =
            scope.split('/').filter(|part| !part.is_empty()).fold(root, |scope, part| scope.enter(part)).reuse();
        let array = value.array.mapv(|number| number as f32);
        let array = array.into_dimensionality::<ndarray::Ix1>().map_err(|_| Reason::Graph)?;
        scope.variable(last).get::<f32, ndarray::Ix1>()?.assign(&array)?;
        Ok(json!({"verb": "assign"}))
    }

    /// Makes a variable as it is described; what stands before the name of one that a layer has is `prefix`.
    fn make(&mut self, graph: usize, name: &str, prefix: &str, layer: Option<&Description>) -> Result<(), Stop> {
        let model = layer.unwrap_or(&self.found.models[graph]);
        let Some(described) = model.variables.iter().find(|variable| variable.name == name) else { return Ok(()) };
        let name = &format!("{prefix}{name}");
        let start = self.start(described);
        let is_float = described.dtype.as_deref().is_none_or(|dtype| dtype.starts_with('f'));
        let is_random =
            start.as_ref().map_or(is_float, |start| matches!(start, Start::Drawn(drawn) if drawn.is_random()));
        let (scope, last) = name.rsplit_once('/').unwrap_or(("", name));
        let root = self.stores[graph].root();
        let parts = scope.split('/').filter(|part| !part.is_empty());
        let scope = parts.fold(root, |scope, part| scope.without_name_scope().enter(part));
        let shape: Vec<usize> = described.shape.iter().map(|size| size.unwrap_or(1)).collect();
        let mut request = scope.variable(last).shape(&shape).dtype(element(described.dtype.as_deref())?);
        if let Some(start) = start {
            request = arguments::begin_described(request, start);
        }
        if let Some(partitioner) = &described.partitioner {
            request = request.partitioner(arguments::written_partitioner(partitioner).ok_or(Reason::PythonFunction)?);
        }
        if let Some(penalty) = self.penalty(described) {
            request = request.regularizer(penalty);
        }
        if described.is_unique {
            request = request.unique();
        }
        if is_float {
            request = request.trainable(described.trainable);
        }
        for collection in &described.collections {
            request = request.collection(collection);
        }
        let info = request.get_any()?;
        self.infos.insert((graph, name.to_string()), (info, is_random));
        Ok(())
    }

    /// What the words of an initializer mean.
    fn start(&self, described: &DescribedVariable) -> Option<Start> {
        self.translated.starts.get(&super::text::plain(described.initializer.as_ref()?)).cloned()
    }

    /// What the words of a regularizer mean.
    fn penalty(&self, described: &DescribedVariable) -> Option<Penalty> {
        self.translated.penalties.get(&super::text::plain(described.regularizer.as_ref()?)).copied()
    }

    fn variable(&self, done: &Done, name: &str, is_new: bool) -> Result<Value, Stop> {
        match self.infos.get(&(done.graph, name.to_string())) {
            Some((info, _)) => Ok(listing::seen_variable(&done.step, info, is_new)),
            None => Err(Reason::OtherStep.into()),
        }
    }

    /// The scope that is open, as it was opened.
    fn capture(&self, done: &Done) -> Value {
        let object = &self.translated.objects[done.object];
        let reuse = match done.reuse {
            None => json!(false),
            Some("reuse") => json!(true),
            Some(_) => json!("AUTO_REUSE"),
        };
        json!({"verb": "capture", "scope": object.path, "reuse": reuse})
    }

    /// What can be said of a scope: its name. What it gives is seen in its variables.
    fn query(&self, done: &Done) -> Value {
        match (done.step.argument_text(), done.names.first()) {
            ("name", Some(Bound::Scope(object))) => {
                json!({"verb": "query", "value": self.translated.objects[*object].path})
            }
            _ => json!({"verb": "query"}),
        }
    }

    fn same(&self, done: &Done) -> Result<Value, Stop> {
        let value = match &done.names[..] {
            [Bound::Made(a), Bound::Made(b)] => match (self.made.get(a), self.made.get(b)) {
                (Some(a), Some(b)) => a == b,
                _ => return Err(Reason::Graph.into()),
            },
            [Bound::Scope(a), Bound::Scope(b)] => a == b,
            _ => return Err(Reason::Graph.into()),
        };
        Ok(json!({"verb": "same", "value": value}))
    }

    fn eval(&self, done: &Done) -> Result<Value, Stop> {
        let made = match done.names.first() {
            Some(Bound::Made(step)) => self.made.get(step),
            _ => None,
        };
        match made.and_then(|made| self.infos.get(made)) {
            Some((_, true)) => Ok(json!({"verb": "eval"})),
            Some((info, false)) => Ok(json!({"verb": "eval", "numbers": info.to_vec()})),
            // What an op gives is found when it runs.
            None => Ok(json!({"verb": "eval"})),
        }
    }
}

/// Whether what was said at a step is what the step is for.
fn is_seen(verb: &str, event: &EventKind) -> bool {
    match event {
        EventKind::Scope { .. } => matches!(verb, "open" | "variable_op_scope"),
        EventKind::NameScope { .. } => matches!(verb, "name_scope" | "op_scope"),
        EventKind::Variable { .. } => matches!(verb, "slim" | "get" | "local" | "variable" | "store_get"),
        EventKind::Op { .. } => verb == "op",
        _ => false,
    }
}

fn element(name: Option<&str>) -> Result<varscope::op::DType, Reason> {
    let name = match name {
        None | Some("f32") => "float32",
        Some("f64") => "float64",
        Some("i32") => "int32",
        Some("i64") => "int64",
        Some("u8") => "uint8",
        Some("u32") => "uint32",
        Some(other) => other,
    };
    arguments::dtype(name)
}

/// TensorFlow's word for a scope's rule.
fn rule(reuse: Reuse) -> Value {
    match reuse {
        Reuse::No => json!(false),
        Reuse::Yes => json!(true),
        Reuse::Auto => json!("AUTO_REUSE"),
    }
}

fn with_slash(name_scope: &str) -> String {
    if name_scope.is_empty() { String::new() } else { format!("{name_scope}/") }
}
