//! Programs as the text of models.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::source::{INPUT, Source};
use super::text::{self, Written};
use crate::scopes::arguments::{self, Penalty, Start};
use crate::scopes::format::Step;
use crate::scopes::reasons::{self, Reason};
use crate::scopes::refusal::Refusal;
use crate::scopes::trace::Stop;

/// What is known from having compiled the program before, as far as it was right.
#[derive(Clone, Default, PartialEq)]
pub struct Known {
    /// The full name of the scope that a step opens.
    pub scopes: HashMap<String, String>,
    /// The shape and the element type of each graph's variables.
    pub variables: HashMap<(usize, String), (String, String)>,
}

/// A step that was gone through.
pub struct Done {
    /// Where it stands in the program.
    pub at: String,
    /// The step.
    pub step: Step,
    /// The graph that it is for.
    pub graph: usize,
    /// The scope object that is open after it.
    pub object: usize,
    /// Its rule then.
    pub reuse: Option<&'static str>,
    /// Whether it stands in a thread of its own.
    pub in_thread: bool,
    /// What the names in it stand for.
    pub names: Vec<Bound>,
    /// What was caught, for a step that catches.
    pub caught: Option<(String, Step, Refusal)>,
}

/// What a name in the program stands for.
#[derive(Clone, PartialEq, Debug)]
pub enum Bound {
    /// A scope object.
    Scope(usize),
    /// What a step made.
    Made(usize),
    /// Nothing that is known.
    Nothing,
}

/// A scope object.
#[derive(Clone, Default)]
pub struct Object {
    /// Its full name, if that is known.
    pub path: Option<String>,
    /// TensorFlow's rule: none, `reuse` or `reuse = auto`.
    pub reuse: Option<&'static str>,
    /// What it gives.
    defaults: Defaults,
    /// How often it was given something since it was opened.
    late: usize,
    /// Whether it was made to reuse since.
    late_reuse: bool,
    /// The element type of variables that name none.
    pub dtype: String,
}

type Defaults = BTreeMap<&'static str, String>;

/// Something that is open.
struct Frame {
    object: usize,
    /// How many braces it has open.
    braces: usize,
    /// The `fn` and the graph that it is in.
    function: usize,
    graph: usize,
    /// How much of what its object was given late its text says.
    said: usize,
    said_reuse: bool,
}

/// Turns steps into text.
pub struct Translator<'a> {
    known: &'a Known,
    failed: &'a HashMap<String, Refusal>,
    /// The text.
    pub source: Source,
    /// The steps that were gone through.
    pub done: Vec<Done>,
    /// Why it ended before its end.
    pub end: Option<(String, Stop)>,
    /// The scope objects.
    pub objects: Vec<Object>,
    /// What the initializers mean that were written.
    pub starts: HashMap<String, Start>,
    /// What the regularizers mean that were written.
    pub penalties: HashMap<String, Penalty>,
    frames: Vec<Frame>,
    first_opened: HashMap<(usize, String), Defaults>,
    bound: HashMap<String, Bound>,
    functions: HashMap<String, Step>,
    /// The variables so far.
    names: HashSet<(usize, String, String)>,
    in_thread: bool,
    had_threads: bool,
    last: String,
}

/// Why a list of steps ended early.
pub enum Early {
    /// A step fails, at a place.
    Failed(String, Step, Refusal),
    /// For another reason.
    Stop(String, Stop),
    /// What comes has to be compiled first.
    Unknown,
}

impl<'a> Translator<'a> {
    /// Translates a program. What is in `failed` fails, and is left out.
    pub fn translate(program: &[Step], known: &'a Known, failed: &'a HashMap<String, Refusal>) -> Self {
        let mut this = Self {
            known,
            failed,
            source: Source::default(),
            done: Vec::new(),
            end: None,
            objects: Vec::new(),
            starts: HashMap::new(),
            penalties: HashMap::new(),
            frames: Vec::new(),
            first_opened: HashMap::new(),
            bound: HashMap::new(),
            functions: HashMap::new(),
            names: HashSet::new(),
            in_thread: false,
            had_threads: false,
            last: String::new(),
        };
        this.begin_graph(0);
        match this.run(program, "") {
            Ok(()) | Err(Early::Unknown) => {}
            Err(Early::Stop(at, stop)) => this.end = Some((at, stop)),
            Err(Early::Failed(at, step, refusal)) => {
                let stop = Stop::Error { error: Box::new(refusal), step: Some(Box::new(step)) };
                this.end = Some((at, stop));
            }
        }
        this.close_to(0);
        this
    }

