//! Names of variables, layers and scopes where they are used.

use proc_macro2::Ident;

use super::{Cursor, Tree, Turn};
use crate::diag::suggestion;
use crate::ir::{Family, Index, LayerId, Member, Place, ROOT, ScopeId, VariableId};

/// One name of a path, with its index: `block[0]`.
pub struct Step<'a> {
    pub name: &'a Ident,
    pub index: Option<Turn>,
}

/// What a path means.
pub enum Found {
    Variable(Place<VariableId>),
    Layer(Place<LayerId>),
    /// A scope, which is no value.
    Scope,
}

/// Why a path means nothing: at which name, and in words.
pub struct NotFound<'a> {
    pub at: &'a Ident,
    pub message: String,
}

impl Tree {
    /// Looks for a path from the cursor's scope outwards, or from the root. `None` where nothing has its first name.
    pub fn look_up<'a>(
        &self,
        cursor: &Cursor,
        path: &[Step<'a>],
        from_root: bool,
    ) -> Option<Result<Found, NotFound<'a>>> {
        let (first, rest) = path.split_first()?;
        let mut scope = Some(if from_root { ROOT } else { cursor.scope });
        while let Some(id) = scope {
            if let Some(member) = self.member(id, &first.name.to_string()) {
                let indices = cursor.indices[..self.depth(id)].to_vec();
                return Some(self.follow(member, indices, cursor, first, rest));
            }
            scope = self.scopes[id].parent;
        }
        None
    }

    /// The full name of a layer.
    pub fn name_of_layer(&self, place: &Place<LayerId>) -> String {
        let layer = &self.layers[place.id];
        let mut indices = place.indices.iter();
        let mut name = self.name_of_scope(layer.scope, &mut indices);
        name.extend([indexed(&layer.stored, layer.family.as_ref(), &mut indices)]);
        name.join("/")
    }

    fn name_of_scope(&self, scope: ScopeId, indices: &mut std::slice::Iter<'_, Index>) -> Vec<String> {
        let known = &self.scopes[scope];
        let Some(parent) = known.parent else { return Vec::new() };
        let mut name = self.name_of_scope(parent, indices);
        name.extend([indexed(&known.label, known.family.as_ref(), indices)]);
        name
    }

    /// How many indexed scopes lead to a scope, itself included.
    fn depth(&self, scope: ScopeId) -> usize {
        let above = self.scopes[scope].parent.map_or(0, |parent| self.depth(parent));
        above + usize::from(self.scopes[scope].family.is_some())
    }

    fn follow<'a>(
        &self,
        member: Member,
        mut indices: Vec<Index>,
        cursor: &Cursor,
        step: &Step<'a>,
        rest: &[Step<'a>],
    ) -> Result<Found, NotFound<'a>> {
        let family = match member {
            Member::Variable(_) => &None,
            Member::Layer(id) => &self.layers[id].family,
            Member::Scope(id) => &self.scopes[id].family,
        };
        // Inside of one of a family its own index goes without saying.
        let own = cursor.indices.get(indices.len()).filter(|_| self.is_around(member, cursor)).cloned();
        indices.extend(index(step, family.as_ref(), own)?);
        match (member, rest) {
            (Member::Variable(id), []) => Ok(Found::Variable(Place { id, indices })),
            (Member::Layer(id), []) => Ok(Found::Layer(Place { id, indices })),
            (Member::Scope(_), []) => Ok(Found::Scope),
            (Member::Scope(id), [next, rest @ ..]) => match self.member(id, &next.name.to_string()) {
                Some(member) => self.follow(member, indices, cursor, next, rest),
                None => Err(self.missing(id, next.name)),
            },
            (Member::Variable(_), [next, ..]) => Err(NotFound {
                at: next.name,
                message: format!("`{}` is a variable; it has no `{}`", step.name, next.name),
            }),
            (Member::Layer(_), [next, ..]) => Err(NotFound {
                at: next.name,
                message: format!(
                    "`{}` is a layer, whose variables are its own; `{0}.{}(x)` would call a `fn` of it",
                    step.name, next.name
                ),
            }),
        }
    }

    fn is_around(&self, member: Member, cursor: &Cursor) -> bool {
        let mut scope = Some(cursor.scope);
        while let Some(id) = scope {
            if member == Member::Scope(id) {
                return true;
            }
            scope = self.scopes[id].parent;
        }
        false
    }

    fn missing<'a>(&self, scope: ScopeId, name: &'a Ident) -> NotFound<'a> {
        let labels = self.labels(scope);
        let hint = suggestion(&name.to_string(), labels.iter().copied());
        let list = if labels.is_empty() { "nothing".to_string() } else { format!("`{}`", labels.join("`, `")) };
        let scope = &self.scopes[scope].label;
        NotFound { at: name, message: format!("scope `{scope}` has no `{name}` before this; it has {list}{hint}") }
    }
}

/// A label with the next index, if it is one of a family.
fn indexed(label: &str, family: Option<&Family>, indices: &mut std::slice::Iter<'_, Index>) -> String {
    match (family, family.and_then(|_| indices.next())) {
        (Some(Family::Turns(turns)), Some(Index::Turn(position))) => format!("{label}_{}", turns[*position]),
        (_, Some(Index::Turn(number) | Index::Number(number))) => format!("{label}_{number}"),
        (_, Some(Index::Loop(variable))) => format!("{label}_{{{variable}}}"),
        (_, None) => label.to_string(),
    }
}

fn index<'a>(step: &Step<'a>, family: Option<&Family>, own: Option<Index>) -> Result<Option<Index>, NotFound<'a>> {
    let error = |message: String| Err(NotFound { at: step.name, message });
    match (family, &step.index) {
        (None, None) => Ok(None),
        (None, Some(_)) => error(format!("`{}` is not declared with an index", step.name)),
        (Some(_), None) => match own {
            Some(own) => Ok(Some(own)),
            None => error(format!("`{0}` is declared with an index: write which, `{0}[0]`", step.name)),
        },
        (Some(Family::Turns(turns)), Some(Turn::Number(number))) => {
            match turns.iter().position(|turn| turn == number) {
                Some(position) => Ok(Some(Index::Turn(position))),
                None => error(format!("there is no `{}[{number}]`; its indices are {turns:?}", step.name)),
            }
        }
        (Some(Family::Turns(_)), Some(Turn::Loop(variable))) => error(format!(
            "`{}` was made by an unrolled loop, and `{variable}` is not known before the model runs: \
             give both loops the same bounds",
            step.name
        )),
        (Some(Family::Loop), Some(Turn::Loop(variable))) => Ok(Some(Index::Loop(variable.clone()))),
        (Some(Family::Loop), Some(Turn::Number(number))) => Ok(Some(Index::Number(*number))),
    }
}
