//! Layers, cells and templates of TensorFlow's library: models that stand beside that of the program.

use serde_json::{Value, json};

use super::source::INPUT;
use super::text;
use super::translate::{Bound, Early, Translator};
use crate::scopes::format::Step;
use crate::scopes::reasons::Reason;
use crate::scopes::trace::Stop;

/// The layers, with TensorFlow's names of their variables and ops.
pub const LAYERS: &str = r#"
struct Dense(units: usize) { fn forward(x: [.., n]) -> [.., units] {
    var kernel: [n, units]; var bias: [units] = zeros(); own::BiasAdd(own::MatMul(x, kernel), bias)
} }
struct Conv2D(units: usize) { fn forward(x: [.., n]) -> [.., units] {
    var kernel: [3, 3, n, units]; var bias: [units] = zeros(); own::BiasAdd(own::Conv2D(x, kernel), bias)
} }
struct BatchNormalization { fn forward(x: [.., n]) -> [.., n] {
    var gamma: [n] = ones(); var beta: [n] = zeros();
    var moving_mean(trainable = false): [n] = zeros(); var moving_variance(trainable = false): [n] = ones();
    name_scope batchnorm { own::add(own::add(x, gamma), beta) }
} }
struct FullyConnected(units: usize) { fn forward(x: [.., n]) -> [.., units] {
    var weights(collections = ["model"]): [n, units]; var biases(collections = ["model"]): [units] = zeros();
    own::Relu(own::BiasAdd(own::MatMul(x, weights), biases))
} }
struct BasicLSTMCell(units: usize) { fn forward(x: [.., n]) -> [.., units] {
    var kernel: [n + units, 4 * units]; var bias: [4 * units] = zeros(); own::cell(x, kernel, bias)
} }
struct GRUCell(units: usize) { fn forward(x: [.., n]) -> [.., units] {
    scope gates { var kernel: [n + units, 2 * units]; var bias: [2 * units] = ones(); }
    scope candidate { var kernel: [n + units, units]; var bias: [units] = zeros(); }
    own::cell(x)
} }
struct OldLSTMCell(units: usize) { fn forward(x: [.., n]) -> [.., units] {
    var weights: [n + units, 4 * units]; var biases: [4 * units] = zeros(); own::cell(x, weights, biases)
} }
"#;

/// A recurrent cell of the program, or a stack of them.
#[derive(Clone, Default)]
pub struct Cell {
    layer: String,
    units: u64,
    /// The step that made its variables.
    made_at: Option<String>,
    inside: Vec<String>,
}

/// A function that is called in a scope of its own: the first call makes its variables.
#[derive(Clone, Default)]
pub struct Template {
    function: String,
    name: String,
    is_unique: bool,
    object: Option<usize>,
}

