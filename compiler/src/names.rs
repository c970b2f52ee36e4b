//! Names that clash: of models, `fn`s, inputs and hyper-parameters, and of the structs that are made. The later of two
//! is noted and put out of the way, so that rustc has nothing to say of it.

use std::collections::HashMap;

use proc_macro2::{Ident, Span};

use crate::diag::{Errors, MistakeKind, place};
use crate::ir;
use crate::syntax::{Function, Item, Model};

/// Names of methods that every model has.
const RESERVED: [&str; 12] = [
    "new",
    "new_with",
    "seeded",
    "seeded_with",
    "share",
    "copy_into",
    "assign_from",
    "variables",
    "trainable_variables",
    "collection",
    "summary",
    "hyperparameters",
];

/// The most results of a `fn`.
const RESULTS: usize = 8;

/// Checks the names of all models.
pub fn check(models: &mut Vec<Model>, errors: &mut Errors) {
    let mut seen = Seen::default();
    models.retain(|model| seen.is_new(&model.name, "a model", errors));
    for model in models {
        let mut seen = Seen::default();
        model.hyperparameters.retain(|hyperparameter| seen.is_new(&hyperparameter.name, "a hyper-parameter", errors));
        check_functions(model, errors);
    }
}

/// The names of the structs that stand beside each other: those of models and of what belongs to them, and those of
/// scopes.
pub struct Structs {
    /// What each is for.
    taken: HashMap<String, String>,
}

impl Structs {
    /// Those that models have without their scopes.
    pub fn new(models: &[Model]) -> Self {
        let mut taken = HashMap::new();
        for Model { name, items, hyperparameters, .. } in models {
            taken.insert(name.to_string(), format!("the model `{name}`"));
            if !hyperparameters.is_empty() {
                for kind in ["Hyperparameters", "Keywords"] {
                    taken.insert(format!("{name}{kind}"), format!("the hyper-parameters of `{name}`"));
                }
            }
            for step in items.iter().filter_map(step) {
                taken.insert(format!("{name}{}", camel(&step)), format!("`{step}`"));
            }
        }
        Self { taken }
    }

    /// The name of each scope's struct: the model's name and the scope's path in camel case. Two that would be one are
    /// noted.
    pub fn of(&mut self, model: &ir::Model<'_>, errors: &mut Errors) -> Vec<Ident> {
        let mut names: Vec<Ident> = Vec::new();
        let mut paths: Vec<String> = Vec::new();
        for scope in &model.scopes {
            let Some(parent) = scope.parent else {
                names.push(model.source.name.clone());
                paths.push(String::new());
                continue;
            };
            let mut name = format!("{}{}", names[parent], camel(&scope.label));
            let path = format!("{}{}/", paths[parent], scope.label);
            let this = format!("the scope `{}`", path.trim_end_matches('/'));
            if let Some(other) = self.taken.get(&name) {
                let message =
                    format!("{this} and {other} would both be the struct `{name}`; give one of them another name");
                errors.rule(MistakeKind::StructName, &scope.name, message);
                name.push('_');
            }
            self.taken.insert(name.clone(), this);
            names.push(Ident::new(&name, scope.name.span()));
            paths.push(path);
        }
        names
    }
}

/// `layer1` as `Layer1`, `my_scope` as `MyScope`.
pub fn camel(name: &str) -> String {
    let mut camel = String::new();
    for word in name.split('_') {
        let mut letters = word.chars();
        camel.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        camel.extend(letters);
    }
    camel
}

/// The names of one kind so far.
#[derive(Default)]
struct Seen {
    names: HashMap<String, Span>,
}

impl Seen {
    /// Whether a name is new; one that is not is noted.
    fn is_new(&mut self, name: &Ident, kind: &str, errors: &mut Errors) -> bool {
        let Some(first) = self.names.get(&name.to_string()) else {
            self.names.insert(name.to_string(), name.span());
            return true;
        };
        let message = format!("there is {kind} `{name}` already, at {}; give one of them another name", place(*first));
        errors.error(name, message);
        false
    }
}

fn check_functions(model: &mut Model, errors: &mut Errors) {
    let mut seen = Seen::default();
    let steps: Vec<String> = model.items.iter().filter_map(step).collect();
    model.items.retain_mut(|item| {
        let Item::Function(function) = item else { return true };
        rename_inputs(function, errors);
        let name = function.name.to_string();
        if RESERVED.contains(&name.as_str()) {
            errors.error(&function.name, format!("every model has a method `{name}`; give this `fn` another name"));
            return false;
        }
        if name == "regularization_loss" {
            let message = "`regularization_loss()` is the sum of the penalties of all variables of the model; give this `fn` \
                           another name";
            errors.error(&function.name, message);
            return false;
        }
        if steps.contains(&name) {
            let message = format!("`{name}` is the training step of another `fn`; give this one another name");
            errors.error(&function.name, message);
            return false;
        }
        if let Some(result) = function.results.get(RESULTS) {
            errors.at(result.span, format!("a `fn` gives {RESULTS} values at most"));
            function.results.truncate(RESULTS);
        }
        seen.is_new(&function.name, "a `fn`", errors)
    });
}

/// The method that computes the gradients of a `fn` whose first result is a single number.
fn step(item: &Item) -> Option<String> {
    let Item::Function(Function { name, results, .. }) = item else { return None };
    results.first().filter(|result| result.dims.is_empty() && !result.leading).map(|_| format!("{name}_gradients"))
}

/// Two inputs of one name: the later keeps its place under another.
fn rename_inputs(function: &mut Function, errors: &mut Errors) {
    let mut seen = Seen::default();
    for (number, input) in function.inputs.iter_mut().enumerate() {
        if !seen.is_new(&input.name, "an input", errors) {
            input.name = Ident::new(&format!("{}_{number}", input.name), Span::mixed_site());
        }
    }
}
