//! Loops and branches.

use std::collections::BTreeSet;

use proc_macro2::Ident;

use super::environment::Value;
use super::{FunctionLowering, Level};
use crate::ir::{Body, Branch, Carried, Declaration, Loop, Name, NodeKind, Operand, SnippetCall, ValueId};
use crate::resolve::site;
use crate::syntax::{Arguments, Block, Content, Expr, For, If, Pattern, Statement};

/// The most turns that are unrolled; a loop over a constant is a loop of the graph however long.
const UNROLLED: usize = 1000;

impl FunctionLowering<'_, '_, '_> {
    /// A loop; the list of what its turns end in, if they end in something.
    pub(super) fn loop_(&mut self, node: &For) -> Option<Value> {
        match (self.evaluate_number(&node.from), self.evaluate_number(&node.to)) {
            (Some(from), Some(to)) if to.saturating_sub(from) <= UNROLLED => self.unroll(node, from, to),
            (Some(from), Some(to)) => {
                let message = format!(
                    "{} turns are too many to unroll: give the bound a name, `const TURNS: usize = {to};`",
                    to - from
                );
                self.error_at(node.span, message);
                Some(Value::Wrong)
            }
            _ => self.loop_of_graph(node),
        }
    }

    fn unroll(&mut self, node: &For, from: usize, to: usize) -> Option<Value> {
        let mut turns = Vec::new();
        for number in from..to {
            self.environment.enter(true);
            self.environment.bind_number(&node.variable, Name::Turn(number));
            turns.push(self.block_value(&node.body, 1));
            self.environment.leave();
        }
        let mut values = Vec::new();
        for turn in turns {
            match turn? {
                Value::Tensor(value) => values.push(value),
                Value::Wrong => return Some(Value::Wrong),
                Value::List(_) | Value::Tuple(_) => return Some(self.turn_is_no_tensor(node)),
            }
        }
        // Where there is no turn to tell, the source does.
        (from < to || ends_in_value(&node.body)).then_some(Value::List(Operand::List(values)))
    }

    fn turn_is_no_tensor(&mut self, node: &For) -> Value {
        let span = node.body.value.as_ref().map_or(node.span, |value| value.span());
        self.error_at(span, "a turn of a loop ends in one tensor, of which the loop makes a list");
        Value::Wrong
    }

    fn loop_of_graph(&mut self, node: &For) -> Option<Value> {
        let bounds = self.bounds(&node.from, &node.to);
        let mut carried = self.carried(&node.body);
        self.environment.enter(true);
        self.environment
            .bind_number(&node.variable, Name::Loop { from_zero: self.evaluate_number(&node.from) == Some(0) });
        for (name, value) in &mut carried {
            value.inside = self.new_value(Some(name));
            self.environment.assign(&name.to_string(), Value::Tensor(value.inside));
        }
        self.loops.push(node.variable.clone());
        self.bodies.push(Body::default());
        self.model
            .declarations
            .push(Level { turns: Some((node.variable.clone(), bounds.clone())), ..Level::default() });
        let last = self.block_value(&node.body, 1);
        for (name, value) in &mut carried {
            match self.environment.value(name).map(|binding| binding.value.clone()) {
                Some(Value::Tensor(next)) => value.next = next,
                _ => value.next = value.inside,
            }
        }
        let ends_in_value = last.is_some();
        let collected = self.collected(node, last);
        let declared = self.model.declarations.pop().unwrap_or_default().list;
        let body = self.bodies.pop().unwrap_or_default();
        self.loops.pop();
        self.environment.leave();
        if !declared.is_empty() {
            let (bounds, variable) = (bounds.clone(), node.variable.clone());
            self.add_declaration(Declaration::Loop { bounds, variable, body: declared, function: self.number });
        }
        for (name, value) in &mut carried {
            value.after = self.new_value(Some(name));
            self.environment.assign(&name.to_string(), Value::Tensor(value.after));
        }
        let carried = carried.into_iter().map(|(_, value)| value).collect();
        let list = collected.map(|(_, list)| Value::List(Operand::Collected(list, bounds.clone())));
        let name_scope = self.name_scope.clone();
        let kind = Loop { variable: node.variable.clone(), bounds, name_scope, carried, body, collected };
        self.push(node.span, site(node), NodeKind::Loop(kind));
        ends_in_value.then(|| list.unwrap_or(Value::Wrong))
    }

    /// The value at the end of a turn, and a number for the list of them.
    fn collected(&mut self, node: &For, last: Option<Value>) -> Option<(ValueId, ValueId)> {
        match last? {
            Value::Tensor(value) => Some((value, self.new_value(None))),
            Value::Wrong => None,
            Value::List(_) | Value::Tuple(_) => {
                self.turn_is_no_tensor(node);
                None
            }
        }
    }

    /// The values outside of a body that it assigns to.
    fn carried(&mut self, body: &Block) -> Vec<(Ident, Carried)> {
        let mut carried = Vec::new();
        for name in assigned(body) {
            match self.environment.value(&name).map(|binding| (binding.value.clone(), binding.mutable)) {
                Some((Value::Tensor(before), true)) => {
                    carried.push((name, Carried { before, inside: 0, next: 0, after: 0 }));
                }
                Some((Value::List(_) | Value::Tuple(_), true)) => {
                    self.error(
                        &name,
                        format!("`{name}` is no single tensor, and a loop of the graph can carry only those"),
                    );
                }
                _ => {}
            }
        }
        carried
    }

    /// A branch; its value, where it has one.
    pub(super) fn branch(&mut self, node: &If, wanted: usize) -> Option<Value> {
        if let Some(truth) = self.evaluate_condition(&node.condition) {
            let arm = if truth { Some(&node.yes) } else { node.no.as_ref() };
            self.environment.enter(true);
            let value = arm.and_then(|arm| self.block_value(arm, wanted));
            self.environment.leave();
            return value;
        }
        let condition = self.condition_snippet(&node.condition);
        let names = self.assigned_in(node);
        let number = self.model.branches;
        self.model.branches += 1;
        // What depends on `training` alone is made for both.
        let is_choice = !condition.values.iter().any(|name| matches!(name.name, Name::Training));
        let before: Vec<Value> = names.iter().map(|name| self.current(name)).collect();
        let (yes, declared_yes) =
            self.arm(Some(&node.yes), (number, true), is_choice.then_some(&condition), wanted, &names);
        names.iter().zip(&before).for_each(|(name, value)| self.environment.assign(&name.to_string(), value.clone()));
        let (no, declared_no) =
            self.arm(node.no.as_ref(), (number, false), is_choice.then_some(&condition), wanted, &names);
        if !(declared_yes.is_empty() && declared_no.is_empty()) {
            if is_choice {
                let arms = [declared_yes, declared_no];
                let function = self.number;
                self.add_declaration(Declaration::Branch { condition: condition.clone(), arms, function });
            } else {
                declared_yes.into_iter().chain(declared_no).for_each(|declaration| self.add_declaration(declaration));
            }
        }
        let mut results = Vec::new();
        for (n, name) in names.iter().enumerate() {
            let value = self.join(&yes.assigned[n], &no.assigned[n], Some(name), &mut results);
            self.environment.assign(&name.to_string(), value);
        }
        let value = match (yes.value, no.value) {
            (Some(yes), Some(no)) => Some(self.join_checked(node, &yes, &no, &mut results)),
            (None, None) => None,
            _ => {
                let is_whole = node.yes.is_whole() && node.no.as_ref().is_none_or(Block::is_whole);
                if is_whole && wanted > 0 {
                    self.error_at(node.span, "one arm of this branch ends in a value and the other does not");
                }
                (wanted > 0).then_some(Value::Wrong)
            }
        };
        let kind = Branch { condition, arms: [yes.body, no.body], results };
        self.push(node.span, site(node), NodeKind::Branch(kind));
        value
    }

    fn current(&self, name: &Ident) -> Value {
        self.environment.value(name).map_or(Value::Wrong, |binding| binding.value.clone())
    }

    fn assigned_in(&self, node: &If) -> Vec<Ident> {
        let mut names = assigned(&node.yes);
        names.extend(node.no.iter().flat_map(assigned).filter(|name| !names.contains(name)).collect::<Vec<_>>());
        names.retain(|name| self.environment.value(name).is_some_and(|binding| binding.mutable));
        names
    }

    fn arm(
        &mut self,
        block: Option<&Block>,
        choice: (usize, bool),
        condition: Option<&SnippetCall>,
        wanted: usize,
        names: &[Ident],
    ) -> (Arm, Vec<Declaration>) {
        self.environment.enter(true);
        self.bodies.push(Body::default());
        let level = Level { choice: condition.map(|condition| (condition.clone(), choice.1)), ..Level::default() };
        self.model.declarations.push(level);
        if condition.is_some() {
            self.condition.push(choice);
        }
        let value = block.and_then(|block| self.block_value(block, wanted));
        let assigned = names.iter().map(|name| self.current(name)).collect();
        if condition.is_some() {
            self.condition.pop();
        }
        let declared = self.model.declarations.pop().unwrap_or_default().list;
        let body = self.bodies.pop().unwrap_or_default();
        self.environment.leave();
        (Arm { value, assigned, body }, declared)
    }

    fn join_checked(
        &mut self,
        node: &If,
        yes: &Value,
        no: &Value,
        results: &mut Vec<([ValueId; 2], ValueId)>,
    ) -> Value {
        let value = self.join(yes, no, None, results);
        let is_wrong = |value: &Value| matches!(value, Value::Wrong);
        if is_wrong(&value) && !is_wrong(yes) && !is_wrong(no) {
            self.error_at(node.span, "the two arms of this branch do not end in as many tensors");
        }
        value
    }

    /// The value after a branch that is one thing in one arm and another in the other.
    fn join(
        &mut self,
        yes: &Value,
        no: &Value,
        name: Option<&Ident>,
        results: &mut Vec<([ValueId; 2], ValueId)>,
    ) -> Value {
        match (yes, no) {
            (Value::Tensor(yes), Value::Tensor(no)) if yes == no => Value::Tensor(*yes),
            (Value::Tensor(yes), Value::Tensor(no)) => {
                let result = self.new_value(name);
                results.push(([*yes, *no], result));
                Value::Tensor(result)
            }
            (Value::Tuple(yes), Value::Tuple(no)) if yes.len() == no.len() => {
                Value::Tuple(yes.iter().zip(no).map(|(yes, no)| self.join(yes, no, None, results)).collect())
            }
            (Value::List(Operand::List(yes)), Value::List(Operand::List(no))) if yes.len() == no.len() => {
                let mut list = Vec::new();
                for (yes, no) in yes.iter().zip(no) {
                    let result = self.new_value(None);
                    results.push(([*yes, *no], result));
                    list.push(result);
                }
                Value::List(Operand::List(list))
            }
            _ => Value::Wrong,
        }
    }
}

