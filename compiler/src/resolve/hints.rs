//! What a name may have been meant to be: something of that name in another scope.

use proc_macro2::Ident;

use super::Tree;
use crate::ir::{Member, ROOT, ScopeId};

impl Tree {
    /// The variable of this name in another scope, and how it is shared; of several, the one whose full name is spelt
    /// most like the one that was asked for.
    pub fn variable_elsewhere(&self, full: &str, name: &Ident) -> Option<String> {
        let is_shared = |member| matches!(member, Member::Variable(id) if !self.variables[id].is_unique);
        let namesake = self.namesake(full, name, is_shared)?;
        Some(match self.path(namesake) {
            Some(path) => {
                format!("there is a `{namesake}`, which `scope self.{path}(reuse) {{ var {name}; }}` shares")
            }
            None => format!("there is a `{namesake}`"),
        })
    }

    /// The layer of this name in another scope, and how it is applied.
    pub fn layer_elsewhere(&self, full: &str, name: &Ident) -> Option<String> {
        let namesake = self.namesake(full, name, |member| matches!(member, Member::Layer(_)))?;
        Some(match self.path(namesake) {
            Some(path) => format!("there is a `{namesake}`, which `{path}.{name}(…)` applies"),
            None => format!("there is a `{namesake}`"),
        })
    }

    /// The full name with this last part that is spelt most like this one.
    fn namesake(&self, full: &str, last: &Ident, is_meant: impl Fn(Member) -> bool) -> Option<&str> {
        let declared = self.declarations.iter().filter(|(_, sites)| sites.iter().any(|site| is_meant(site.member)));
        let names =
            declared.map(|(name, _)| name.as_str()).filter(|name| last == name.rsplit('/').next().unwrap_or(name));
        names.min_by_key(|name| (strsim::damerau_levenshtein(full, name), *name))
    }

    /// The path of the scope of a full name as it is written, if it can be: a scope with an index cannot.
    fn path(&self, full: &str) -> Option<String> {
        let (scopes, _) = full.rsplit_once('/')?;
        let inside = |scope: ScopeId, label: &str| match self.member(scope, label)? {
            Member::Scope(id) if self.scopes[id].family.is_none() => Some(id),
            _ => None,
        };
        scopes.split('/').try_fold(ROOT, inside)?;
        Some(scopes.replace('/', "."))
    }
}
