//! Variables as the language declares them.

use serde_json::Value;

use super::text::{self, Written};
use super::translate::{Bound, Translator};
use crate::scopes::arguments::{self, Drawn, Start};
use crate::scopes::format::Step;
use crate::scopes::trace::Stop;

impl Translator<'_> {
    /// `var name(attributes): type = initializer;`
    pub(super) fn variable(&mut self, step: &Step) -> Result<(), Stop> {
        let name = match step.verb.as_str() {
            "variable" => step.text("variable").unwrap_or("Variable"),
            _ => step.argument_text(),
        };
        let written = self.written_start(step)?;
        let is_shared = self.note_name(name);
        let mut line = format!("var {}{}", text::name(name), text::attributes(&self.attributes(step, is_shared)?));
        if let Some(ty) = self.written_type(step, name, written.as_ref())? {
            line.push_str(&format!(": {ty}"));
        }
        if let Some(written) = &written {
            line.push_str(&format!(" = {}", written.text));
            self.note_start(written);
        }
        line.push(';');
        if step.verb == "store_get" {
            // The store is below the scopes: a variable has its full name, and the rule is the step's.
            let rule = match step.get("reuse").and_then(Value::as_bool) {
                None => "(reuse = auto)",
                Some(true) => "(reuse)",
                Some(false) => "",
            };
            line = format!("scope self{rule} {{ {line} }}");
        }
        self.line(line);
        self.bind(step, Bound::Made(self.done.len() - 1));
        Ok(())
    }

    /// The type as it is written: what the step says, and else that of the value.
    fn written_type(&self, step: &Step, name: &str, written: Option<&Written>) -> Result<Option<String>, Stop> {
        let shape = ["shape", "random_normal"].into_iter().find_map(|key| step.get(key));
        let shape = shape.map(text::shape).transpose()?;
        let dtype = step.text("dtype").map(text::dtype);
        if let Some((value_dtype, value_shape)) = written.and_then(|written| written.ty.as_ref()) {
            let dtype = dtype.unwrap_or_else(|| value_dtype.clone());
            return Ok(Some(format!("{dtype}{}", shape.unwrap_or_else(|| value_shape.clone()))));
        }
        let known = self.known_variable(name).filter(|_| step.verb != "variable" && self.reuse().is_some());
        let dtype = match (dtype, known) {
            // TensorFlow asks for the scope's element type where none is said.
            (None, Some((_, known))) if shape.is_none() && *known != text::dtype(self.scope_dtype()) => {
                Some(text::dtype(self.scope_dtype()))
            }
            (None, _) if step.verb == "variable" || step.verb == "store_get" => Some("f32".to_string()),
            (dtype, _) => dtype,
        };
        let shape = shape.or_else(|| dtype.as_ref().and_then(|_| known.map(|(shape, _)| shape.clone())));
        Ok(shape.map(|shape| format!("{}{shape}", dtype.unwrap_or_default())))
    }

    /// How the variable is to start.
    fn written_start(&self, step: &Step) -> Result<Option<Written>, Stop> {
        if let Some(initializer) = step.get("initializer") {
            return self.initializer(initializer, step).map(Some);
        }
        if step.verb != "variable" {
            return Ok(None);
        }
        if let Some(value) = step.get("value") {
            return Ok(Some(Written::value(arguments::array(value, false, step.text("dtype"))?)));
        }
        // What is not given has no shape either.
        Ok(match (step.get("random_normal"), step.get("shape")) {
            (Some(_), _) => Some(Written::drawn(Drawn::RandomNormal)),
            (None, Some(_)) => Some(Written::drawn(Drawn::Constant(0.0))),
            (None, None) => None,
        })
    }

    fn initializer(&self, initializer: &Value, step: &Step) -> Result<Written, Stop> {
        let value = |value: &Value| Ok(Written::value(arguments::array(value, false, None)?));
        let words = |text: &str| Written { text: text.to_string(), start: Start::Drawn(Drawn::RandomNormal), ty: None };
        // A function without arguments is what it gives; one with an argument is asked for a shape.
        for name in ["lambda0", "lambda_optional"] {
            if let Some(given) = initializer.get(name).filter(|_| step.get("shape").is_none()) {
                return value(given);
            }
        }
        if initializer.get("lambda1").is_some() && step.get("shape").is_none() {
            return Ok(words("own::given_a_shape()"));
        }
        if let Some(alias) = initializer["initialized_value"].as_str() {
            return Ok(words(alias));
        }
        if initializer["value"].is_object() {
            return Ok(words("{}"));
        }
        Ok(match arguments::start(initializer, &|_| None)? {
            Start::Drawn(drawn) => Written::drawn(drawn),
            Start::Value(array) => Written::value(array),
        })
    }
}

impl Translator<'_> {
    fn attributes(&self, step: &Step, is_shared: bool) -> Result<Vec<String>, Stop> {
        let mut list = variable_attributes(step, is_shared)?;
        if step.verb == "variable" {
            // `tf.Variable` takes nothing from its scope.
            let taken = ["regularizer", "partitioner", "custom_getter"].into_iter();
            list.extend(taken.filter(|name| self.gives(name)).map(|name| format!("{name} = none")));
        }
        Ok(list)
    }
}

fn variable_attributes(step: &Step, is_shared: bool) -> Result<Vec<String>, Stop> {
    let mut list: Vec<String> = Vec::new();
    // What the kind of a variable implies goes without saying where it is shared.
    let is_fixed = step.verb == "local" || step.text("synchronization") == Some("ON_READ");
    match step.get("trainable") {
        // `get_local_variable` makes nothing that is trained, whatever it is told.
        Some(_) if step.verb == "local" && !is_shared => list.push("trainable = false".to_string()),
        Some(trainable) => list.push(format!("trainable = {trainable}")),
        None if is_fixed && !is_shared => list.push("trainable = false".to_string()),
        None => {}
    }
    if step.verb == "variable" {
        list.insert(0, "unique".to_string());
        return Ok(list);
    }
    list.extend(text::collections(step, is_shared).map(|names| format!("collections = {names}")));
    if let Some(value) = step.get("regularizer") {
        list.push(format!("regularizer = {}", text::regularizer(value)?));
    }
    if let Some(value) = step.get("partitioner") {
        list.push(format!("partitioner = {}", text::partitioner(value)?));
    }
    if let Some(value) = step.get("custom_getter") {
        list.push(format!("custom_getter = {}", text::custom_getter(value)?));
    }
    if let Some(value) = step.get("constraint") {
        list.push(format!("constraint = {}", text::constraint(value)?));
    }
    Ok(list)
}