/// Whether a block is written to end in a value.
fn ends_in_value(block: &Block) -> bool {
    match block.value.as_deref() {
        None => false,
        Some(Expr::For(node)) => ends_in_value(&node.body),
        Some(Expr::If(node)) => ends_in_value(&node.yes),
        Some(Expr::NameScope(_, block)) => ends_in_value(block),
        Some(Expr::Scope(scope)) => !matches!(&scope.content, Content::Block(block) if !ends_in_value(block)),
        Some(_) => true,
    }
}

/// What an arm of a branch comes to.
struct Arm {
    value: Option<Value>,
    /// The values of the names that either arm assigns to.
    assigned: Vec<Value>,
    body: Body,
}

/// The names that a block assigns to, in the order of their first assignment.
fn assigned(block: &Block) -> Vec<Ident> {
    let mut names = Vec::new();
    let mut seen = BTreeSet::new();
    visit(block, &mut |name| {
        if seen.insert(name.to_string()) {
            names.push(name.clone());
        }
    });
    names
}

fn visit(block: &Block, note: &mut impl FnMut(&Ident)) {
    for statement in &block.statements {
        match statement {
            Statement::Assign { pattern, value } => {
                visit_pattern(pattern, note);
                visit_expr(value, note);
            }
            Statement::Let { value, .. } | Statement::Expr(value) => visit_expr(value, note),
            Statement::Variable(_) | Statement::Reuse => {}
        }
    }
    if let Some(value) = &block.value {
        visit_expr(value, note);
    }
}

