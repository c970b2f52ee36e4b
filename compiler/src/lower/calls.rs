//! Calls: another `fn` of the model, a layer that was made before, or an op.

use proc_macro2::{Ident, Span};
use syn::{AngleBracketedGenericArguments, Path};

use super::FunctionLowering;
use super::environment::Value;
use super::expressions::Dotted;
use crate::diag::suggestion;
use crate::ir::{LayerId, NodeKind, OpName, OpNode, OpPath, Operand, Place, Said, Update};
use crate::resolve::{Found, given, site};
use crate::syntax::{self, Arguments, Expr, Keyword};

/// The penalties of all variables, which is no op: it knows the model.
const REGULARIZATION_LOSS: &str = "regularization_loss";

/// An operand, and the variable that the op updates through it, if it does.
struct Lowered {
    operand: Operand,
    update: Option<Place<usize>>,
}

impl FunctionLowering<'_, '_, '_> {
    /// `name(…)`, `my::op(…)`, `block[0](…)`.
    pub(super) fn call(&mut self, callee: &Expr, arguments: &Arguments, wanted: usize) -> Value {
        if let Expr::Path(path) = callee {
            let Some(name) = path.get_ident() else { return self.op(path, arguments, None, wanted) };
            if let Some(number) = self.model.functions.iter().position(|function| function.name == *name) {
                return self.call_function(number, name, arguments);
            }
            let is_wrong = self.environment.value(name).is_some_and(|known| matches!(known.value, Value::Wrong));
            if is_wrong || self.model.source.unread.contains(name) {
                return Value::Wrong;
            }
        }
        match self.layer_of(callee) {
            Some(Ok(place)) => self.apply(&place, callee.span(), None, arguments, wanted),
            Some(Err(())) => Value::Wrong,
            None => match callee {
                Expr::Path(path) => self.op(path, arguments, None, wanted),
                _ => {
                    self.error_at(callee.span(), "this cannot be called: a `fn` of the model, a layer or an op can");
                    Value::Wrong
                }
            },
        }
    }

    /// The layer that an expression names, if it names one.
    fn layer_of(&mut self, callee: &Expr) -> Option<Result<Place<LayerId>, ()>> {
        let Dotted { from_root, steps } = self.dotted_path(callee)?;
        if !from_root && steps.first().is_some_and(|step| self.environment.has_value(step.name)) {
            return None;
        }
        match self.model.tree.look_up(&self.cursor, &steps, from_root)? {
            Ok(Found::Layer(place)) => Some(Ok(place)),
            Ok(Found::Variable(_) | Found::Scope) => None,
            Err(wrong) => {
                let (at, message) = (wrong.at.clone(), wrong.message);
                self.error(at, message);
                Some(Err(()))
            }
        }
    }

    /// `x.op(…)`, `fc1.other(…)`, `scope.layer(…)`.
    pub(super) fn method(
        &mut self,
        receiver: &Expr,
        name: &Ident,
        generics: Option<&AngleBracketedGenericArguments>,
        arguments: &Arguments,
        wanted: usize,
    ) -> Value {
        match self.member(receiver, name) {
            Some(Member::Function(number)) => return self.call_function(number, name, arguments),
            Some(Member::Layer(place)) => return self.apply(&place, name.span(), None, arguments, wanted),
            Some(Member::OfLayer(_)) if name == REGULARIZATION_LOSS => {
                let message = "the penalties of a layer alone are those in a `fn` of the layer: \
                               `fn penalty() -> [] { regularization_loss() }`, called as `layer.penalty()`";
                self.error(name, message);
                return Value::Wrong;
            }
            Some(Member::OfLayer(place)) => return self.apply(&place, name.span(), Some(name), arguments, wanted),
            Some(Member::Wrong) => return Value::Wrong,
            None if matches!(receiver, Expr::Path(path) if path.is_ident("self")) => {
                return self.no_such_function(name, arguments);
            }
            None => {}
        }
        let first = self.receiver(receiver);
        let mut path = Path::from(name.clone());
        if let (Some(generics), Some(segment)) = (generics, path.segments.last_mut()) {
            segment.arguments = syn::PathArguments::AngleBracketed(generics.clone());
        }
        match first {
            Some(first) => self.op(&path, arguments, Some(first), wanted),
            None => self.wrong_op(&path, arguments),
        }
    }

    /// `self.logitz(x)`: neither a `fn` nor a layer of the model.
    fn no_such_function(&mut self, name: &Ident, arguments: &Arguments) -> Value {
        self.operands(arguments, Vec::new());
        let mut names: Vec<String> = self.model.functions.iter().map(|function| function.name.to_string()).collect();
        names.extend(self.model.tree.labels(crate::ir::ROOT).into_iter().map(str::to_string));
        let hint = match suggestion(&name.to_string(), names.iter().map(String::as_str)) {
            _ if name == REGULARIZATION_LOSS => "; write `regularization_loss()`".to_string(),
            hint if hint.is_empty() => format!("; an op is called without `self.`: `{name}(x)`"),
            hint => hint,
        };
        self.error(name, format!("the model has no `fn` and no layer `{name}`{hint}"));
        Value::Wrong
    }

    /// The value before the dot of an op: a tensor, or a list.
    fn receiver(&mut self, receiver: &Expr) -> Option<Operand> {
        match self.expr(receiver, 1) {
            Value::Tensor(value) => Some(Operand::Value(value)),
            Value::List(list) => Some(list),
            Value::Wrong => None,
            Value::Tuple(_) => {
                self.error_at(receiver.span(), "here are several values, where one is needed");
                None
            }
        }
    }

    /// What `receiver.name` means, where the receiver is no value.
    fn member(&mut self, receiver: &Expr, name: &Ident) -> Option<Member> {
        let Dotted { from_root, mut steps } = self.dotted_path(receiver)?;
        if !from_root && steps.first().is_some_and(|step| self.environment.has_value(step.name)) {
            return None;
        }
        if from_root && steps.is_empty() {
            if let Some(number) = self.model.functions.iter().position(|function| function.name == *name) {
                return Some(Member::Function(number));
            }
        } else {
            match self.model.tree.look_up(&self.cursor, &steps, from_root)? {
                Ok(Found::Layer(place)) => return Some(Member::OfLayer(place)),
                Ok(Found::Variable(_)) => return None,
                Ok(Found::Scope) => {}
                Err(wrong) => return Some(self.wrong(&wrong.at.clone(), wrong.message)),
            }
        }
        steps.push(crate::resolve::Step { name, index: None });
        match self.model.tree.look_up(&self.cursor, &steps, from_root)? {
            Ok(Found::Layer(place)) => Some(Member::Layer(place)),
            Ok(_) => Some(self.wrong(name, format!("`{name}` is no layer, so it cannot be applied"))),
            Err(wrong) => Some(self.wrong(&wrong.at.clone(), wrong.message)),
        }
    }

    fn wrong(&mut self, at: &Ident, message: String) -> Member {
        self.error(at, message);
        Member::Wrong
    }

    fn call_function(&mut self, number: usize, name: &Ident, arguments: &Arguments) -> Value {
        let function = self.model.functions[number];
        if let Some(keyword) = arguments.keywords.first() {
            self.error(&keyword.name, format!("a `fn` of the model has no keywords; `{name}` takes tensors"));
            return Value::Wrong;
        }
        let Some(values) = self.tensors(arguments) else { return Value::Wrong };
        let (given, taken) = (values.len(), function.inputs.len());
        if given != taken {
            let inputs = if taken == 1 { "one input".to_string() } else { format!("{taken} inputs") };
            let given = if given == 1 { "one is given".to_string() } else { format!("{given} are given") };
            self.error(name, format!("`{name}` takes {inputs}, and {given}"));
            return Value::Wrong;
        }
        let results: Vec<usize> = function.results.iter().map(|_| self.new_value(None)).collect();
        self.log(name.span(), Said::Call { function: number });
        let kind = NodeKind::Call { function: number, arguments: values, results: results.clone() };
        self.push(name.span(), site(arguments), kind);
        values_of(results)
    }

    /// The operands of a `fn` or a layer: tensors, none updated.
    pub(super) fn tensors(&mut self, arguments: &Arguments) -> Option<Vec<usize>> {
        let mut values = Vec::new();
        for operand in &arguments.operands {
            match operand {
                syntax::Operand::Value(value) => values.push(self.tensor(value)),
                syntax::Operand::Update(span, _) => {
                    self.error_at(
                        *span,
                        "`&mut` marks a variable that an op updates; a `fn` or a layer updates its own",
                    );
                    values.push(None);
                }
            }
        }
        values.into_iter().collect()
    }

    /// A call of an op. `first` is what stands before the dot.
    fn op(&mut self, path: &Path, arguments: &Arguments, first: Option<Operand>, wanted: usize) -> Value {
        let before: Vec<Lowered> = first.into_iter().map(|operand| Lowered { operand, update: None }).collect();
        let operands = self.operands(arguments, before);
        let Some(segment) = path.segments.last() else { return Value::Wrong };
        if is_bare(path) && self.is_no_op(&segment.ident, &arguments.keywords) {
            return Value::Wrong;
        }
        if path.is_ident(REGULARIZATION_LOSS) {
            return self.regularization_loss(&segment.ident, arguments, operands.is_none_or(|list| !list.is_empty()));
        }
        let (name, span) = (segment.ident.to_string(), segment.ident.span());
        let is_given_nothing = operands.as_ref().is_some_and(Vec::is_empty) && arguments.keywords.is_empty();
        if is_bare(path) && is_given_nothing {
            // An initializer is no op, and easily takes its place after a `let`.
            let message = format!(
                "`{name}()` is given nothing: an op takes values or a shape; an initializer belongs to a variable, \
                 `var w: [2, 3] = zeros();`"
            );
            self.error(&segment.ident, message);
            return Value::Wrong;
        }
        let number = self.op_path(path.clone(), is_bare(path));
        let Some(operands) = operands else {
            // The op and its keywords are looked at all the same.
            self.attrs_snippet(span, number, &arguments.keywords);
            return Value::Wrong;
        };
        self.op_node(number, &name, span, site(arguments), operands, &arguments.keywords, wanted)
    }

    /// `regularization_loss()`
    fn regularization_loss(&mut self, name: &Ident, arguments: &Arguments, is_given: bool) -> Value {
        if is_given || !arguments.keywords.is_empty() {
            let message = "`regularization_loss()` takes nothing: it is the sum of the penalties of all variables of the \
                           model that have a `regularizer`";
            self.error(name, message);
            return Value::Wrong;
        }
        let value = self.new_value(None);
        let full = self.op_name(&name.to_string(), name.span());
        self.push(name.span(), site(arguments), NodeKind::Regularization { name: full, value });
        Value::Tensor(value)
    }

    /// The name of an op in the name scope at hand.
    fn op_name(&mut self, name: &str, span: Span) -> OpName {
        let name = self.op_names.unique(&self.name_scope, name);
        self.log(span, Said::Op { name: name.clone() });
        name
    }

    /// A call of an op on something wrong: the op and its keywords are looked at all the same.
    fn wrong_op(&mut self, path: &Path, arguments: &Arguments) -> Value {
        self.operands(arguments, Vec::new());
        let number = self.op_path(path.clone(), is_bare(path));
        let span = path.segments.last().map_or_else(Span::call_site, |segment| segment.ident.span());
        self.attrs_snippet(span, number, &arguments.keywords);
        Value::Wrong
    }

    /// Notes a name that cannot be that of an op, and a keyword that no op has.
    pub(super) fn is_no_op(&mut self, name: &Ident, keywords: &[Keyword]) -> bool {
        let text = name.to_string();
        if let Some(hint) = syntax::foreign::op(&text).or_else(|| syntax::foreign::member(&text)) {
            self.error(name, format!("there is no op `{name}`; {hint}"));
            return true;
        }
        if text.starts_with(|first: char| first.is_uppercase()) {
            let message = format!("`{name}` is no op; a layer is made by a scope, `scope layer1: {name}(x, …)`");
            self.error(name, message);
            return true;
        }
        let is_name = |keyword: &&Keyword| keyword.name == "name" && matches!(keyword.value, syn::Expr::Lit(_));
        if let Some(keyword) = keywords.iter().find(is_name) {
            let message = "an op has its name from the scopes around it: leave this out, or write `name_scope n { … }`";
            self.error(&keyword.name, message);
            return true;
        }
        false
    }

    /// One of the library's ops, for an operator.
    pub(super) fn library_op(&mut self, op: &str, span: Span, site: usize, operands: Vec<Operand>) -> Value {
        let number = self.op_path(Path::from(Ident::new(op, span)), true);
        let operands = operands.into_iter().map(|operand| Lowered { operand, update: None }).collect();
        self.op_node(number, op, span, site, operands, &[], 1)
    }

    pub(super) fn op_path(&mut self, path: Path, is_bare: bool) -> usize {
        self.ops.push(OpPath { path, is_bare });
        self.ops.len() - 1
    }

    #[expect(clippy::too_many_arguments, reason = "an op is its name, its place, its operands and its keywords")]
    fn op_node(
        &mut self,
        path: usize,
        name: &str,
        span: Span,
        site: usize,
        operands: Vec<Lowered>,
        keywords: &[Keyword],
        wanted: usize,
    ) -> Value {
        let attrs = self.attrs_snippet(span, path, keywords);
        let results: Vec<usize> = (0..wanted.max(1)).map(|_| self.new_value(None)).collect();
        let mut all = results.clone();
        let mut updates = Vec::new();
        for (operand, Lowered { update, .. }) in operands.iter().enumerate() {
            if let Some(variable) = update {
                let result = self.new_value(None);
                all.push(result);
                updates.push(Update { variable: variable.clone(), operand, result });
            }
        }
        for update in &updates {
            self.environment.note_update(&update.variable, update.result);
        }
        let operands = operands.into_iter().map(|lowered| lowered.operand).collect();
        let name = self.op_name(name, span);
        self.push(span, site, NodeKind::Op(OpNode { path, name, operands, attrs, results: all, updates }));
        values_of(results)
    }

    fn operands(&mut self, arguments: &Arguments, before: Vec<Lowered>) -> Option<Vec<Lowered>> {
        let mut operands: Vec<Option<Lowered>> = before.into_iter().map(Some).collect();
        for operand in &arguments.operands {
            let lowered = match operand {
                syntax::Operand::Value(value) => self.receiver(value).map(|operand| Lowered { operand, update: None }),
                syntax::Operand::Update(_, variable) => self.updated(variable),
            };
            operands.push(lowered);
        }
        operands.into_iter().collect()
    }

    /// `&mut mean`: a variable that the op updates.
    fn updated(&mut self, expr: &Expr) -> Option<Lowered> {
        let Dotted { from_root, steps } = match self.dotted_path(expr) {
            Some(dotted)
                if dotted.from_root || !dotted.steps.first().is_some_and(|s| self.environment.has_value(s.name)) =>
            {
                dotted
            }
            _ => {
                self.error_at(expr.span(), "`&mut` marks a variable that the op updates, and this is none");
                return None;
            }
        };
        match self.model.tree.look_up(&self.cursor, &steps, from_root) {
            Some(Ok(Found::Variable(place))) => {
                let name = steps.last()?.name.clone();
                if !self.getters_of(&place).is_empty() || self.environment.is_read_through(&place) {
                    self.error(&name, given::updated_through_getter(&name));
                    return None;
                }
                let value = self.read_raw(&place, &name);
                Some(Lowered { operand: Operand::Value(value), update: Some(place) })
            }
            Some(Err(wrong)) => {
                let (at, message) = (wrong.at.clone(), wrong.message);
                self.error(at, message);
                None
            }
            Some(Ok(_)) => {
                self.error_at(expr.span(), "`&mut` marks a variable that the op updates, and this is none");
                None
            }
            None => {
                let name = steps.first()?.name.clone();
                self.unknown_name(&name, "variable");
                None
            }
        }
    }
}

/// What stands after a dot, where no value stands before it.
enum Member {
    /// `self.logits`
    Function(usize),
    /// A layer in a scope.
    Layer(Place<LayerId>),
    /// A `fn` of a layer.
    OfLayer(Place<LayerId>),
    Wrong,
}

/// One value, or a tuple.
pub(super) fn values_of(mut values: Vec<usize>) -> Value {
    match values.len() {
        1 => Value::Tensor(values.remove(0)),
        _ => Value::Tuple(values.into_iter().map(Value::Tensor).collect()),
    }
}

/// Whether a path is one name, perhaps with a type: `cast::<u32>`.
pub(super) fn is_bare(path: &Path) -> bool {
    path.leading_colon.is_none() && path.segments.len() == 1
}
