//! Programs as the text of models.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::library::{Cell, Template};
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
    pub(super) defaults: Defaults,
    /// How often it was given something since it was opened.
    pub(super) late: usize,
    /// Whether it was made to reuse since.
    pub(super) late_reuse: bool,
    /// The element type of variables that name none.
    pub dtype: String,
}

/// What a scope gives, as it is written.
pub type Defaults = BTreeMap<&'static str, String>;

/// Something that is open.
pub(super) struct Frame {
    pub(super) object: usize,
    /// How many braces it has open.
    pub(super) braces: usize,
    /// The `fn` and the graph that it is in.
    function: usize,
    graph: usize,
    /// How much of what its object was given late its text says.
    pub(super) said: usize,
    pub(super) said_reuse: bool,
}

/// Turns steps into text.
pub struct Translator<'a> {
    pub(super) known: &'a Known,
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
    pub(super) frames: Vec<Frame>,
    pub(super) first_opened: HashMap<(usize, String), Defaults>,
    bound: HashMap<String, Bound>,
    pub(super) functions: HashMap<String, Step>,
    pub(super) cells: HashMap<String, Cell>,
    pub(super) templates: HashMap<String, Template>,
    /// The hyper-parameter of each layer, by its graph, scope and name.
    pub(super) layers: HashMap<(usize, String, String), u64>,
    /// The variables so far.
    names: HashSet<(usize, String, String)>,
    in_thread: bool,
    had_threads: bool,
    last: String,
}

/// Why a list of steps ended early.
pub enum Early {
    /// A step fails, at a place.
    Failed(String, Box<(Step, Refusal)>),
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
            cells: HashMap::new(),
            templates: HashMap::new(),
            layers: HashMap::new(),
            names: HashSet::new(),
            in_thread: false,
            had_threads: false,
            last: String::new(),
        };
        this.begin_graph(0);
        match this.run(program, "") {
            Ok(()) | Err(Early::Unknown) => {}
            Err(Early::Stop(at, stop)) => this.end = Some((at, stop)),
            Err(Early::Failed(at, failed)) => {
                let (step, refusal) = *failed;
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

    pub(super) fn close_to(&mut self, depth: usize) {
        while self.frames.len() > depth {
            let Some(frame) = self.frames.pop() else { return };
            let step = self.done.len().saturating_sub(1);
            if frame.braces > 0 {
                self.source.line(frame.function, "}".repeat(frame.braces), step);
            }
        }
    }

    pub(super) fn run(&mut self, steps: &[Step], path: &str) -> Result<(), Early> {
        for (n, step) in steps.iter().enumerate() {
            let at = if path.is_empty() { n.to_string() } else { format!("{path}.{n}") };
            self.last.clone_from(&at);
            if let Some(refusal) = self.failed.get(&at).filter(|_| step.verb != "try" && step.verb != "call") {
                return Err(Early::Failed(at, Box::new((step.clone(), refusal.clone()))));
            }
            if let Some(reason) = reasons::not_in_a_model(step) {
                return Err(Early::Stop(at.clone(), Stop::from(reason).at(step)));
            }
            match step.verb.as_str() {
                "try" | "thread" => self.attempt(step, &at)?,
                "call" => self.call(step, &at)?,
                "call_template" => self.call_template(step, &at)?,
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

    pub(super) fn note(&mut self, step: &Step, at: &str) {
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
            Err(Early::Failed(place, failed)) => {
                let (failed, refusal) = *failed;
                (place.clone(), Some((place, failed, refusal)))
            }
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
        step.rebind("args", &mut self.bound);
        let body = function.steps("body").map_err(|_| other())?;
        self.run(&body, at)?;
        step.rebind("returns", &mut self.bound);
        Ok(())
    }

    pub(super) fn bind(&mut self, step: &Step, bound: Bound) {
        if let Some(alias) = step.text("as") {
            self.bound.insert(alias.to_string(), bound);
        }
    }

    pub(super) fn rename(&mut self, alias: &str, bound: Bound) {
        self.bound.insert(alias.to_string(), bound);
    }

    pub(super) fn depth(&self) -> usize {
        self.frames.len()
    }

    /// The full name of the innermost scope.
    pub(super) fn path(&self) -> Option<String> {
        self.objects[self.frame().0].path.clone()
    }

    pub(super) fn known_scope(&self, at: &str) -> Option<&String> {
        self.known.scopes.get(at)
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
            "layer"
            | "slim"
            | "cell"
            | "call_cell"
            | "dynamic_rnn"
            | "old_rnn_checked_scope"
            | "template"
            | "minimize" => return self.library(step, at),
            _ => self.look(step)?,
        }
        Ok(())
    }

    /// A step that only looks at what names stand for.
    fn look(&mut self, step: &Step) -> Result<(), Option<Stop>> {
        let names: Vec<Bound> = match step.verb.as_str() {
            "same" => (0..2).map(|n| self.bound(step.argument()[n].as_str().unwrap_or_default())).collect(),
            "eval" | "assign" => vec![self.bound(step.argument_text())],
            "query" | "scope_collection" => vec![Bound::Scope(self.named_object(step.text("on"))?)],
            _ => Vec::new(),
        };
        if let Some(done) = self.done.last_mut() {
            done.names = names;
        }
        Ok(())
    }

    pub(super) fn push_frame(&mut self, object: usize, braces: usize) {
        let (outer, function, graph) = self.frame();
        let around = self.frames.last().filter(|_| outer == object);
        let (said, said_reuse) = around.map_or((0, false), |frame| (frame.said, frame.said_reuse));
        self.frames.push(Frame { object, braces, function, graph, said, said_reuse });
    }

    /// The object that a name stands for, or the innermost one.
    pub(super) fn named_object(&self, alias: Option<&str>) -> Result<usize, Option<Stop>> {
        match alias.map(|alias| self.bound(alias)) {
            None => Ok(self.frame().0),
            Some(Bound::Scope(object)) => Ok(object),
            Some(_) => Err(Some(Reason::Types.into())),
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
