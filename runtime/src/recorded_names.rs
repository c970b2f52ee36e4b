//! The names of the ops of a recording.
//!
//! `model!` has settled the names of each `fn` as if it were recorded alone and once. What is recorded again, a `fn`
//! that is called twice or a turn of a loop, asks for its name scopes again, and gets `a_1` for the `a` that is taken.

use crate::op_names::{OpNames, join};

/// The names of a recording, and where in it the recorder is.
#[derive(Default)]
pub struct RecordedNames {
    names: OpNames,
    frames: Vec<Frame>,
}

/// The recording of a `fn`, or of what stands in no `fn`.
#[derive(Default)]
struct Frame {
    /// The name scope of the layer that it belongs to.
    root: String,
    /// The name scopes so far: as they are settled, and as they are called here.
    scopes: Vec<(String, String)>,
}

impl RecordedNames {
    fn frame(&mut self) -> &mut Frame {
        if self.frames.is_empty() {
            self.frames.push(Frame::default());
        }
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    /// Begins a `fn` of the model or layer at hand: its scopes begin at the root.
    pub fn begin(&mut self) {
        let root = self.frame().root.clone();
        self.frames.push(Frame { root, scopes: Vec::new() });
    }

    /// Begins a layer, whose ops are in a name scope that is settled so.
    pub fn begin_layer(&mut self, settled: &str) {
        let (outer, name) = self.outer(settled);
        let root = self.free(&outer, name);
        self.frames.push(Frame { root, scopes: Vec::new() });
    }

    /// Ends the `fn` or layer that was begun last.
    pub fn end(&mut self) {
        self.frames.pop();
    }

    /// Opens the name scope in which a loop stands, so that its turns do not open it anew.
    pub fn enter_turns(&mut self, settled: &str) {
        self.scope(settled);
    }

    /// A mark for the end of a turn.
    pub fn turn(&mut self) -> usize {
        self.frame().scopes.len()
    }

    /// Ends a turn that began at a mark: the next opens its name scopes again.
    pub fn end_turn(&mut self, mark: usize) {
        self.frame().scopes.truncate(mark);
    }

    /// A name for an op that is settled so, which no other op of the recording has.
    pub fn unique(&mut self, settled: &str) -> String {
        let (outer, name) = self.outer(settled);
        self.free(&outer, name)
    }

    /// The name of something in the `fn` or layer at hand.
    pub fn full(&mut self, name: &str) -> String {
        join(&self.frame().root, name)
    }

    /// The name scope before the last part of a settled name, and that part.
    fn outer<'a>(&mut self, settled: &'a str) -> (String, &'a str) {
        match settled.rsplit_once('/') {
            Some((scope, name)) => (self.scope(scope), name),
            None => (self.frame().root.clone(), settled),
        }
    }

    /// What a settled name scope is called here; the first that asks for it opens it.
    fn scope(&mut self, settled: &str) -> String {
        if settled.is_empty() {
            return self.frame().root.clone();
        }
        if let Some((_, name)) = self.frame().scopes.iter().rev().find(|(known, _)| known == settled) {
            return name.clone();
        }
        let (outer, last) = self.outer(settled);
        let name = self.free(&outer, last);
        self.frame().scopes.push((settled.to_string(), name.clone()));
        name
    }

    /// One part of a name as it is settled, `a` or `a:1`, if that is free, else with the next number.
    fn free(&mut self, scope: &str, settled: &str) -> String {
        let Some((name, number)) = settled.split_once(':') else { return self.names.unique(scope, settled) };
        let full = join(scope, &format!("{name}_{number}"));
        if self.names.has(&full) {
            return self.names.unique(scope, name);
        }
        self.names.take(&full);
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_settled_stays() {
        let mut names = RecordedNames::default();
        names.begin();
        let settled = ["a/matmul", "a/matmul:1", "a:1/matmul", "b/c/relu", "b/c:1/relu"];
        let given = settled.map(|name| names.unique(name));
        assert_eq!(given, ["a/matmul", "a/matmul_1", "a_1/matmul", "b/c/relu", "b/c_1/relu"]);
    }

    #[test]
    fn what_is_called_again_opens_its_scopes_again() {
        let mut names = RecordedNames::default();
        names.begin();
        let mut given = Vec::new();
        for _ in 0..2 {
            names.begin();
            given.extend(["a/matmul", "a/relu", "a:1/matmul"].map(|name| names.unique(name)));
            names.end();
        }
        assert_eq!(given, ["a/matmul", "a/relu", "a_1/matmul", "a_2/matmul", "a_2/relu", "a_3/matmul"]);
    }

    #[test]
    fn layers_are_name_scopes() {
        let mut names = RecordedNames::default();
        names.begin();
        let mut given = vec![names.unique("a/relu")];
        for layer in ["a/fc", "a/fc:1"] {
            names.begin_layer(layer);
            names.begin();
            given.push(names.unique("matmul"));
            names.end();
            names.end();
        }
        assert_eq!(given, ["a/relu", "a/fc/matmul", "a/fc_1/matmul"]);
    }

    #[test]
    fn turns_share_the_scopes_around_the_loop() {
        let mut names = RecordedNames::default();
        names.begin();
        names.enter_turns("a");
        let mut given = Vec::new();
        for _ in 0..2 {
            let turn = names.turn();
            given.extend(["a/cell/tanh", "a/cell/tanh:1", "a/add"].map(|name| names.unique(name)));
            names.end_turn(turn);
        }
        assert_eq!(given[..3], ["a/cell/tanh", "a/cell/tanh_1", "a/add"]);
        assert_eq!(given[3..], ["a/cell_1/tanh", "a/cell_1/tanh_1", "a/add_1"]);
    }
}
