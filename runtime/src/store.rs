//! The store: all variables by name, and the seed from which they start.

use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::constraint::AnyConstraint;
use crate::error::{Error, Result};
use crate::model::{VariableInfo, Variables};
use crate::names;
use crate::op_names::OpNames;
use crate::partition::Partition;
use crate::regularizer::AnyRegularizer;
use crate::scope::{Opening, Scope};
use crate::variable::AnyVariable;

/// Where variables live, under their full names.
///
/// [`VariableStore::share`] is another handle on the same store; each [`Scope`] keeps one.
///
/// ```
/// use varscope::prelude::*;
///
/// model! {
///     struct Line {
///         fn predict(x: [batch, 1]) -> [batch, 1] {
///             var slope: [1, 1];
///             matmul(x, slope)
///         }
///     }
/// }
///
/// # fn main() -> Result<(), varscope::Error> {
/// let store = VariableStore::new(42);
/// let a = Line::new(&store.scope("line"))?;
/// let same = Line::new(&store.scope("line").reuse())?;
/// assert!(a.slope.is_same(&same.slope));
/// assert!(Line::new(&store.scope("line")).is_err()); // `line/slope` already exists
/// # Ok(())
/// # }
/// ```
pub struct VariableStore {
    shared: Arc<Shared>,
}

struct Shared {
    seed: u64,
    entries: Mutex<Entries>,
    /// The root is opened once, for good.
    root: Arc<Opening>,
}

/// The variables of a store.
#[derive(Default)]
pub(crate) struct Entries {
    by_name: HashMap<String, Entry>,
    /// The names, in the order in which the variables were made.
    order: Vec<String>,
    /// The names of ops, variables and name scopes.
    pub ops: OpNames,
    /// Every name of a variable and of a scope, in lower case, with the name as it is written and what it names.
    taken: HashMap<String, (String, Named)>,
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub variable: Arc<dyn AnyVariable>,
    pub first: &'static Location<'static>,
}

/// What is known of a variable besides its name and value.
#[derive(Clone, Default)]
pub struct About {
    pub kind: Kind,
    pub collections: Vec<String>,
    pub partition: Option<Partition>,
    /// Whether kernels keep packed copies of it.
    pub is_packed: bool,
    pub regularizer: Option<Arc<dyn AnyRegularizer>>,
    pub constraint: Option<Arc<dyn AnyConstraint>>,
}

/// What is done with a variable.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Kind {
    /// It can be shared, and belongs to what is learned.
    #[default]
    Global,
    /// It can be shared, and belongs to one run.
    Local,
    /// It is never shared.
    Unique,
}

impl Entry {
    /// What is known of the variable.
    pub fn about(&self) -> &About {
        self.variable.about()
    }

    pub fn info(&self) -> VariableInfo {
        VariableInfo::new(Arc::clone(&self.variable), 1)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Scope,
    Variable,
}

impl VariableStore {
    /// An empty store. All initial values, and what random ops draw, come from the seed.
    pub fn new(seed: u64) -> Self {
        Self { shared: Arc::new(Shared { seed, entries: Mutex::default(), root: Arc::default() }) }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.shared.seed
    }

    /// Another handle on the same store.
    #[must_use]
    pub fn share(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }

    /// The root scope: variables made in it have no scope in their name.
    pub fn root(&self) -> Scope {
        Scope::root(self.share())
    }

    /// The scope of this name at the root.
    ///
    /// A name that no scope can have is reported where a variable is made in it.
    pub fn scope(&self, name: &str) -> Scope {
        self.root().enter(name)
    }

    pub(crate) fn opening(&self) -> Arc<Opening> {
        Arc::clone(&self.shared.root)
    }

    /// All variables but the local ones, in the order in which they were made.
    pub fn variables(&self) -> Variables {
        self.list(|entry| entry.about().kind != Kind::Local)
    }

    /// The local variables: what belongs to one run, as counters do.
    pub fn local_variables(&self) -> Variables {
        self.list(|entry| entry.about().kind == Kind::Local)
    }

    /// The variables for which gradients are computed.
    pub fn trainable_variables(&self) -> Variables {
        self.list(|entry| entry.variable.trainable())
    }

    /// The variables that were put into the collection of this name.
    pub fn collection(&self, name: &str) -> Variables {
        self.list(|entry| entry.about().collections.iter().any(|collection| collection == name))
    }

    fn list(&self, keep: impl Fn(&Entry) -> bool) -> Variables {
        let entries = self.lock();
        Variables::listed(entries.in_order().filter(|entry| keep(entry)).map(Entry::info).collect())
    }

    /// The names of the regularized variables and their penalties as they are now: one for each variable.
    pub fn regularization_losses(&self) -> Vec<(String, f64)> {
        let entries = self.lock();
        let loss = |entry: &Entry| {
            let regularizer = entry.about().regularizer.as_ref()?;
            let value = entry.variable.snapshot();
            // Only floats are given one, and their elements are those of their shape.
            let loss = regularizer.loss(value.slice(), entry.variable.shape()).ok()?;
            Some((entry.variable.name().to_string(), loss))
        };
        entries.in_order().filter_map(loss).collect()
    }

