//! Expressions but for calls: numbers, names, arithmetic, lists.

use proc_macro2::{Ident, Span};
use syn::spanned::Spanned;
use syn::{Expr as Rust, Path};

use super::FunctionLowering;
use super::environment::Value;
use crate::ir::{Name, NodeKind, Number, Operand};
use crate::resolve::{Found, Step, Turn, site};
use crate::syntax::{self, Arithmetic, Expr, is_constant};

/// A path of names as it is written: `self.a.b[0].w`.
pub(super) struct Dotted<'a> {
    pub from_root: bool,
    pub steps: Vec<Step<'a>>,
}

impl FunctionLowering<'_, '_, '_> {
    /// The value of an expression; `wanted` is how many values a call should give.
    pub(super) fn expr(&mut self, expr: &Expr, wanted: usize) -> Value {
        match expr {
            Expr::Unread(_) => Value::Wrong,
            Expr::Number(number) => self.literal(number),
            Expr::Scalar(scalar, _) => self.number(site(scalar), scalar),
            Expr::Path(path) => self.path(path),
            Expr::Field(..) | Expr::Index(..) => self.dotted(expr),
            Expr::Call { callee, arguments } => self.call(callee, arguments, wanted),
            Expr::Method { receiver, name, generics, arguments } => {
                self.method(receiver, name, generics.as_ref(), arguments, wanted)
            }
            Expr::Binary(left, operator, right) => self.binary(left, operator.kind, operator.span, right),
            Expr::Negative(span, inner) => self.negative(*span, inner),
            Expr::List(parts, span) => self.list(parts, *span),
            Expr::Tuple(parts, _) => Value::Tuple(parts.iter().map(|part| self.expr(part, 1)).collect()),
            Expr::Scope(scope) => {
                let value = self.scope(scope, wanted);
                self.required(value, expr, scope.span, "this scope")
            }
            Expr::NameScope(name, block) => {
                let value = self.name_scope(name, block, wanted);
                self.required(value, expr, name.span(), "this scope")
            }
            Expr::For(node) => {
                let value = self.loop_(node);
                self.required(value, expr, node.span, "this loop")
            }
            Expr::If(node) => {
                let value = self.branch(node, wanted);
                self.required(value, expr, node.span, "this branch")
            }
        }
    }

    /// A single tensor; `None` where it is something else, which is noted.
    pub(super) fn tensor(&mut self, expr: &Expr) -> Option<usize> {
        match self.expr(expr, 1) {
            Value::Tensor(value) => Some(value),
            Value::Wrong => None,
            Value::List(_) => {
                self.error_at(
                    expr.span(),
                    "a list stands here, where one tensor is needed; `stack` and `concat` make one of it",
                );
                None
            }
            Value::Tuple(values) => {
                self.error_at(
                    expr.span(),
                    format!("here are {} values, where one is needed; `let (a, b) = …` takes them apart", values.len()),
                );
                None
            }
        }
    }

    /// A number that is written out.
    fn literal(&mut self, number: &Rust) -> Value {
        self.number_node(number.span(), site(number), Number::Literal(number.clone()))
    }

    /// A constant, a hyper-parameter or a Rust expression, which stands at a part of the source of this number.
    fn number(&mut self, site: usize, expr: &Rust) -> Value {
        if self.tensor_in(expr, "a Rust expression").is_some() {
            return Value::Wrong;
        }
        let call = self.number_snippet(site, expr);
        self.number_node(expr.span(), site, Number::Snippet(call))
    }

    fn number_node(&mut self, span: Span, site: usize, number: Number) -> Value {
        let value = self.new_value(None);
        self.push(span, site, NodeKind::Number { number, value });
        Value::Tensor(value)
    }

    fn path(&mut self, path: &Path) -> Value {
        let Some(name) = path.get_ident() else {
            return self
                .number(site(path), &Rust::Path(syn::ExprPath { attrs: vec![], qself: None, path: path.clone() }));
        };
        if let Some(binding) = self.environment.value(name) {
            return binding.value.clone();
        }
        if let Some(value) = self.named(name) {
            return value;
        }
        self.unknown_name(name, "value");
        Value::Wrong
    }

    /// A variable, a number or a constant of this name.
    fn named(&mut self, name: &Ident) -> Option<Value> {
        let steps = [Step { name, index: None }];
        match self.model.tree.look_up(&self.cursor, &steps, false) {
            Some(Ok(Found::Variable(place))) => return Some(self.read(&place, name)),
            Some(Ok(Found::Layer(_))) => {
                self.error(name, format!("`{name}` is a layer; it is applied to an input, `{name}(x)`"));
                return Some(Value::Wrong);
            }
            Some(Ok(Found::Scope)) if self.environment.number(name).is_none() => {
                self.error(name, format!("`{name}` is a scope; its variables are `{name}.…`"));
                return Some(Value::Wrong);
            }
            Some(Err(wrong)) => {
                self.error(wrong.at, wrong.message);
                return Some(Value::Wrong);
            }
            Some(Ok(Found::Scope)) | None => {}
        }
        let is_number = self.environment.number(name).is_some() || is_constant(name);
        is_number.then(|| self.number(site(name), &expr_of(name)))
    }

    /// `layer1.weights`, `self.a.b[0].w`: a variable's path.
    fn dotted(&mut self, expr: &Expr) -> Value {
        let before = self.model.errors.len();
        let Some(dotted) = self.dotted_path(expr) else {
            if self.model.errors.len() > before {
                return Value::Wrong;
            }
            self.error_at(expr.span(), "this is no path of a variable; an op is called with parentheses, `x.relu()`");
            return Value::Wrong;
        };
        let last = dotted.steps.last().map(|step| step.name.clone());
        match (self.model.tree.look_up(&self.cursor, &dotted.steps, dotted.from_root), last) {
            (Some(Ok(Found::Variable(place))), Some(name)) => self.read(&place, &name),
            (Some(Ok(Found::Layer(_))), _) => {
                self.error_at(expr.span(), "this is a layer; it is applied to an input in parentheses");
                Value::Wrong
            }
            (Some(Ok(_)), _) => {
                self.error_at(expr.span(), "this is a scope; a variable in it is a value");
                Value::Wrong
            }
            (Some(Err(wrong)), _) => {
                if !self.model.undeclared.contains(wrong.at) {
                    let (at, message) = (wrong.at.clone(), wrong.message);
                    self.error(at, message);
                }
                self.is_wrong = true;
                Value::Wrong
            }
            (None, _) => {
                if let Some(first) = dotted.steps.first() {
                    let name = first.name.clone();
                    match self.environment.value(&name).map(|known| &known.value) {
                        Some(Value::Wrong) => {}
                        Some(_) => {
                            let message = match expr {
                                Expr::Index(..) => syntax::foreign::INDEX.to_string(),
                                Expr::Field(_, member) => match syntax::foreign::member(&member.to_string()) {
                                    Some(hint) => format!("`{name}` is a tensor; {hint}"),
                                    None => format!(
                                        "`{name}` is a value; an op on it is called with parentheses, `{name}.relu()`"
                                    ),
                                },
                                _ => format!("`{name}` is a value, and no scope"),
                            };
                            self.error_at(expr.span(), message);
                        }
                        None => self.unknown_name(&name, "scope or value"),
                    }
                }
                Value::Wrong
            }
        }
    }

    /// An expression as a path of names, if it is one.
    pub(super) fn dotted_path<'e>(&mut self, expr: &'e Expr) -> Option<Dotted<'e>> {
        match expr {
            Expr::Path(path) if path.is_ident("self") => Some(Dotted { from_root: true, steps: Vec::new() }),
            Expr::Path(path) => {
                let name = path.get_ident()?;
                Some(Dotted { from_root: false, steps: vec![Step { name, index: None }] })
            }
            Expr::Field(base, name) => {
                let mut dotted = self.dotted_path(base)?;
                dotted.steps.push(Step { name, index: None });
                Some(dotted)
            }
            Expr::Index(base, index) => {
                let mut dotted = self.dotted_path(base)?;
                if let (false, [step]) = (dotted.from_root, dotted.steps.as_slice())
                    && self.environment.has_value(step.name)
                {
                    let is_wrong =
                        self.environment.value(step.name).is_some_and(|known| matches!(known.value, Value::Wrong));
                    if is_wrong {
                        return Some(dotted);
                    }
                    self.error_at(base.span(), syntax::foreign::INDEX);
                    return None;
                }
                let turn = self.turn(index)?;
                dotted.steps.last_mut()?.index = Some(turn);
                Some(dotted)
            }
            _ => None,
        }
    }

    /// The index of a scope: a number, or the variable of a loop.
    pub(super) fn turn(&mut self, index: &Rust) -> Option<Turn> {
        if let Some(number) = self.evaluate_number(index) {
            return Some(Turn::Number(number));
        }
        if let Rust::Path(path) = index
            && let Some(name) = path.path.get_ident()
            && let Some(&Name::Loop { from_zero }) = self.environment.number(name)
        {
            if from_zero {
                return Some(Turn::Loop(name.clone()));
            }
            self.error(index, format!("the loop of an index begins at 0: `for {name} in 0..…`"));
            return None;
        }
        self.error(index, "an index is a number, or the variable of a loop around it");
        None
    }

    fn binary(&mut self, left: &Expr, kind: Arithmetic, span: Span, right: &Expr) -> Value {
        let site = site(left) + 1;
        let (left, right) = (self.tensor(left), self.tensor(right));
        let (Some(left), Some(right)) = (left, right) else { return Value::Wrong };
        let op = match kind {
            Arithmetic::Add => "add",
            Arithmetic::Sub => "sub",
            Arithmetic::Mul => "mul",
            Arithmetic::Div => "div",
        };
        self.library_op(op, span, site, vec![Operand::Value(left), Operand::Value(right)])
    }

    fn negative(&mut self, span: Span, inner: &Expr) -> Value {
        if let Expr::Number(number) = inner {
            let negative = syn::ExprUnary {
                attrs: vec![],
                op: syn::UnOp::Neg(syn::Token![-](span)),
                expr: Box::new(number.clone()),
            };
            return self.number_node(span, site(number), Number::Literal(Rust::Unary(negative)));
        }
        match self.tensor(inner) {
            Some(value) => self.library_op("neg", span, site(inner) + 1, vec![Operand::Value(value)]),
            None => Value::Wrong,
        }
    }

    fn list(&mut self, parts: &[Expr], span: Span) -> Value {
        if parts.is_empty() {
            self.error_at(span, "a list has at least one tensor in it");
            return Value::Wrong;
        }
        let values: Vec<Option<usize>> = parts.iter().map(|part| self.tensor(part)).collect();
        match values.into_iter().collect() {
            Some(values) => Value::List(Operand::List(values)),
            None => Value::Wrong,
        }
    }
}

fn expr_of(name: &Ident) -> Rust {
    Rust::Path(syn::ExprPath { attrs: vec![], qself: None, path: Path::from(name.clone()) })
}
