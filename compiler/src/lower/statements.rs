//! Statements and blocks.

use proc_macro2::{Ident, Span};

use super::FunctionLowering;
use super::environment::Value;
use crate::ir::{NodeKind, OpName, Said};
use crate::syntax::{self, Block, Content, Expr, Pattern, Reuse, Scope, Statement, TensorType};

impl FunctionLowering<'_, '_, '_> {
    /// The statements of a block, and its value; `wanted` is how many values that should be.
    pub(super) fn block_value(&mut self, block: &Block, wanted: usize) -> Option<Value> {
        self.is_wrong |= !block.is_whole;
        for statement in &block.statements {
            self.statement(statement);
        }
        block.value.as_ref().and_then(|value| self.optional(value, wanted))
    }

    /// The value of an expression; a scope, a loop or a branch need not have one.
    fn optional(&mut self, value: &Expr, wanted: usize) -> Option<Value> {
        match value {
            Expr::Scope(scope) => self.scope(scope, wanted),
            Expr::NameScope(name, block) => self.name_scope(name, block, wanted),
            Expr::For(node) => self.loop_(node),
            Expr::If(node) => self.branch(node, wanted),
            other => Some(self.expr(other, wanted)),
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Let { pattern, ty, value } => {
                let value_of = self.expr(value, count(pattern));
                let value_of = match ty {
                    Some(ty) => self.typed(pattern, ty, value_of, value.span()),
                    None => value_of,
                };
                self.bind(pattern, value_of, value.span());
            }
            Statement::Assign { pattern, value } => {
                let value_of = self.expr(value, count(pattern));
                self.assign(pattern, value_of, value.span());
            }
            Statement::Variable(variable) => self.variable(variable),
            Statement::Reuse => self.cursor.reuse = Reuse::Yes,
            Statement::Expr(value) => drop(self.optional(value, 0)),
        }
    }

    /// `let h: [batch, k] = …`: holds the value against the type.
    fn typed(&mut self, pattern: &Pattern, ty: &TensorType, value: Value, span: Span) -> Value {
        let Value::Tensor(value) = value else {
            if !matches!(value, Value::Wrong) {
                self.error_at(span, "a type is that of one tensor, and here are several");
            }
            return Value::Wrong;
        };
        let (name, what) = match pattern {
            Pattern::Name { name, .. } => (Some(name), name.to_string()),
            Pattern::Wild | Pattern::Tuple(_) => (None, "let".to_string()),
        };
        let lowered = self.tensor_type(ty);
        let result = self.new_value(name);
        self.push(ty.span, crate::resolve::site(ty), NodeKind::Bind { value, result, ty: lowered, what });
        Value::Tensor(result)
    }

    fn bind(&mut self, pattern: &Pattern, value: Value, span: Span) {
        match (pattern, value) {
            (Pattern::Wild, _) => {}
            (Pattern::Name { name, mutable }, value) => {
                self.name_value(&value, name);
                self.environment.bind(name, value, *mutable);
            }
            (Pattern::Tuple(patterns), value) => {
                for (pattern, value) in patterns.iter().zip(self.parts(value, patterns.len(), span)) {
                    self.bind(pattern, value, span);
                }
            }
        }
    }

    /// Lets the emitted code call a value by the user's name.
    fn name_value(&mut self, value: &Value, name: &Ident) {
        if let Value::Tensor(value) = value
            && self.values[*value].is_none()
        {
            self.values[*value] = Some(name.clone());
        }
    }

    fn assign(&mut self, pattern: &Pattern, value: Value, span: Span) {
        match (pattern, value) {
            (Pattern::Wild, _) => {}
            (Pattern::Name { name, mutable: true }, _) => self.error(name, "an assignment has no `mut`; `let mut` has"),
            (Pattern::Name { name, mutable: false }, value) => match self.environment.value(name) {
                Some(binding) if binding.mutable => self.environment.assign(&name.to_string(), value),
                Some(binding) if matches!(binding.value, Value::Wrong) => {}
                Some(binding) => {
                    let inputs = self.number.map_or(0, |number| self.model.functions[number].inputs.len());
                    let is_input = matches!(binding.value, Value::Tensor(value) if value < inputs);
                    let write = match is_input {
                        true => format!("`{name}` is an input: write `let mut {name} = {name};` before"),
                        false => format!("`{name}` is bound once: write `let mut {name}` where it is"),
                    };
                    self.error(name, format!("{write}, or `let {name} = …` here"));
                }
                None => self.unknown_name(name, "value"),
            },
            (Pattern::Tuple(patterns), value) => {
                for (pattern, value) in patterns.iter().zip(self.parts(value, patterns.len(), span)) {
                    self.assign(pattern, value, span);
                }
            }
        }
    }

    /// The parts of a tuple, so many of them.
    fn parts(&mut self, value: Value, count: usize, span: Span) -> Vec<Value> {
        match value {
            Value::Tuple(values) if values.len() == count => values,
            Value::Wrong => vec![Value::Wrong; count],
            Value::Tuple(values) => {
                self.error_at(span, format!("this gives {} values, and {count} are taken", values.len()));
                vec![Value::Wrong; count]
            }
            Value::Tensor(_) | Value::List(_) => {
                self.error_at(span, format!("this gives one value, and {count} are taken"));
                vec![Value::Wrong; count]
            }
        }
    }

    /// A scope with a body, or a layer; its value, where one is wanted.
    pub(super) fn scope(&mut self, scope: &Scope, wanted: usize) -> Option<Value> {
        let turn = match &scope.index {
            Some(index) => match self.turn(index) {
                Some(turn) => Some(turn),
                None => return Some(Value::Wrong),
            },
            None => None,
        };
        let block = match &scope.content {
            Content::Layer(layer) => return Some(self.layer(scope, layer, turn, wanted.max(1))),
            Content::Block(block) => block,
        };
        let Some(inside) = self.model.tree.open(&self.cursor, scope, turn, &self.condition, self.model.errors) else {
            self.is_wrong = true;
            return Some(Value::Wrong);
        };
        let written = inside.parts.last().map_or_else(String::new, ToString::to_string);
        let name_scope = match &inside.name_scope {
            Some(name) => self.op_names.unique(&self.name_scope, name),
            None => self.name_scope.clone(),
        };
        let (name, reuse) = (inside.name(), inside.reuse);
        self.log(scope.span, Said::Scope { name, name_scope: name_scope.clone(), reuse });
        let outside = std::mem::replace(&mut self.cursor, inside);
        let value = self.scoped(written, name_scope, block, wanted);
        let inside = std::mem::replace(&mut self.cursor, outside);
        self.model.tree.close(&inside);
        value
    }

    pub(super) fn name_scope(&mut self, name: &Ident, block: &Block, wanted: usize) -> Option<Value> {
        let name_scope = self.op_names.unique(&self.name_scope, &name.to_string());
        self.log(name.span(), Said::NameScope { name_scope: name_scope.clone() });
        self.scoped(name.to_string(), name_scope, block, wanted)
    }

    fn scoped(&mut self, written: String, name_scope: OpName, block: &Block, wanted: usize) -> Option<Value> {
        let depth = self.scopes.len();
        self.scopes.extend(Some(written).filter(|written| !written.is_empty()));
        let outside = std::mem::replace(&mut self.name_scope, name_scope);
        self.environment.enter(false);
        let value = self.block_value(block, wanted);
        self.environment.leave();
        self.name_scope = outside;
        self.scopes.truncate(depth);
        value
    }

    /// A value of a block that must have one.
    pub(super) fn required(&mut self, value: Option<Value>, expr: &Expr, span: Span, what: &str) -> Value {
        value.unwrap_or_else(|| {
            if expr.is_whole() {
                self.error_at(span, format!("{what} ends without a value; its last line is its value, without a `;`"));
            }
            Value::Wrong
        })
    }
}

/// How many values a pattern takes.
fn count(pattern: &Pattern) -> usize {
    if let syntax::Pattern::Tuple(patterns) = pattern { patterns.len() } else { 1 }
}