    fn begin_graph(&mut self, graph: usize) {
        let function = self.source.begin(graph);
        self.objects.push(Object { path: Some(String::new()), dtype: "float32".to_string(), ..Object::default() });
        let object = self.objects.len() - 1;
        self.frames.push(Frame { object, braces: 0, function, graph, said: 0, said_reuse: false });
    }

    pub(super) fn frame(&self) -> (usize, usize, usize) {
        self.frames.last().map_or((0, 0, 0), |frame| (frame.object, frame.function, frame.graph))
    }

    /// Adds a line for the step that is gone through.
    pub(super) fn line(&mut self, text: String) {
        let (_, function, _) = self.frame();
        let step = self.done.len() - 1;
        self.source.line(function, text, step);
    }

    fn close_to(&mut self, depth: usize) {
        while self.frames.len() > depth {
            let Some(frame) = self.frames.pop() else { return };
            let step = self.done.len().saturating_sub(1);
            if frame.braces > 0 {
                self.source.line(frame.function, "}".repeat(frame.braces), step);
            }
        }
    }

    fn run(&mut self, steps: &[Step], path: &str) -> Result<(), Early> {
        for (n, step) in steps.iter().enumerate() {
            let at = if path.is_empty() { n.to_string() } else { format!("{path}.{n}") };
            self.last.clone_from(&at);
            if let Some(refusal) = self.failed.get(&at).filter(|_| step.verb != "try" && step.verb != "call") {
                return Err(Early::Failed(at, step.clone(), refusal.clone()));
            }
            if let Some(reason) = reasons::not_in_a_model(step) {
                return Err(Early::Stop(at.clone(), Stop::from(reason).at(step)));
            }
            match step.verb.as_str() {
                "try" | "thread" => self.attempt(step, &at)?,
                "call" => self.call(step, &at)?,
                _ => {
                    self.note(step, &at);
                    self.step(step, &at).map_err(|stop| match stop {
                        None => Early::Unknown,
                        Some(stop) => Early::Stop(at.clone(), stop.at(step)),
                    })?;
                    let object = self.frame().0;
                    if let Some(done) = self.done.last_mut() {
                        (done.object, done.reuse) = (object, self.objects[object].reuse);
                    }
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, step: &Step, at: &str) {
        let (object, _, graph) = self.frame();
        self.done.push(Done {
            at: at.to_string(),
            step: step.clone(),
            graph,
            object,
            reuse: None,
            in_thread: self.in_thread,
            names: Vec::new(),
            caught: None,
        });
    }

    /// A step that catches an error, or a thread, which starts at the root and in which an error ends.
    fn attempt(&mut self, step: &Step, at: &str) -> Result<(), Early> {
        let other = || Early::Stop(at.to_string(), Reason::OtherStep.into());
        let steps = step.steps(&step.verb).map_err(|_| other())?;
        let (depth, outside) = (self.frames.len(), self.in_thread);
        let is_thread = step.verb == "thread";
        if is_thread {
            let graph = self.frame().2;
            (self.in_thread, self.had_threads) = (true, true);
            self.begin_graph(graph);
        }
        let ran = self.run(&steps, at);
        self.close_to(depth);
        self.in_thread = outside;
        let (place, caught) = match ran {
            Ok(()) => (self.last.clone(), None),
            Err(Early::Failed(place, failed, refusal)) => (place.clone(), Some((place, failed, refusal))),
            Err(early) => return Err(early),
        };
        if !is_thread || caught.is_some() {
            self.note(step, if is_thread { at } else { &place });
            if let Some(done) = self.done.last_mut() {
                done.caught = caught;
            }
        }
        self.last = at.to_string();
        self.catch_up();
        Ok(())
    }

    fn call(&mut self, step: &Step, at: &str) -> Result<(), Early> {
        let other = || Early::Stop(at.to_string(), Reason::OtherStep.into());
        let function = self.functions.get(step.argument_text()).cloned().ok_or_else(other)?;
        self.rebind(step.get("args"));
        let body = function.steps("body").map_err(|_| other())?;
        self.run(&body, at)?;
        self.rebind(step.get("returns"));
        Ok(())
    }

    /// Gives things other names: `{"new": "old"}`.
    fn rebind(&mut self, names: Option<&Value>) {
        for (new, old) in names.and_then(Value::as_object).into_iter().flatten() {
            if let Some(bound) = old.as_str().and_then(|old| self.bound.get(old)).cloned() {
                self.bound.insert(new.clone(), bound);
            }
        }
    }

    pub(super) fn bind(&mut self, step: &Step, bound: Bound) {
        if let Some(alias) = step.text("as") {
            self.bound.insert(alias.to_string(), bound);
        }
    }

    pub(super) fn bound(&self, alias: &str) -> Bound {
        self.bound.get(alias).cloned().unwrap_or(Bound::Nothing)
    }

    /// Notes what the words of a step mean that an instance is made of.
    fn note_meanings(&mut self, step: &Step) {
        let value = step.get("regularizer").or(step.get("value").filter(|_| step.argument_text() == "regularizer"));
        if let Some(value) = value
            && let (Ok(Some(penalty)), Ok(words)) = (arguments::regularizer(value), text::regularizer(value))
        {
            self.penalties.insert(text::plain(&words), penalty);
        }
        if let Some(value) = step.get("initializer").or(step.get("value"))
            && let Ok(Start::Drawn(drawn)) = arguments::start(value, &|_| None)
        {
            self.note_start(&Written::drawn(drawn));
        }
    }

    fn step(&mut self, step: &Step, at: &str) -> Result<(), Option<Stop>> {
        let says =
            ["open", "variable_op_scope", "name_scope", "op_scope", "get", "local", "variable", "store_get", "op"];
        if self.had_threads && !self.in_thread && says.contains(&step.verb.as_str()) {
            // A thread is a `fn` behind this one; what comes after it is not.
            return Err(Some(Reason::Threads.into()));
        }
        self.note_meanings(step);
        match step.verb.as_str() {
            "open" | "variable_op_scope" => return self.open(step, at),
            "name_scope" | "op_scope" => self.name_scope(step),
            "close" => {
                let depth = self.frames.len() - 1;
                self.close_to(depth.max(1));
                self.catch_up();
            }
            "new_graph" => self.begin_graph(self.source.graphs()),
            "control_dependencies" => self.push_frame(self.frame().0, 0),
            "def" => drop(self.functions.insert(step.argument_text().to_string(), step.clone())),
            "get" | "local" | "variable" | "store_get" => return self.variable(step).map_err(Some),
            "op" => {
                let name = step
                    .text("name")
                    .or(arguments::op_name(step.argument_text()))
                    .ok_or(Some(Reason::OtherStep.into()))?;
                self.line(format!("let _ = own::{}({INPUT});", text::name(name)));
                self.bind(step, Bound::Made(self.done.len() - 1));
            }
            "capture" => {
                let object = self.frame().0;
                self.bound.insert(step.argument_text().to_string(), Bound::Scope(object));
            }
            "reuse_variables" => {
                let object = self.named_object(step.argument().as_str())?;
                self.objects[object].reuse = Some("reuse");
                self.objects[object].late_reuse = true;
                self.catch_up();
            }
            "set" => self.set(step)?,
            _ => self.look(step)?,
        }
        Ok(())
    }

    /// A step that only looks at what names stand for.
    fn look(&mut self, step: &Step) -> Result<(), Option<Stop>> {
        let names: Vec<Bound> = match step.verb.as_str() {
            "same" => (0..2).map(|n| self.bound(step.argument()[n].as_str().unwrap_or_default())).collect(),
            "eval" => vec![self.bound(step.argument_text())],
            "query" | "scope_collection" => vec![Bound::Scope(self.named_object(step.text("on"))?)],
            _ => Vec::new(),
        };
        if let Some(done) = self.done.last_mut() {
            done.names = names;
        }
        Ok(())
    }

    fn push_frame(&mut self, object: usize, braces: usize) {
        let (outer, function, graph) = self.frame();
        let around = self.frames.last().filter(|_| outer == object);
        let (said, said_reuse) = around.map_or((0, false), |frame| (frame.said, frame.said_reuse));
        self.frames.push(Frame { object, braces, function, graph, said, said_reuse });
    }

    /// The object that a name stands for, or the innermost one.
    fn named_object(&self, alias: Option<&str>) -> Result<usize, Option<Stop>> {
        match alias.map(|alias| self.bound(alias)) {
            None => Ok(self.frame().0),
            Some(Bound::Scope(object)) => Ok(object),
            Some(_) => Err(Some(Reason::Types.into())),
        }
    }

    fn name_scope(&mut self, step: &Step) {
        let name = match step.argument() {
            Value::Null => step.text("default_name").unwrap_or_default().to_string(),
            Value::String(name) => name.clone(),
            // What was opened elsewhere.
            other => format!("{}/", other["ref"].as_str().unwrap_or_default()),
        };
        self.line(format!("name_scope {} {{", text::name(&name)));
        self.push_frame(self.frame().0, 1);
    }

    fn open(&mut self, step: &Step, at: &str) -> Result<(), Option<Stop>> {
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
        let head = match step.argument() {
            Value::Null => {
                attributes.push("unique".to_string());
                object.path = self.known.scopes.get(at).cloned();
                text::name(step.text("default_name").unwrap_or_default())
            }
            Value::Object(reference) => {
                let alias = reference.get("ref").and_then(Value::as_str);
                object = self.objects[self.named_object(alias)?].clone();
                let path = object.path.clone().ok_or(None)?;
                attributes.extend(self.unlike_first(graph, &path, &object, &given));
                if path.is_empty() { "self".to_string() } else { format!("self.{}", path.replace('/', ".")) }
            }
            Value::String(name) => {
                object.path = self.objects[current].path.as_ref().map(|outer| match outer.as_str() {
                    "" => name.clone(),
                    outer => format!("{outer}/{name}"),
                });
                text::name(name)
            }
            other => other.to_string(),
        };
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

    /// What a scope object gives, where its path from the root would give something else.
    fn unlike_first(&self, graph: usize, path: &str, object: &Object, given: &Defaults) -> Vec<String> {
        let none = Defaults::new();
        let first = self.first_opened.get(&(graph, path.to_string())).unwrap_or(&none);
        let names = first.keys().chain(object.defaults.keys().filter(|name| !first.contains_key(*name)));
        let unlike = names.filter(|name| first.get(*name) != object.defaults.get(*name) && !given.contains_key(*name));
        unlike.map(|name| format!("{name} = {}", object.defaults.get(name).map_or("none", String::as_str))).collect()
    }

    fn set(&mut self, step: &Step) -> Result<(), Option<Stop>> {
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
    fn catch_up(&mut self) {
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

    /// What is known of a variable of the innermost scope.
    pub(super) fn known_variable(&self, name: &str) -> Option<&(String, String)> {
        let (object, _, graph) = self.frame();
        let scope = self.objects[object].path.as_ref()?;
        let full = if scope.is_empty() { name.to_string() } else { format!("{scope}/{name}") };
        self.known.variables.get(&(graph, full))
    }

    /// Notes the name of a variable of the innermost scope; gives whether there was one and the scope reuses.
    pub(super) fn note_name(&mut self, name: &str) -> bool {
        let (object, _, graph) = self.frame();
        let scope = self.objects[object].path.clone().unwrap_or_default();
        !self.names.insert((graph, scope, name.to_string())) && self.reuse().is_some()
    }

    /// Whether the innermost scope gives something.
    pub(super) fn gives(&self, name: &str) -> bool {
        self.objects[self.frame().0].defaults.get(name).is_some_and(|value| value != "none")
    }

    pub(super) fn scope_dtype(&self) -> &str {
        &self.objects[self.frame().0].dtype
    }

    pub(super) fn reuse(&self) -> Option<&'static str> {
        self.objects[self.frame().0].reuse
    }

    /// The name of the scope in which a step stands.
    pub fn outer_path(&self, step: usize) -> Option<&String> {
        let before = step.checked_sub(1).map_or(0, |before| self.done[before].object);
        self.objects[before].path.as_ref()
    }

    pub(super) fn note_start(&mut self, written: &Written) {
        self.starts.insert(text::plain(&written.text), written.start.clone());
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
            Start::Value(_) => return Err(Reason::ScopeValue.into()),
        },
        "regularizer" => ("regularizer", text::regularizer(value)?),
        "partitioner" => ("partitioner", text::partitioner(value)?),
        "dtype" => ("dtype", text::dtype(value.as_str().ok_or(Reason::Types)?)),
        "custom_getter" => ("custom_getter", text::custom_getter(value)?),
        "constraint" => ("constraint", text::constraint(value)?),
        _ => return Ok(None),
    }))
}
