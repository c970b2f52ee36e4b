//! Variables as TensorFlow lists them.

use serde_json::{Value, json};
use varscope::{Scope, VariableInfo, VariableStore, Variables};

use super::arguments;
use super::format::Step;
use super::reasons::Reason;
use super::trace::Stop;

/// What is seen of a variable that was made or shared.
pub fn seen_variable(step: &Step, info: &VariableInfo, is_created: bool) -> Value {
    let parts: Vec<_> = info.parts().into_iter().map(|(name, shape)| json!([format!("{name}:0"), shape])).collect();
    let mut seen = json!({"verb": step.verb, "shape": info.shape(), "dtype": arguments::dtype_name(info.dtype())});
    if step.verb != "variable" {
        seen["created"] = json!(is_created);
    }
    if parts.is_empty() {
        seen["name"] = json!(format!("{}:0", info.name()));
        seen["trainable"] = json!(info.trainable());
    } else {
        seen["name"] = json!(info.name());
        seen["parts"] = json!(parts);
    }
    seen
}

/// The variables that TensorFlow has in the collection of this name.
pub fn collection(store: &VariableStore, key: &str) -> Variables {
    match key {
        "global" | "variables" => store.variables(),
        "trainable" | "trainable_variables" => store.trainable_variables(),
        // A model has no local variables but those that it puts into a collection of that name.
        "local" | "local_variables" if store.local_variables().is_empty() => store.collection("local_variables"),
        "local" | "local_variables" => store.local_variables(),
        _ => store.collection(key),
    }
}

/// TensorFlow's names of these variables, in parts where they are.
pub fn names(variables: &Variables) -> Vec<String> {
    let name = |info: &VariableInfo| {
        let parts: Vec<_> = info.parts().into_iter().map(|(name, _)| name).collect();
        let whole = if parts.is_empty() { vec![info.name().to_string()] } else { parts };
        whole.into_iter().map(|name| format!("{name}:0"))
    };
    variables.iter().flat_map(name).collect()
}

/// The names under which variables can be shared.
pub fn keys(store: &VariableStore) -> Vec<String> {
    let (variables, local) = (store.variables(), store.local_variables());
    let shareable = variables.iter().chain(&local).filter(|info| !info.is_unique());
    let own = |info: &VariableInfo| {
        let parts = info.parts().into_iter().map(|(name, _)| name);
        parts.chain([info.name().to_string()]).collect::<Vec<_>>()
    };
    let mut keys: Vec<String> = shareable.flat_map(own).collect();
    keys.sort_unstable();
    keys
}

/// What a step sees that only looks at the variables of a store; `scope` is the name of the scope that it asks of.
///
/// # Errors
///
/// It is another step.
pub fn inspect(store: &VariableStore, step: &Step, scope: &str) -> Result<Value, Stop> {
    let filter = step.text("scope").unwrap_or_default().trim_end_matches('/');
    let value = match step.verb.as_str() {
        "collection" if step.argument_text() == "regularization_losses" => {
            let is_in =
                |name: &str| name.strip_prefix(filter).is_some_and(|rest| filter.is_empty() || rest.starts_with('/'));
            let losses = store.regularization_losses();
            json!(losses.iter().map(|(name, _)| name).filter(|name| is_in(name)).collect::<Vec<_>>())
        }
        "collection" => json!(names(&collection(store, step.argument_text()).in_scope(filter))),
        "scope_collection" => json!(names(&collection(store, step.argument_text()).in_scope(scope))),
        "regularization_losses" => {
            return Ok(json!({"verb": step.verb, "count": store.regularization_losses().len()}));
        }
        "store_keys" => json!(keys(store)),
        "saver" => return saver(store, step),
        _ => return Err(Reason::OtherStep.into()),
    };
    Ok(json!({"verb": step.verb, "value": value}))
}

/// What a checkpoint would hold.
///
/// # Errors
///
/// There is no variable, which a checkpoint refuses.
pub fn saver(store: &VariableStore, step: &Step) -> Result<Value, Stop> {
    let variables = store.variables();
    if variables.is_empty() {
        return Err(Reason::Checkpoint.into());
    }
    let mut entries: Vec<_> = variables.iter().map(|info| (info.name(), info.shape())).collect();
    entries.sort_unstable();
    Ok(json!({"verb": step.verb, "checkpoint": entries}))
}

/// TensorFlow's word for a scope's rule.
pub fn reuse(scope: &Scope) -> Value {
    match (scope.reuses(), scope.makes()) {
        (false, _) => json!(false),
        (true, true) => json!("AUTO_REUSE"),
        (true, false) => json!(true),
    }
}