impl Translator<'_> {
    /// A step of the library.
    pub(super) fn library(&mut self, step: &Step, at: &str) -> Result<(), Option<Stop>> {
        let other = || Some(Stop::from(Reason::Library));
        match step.verb.as_str() {
            "layer" => self.layer(step, "name"),
            "slim" if step.argument_text() == "variable" => self.slim_variable(step).map_err(Some),
            "slim" => self.layer(step, "scope"),
            "cell" => {
                let inside = step.get("cells").and_then(Value::as_array).into_iter().flatten();
                let cell = Cell {
                    layer: step.argument_text().to_string(),
                    units: step.get("units").and_then(Value::as_u64).unwrap_or(0),
                    made_at: None,
                    inside: inside.filter_map(|name| name.as_str().map(str::to_string)).collect(),
                };
                self.cells.insert(step.text("as").unwrap_or_default().to_string(), cell);
                Ok(())
            }
            "call_cell" => self.apply_cell(step.argument_text(), at, "(unique)", ""),
            "dynamic_rnn" => self.dynamic_rnn(step.argument_text(), at),
            "old_rnn_checked_scope" => self.old_cell(step, at),
            "template" => {
                let name = step.text("unique_name").unwrap_or(step.argument_text());
                if step.get("create_scope_now").is_some() || name.is_empty() {
                    return Err(other());
                }
                let function = step.text("fn").unwrap_or_default().to_string();
                let is_unique = step.get("unique_name").is_none();
                let template = Template { function, name: name.to_string(), is_unique, object: None };
                self.templates.insert(step.text("as").unwrap_or_default().to_string(), template);
                Ok(())
            }
            "minimize" => Ok(()),
            _ => Err(other()),
        }
    }

    /// `scope fc: Dense(x, units = 4)`; a layer without a name is unique.
    fn layer(&mut self, step: &Step, key: &str) -> Result<(), Option<Stop>> {
        let (layer, default) = match step.argument_text() {
            "dense" => ("Dense", "dense"),
            "conv2d" => ("Conv2D", "conv2d"),
            "batch_normalization" => ("BatchNormalization", "batch_normalization"),
            "fully_connected" if step.get("regularizer").is_none() => ("FullyConnected", "fully_connected"),
            _ => return Err(Some(Reason::Library.into())),
        };
        let units = ["units", "filters", "num_outputs"].iter().find_map(|name| step.get(name)).and_then(Value::as_u64);
        let name = step.text(key);
        let mut attributes: Vec<String> = Vec::new();
        if name.is_none() {
            attributes.push("unique".to_string());
        }
        match step.get("reuse") {
            Some(Value::Bool(true)) => attributes.push("reuse".to_string()),
            Some(value) if value == "AUTO_REUSE" => attributes.push("reuse = auto".to_string()),
            _ => {}
        }
        let name = name.unwrap_or(default);
        // What was said where it was made goes without saying where it is shared.
        let place = (self.frame().2, self.path().unwrap_or_default(), name.to_string());
        let known = self.layers.get(&place).copied();
        let is_said =
            known.is_some() && known == units && attributes.iter().any(|attribute| attribute.starts_with("reuse"));
        let keywords = match units {
            Some(units) if !is_said => format!(", units = {units}"),
            _ => String::new(),
        };
        self.layers.extend(units.filter(|_| known.is_none()).map(|units| (place, units)));
        self.source.needs_layers = true;
        let (name, attributes) = (text::name(name), text::attributes(&attributes));
        self.line(format!("let _ = scope {name}{attributes}: {layer}({INPUT}{keywords});"));
        self.bind(step, Bound::Made(self.done.len() - 1));
        Ok(())
    }

    fn slim_variable(&mut self, step: &Step) -> Result<(), Stop> {
        let mut get = step.to_json();
        get["slim"] = Value::Null;
        get["get"] = get["name"].take();
        let said = get.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        let get = said.map(|(key, value)| (key.clone(), value.clone())).collect::<serde_json::Map<_, _>>();
        let get = Step::read(&Value::Object(get)).map_err(|_| Reason::OtherStep)?;
        self.variable(&get)
    }

    /// A cell that is applied: made at the first time, the same afterwards.
    fn apply_cell(&mut self, name: &str, at: &str, attributes: &str, before: &str) -> Result<(), Option<Stop>> {
        let cell = self.cells.get(name).cloned().unwrap_or_default();
        self.source.needs_layers = true;
        let close = "}".repeat(before.matches('{').count());
        if let Some(made_at) = &cell.made_at {
            let path = self.known_scope(made_at).ok_or(None)?.replace('/', ".");
            self.line(format!("{before} let _ = self.{path}({INPUT}); {close}"));
            return Ok(());
        }
        let label = match cell.layer.as_str() {
            "GRUCell" => "gru_cell",
            "BasicLSTMCell" | "OldLSTMCell" => "basic_lstm_cell",
            _ => return Err(Some(Reason::Library.into())),
        };
        let (layer, units) = (&cell.layer, cell.units);
        self.line(format!("{before} let _ = scope {label}{attributes}: {layer}({INPUT}, units = {units}); {close}"));
        if let Some(cell) = self.cells.get_mut(name) {
            cell.made_at = Some(at.to_string());
        }
        Ok(())
    }

    fn dynamic_rnn(&mut self, name: &str, at: &str) -> Result<(), Option<Stop>> {
        let cells = self.cells.get(name).cloned().unwrap_or_default().inside;
        if cells.is_empty() {
            return self.apply_cell(name, at, "", "scope rnn {");
        }
        if cells.iter().enumerate().any(|(n, cell)| cells[..n].contains(cell)) {
            // Its kernel would have two sizes, which rustc finds in what the macro emits.
            return Err(Some(Reason::Sizes.into()));
        }
        for (number, cell) in cells.iter().enumerate() {
            let before = format!("scope rnn {{ scope multi_rnn_cell {{ scope cell_{number} {{");
            self.apply_cell(cell, at, "", &before)?;
        }
        Ok(())
    }

    /// A cell of TensorFlow 1.0, which has the scope that it is first called in.
    fn old_cell(&mut self, step: &Step, at: &str) -> Result<(), Option<Stop>> {
        let name = step.argument_text().to_string();
        let units = step.get("units").and_then(Value::as_u64).unwrap_or(0);
        if self.cells.get(&name).is_some_and(|cell| cell.made_at.is_some()) {
            return Err(Some(Reason::Library.into()));
        }
        if step.get("reuse").is_some() {
            self.source.needs_layers = true;
            self.line(format!("let _ = scope basic_lstm_cell(reuse): OldLSTMCell({INPUT});"));
            return Ok(());
        }
        self.cells.insert(name.clone(), Cell { layer: "OldLSTMCell".to_string(), units, ..Cell::default() });
        self.apply_cell(&name, at, "", "")
    }

    /// A call of a template: its scope is opened, and at the second time again, to reuse.
    pub(super) fn call_template(&mut self, step: &Step, at: &str) -> Result<(), Early> {
        let other = || Early::Stop(at.to_string(), Stop::from(Reason::PythonFunction).at(step));
        let template = self.templates.get(step.argument_text()).cloned().ok_or_else(other)?;
        let function = self.functions.get(&template.function).cloned().ok_or_else(other)?;
        let alias = format!("template {}", step.argument_text());
        let open = match template.object {
            Some(object) => {
                self.rename(&alias, Bound::Scope(object));
                json!({"open": {"ref": alias}, "reuse": true})
            }
            None if template.is_unique => json!({"open": null, "default_name": template.name}),
            None => json!({"open": template.name}),
        };
        let open = Step::read(&open).map_err(|_| other())?;
        let body = function.steps("body").map_err(|_| other())?;
        let depth = self.depth();
        self.note(step, at);
        self.open(&open, at).map_err(|stop| stop.map_or(Early::Unknown, |stop| Early::Stop(at.to_string(), stop)))?;
        let opened = self.done.len() - 1;
        let object = self.frame().0;
        if let Some(template) = self.templates.get_mut(step.argument_text()) {
            template.object.get_or_insert(object);
        }
        let ran = self.run(&body, at);
        self.close_to(depth);
        ran?;
        // What was opened is seen at the end of the call.
        let result = function.text("result").map(|result| self.bound(result));
        self.bind(step, result.unwrap_or(Bound::Nothing));
        self.note(step, at);
        if let Some(done) = self.done.last_mut() {
            done.names = vec![Bound::Made(opened)];
        }
        Ok(())
    }
}