    /// The number of variables.
    pub fn len(&self) -> usize {
        self.lock().by_name.len()
    }

    /// Whether there is no variable yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Entries> {
        // Entries are added whole, so a panic elsewhere leaves none half-made.
        self.shared.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether both are handles on one store.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl fmt::Debug for VariableStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VariableStore({} variables, seed {})", self.len(), self.seed())
    }
}

impl Entries {
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name)
    }

    /// The variable of this name, if it is one that is shared.
    pub fn shareable(&self, name: &str) -> Option<&Entry> {
        self.get(name).filter(|entry| entry.about().kind != Kind::Unique)
    }

    fn in_order(&self) -> impl Iterator<Item = &Entry> {
        self.order.iter().filter_map(|name| self.by_name.get(name))
    }

    /// The existing name that is likely to be meant by this one.
    pub fn nearest(&self, name: &str) -> Option<String> {
        // In order, so that of two names that are equally near the same one is found each time.
        let mut candidates: Vec<&str> = self.by_name.keys().map(String::as_str).collect();
        candidates.sort_unstable();
        // Scopes are mistaken more often than variables: `a/v` for `a/b/v`.
        let own = name.rsplit('/').next();
        let namesake = candidates.iter().copied().filter(|candidate| candidate.rsplit('/').next() == own);
        let namesake = namesake.min_by_key(|candidate| strsim::damerau_levenshtein(name, candidate));
        namesake.or_else(|| names::nearest(name, candidates.into_iter())).map(str::to_string)
    }

    /// The name of a new unique variable: this, or with a suffix.
    pub fn free_name(&self, full: &str) -> String {
        self.ops.free(full).find(|name| !self.by_name.contains_key(name)).unwrap_or_else(|| full.to_string())
    }

    /// Whether a new variable of this name can be told from all that is there.
    ///
    /// # Errors
    ///
    /// [`Error::BadName`] where a variable and a scope would have one name, or two names would differ in case only.
    pub fn check_new(&self, name: &str, about: &About) -> Result<()> {
        for (path, named) in parts(name) {
            if let Some((other, taken_by)) = self.taken.get(&path.to_ascii_lowercase())
                && (other != path || *taken_by != named)
            {
                return Err(Error::BadName { name: path.to_string(), reason: clash(other != path, *taken_by) });
            }
        }
        if self.by_name.get(name).is_some_and(|entry| entry.about().kind == Kind::Unique) {
            return Err(Error::BadName { name: name.to_string(), reason: "a unique variable has this name" });
        }
        // The names that a variable in parts takes are those of the parts.
        if about.partition.is_none() && self.ops.has(name) {
            return Err(Error::BadName {
                name: name.to_string(),
                reason: "an op, a variable or a scope has this name",
            });
        }
        Ok(())
    }

    /// Adds variables that [`Entries::check_new`] found to be new.
    pub fn extend(&mut self, new: impl IntoIterator<Item = Entry>) {
        for entry in new {
            let name = entry.variable.name().to_string();
            for (path, named) in parts(&name) {
                self.taken.insert(path.to_ascii_lowercase(), (path.to_string(), named));
            }
            match entry.info().parts() {
                parts if parts.is_empty() => self.ops.take(&name),
                parts => parts.iter().for_each(|(part, _)| self.ops.take(part)),
            }
            self.order.push(name.clone());
            self.by_name.insert(name, entry);
        }
    }
}

/// The scopes in a variable's name, and the name itself.
fn parts(name: &str) -> impl Iterator<Item = (&str, Named)> {
    let scopes = name.match_indices('/').map(|(at, _)| (&name[..at], Named::Scope));
    scopes.chain([(name, Named::Variable)])
}

fn clash(differs_in_case: bool, taken_by: Named) -> &'static str {
    match (differs_in_case, taken_by) {
        (true, Named::Scope) => "there is a scope whose name differs in case only",
        (true, Named::Variable) => "there is a variable whose name differs in case only",
        (false, Named::Scope) => "there is a scope of this name",
        (false, Named::Variable) => "there is a variable of this name",
    }
}

#[cfg(test)]
mod tests {
    use crate::VariableStore;
    use crate::init::zeros;

    #[test]
    fn a_variable_of_the_name_in_another_scope_is_nearer_than_one_of_another_name() {
        let store = VariableStore::new(0);
        store.scope("a").get_variable("v1", [1], &zeros()).unwrap();
        store.scope("a").enter("b").get_variable("v2", [1], &zeros()).unwrap();
        store.scope("c").enter("b").get_variable("v2", [1], &zeros()).unwrap();
        let nearest = |name| store.lock().nearest(name);
        assert_eq!(nearest("a/v2").as_deref(), Some("a/b/v2"));
        assert_eq!(nearest("a/v3").as_deref(), Some("a/v1"));
        assert_eq!(nearest("weights"), None);
    }
}
