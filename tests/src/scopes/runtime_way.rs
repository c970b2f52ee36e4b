//! A scenario through the run-time API: scopes, and variables by name.

use std::collections::HashMap;

use serde_json::{Value, json};
use varscope::{Scope, VariableInfo, VariableRequest, VariableStore};

use super::arguments::{self, Array, Start};
use super::format::{Scenario, Step};
use super::listing::{self, names, reuse, seen_variable};
use super::reasons::{self, Reason};
use super::trace::{Entry, Stop, Trace, Way};

/// The run-time API.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeWay;

impl Way for RuntimeWay {
    fn name(&self) -> &'static str {
        "runtime"
    }

    fn run(&self, scenario: &Scenario) -> Trace {
        let mut machine = Machine::new();
        let end = machine.run(&scenario.program, "").err();
        let first = machine.first.share();
        Trace {
            entries: machine.entries,
            end,
            variables: json!({
                "global": names(&first.variables()),
                "trainable": names(&first.trainable_variables()),
                "local": names(&first.local_variables()),
            }),
        }
    }
}

/// What a name in the program stands for.
#[derive(Clone)]
enum Bound {
    Scope(usize),
    NameScope(String),
    Variable { info: VariableInfo, is_random: bool },
    Op,
}

/// Something that is open.
struct Frame {
    /// The scope object that it belongs to.
    object: usize,
    scope: Scope,
}

struct Machine {
    /// The store of the first graph.
    first: VariableStore,
    /// What is open, the innermost last; never empty.
    frames: Vec<Frame>,
    /// The scope objects of the program.
    objects: Vec<Scope>,
    bound: HashMap<String, Bound>,
    functions: HashMap<String, Step>,
    entries: Vec<Entry>,
    /// The step that ran last.
    at: String,
}

impl Machine {
    fn new() -> Self {
        let first = VariableStore::new(1);
        let root = first.root();
        Self {
            first,
            frames: vec![Frame { object: 0, scope: root.share() }],
            objects: vec![root],
            bound: HashMap::new(),
            functions: HashMap::new(),
            entries: Vec::new(),
            at: String::new(),
        }
    }

    fn scope(&self) -> &Scope {
        &self.frames[self.frames.len() - 1].scope
    }

    fn object(&self) -> usize {
        self.frames[self.frames.len() - 1].object
    }

    fn run(&mut self, steps: &[Step], path: &str) -> Result<(), (String, Stop)> {
        for (n, step) in steps.iter().enumerate() {
            let path = if path.is_empty() { n.to_string() } else { format!("{path}.{n}") };
            self.at.clone_from(&path);
            let at = |stop: Stop| (path.clone(), stop.at(step));
            if let Some(reason) = reasons::not_applicable(step) {
                return Err(at(reason.into()));
            }
            match step.verb.as_str() {
                "try" => self.attempt(step, &path)?,
                "call" => self.call(step, &path)?,
                _ => {
                    let made = self.step(step).map_err(at)?;
                    if let Some(seen) = made {
                        self.entries.push(Entry::new(&path, step, seen));
                    }
                }
            }
        }
        Ok(())
    }

    /// A step that catches an error.
    fn attempt(&mut self, step: &Step, path: &str) -> Result<(), (String, Stop)> {
        let depth = self.frames.len();
        let malformed = |_| (path.to_string(), Stop::from(Reason::OtherStep));
        let steps = step.steps("try").map_err(malformed)?;
        let caught = match self.run(&steps, path) {
            Ok(()) => None,
            Err((at, Stop::Error { error, step })) => Some((at, error, step)),
            Err(stop) => return Err(stop),
        };
        self.frames.truncate(depth);
        let entry = match caught {
            // TensorFlow's log has it at the step that was the last to run.
            None => Entry::new(&self.at, step, json!({"verb": "try"})),
            Some((at, error, failed)) => Entry::caught(&at, failed.as_deref().unwrap_or(step), *error),
        };
        self.entries.push(entry);
        self.at = path.to_string();
        Ok(())
    }

    fn call(&mut self, step: &Step, path: &str) -> Result<(), (String, Stop)> {
        let malformed = || (path.to_string(), Stop::from(Reason::OtherStep));
        let function = self.functions.get(step.argument_text()).cloned().ok_or_else(malformed)?;
        step.rebind("args", &mut self.bound);
        let body = function.steps("body").map_err(|_| malformed())?;
        self.run(&body, path)?;
        step.rebind("returns", &mut self.bound);
        Ok(())
    }

