//! The text of models, line by line.

use varscope_compiler::{Description, Event, Expansion};

/// The name of the input that ops are given.
pub const INPUT: &str = "input";

/// The text of all models of a program: one for each graph, with a `fn` for each thread.
#[derive(Default)]
pub struct Source {
    /// The graph that each `fn` belongs to, and its lines with the number of the step that each is for.
    functions: Vec<(usize, Vec<(String, usize)>)>,
    /// What stands before the models' own `fn`s: layers.
    pub layers: String,
}

impl Source {
    /// Begins a `fn`; gives its number.
    pub fn begin(&mut self, graph: usize) -> usize {
        self.functions.push((graph, Vec::new()));
        self.functions.len() - 1
    }

    /// Adds a line for a step.
    pub fn line(&mut self, function: usize, text: String, step: usize) {
        self.functions[function].1.push((text, step));
    }

    /// How many graphs there are.
    pub fn graphs(&self) -> usize {
        self.functions.iter().map(|(graph, _)| graph + 1).max().unwrap_or(0)
    }

    /// The text, and for each line the step that it is for.
    pub fn text(&self) -> (String, Vec<Option<usize>>) {
        let mut lines: Vec<(String, Option<usize>)> =
            self.layers.lines().map(|line| (line.to_string(), None)).collect();
        for graph in 0..self.graphs() {
            lines.push((format!("struct Graph{graph} {{"), None));
            let own = self.functions.iter().enumerate().filter(|(_, (of, _))| *of == graph);
            for (number, (_, body)) in own {
                lines.push((format!("fn steps{number}({INPUT}: [2, 3]) -> [2, 3] {{"), None));
                lines.extend(body.iter().map(|(text, step)| (text.clone(), Some(*step))));
                lines.push((format!("{INPUT} }}"), None));
            }
            lines.push(("}".to_string(), None));
        }
        let steps = lines.iter().map(|(_, step)| *step).collect();
        (lines.into_iter().map(|(text, _)| text + "\n").collect(), steps)
    }
}

/// What the compiler found, step by step.
pub struct Found {
    /// The model of each graph.
    pub models: Vec<Description>,
    /// What was said at each step.
    events: Vec<(usize, Event)>,
    /// The first mistake: the step that it is at, and the mistake.
    pub first: Option<(usize, varscope_compiler::Mistake)>,
}

impl Found {
    /// Compiles a text.
    pub fn compile(source: &Source) -> Self {
        let (text, steps) = source.text();
        let step_of = |line: usize| line.checked_sub(1).and_then(|line| steps.get(line).copied().flatten());
        let tokens = text.parse().unwrap_or_default();
        let Expansion { mistakes, models, .. } = varscope_compiler::expand(tokens);
        let at = mistakes.into_iter().map(|mistake| (step_of(mistake.line).unwrap_or(usize::MAX), mistake));
        let first = at.min_by_key(|(step, _)| *step);
        let models: Vec<Description> = models.into_iter().filter(|model| model.name.starts_with("Graph")).collect();
        let events = models.iter().flat_map(|model| &model.events);
        let mut events: Vec<(usize, Event)> =
            events.filter_map(|event| Some((step_of(event.line)?, event.clone()))).collect();
        events.sort_by_key(|(step, _)| *step);
        Self { models, events, first }
    }

    /// What was said at a step.
    pub fn at(&self, step: usize) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |(at, _)| *at == step).map(|(_, event)| event)
    }
}
