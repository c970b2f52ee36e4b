//! The form of a file of scenarios: programs over scopes, and what TensorFlow made of them.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::json::Error;

/// A program and its outcome.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub id: String,
    /// What a compiler can make of it, if that is hinted at.
    pub hint: Option<String>,
    /// The steps.
    pub program: Vec<Step>,
    /// What was seen at each step that can be observed.
    pub log: Vec<Value>,
    /// The class of the error that ended the program, and the step at which it came.
    pub error: Option<(String, String)>,
    /// The collections of the first graph at the end.
    pub variables: Value,
}

/// A step: a verb and what is said about it.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is done.
    pub verb: String,
    fields: Map<String, Value>,
}

/// The keys that tell what a step does. Of two in one step, the one that stands first here is the verb: `shape` and
/// `value` say more about others, and so does `call` about nothing.
const VERBS: &str = "template call_template layer slim cell call_cell dynamic_rnn zero_state minimize ema arg_scope \
     old_rnn_checked_scope creator_scope gradients_stack run_uninitialized run_initializer save restore cond \
     compute_gradients local_init thread store_get enter exit make_scope open_cm getter_calls control_dependencies \
     new_graph try def call open variable_op_scope close name_scope op_scope get local variable op capture \
     reuse_variables set query same eval assign collection scope_collection regularization_losses store_keys saver";

impl Step {
    /// Gives bound things other names, as an argument of this step says: `{"new": "old"}`.
    pub fn rebind<Bound: Clone>(&self, argument: &str, bound: &mut HashMap<String, Bound>) {
        for (new, old) in self.get(argument).and_then(Value::as_object).into_iter().flatten() {
            if let Some(thing) = old.as_str().and_then(|old| bound.get(old)).cloned() {
                bound.insert(new.clone(), thing);
            }
        }
    }

    /// A step of this form.
    ///
    /// # Errors
    ///
    /// It is no object, or an empty one.
    pub fn read(value: &Value) -> Result<Self, Error> {
        let fields = value.as_object().cloned().ok_or_else(|| Error::new(format!("{value} is no step")))?;
        let known = VERBS.split_whitespace().find(|&verb| fields.contains_key(verb));
        let verb = known.or_else(|| fields.keys().next().map(String::as_str));
        let verb = verb.ok_or_else(|| Error::new("a step is empty"))?.to_string();
        Ok(Self { verb, fields })
    }

    /// What is said under a name; `null` is nothing.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A text under a name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// What the verb is given.
    pub fn argument(&self) -> &Value {
        self.fields.get(&self.verb).unwrap_or(&Value::Null)
    }

    /// The text that the verb is given.
    pub fn argument_text(&self) -> &str {
        self.argument().as_str().unwrap_or_default()
    }

    /// The steps under a name.
    ///
    /// # Errors
    ///
    /// Something else stands there.
    pub fn steps(&self, name: &str) -> Result<Vec<Self>, Error> {
        read_steps(self.fields.get(name).unwrap_or(&Value::Null))
    }

    /// The names under which something is said.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str())
    }

    /// The step as it stands in the file.
    pub fn to_json(&self) -> Value {
        Value::Object(self.fields.clone())
    }
}

fn read_steps(value: &Value) -> Result<Vec<Step>, Error> {
    let list = value.as_array().ok_or_else(|| Error::new("a list of steps should stand here"))?;
    list.iter().map(Step::read).collect()
}

/// The scenarios of a file.
///
/// # Errors
///
/// It is no JSON, or not of this form.
pub fn read(text: &str) -> Result<Vec<Scenario>, Error> {
    let value: Value = serde_json::from_str(text).map_err(|error| Error::new(format!("this is not JSON: {error}")))?;
    let list = value.as_array().ok_or_else(|| Error::new("a list of scenarios should stand here"))?;
    list.iter().map(scenario).collect()
}

fn scenario(value: &Value) -> Result<Scenario, Error> {
    let id = value["id"].as_str().ok_or_else(|| Error::new("a scenario has no `id`"))?.to_string();
    let of = |error: Error| Error::new(format!("{id}: {error}"));
    let program = read_steps(&value["program"]).map_err(of)?;
    let outcome = &value["outcome"];
    let log = outcome["log"].as_array().cloned().ok_or_else(|| of(Error::new("`outcome.log` is missing")))?;
    let text = |name: &str| outcome[name].as_str().map(str::to_string);
    let error = text("error_class").zip(text("at_step"));
    if error.is_none() && outcome.get("error_type").is_some_and(|kind| !kind.is_null()) {
        return Err(of(Error::new("an error has no class or no step")));
    }
    let hint = value["static"].as_str().map(str::to_string);
    Ok(Scenario { hint, program, log, error, variables: outcome["variables"].clone(), id })
}