    /// Does a step; gives what is seen.
    fn step(&mut self, step: &Step) -> Result<Option<Value>, Stop> {
        match step.verb.as_str() {
            "open" | "variable_op_scope" => self.open(step).map(Some),
            "name_scope" | "op_scope" => self.name_scope(step).map(Some),
            "close" => {
                self.frames.truncate((self.frames.len() - 1).max(1));
                Ok(None)
            }
            "new_graph" => {
                let root = VariableStore::new(1).root();
                self.push(root, None);
                Ok(None)
            }
            "control_dependencies" => {
                let (object, scope) = (self.object(), self.scope().share());
                self.frames.push(Frame { object, scope });
                Ok(None)
            }
            "def" => {
                self.functions.insert(step.argument_text().to_string(), step.clone());
                Ok(None)
            }
            "get" | "local" | "variable" => self.variable(step).map(Some),
            "op" => self.op(step).map(Some),
            "capture" => {
                self.bound.insert(step.argument_text().to_string(), Bound::Scope(self.object()));
                Ok(Some(json!({"verb": "capture", "scope": self.scope().name(), "reuse": reuse(self.scope())})))
            }
            "reuse_variables" => {
                let object = self.named_object(step.argument().as_str())?;
                self.change(object, Scope::reuse);
                Ok(None)
            }
            "set" => self.set(step).map(|()| None),
            _ => self.inspect(step).map(Some),
        }
    }

    /// Opens a scope, or does not.
    fn open(&mut self, step: &Step) -> Result<Value, Stop> {
        let without = match step.get("auxiliary_name_scope") {
            None => false,
            Some(given) => !given.as_bool().ok_or(Reason::Types)?,
        };
        let rule = match step.get("reuse") {
            None | Some(Value::Bool(false)) => None,
            Some(Value::Bool(true)) => Some(Scope::reuse as fn(Scope) -> Scope),
            Some(value) if value == "AUTO_REUSE" => Some(Scope::auto_reuse as fn(Scope) -> Scope),
            Some(_) => return Err(Reason::Types.into()),
        };
        let outer = if without { self.scope().without_name_scope() } else { self.scope().share() };
        let scope = match step.argument() {
            Value::String(name) => outer.enter(name),
            Value::Null => {
                let name = step.text("default_name").ok_or(Reason::Types)?;
                // A scope that is always new cannot share: TensorFlow says so before it opens it.
                rule.map_or_else(|| outer.share(), |rule| rule(outer.share())).unique(name)
            }
            Value::Object(reference) => {
                let alias = reference.get("ref").and_then(Value::as_str);
                outer.enter_scope(&self.objects[self.named_object(alias)?])
            }
            _ => return Err(Reason::Types.into()),
        };
        let scope = rule.map_or_else(|| scope.share(), |rule| rule(scope.share()));
        scope.check()?;
        let scope =
            ["initializer", "regularizer", "partitioner", "dtype"].into_iter().try_fold(scope, |scope, what| {
                step.get(what).map_or_else(|| Ok(scope.share()), |value| with_default(scope.share(), what, value))
            })?;
        let mut seen = json!({"verb": step.verb, "scope": scope.name(), "name_scope": scope.current_name_scope(),
                              "reuse": reuse(&scope)});
        if step.verb == "open" {
            seen["original_name_scope"] = json!(scope.original_name_scope());
        }
        self.push(scope, step.text("as"));
        Ok(seen)
    }

    fn push(&mut self, scope: Scope, alias: Option<&str>) {
        let object = self.objects.len();
        self.objects.push(scope.share());
        self.frames.push(Frame { object, scope });
        if let Some(alias) = alias {
            self.bound.insert(alias.to_string(), Bound::Scope(object));
        }
    }

