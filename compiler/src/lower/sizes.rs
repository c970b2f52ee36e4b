//! Tensor types and sizes: which names they bind, and which must be bound before.

use std::collections::HashSet;

use proc_macro2::Ident;
use quote::ToTokens;

use super::FunctionLowering;
use super::environment::Value;
use crate::diag::suggestion;
use crate::ir::{Axis, DimId, Element, Name, SizeExpr, TensorType, Use};
use crate::syntax::{self, Content, Dimension, Expr, Parameter, Size, Statement};

/// The names that inputs bind, in their order.
pub fn bound_names(model: &syntax::Model, inputs: &[Parameter]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for dimension in inputs.iter().flat_map(|input| &input.ty.dims) {
        if let Dimension::Size(Size::Name(name)) = dimension {
            let name = name.to_string();
            let is_hyperparameter = model.hyperparameters.iter().any(|hyperparameter| hyperparameter.name == name);
            if !is_hyperparameter && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// The names in the shapes of the variables that a block declares.
pub fn names_in_variables(block: &syntax::Block) -> HashSet<String> {
    let mut names = HashSet::new();
    visit_variables(block, &mut |variable| {
        for dimension in variable.ty.iter().flat_map(|ty| &ty.dims) {
            if let Dimension::Size(size) = dimension {
                names.extend(size.names().into_iter().map(Ident::to_string));
            }
        }
    });
    names
}

fn visit_variables(block: &syntax::Block, visit: &mut impl FnMut(&syntax::Variable)) {
    for statement in &block.statements {
        match statement {
            Statement::Variable(variable) => visit(variable),
            Statement::Let { value, .. } | Statement::Assign { value, .. } | Statement::Expr(value) => {
                visit_variables_in(value, visit);
            }
            Statement::Reuse => {}
        }
    }
    if let Some(value) = &block.value {
        visit_variables_in(value, visit);
    }
}

fn visit_variables_in(expr: &Expr, visit: &mut impl FnMut(&syntax::Variable)) {
    match expr {
        Expr::Scope(scope) => {
            if let Content::Block(block) = &scope.content {
                visit_variables(block, visit);
            }
        }
        Expr::NameScope(_, block) => visit_variables(block, visit),
        Expr::For(node) => visit_variables(&node.body, visit),
        Expr::If(node) => {
            [Some(&node.yes), node.no.as_ref()].into_iter().flatten().for_each(|b| visit_variables(b, visit))
        }
        Expr::Binary(left, _, right) => [left, right].into_iter().for_each(|side| visit_variables_in(side, visit)),
        Expr::Negative(_, inner) | Expr::Field(inner, _) | Expr::Index(inner, _) => visit_variables_in(inner, visit),
        Expr::List(parts, _) | Expr::Tuple(parts, _) => parts.iter().for_each(|part| visit_variables_in(part, visit)),
        Expr::Method { receiver, arguments, .. } => {
            visit_variables_in(receiver, visit);
            visit_arguments(arguments, visit);
        }
        Expr::Call { arguments, .. } => visit_arguments(arguments, visit),
        Expr::Unread(_) | Expr::Number(_) | Expr::Scalar(..) | Expr::Path(_) => {}
    }
}

fn visit_arguments(arguments: &syntax::Arguments, visit: &mut impl FnMut(&syntax::Variable)) {
    for operand in &arguments.operands {
        match operand {
            syntax::Operand::Value(value) | syntax::Operand::Update(_, value) => visit_variables_in(value, visit),
        }
    }
}

impl FunctionLowering<'_, '_, '_> {
    /// Binds the names that this `fn` has from the inputs of `forward`, because its variables' shapes use them.
    pub(super) fn bind_sizes_of_layer(&mut self, function: &syntax::Function) {
        if function.name == "forward" {
            return;
        }
        let used = names_in_variables(&function.body);
        for (number, name) in self.model.forward_names.clone().iter().enumerate() {
            if used.contains(name) {
                let ident = Ident::new(name, function.name.span());
                let dim = self.new_dim(&ident);
                self.sizes.push((number, dim));
            }
        }
    }

    fn new_dim(&mut self, name: &Ident) -> DimId {
        self.dims.push(name.clone());
        self.environment.bind_number(name, Name::Dim(self.dims.len() - 1));
        self.dims.len() - 1
    }

    /// The type of an input or of a `let`: a name at its first use is bound.
    pub(super) fn tensor_type(&mut self, ty: &syntax::TensorType) -> TensorType {
        let mut bound: Vec<(String, DimId)> = Vec::new();
        let mut axes = Vec::new();
        for dimension in &ty.dims {
            axes.push(match dimension {
                Dimension::Any(_) => Axis::Any,
                Dimension::Size(Size::Name(name)) => match bound.iter().position(|(known, _)| name == known) {
                    Some(position) => Axis::Again(position),
                    None if self.environment.number(name).is_none() => {
                        let dim = self.new_dim(name);
                        bound.push((name.to_string(), dim));
                        Axis::Bind(dim)
                    }
                    None => self.size(&Size::Name(name.clone())).map_or(Axis::Any, Axis::Is),
                },
                // What is computed from a name that the same type binds is known only after it.
                Dimension::Size(size)
                    if size.names().iter().any(|name| bound.iter().any(|(known, _)| *name == known)) =>
                {
                    Axis::Any
                }
                Dimension::Size(size) => self.size(size).map_or(Axis::Any, Axis::Is),
            });
        }
        self.finish_type(ty, axes)
    }

    /// The type of a result: it only uses names that are bound.
    pub(super) fn result_type(&mut self, ty: &syntax::TensorType) -> TensorType {
        let axes = ty
            .dims
            .iter()
            .map(|dimension| match dimension {
                Dimension::Any(_) => Axis::Any,
                Dimension::Size(size) => self.size(size).map_or(Axis::Any, Axis::Is),
            })
            .collect();
        self.finish_type(ty, axes)
    }

    fn finish_type(&mut self, ty: &syntax::TensorType, axes: Vec<Axis>) -> TensorType {
        let element = match &ty.element {
            None => Element::Model,
            Some(name) if self.is_element(name) => Element::Named(name.clone()),
            Some(name) => match &self.model.source.element {
                syntax::Element::Generic(generic) if generic == name => Element::Model,
                _ => {
                    self.error(name, syntax::no_element(name));
                    Element::Model
                }
            },
        };
        TensorType { element, leading: ty.leading, axes, written: ty.to_string(), span: ty.span }
    }

    pub(super) fn is_element(&self, name: &Ident) -> bool {
        syntax::ELEMENTS.iter().any(|element| name == element)
    }

    /// A size; `None`, and a note, where a name in it is not bound.
    pub(super) fn size(&mut self, size: &Size) -> Option<SizeExpr> {
        match size {
            Size::Number(number) => Some(SizeExpr::Number(*number)),
            Size::Constant(path) => Some(SizeExpr::Constant(path.clone())),
            Size::Name(name) => self.size_name(name).map(SizeExpr::Use),
            Size::Binary(left, operator, right) => {
                let (left, right) = (self.size(left), self.size(right));
                Some(SizeExpr::Binary(Box::new(left?), operator.kind, Box::new(right?)))
            }
            Size::Rust(expr) => Some(SizeExpr::Rust(self.size_snippet(expr))),
        }
    }

    fn size_name(&mut self, name: &Ident) -> Option<Use> {
        match self.environment.number(name).cloned() {
            Some(Name::Hyperparameter(number)) => {
                let ty = self.model.source.hyperparameters[number].ty.to_token_stream().to_string();
                if ty == "usize" {
                    return Some(Use { ident: name.clone(), name: Name::Hyperparameter(number) });
                }
                self.error(name, format!("the hyper-parameter `{name}` is of type `{ty}`; a size is a `usize`"));
                None
            }
            Some(number) => Some(Use { ident: name.clone(), name: number }),
            None if self.has_unread_input => None,
            None => {
                if matches!(self.environment.value(name).map(|binding| &binding.value), Some(Value::Tensor(_))) {
                    self.error(name, format!("`{name}` is a tensor; a size is a number or the name of a dimension"));
                } else {
                    let hint = suggestion(&name.to_string(), self.environment.sizes().iter().map(String::as_str));
                    self.error(name, format!("there is no size `{name}` here{hint}"));
                }
                None
            }
        }
    }
}
