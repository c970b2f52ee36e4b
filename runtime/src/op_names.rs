//! The names that ops, variables and name scopes have: no two are alike, upper and lower case regarded as one.

use std::collections::HashMap;

/// The names that are taken, in lower case, with how often each was asked for.
#[derive(Default, Debug)]
pub struct OpNames {
    taken: HashMap<String, usize>,
}

impl OpNames {
    /// A name for what is made in a name scope: as it is, or with the first of `_1`, `_2`, … that is free.
    pub fn unique(&mut self, scope: &str, name: &str) -> String {
        let full = join(scope, name);
        let key = full.to_ascii_lowercase();
        let count = self.taken.entry(key.clone()).or_insert(0);
        let mut number = *count;
        *count += 1;
        if number == 0 {
            return full;
        }
        while self.taken.contains_key(&format!("{key}_{number}")) {
            number += 1;
        }
        self.taken.insert(format!("{key}_{number}"), 1);
        // The next that asks need not try the numbers again that this one found taken.
        self.taken.insert(key, number + 1);
        format!("{full}_{number}")
    }

    /// The names that [`OpNames::unique`] could give at the root, the first of them first.
    pub fn free<'a>(&'a self, full: &'a str) -> impl Iterator<Item = String> + 'a {
        let numbered = (1..).map(move |number| format!("{full}_{number}"));
        std::iter::once(full.to_string()).chain(numbered).filter(|name| !self.has(name))
    }

    /// Whether something has this name.
    pub fn has(&self, full: &str) -> bool {
        self.taken.contains_key(&full.to_ascii_lowercase())
    }

    /// Notes that something has this name.
    pub fn take(&mut self, full: &str) {
        *self.taken.entry(full.to_ascii_lowercase()).or_insert(0) += 1;
    }
}

/// A name in a scope, whose name is empty at the root.
pub fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_string() } else { format!("{scope}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_those_of_tensorflow() {
        let mut names = OpNames::default();
        let given = ["foo_1", "foo", "foo", "foo_1", "foo"].map(|name| names.unique("", name));
        assert_eq!(given, ["foo_1", "foo", "foo_2", "foo_1_1", "foo_3"]);
        let given = ["add", "Add", "add"].map(|name| names.unique("s", name));
        assert_eq!(given, ["s/add", "s/Add_1", "s/add_2"]);
    }
}