    fn name_scope(&mut self, step: &Step) -> Result<Value, Stop> {
        let name = match step.argument() {
            Value::Null => step.text("default_name").unwrap_or_default().to_string(),
            Value::String(name) => name.clone(),
            reference => match reference["ref"].as_str().and_then(|alias| self.bound.get(alias)) {
                Some(Bound::NameScope(name)) => name.clone(),
                Some(Bound::Scope(object)) => self.objects[*object].original_name_scope().to_string(),
                _ => return Err(Reason::Types.into()),
            },
        };
        let scope = self.scope().name_scope(&name)?;
        let current = scope.current_name_scope();
        if let Some(alias) = step.text("as") {
            self.bound.insert(alias.to_string(), Bound::NameScope(current.clone()));
        }
        let object = self.object();
        self.frames.push(Frame { object, scope });
        Ok(json!({"verb": step.verb, "name_scope": current}))
    }

    /// The object that a name stands for, or the innermost one.
    fn named_object(&self, alias: Option<&str>) -> Result<usize, Stop> {
        match alias.map(|alias| self.bound.get(alias)) {
            None => Ok(self.object()),
            Some(Some(Bound::Scope(object))) => Ok(*object),
            Some(_) => Err(Reason::Types.into()),
        }
    }

    /// Changes a scope object, wherever it is open.
    fn change(&mut self, object: usize, change: impl Fn(Scope) -> Scope) {
        self.objects[object] = change(self.objects[object].share());
        for frame in self.frames.iter_mut().filter(|frame| frame.object == object) {
            frame.scope = change(frame.scope.share());
        }
    }

    fn set(&mut self, step: &Step) -> Result<(), Stop> {
        let object = self.named_object(step.text("on"))?;
        let (what, value) = (step.argument_text(), step.get("value").ok_or(Reason::Types)?);
        with_default(self.scope().share(), what, value)?;
        self.change(object, |scope| with_default(scope.share(), what, value).unwrap_or(scope));
        Ok(())
    }

    /// Asks for a variable.
    fn variable(&mut self, step: &Step) -> Result<Value, Stop> {
        let scope = self.scope();
        let name =
            if step.verb == "variable" { step.text("variable").unwrap_or("Variable") } else { step.argument_text() };
        let mut request = scope.variable(name);
        let start = self.start(step)?;
        let is_random = match &start {
            Some(Start::Drawn(drawn)) => drawn.is_random(),
            Some(Start::Value(_)) => false,
            None => step.verb != "variable",
        };
        let shape = ["shape", "random_normal"].into_iter().find_map(|key| step.get(key));
        if let Some(shape) = shape {
            request = request.shape(&arguments::shape(shape)?);
        }
        if let Some(dtype) = step.text("dtype") {
            request = request.dtype(arguments::dtype(dtype)?);
        }
        if let Some(start) = start {
            request = arguments::begin(request, start);
        }
        request = with_arguments(request, step)?;
        let before = scope.store().len();
        let info = request.get_any()?;
        let is_created = scope.store().len() > before;
        let seen = seen_variable(step, &info, is_created);
        if let Some(alias) = step.text("as") {
            self.bound.insert(alias.to_string(), Bound::Variable { info, is_random });
        }
        Ok(seen)
    }

    /// How a variable is to start.
    fn start(&self, step: &Step) -> Result<Option<Start>, Stop> {
        let existing = |alias: &str| match self.bound.get(alias) {
            Some(Bound::Variable { info, .. }) => {
                let array = ndarray::ArrayD::from_shape_vec(info.shape(), info.to_vec()).ok()?;
                Some(Array { dtype: info.dtype(), array })
            }
            _ => None,
        };
        if let Some(initializer) = step.get("initializer") {
            return Ok(Some(arguments::start(initializer, &existing)?));
        }
        if step.verb != "variable" {
            return Ok(None);
        }
        if let Some(value) = step.get("value") {
            return Ok(Some(Start::Value(arguments::array(value, false, step.text("dtype"))?)));
        }
        let drawn = if step.get("random_normal").is_some() {
            arguments::Drawn::RandomNormal
        } else {
            arguments::Drawn::Constant(0.0)
        };
        Ok(Some(Start::Drawn(drawn)))
    }

    fn op(&mut self, step: &Step) -> Result<Value, Stop> {
        let default = arguments::op_name(step.argument_text()).ok_or(Reason::OtherStep)?;
        let name = self.scope().op_name(step.text("name").unwrap_or(default))?;
        if let Some(alias) = step.text("as") {
            self.bound.insert(alias.to_string(), Bound::Op);
        }
        Ok(json!({"verb": "op", "name": format!("{name}:0")}))
    }

