//! Names of ops, name scopes and variables by TensorFlow's rules: no two in a `fn` are alike, upper and lower case
//! regarded as one.
//!
//! The names of a `fn` are settled here as if it were recorded alone and once. What only a recording knows, the turns of
//! a loop of the graph and the calls of `fn`s and layers, is numbered by the recorder, by the same rules.

use std::collections::HashMap;

use crate::ir::OpName;

/// The names that are taken, in lower case, with how often each was asked for.
#[derive(Default)]
pub struct OpNames {
    taken: HashMap<String, usize>,
}

impl OpNames {
    /// A name in a name scope: as it is, or with the first of `_1`, `_2`, … that is free.
    pub fn unique(&mut self, scope: &OpName, name: &str) -> OpName {
        let key = scope.join(name, 0).to_string().to_lowercase();
        let count = self.taken.entry(key.clone()).or_insert(0);
        let mut number = *count;
        *count += 1;
        if number > 0 {
            while self.taken.contains_key(&format!("{key}_{number}")) {
                number += 1;
            }
            self.taken.insert(format!("{key}_{number}"), 1);
        }
        scope.join(name, number)
    }

    /// Takes the name of a variable, so that no op has it.
    pub fn take(&mut self, variable: &str) {
        self.unique(&OpName::default(), variable);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_those_of_tensorflow() {
        let (mut names, root) = (OpNames::default(), OpName::default());
        let given = ["foo_1", "foo", "foo", "foo_1", "foo"].map(|name| names.unique(&root, name).to_string());
        assert_eq!(given, ["foo_1", "foo", "foo_2", "foo_1_1", "foo_3"]);
        let scope = names.unique(&root, "s");
        let given = ["add", "Add", "add"].map(|name| names.unique(&scope, name).to_string());
        assert_eq!(given, ["s/add", "s/Add_1", "s/add_2"]);
    }

    #[test]
    fn numbers_stay_apart_for_the_recorder() {
        let (mut names, root) = (OpNames::default(), OpName::default());
        names.unique(&root, "a");
        let again = names.unique(&root, "a");
        let op = names.unique(&again, "matmul");
        assert_eq!((op.to_string().as_str(), op.recorded().as_str()), ("a_1/matmul", "a:1/matmul"));
    }
}