fn visit_pattern(pattern: &Pattern, note: &mut impl FnMut(&Ident)) {
    match pattern {
        Pattern::Name { name, .. } => note(name),
        Pattern::Wild => {}
        Pattern::Tuple(patterns) => patterns.iter().for_each(|pattern| visit_pattern(pattern, note)),
    }
}

/// Assignments stand in blocks; of expressions only those have some inside that are blocks.
fn visit_expr(expr: &Expr, note: &mut impl FnMut(&Ident)) {
    match expr {
        Expr::Scope(scope) => {
            if let Content::Block(block) = &scope.content {
                visit(block, note);
            }
        }
        Expr::NameScope(_, block) => visit(block, note),
        Expr::For(node) => visit(&node.body, note),
        Expr::If(node) => {
            visit(&node.yes, note);
            if let Some(no) = &node.no {
                visit(no, note);
            }
        }
        Expr::Binary(left, _, right) => [left, right].into_iter().for_each(|side| visit_expr(side, note)),
        Expr::Negative(_, inner) | Expr::Field(inner, _) | Expr::Index(inner, _) => visit_expr(inner, note),
        Expr::List(parts, _) | Expr::Tuple(parts, _) => parts.iter().for_each(|part| visit_expr(part, note)),
        Expr::Call { arguments, .. } => visit_operands(arguments, note),
        Expr::Method { receiver, arguments, .. } => {
            visit_expr(receiver, note);
            visit_operands(arguments, note);
        }
        Expr::Unread(_) | Expr::Number(_) | Expr::Scalar(..) | Expr::Path(_) => {}
    }
}

fn visit_operands(arguments: &Arguments, note: &mut impl FnMut(&Ident)) {
    for operand in &arguments.operands {
        let (crate::syntax::Operand::Value(value) | crate::syntax::Operand::Update(_, value)) = operand;
        visit_expr(value, note);
    }
}