    /// A step that only looks.
    fn inspect(&self, step: &Step) -> Result<Value, Stop> {
        let value = match step.verb.as_str() {
            "query" => self.query(step)?,
            "same" => self.same(step)?,
            "eval" => return self.eval(step),
            _ => {
                let scope = &self.objects[self.named_object(step.text("on"))?];
                return listing::inspect(self.scope().store(), step, scope.name());
            }
        };
        Ok(json!({"verb": step.verb, "value": value}))
    }

    fn query(&self, step: &Step) -> Result<Value, Stop> {
        let object = self.named_object(step.text("on"))?;
        let scope = if step.get("on").is_some() { &self.objects[object] } else { self.scope() };
        let defaults = scope.defaults();
        let set = |is_set: bool| if is_set { json!("set") } else { Value::Null };
        Ok(match step.argument_text() {
            "name" => json!(scope.name()),
            "reuse" => reuse(scope),
            "original_name_scope" => json!(scope.original_name_scope()),
            "name_scope" => json!(self.scope().current_name_scope()),
            "dtype" => json!(arguments::dtype_name(defaults.element_type().unwrap_or(varscope::op::DType::F32))),
            "initializer" => set(defaults.has_initializer()),
            "regularizer" => set(defaults.has_regularizer()),
            "partitioner" => set(defaults.has_partitioner()),
            _ => return Err(Reason::OtherStep.into()),
        })
    }

    fn same(&self, step: &Step) -> Result<Value, Stop> {
        let of = |n: usize| step.argument()[n].as_str().and_then(|alias| self.bound.get(alias));
        match (of(0), of(1)) {
            (Some(Bound::Variable { info: a, .. }), Some(Bound::Variable { info: b, .. })) => Ok(json!(a.is_same(b))),
            (Some(Bound::Scope(a)), Some(Bound::Scope(b))) => Ok(json!(a == b)),
            _ => Err(Reason::Graph.into()),
        }
    }

    /// The value of a variable; that of an op is a graph's.
    fn eval(&self, step: &Step) -> Result<Value, Stop> {
        match self.bound.get(step.argument_text()) {
            Some(Bound::Variable { is_random: true, .. }) => Ok(json!({"verb": "eval"})),
            Some(Bound::Variable { info, .. }) => Ok(json!({"verb": "eval", "numbers": info.to_vec()})),
            _ => Err(Reason::Graph.into()),
        }
    }
}

/// What else a step says about a variable.
fn with_arguments<'a>(mut request: VariableRequest<'a>, step: &Step) -> Result<VariableRequest<'a>, Stop> {
    if let Some(trainable) = step.get("trainable") {
        request = request.trainable(trainable.as_bool().ok_or(Reason::Types)?);
    }
    if let Some(partitioner) = step.get("partitioner") {
        request = request.partitioner(arguments::partitioner(partitioner)?);
    }
    if let Some(regularizer) = step.get("regularizer") {
        request = match arguments::regularizer(regularizer)? {
            Some(regularizer) => request.regularizer(regularizer),
            None => request.no_regularizer(),
        };
    }
    for collection in step.get("collections").and_then(Value::as_array).into_iter().flatten() {
        request = match collection.as_str().ok_or(Reason::Types)? {
            "local" | "local_variables" => request.local(),
            name => request.collection(name),
        };
    }
    Ok(match step.verb.as_str() {
        "local" => request.local(),
        // `tf.Variable` takes nothing from its scope.
        "variable" => request.unique().no_partitioner().no_regularizer(),
        _ => request,
    })
}

fn with_default(scope: Scope, what: &str, value: &Value) -> Result<Scope, Stop> {
    Ok(match what {
        "initializer" => match arguments::start(value, &|_| None)? {
            Start::Drawn(drawn) => scope.initializer(drawn),
            Start::Value(_) => return Err(Reason::ScopeValue.into()),
        },
        "regularizer" => match arguments::regularizer(value)? {
            Some(regularizer) => scope.regularizer(regularizer),
            None => scope.no_regularizer(),
        },
        "partitioner" => scope.partitioner(arguments::partitioner(value)?),
        "dtype" => scope.dtype(arguments::dtype(value.as_str().ok_or(Reason::Types)?)?),
        _ => return Err(Reason::OtherStep.into()),
    })
}
