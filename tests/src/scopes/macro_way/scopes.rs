//! Scopes as the language opens them.

use serde_json::Value;

use super::text::{self, Written};
use super::translate::{Bound, Defaults, Object, Translator};
use crate::scopes::arguments::{self, Start};
use crate::scopes::format::Step;
use crate::scopes::reasons::Reason;
use crate::scopes::trace::Stop;

impl Translator<'_> {
    /// `name_scope n { … }`
    pub(super) fn name_scope(&mut self, step: &Step) {
        let name = match step.argument() {
            Value::Null => step.text("default_name").unwrap_or_default().to_string(),
            Value::String(name) => name.clone(),
            // What was opened elsewhere.
            other => format!("{}/", other["ref"].as_str().unwrap_or_default()),
        };
        self.line(format!("name_scope {} {{", text::name(&name)));
        self.push_frame(self.frame().0, 1);
    }

    /// `scope a(attributes) { … }`
    pub(super) fn open(&mut self, step: &Step, at: &str) -> Result<(), Option<Stop>> {
        let given = given_defaults(step).map_err(Some)?;
        let reuse = match step.get("reuse") {
            None | Some(Value::Bool(false)) => None,
            Some(Value::Bool(true)) => Some("reuse".to_string()),
            Some(value) if value == "AUTO_REUSE" => Some("reuse = auto".to_string()),
            Some(value) => Some(format!("reuse = {value}")),
        };
        let mut attributes: Vec<String> = Vec::new();
        let (current, _, graph) = self.frame();
        let mut object = self.objects[current].clone();
        object.path = None;
        let head = self.head(step, at, &mut object, &mut attributes)?;
        if let (true, Some(path)) = (step.argument().is_object(), &object.path) {
            attributes.extend(self.unlike_first(graph, path, &object, &given));
        }
        match reuse {
            Some(reuse) => attributes.insert(0, reuse),
            None if step.argument().is_object() => attributes.extend(object.reuse.map(str::to_string)),
            None => {}
        }
        object.reuse = match attributes.first().map(String::as_str) {
            Some("reuse") => Some("reuse"),
            Some("reuse = auto") => Some("reuse = auto"),
            _ => object.reuse,
        };
        attributes.extend(given.iter().map(|(name, value)| format!("{name} = {value}")));
        match step.get("auxiliary_name_scope") {
            None | Some(Value::Bool(true)) => {}
            Some(value) => attributes.push(format!("name_scope = {value}")),
        }
        if let Some(dtype) = step.text("dtype") {
            object.dtype = dtype.to_string();
        }
        object.defaults.extend(given);
        self.line(format!("scope {head}{} {{", text::attributes(&attributes)));
        if let Some(path) = &object.path {
            self.first_opened.entry((graph, path.clone())).or_insert_with(|| object.defaults.clone());
        }
        (object.late, object.late_reuse) = (0, false);
        self.objects.push(object);
        let number = self.objects.len() - 1;
        self.push_frame(number, 1);
        self.bind(step, Bound::Scope(number));
        Ok(())
    }

    /// What stands after the word `scope`; the object is that which the step names, or one that goes on from the
    /// innermost.
    fn head(
        &self,
        step: &Step,
        at: &str,
        object: &mut Object,
        attributes: &mut Vec<String>,
    ) -> Result<String, Option<Stop>> {
        Ok(match step.argument() {
            Value::Null => {
                attributes.push("unique".to_string());
                object.path = self.known.scopes.get(at).cloned();
                text::name(step.text("default_name").unwrap_or_default())
            }
            Value::Object(reference) => {
                let alias = reference.get("ref").and_then(Value::as_str);
                *object = self.objects[self.named_object(alias)?].clone();
                let path = object.path.clone().ok_or(None)?;
                if path.is_empty() { "self".to_string() } else { format!("self.{}", path.replace('/', ".")) }
            }
            Value::String(name) => {
                object.path = self.objects[self.frame().0].path.as_ref().map(|outer| match outer.as_str() {
                    "" => name.clone(),
                    outer => format!("{outer}/{name}"),
                });
                text::name(name)
            }
            other => other.to_string(),
        })
    }

    /// What a scope object gives, where its path from the root would give something else.
    fn unlike_first(&self, graph: usize, path: &str, object: &Object, given: &Defaults) -> Vec<String> {
        let none = Defaults::new();
        let first = self.first_opened.get(&(graph, path.to_string())).unwrap_or(&none);
        let names = first.keys().chain(object.defaults.keys().filter(|name| !first.contains_key(*name)));
        let unlike = names.filter(|name| first.get(*name) != object.defaults.get(*name) && !given.contains_key(*name));
        unlike.map(|name| format!("{name} = {}", object.defaults.get(name).map_or("none", String::as_str))).collect()
    }

    /// What a scope object gives from here on.
    pub(super) fn set(&mut self, step: &Step) -> Result<(), Option<Stop>> {
        let object = self.named_object(step.text("on"))?;
        let (what, value) = (step.argument_text(), step.get("value").ok_or(Some(Reason::Types.into()))?);
        let (name, value) = default(what, value).map_err(Some)?.ok_or(Some(Reason::OtherStep.into()))?;
        if name == "dtype" {
            self.objects[object].dtype = step.text("value").unwrap_or_default().to_string();
        }
        self.objects[object].late += 1;
        self.objects[object].defaults.insert(name, value);
        self.catch_up();
        Ok(())
    }

    /// Says what the innermost scope was given since its text was written: the rest of it is that scope, opened again.
    pub(super) fn catch_up(&mut self) {
        let Some(frame) = self.frames.last_mut() else { return };
        let object = &self.objects[frame.object];
        let (number, is_late) = (frame.object, frame.said < object.late);
        let is_reuse_late = object.late_reuse && !frame.said_reuse;
        (frame.said, frame.said_reuse) = (object.late, object.late_reuse);
        if is_reuse_late {
            self.line("reuse;".to_string());
        }
        if !is_late {
            return;
        }
        let object = &self.objects[number];
        let Some(path) = &object.path else { return };
        let path = if path.is_empty() { String::new() } else { format!(".{}", path.replace('/', ".")) };
        let graph = self.frame().2;
        let mut attributes: Vec<String> = object.reuse.map(str::to_string).into_iter().collect();
        attributes.push("name_scope = false".to_string());
        attributes.extend(self.unlike_first(
            graph,
            object.path.as_deref().unwrap_or_default(),
            object,
            &Defaults::new(),
        ));
        self.line(format!("scope self{path}{} {{", text::attributes(&attributes)));
        if let Some(frame) = self.frames.last_mut() {
            frame.braces += 1;
        }
    }
}

/// What a step that opens a scope gives the variables inside.
fn given_defaults(step: &Step) -> Result<Defaults, Stop> {
    let mut given = Defaults::new();
    for key in step.keys() {
        if let Some(value) = step.get(key)
            && let Some((name, value)) = default(key, value)?
        {
            given.insert(name, value);
        }
    }
    Ok(given)
}

/// A default of a scope, and its value as it is written.
fn default(key: &str, value: &Value) -> Result<Option<(&'static str, String)>, Stop> {
    Ok(Some(match key {
        "initializer" => match arguments::start(value, &|_| None)? {
            Start::Drawn(drawn) => ("initializer", Written::drawn(drawn).text),
            Start::Value(array) => ("initializer", Written::value(array).text),
        },
        "regularizer" => ("regularizer", text::regularizer(value)?),
        "partitioner" => ("partitioner", text::partitioner(value)?),
        "dtype" => ("dtype", text::dtype(value.as_str().ok_or(Reason::Types)?)),
        "custom_getter" => ("custom_getter", text::custom_getter(value)?),
        "constraint" => ("constraint", text::constraint(value)?),
        _ => return Ok(None),
    }))
}
