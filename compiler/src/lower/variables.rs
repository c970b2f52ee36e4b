//! Variables where they are declared and where they are read.

use std::rc::Rc;

use proc_macro2::{Ident, Span};
use syn::Expr as Rust;

use super::FunctionLowering;
use super::arrays::Array;
use super::environment::Value;
use super::getters::Getters;
use crate::diag::MistakeKind;
use crate::ir::{
    Condition, Declaration, Element, Given, Initializer, Made, Name, NodeKind, PathPart, Place, Said, SameAs, SizeExpr,
    SnippetCall, Use, ValueId, VariableDeclaration, VariableId, VariableNode,
};
use crate::resolve::{Declared, Defaults, Surroundings, Tree, check};
use crate::syntax::{self, Dimension, TensorType};

/// Where a variable was declared first.
pub struct Origin {
    function: Option<usize>,
    pub(super) dims: Vec<SizeExpr>,
    pub(super) span: Span,
    /// The scopes that it stands in, and its name.
    pub(super) path: Vec<String>,
    /// What it is read through by its name.
    pub(super) getters: Getters,
    /// How it is divided, if no `fn` declares it and so checks that.
    partitioner: Option<SnippetCall>,
}

impl FunctionLowering<'_, '_, '_> {
    /// `var name: type = initializer;`
    pub(super) fn variable(&mut self, variable: &syntax::Variable) {
        let array = variable.initializer.as_ref().and_then(Array::of);
        if let Some((element, message)) = array.as_ref().and_then(|array| array.misfit(&self.element_of(variable))) {
            self.is_wrong = true;
            self.model.errors.rule(MistakeKind::ValueDType, element, message);
            return self.undeclared(&variable.name);
        }
        if let (Some(ty), Some(array)) = (&variable.ty, &array)
            && let Some(message) = array.differs(ty)
        {
            self.is_wrong = true;
            self.model.errors.rule_at(MistakeKind::ShapeAndValue, ty.span, message);
            return self.undeclared(&variable.name);
        }
        let Some(dims) = self.variable_dims(variable, array.as_ref()) else {
            return self.undeclared(&variable.name);
        };
        let loops: Vec<&Ident> = self.loops.iter().collect();
        let around = Surroundings { condition: &self.condition, loops: &loops };
        let rank = dims.as_ref().map(Vec::len);
        let declared = self.model.tree.declare_variable(&self.cursor, variable, rank, around, self.model.errors);
        let Some(declared) = declared else {
            self.is_wrong = true;
            return self.undeclared(&variable.name);
        };
        let full = self.cursor.name_of(&self.model.tree.variables[declared.id].label);
        if declared.is_new {
            self.op_names.take(&full);
        }
        self.log(variable.name.span(), Said::Variable { name: full, is_new: declared.is_new });
        let place = Place { id: declared.id, indices: declared.indices.clone() };
        let defaults = Tree::variable_defaults(&self.cursor, variable, self.model.errors);
        let given = declared.is_new.then(|| self.given_variable(&defaults));
        let raw = self.variable_node(variable, &place, dims.clone(), given.as_ref());
        let (is_new, is_renamed) = (declared.is_new, variable.name != self.model.tree.variables[declared.id].label);
        if let Some(given) = given {
            self.declare(variable, declared, dims.unwrap_or_default(), (array, given), raw);
        }
        let value = self.ask(variable, &place, raw, is_new);
        if is_renamed {
            // A `unique` one whose name was taken: from here on its bare name is this one, as a second `let` would be.
            self.environment.bind(&variable.name, Value::Tensor(value), false);
        }
    }

    /// The element type of a variable by its name, where it is not that of a generic model.
    fn element_of(&self, variable: &syntax::Variable) -> Option<String> {
        let model = match &self.model.source.element {
            syntax::Element::Default => Some("f32".to_string()),
            syntax::Element::Named(name) => Some(name.to_string()),
            syntax::Element::Generic(_) => None,
        };
        match self.model.tree.element_of(variable.ty.as_ref(), &self.cursor) {
            Element::Model => model,
            Element::Named(name) => Some(name.to_string()),
        }
    }

    /// Notes a variable in whose declaration something is wrong.
    fn undeclared(&mut self, name: &Ident) {
        self.is_wrong = true;
        self.model.undeclared.push(name.clone());
        self.environment.bind(name, Value::Wrong, false);
    }

    /// The sizes of a variable's shape: `Some(None)` where none are written.
    fn variable_dims(&mut self, variable: &syntax::Variable, array: Option<&Array>) -> Option<Option<Vec<SizeExpr>>> {
        let Some(ty) = &variable.ty else {
            return Some(array.map(|array| array.shape.iter().map(|&size| SizeExpr::Number(size)).collect()));
        };
        self.check_variable_type(ty)?;
        let mut dims = Vec::new();
        for dimension in &ty.dims {
            match dimension {
                Dimension::Any(span) => {
                    let message = "every size of a variable is known when it is made: write a number, a constant, a \
                                   hyper-parameter or a name that an input binds";
                    self.is_wrong = true;
                    self.model.errors.rule_at(MistakeKind::ShapeMissing, *span, message);
                    return None;
                }
                Dimension::Size(size) => dims.push(self.size(size)?),
            }
        }
        Some(Some(dims))
    }

    fn check_variable_type(&mut self, ty: &TensorType) -> Option<()> {
        if ty.leading {
            self.error_at(
                ty.span,
                "a variable has so many axes as are written: `..` is for the inputs and results of a `fn`",
            );
            return None;
        }
        if let Some(element) = &ty.element
            && !self.is_element(element)
            && !self.is_model_element(element)
        {
            self.is_wrong = true;
            self.model.errors.rule(MistakeKind::ElementType, element, syntax::no_element(element));
            return None;
        }
        Some(())
    }

    fn is_model_element(&self, name: &Ident) -> bool {
        matches!(&self.model.source.element, syntax::Element::Generic(generic) if generic == name)
    }

    fn variable_node(
        &mut self,
        variable: &syntax::Variable,
        place: &Place<VariableId>,
        dims: Option<Vec<SizeExpr>>,
        given: Option<&Given>,
    ) -> ValueId {
        let is_new = given.is_some();
        let is_right = is_new || dims.as_ref().is_none_or(|dims| self.check_numbers(variable, place, dims));
        if !is_new {
            self.check_element(variable, place);
        }
        // A size that is wrong is said once.
        let (known, same_as) = match is_right {
            true => (dims.or_else(|| self.dims_here(place)), if is_new { None } else { self.same_as(place) }),
            false => (None, None),
        };
        let value = self.new_value(Some(&variable.name));
        let span = variable.ty.as_ref().map_or(variable.name.span(), |ty| ty.span);
        let name = variable.name.to_string();
        let (variable_place, first) = (place.clone(), self.first_place(place));
        let partitioner = given.and_then(|given| given.partitioner.clone().flatten());
        let node = VariableNode {
            variable: variable_place,
            name,
            dims: known,
            same_as,
            first,
            declares: is_new,
            partitioner,
            value,
        };
        self.push(span, crate::resolve::site(variable), NodeKind::Variable(node));
        self.environment.note_read(place, value);
        value
    }

    /// What the shape of a variable is that is declared before, as far as this `fn` can tell.
    fn same_as(&self, place: &Place<VariableId>) -> Option<SameAs> {
        let value = self.environment.shape_of(place).map(SameAs::Value);
        value.or_else(|| self.dims_here(place).map(SameAs::Dims))
    }

    /// Where a variable was declared first.
    fn first_place(&self, place: &Place<VariableId>) -> String {
        self.model.variables.get(place).map(|origin| crate::diag::place(origin.span)).unwrap_or_default()
    }

    /// Whether the numbers in a shared variable's shape are those of its declaration.
    fn check_numbers(&mut self, variable: &syntax::Variable, place: &Place<VariableId>, dims: &[SizeExpr]) -> bool {
        let Some(origin) = self.model.variables.get(place) else { return true };
        let unlike = |sizes: (&SizeExpr, &SizeExpr)| match sizes {
            (SizeExpr::Number(one), SizeExpr::Number(other)) => one != other,
            _ => false,
        };
        let is_unlike = origin.dims.iter().zip(dims).any(unlike);
        if is_unlike {
            let (first, written) = (crate::diag::place(origin.span), &self.model.tree.variables[place.id].written);
            let full = self.cursor.name_of(&variable.name.to_string());
            let here = variable.ty.as_ref().map_or_else(String::new, ToString::to_string);
            let span = variable.ty.as_ref().map_or(variable.name.span(), |ty| ty.span);
            let message =
                format!("variable `{full}` is {written}, as declared at {first}; here it is asked for as {here}");
            self.is_wrong = true;
            self.model.errors.rule_at(MistakeKind::ShapeMismatch, span, message);
        }
        !is_unlike
    }

    /// Whether the type of a shared variable names its element type.
    fn check_element(&mut self, variable: &syntax::Variable, place: &Place<VariableId>) {
        let (Some(ty), Some(origin)) = (&variable.ty, self.model.variables.get(place)) else { return };
        let tree = &self.model.tree;
        let (known, element) = (&tree.variables[place.id], tree.element_of(Some(ty), &self.cursor));
        let said = (ty, &element);
        self.is_wrong |=
            check::same_element(&self.cursor, variable, known, said, origin.span, self.model.errors).is_none();
    }

    /// The sizes of a variable, as far as they can be computed in this `fn`.
    fn dims_here(&self, place: &Place<VariableId>) -> Option<Vec<SizeExpr>> {
        let origin = self.model.variables.get(place)?;
        let is_here = origin.function == self.number || origin.dims.iter().all(is_global);
        is_here.then(|| origin.dims.clone())
    }

    fn declare(
        &mut self,
        variable: &syntax::Variable,
        declared: Declared<VariableId>,
        dims: Vec<SizeExpr>,
        (array, given): (Option<Array>, Given),
        value: ValueId,
    ) {
        let initializer = match (array, &variable.initializer) {
            (Some(array), _) => Initializer::Elements(self.numbers(array.elements)),
            (None, Some(written)) => Initializer::Written(self.made_snippet(Made::Initializer, written)),
            (None, None) => self.initializer_of(&self.cursor.defaults.clone()),
        };
        let path = declared.path.iter().map(PathPart::to_string).collect();
        let partitioner = given.partitioner.clone().flatten().filter(|_| self.number.is_none());
        let (span, getters) = (variable.name.span(), Getters::default());
        let origin = Origin { function: self.number, dims: dims.clone(), span, path, getters, partitioner };
        self.model.variables.note(&Place { id: declared.id, indices: declared.indices }, origin);
        let declaration = VariableDeclaration {
            variable: declared.id,
            path: declared.path,
            initializer,
            given,
            function: self.number,
            value,
            dims,
            span: variable.name.span(),
        };
        let indices = indices_of(&declaration.path);
        self.declare_once(&indices, Declaration::Variable(declaration));
    }

    /// The elements of an array, tensors among which are noted.
    fn numbers(&mut self, mut elements: Vec<Rust>) -> Vec<Rust> {
        for element in &mut elements {
            if self.tensor_in(element, "an initializer").is_some() {
                *element = syn::parse_quote!(0.0);
            }
        }
        elements
    }

    /// The initializer that a scope gives.
    pub(super) fn initializer_of(&mut self, defaults: &Defaults) -> Initializer {
        match &defaults.initializer {
            Some(Some(written)) => Initializer::Written(self.made_snippet(Made::Initializer, written)),
            Some(None) => Initializer::Default,
            None => Initializer::Inherited,
        }
    }

    /// What scopes give besides.
    pub(super) fn given(&mut self, defaults: &Defaults) -> Given {
        let mut made = |made, written: &Option<Option<Rc<Rust>>>| {
            let written = written.as_ref()?.as_deref();
            Some(written.map(|written| self.made_snippet(made, written)))
        };
        Given {
            constraint: made(Made::Constraint, &defaults.constraint),
            regularizer: made(Made::Regularizer, &defaults.regularizer),
            collections: defaults.collections.clone(),
            cache: defaults.cache,
            partitioner: None,
        }
    }

    /// What a variable is given besides a start.
    fn given_variable(&mut self, defaults: &Defaults) -> Given {
        let partitioner = defaults.partitioner.clone();
        let partitioner =
            partitioner.map(|written| written.map(|written| self.made_snippet(Made::Partitioner, &written)));
        Given { partitioner, ..self.given(defaults) }
    }

    /// Adds what is declared in the loop or branch at hand.
    pub(super) fn add_declaration(&mut self, declaration: Declaration) {
        if let Some(level) = self.model.declarations.last_mut() {
            level.list.push(declaration);
        }
    }

    /// Adds what has these loop variables in its name: outside of the loops whose turns share it, but in the loops that
    /// count it, and under the branches that all turns go through alike.
    pub(super) fn declare_once(&mut self, indices: &[Ident], declaration: Declaration) {
        self.check_turns(indices, &declaration);
        let (function, levels) = (self.number, &mut self.model.declarations);
        let is_shared =
            |level: &super::Level| level.turns.as_ref().is_some_and(|(variable, _)| !indices.contains(variable));
        let outermost = levels.iter().position(is_shared).unwrap_or(levels.len()).max(1);
        let around = &levels[outermost..];
        let left: Vec<&Ident> = around
            .iter()
            .filter(|level| is_shared(level))
            .flat_map(|level| &level.turns)
            .map(|(name, _)| name)
            .collect();
        let is_alike = |condition: &SnippetCall| {
            let is_turn = |name: &Use| matches!(name.name, Name::Loop { .. }) && left.contains(&&name.ident);
            !condition.values.iter().chain(&condition.sizes).any(is_turn)
        };
        let declaration = around.iter().rev().fold(declaration, |inner, level| match (&level.turns, &level.choice) {
            (Some((variable, bounds)), _) if indices.contains(variable) => {
                let (bounds, variable) = (bounds.clone(), variable.clone());
                Declaration::Loop { bounds, variable, body: vec![inner], function }
            }
            (None, Some((condition, is_first))) if is_alike(condition) => {
                let arms = if *is_first { [vec![inner], vec![]] } else { [vec![], vec![inner]] };
                Declaration::Branch { condition: condition.clone(), arms, function }
            }
            _ => inner,
        });
        if let Some(level) = levels.get_mut(outermost - 1) {
            level.list.push(declaration);
        }
    }

    /// What all turns of a loop share cannot depend on which turn it is.
    fn check_turns(&mut self, indices: &[Ident], declaration: &Declaration) {
        let (call, given) = match declaration {
            Declaration::Variable(VariableDeclaration { initializer: Initializer::Written(call), given, .. }) => {
                (Some(call), given)
            }
            Declaration::Variable(VariableDeclaration { given, .. }) => (None, given),
            Declaration::Layer(layer) => (Some(&layer.keywords), &layer.given),
            _ => return,
        };
        let is_turn = |name: &&Use| matches!(name.name, Name::Loop { .. }) && !indices.contains(&name.ident);
        if let Some(name) = call.into_iter().chain(given.calls()).flat_map(|call| &call.values).find(is_turn) {
            let ident = name.ident.clone();
            let message = format!("all turns of the loop share this, so it cannot depend on `{ident}`");
            self.error(ident, message);
        }
    }

    /// The value of a variable at a place, as its getters give it.
    pub(super) fn read(&mut self, place: &Place<VariableId>, name: &Ident) -> Value {
        let raw = self.read_raw(place, name);
        Value::Tensor(self.read_through(place, raw, crate::resolve::site(name)))
    }

    /// The value of a variable at a place.
    pub(super) fn read_raw(&mut self, place: &Place<VariableId>, name: &Ident) -> ValueId {
        if let Some(value) = self.environment.read(place) {
            return value;
        }
        let value = self.new_value(Some(name));
        let same_as = self.same_as(place);
        let dims = self.dims_here(place);
        let (first, label) = (self.first_place(place), name.to_string());
        let origin = self.model.variables.get(place);
        let partitioner = origin.and_then(|origin| origin.partitioner.clone());
        let span = origin.filter(|_| partitioner.is_some()).map_or(name.span(), |origin| origin.span);
        let variable = place.clone();
        let node = VariableNode { variable, name: label, dims, same_as, first, declares: false, partitioner, value };
        self.push(span, crate::resolve::site(name), NodeKind::Variable(node));
        self.environment.note_read(place, value);
        value
    }

    /// A scope among items.
    pub(super) fn item_scope(&mut self, scope: &syntax::Scope) {
        if scope.index.is_some() {
            return self.error_at(scope.span, "an index counts the turns of a loop, and there is none here");
        }
        let syntax::Content::Block(block) = &scope.content else { return };
        let condition = Condition::new();
        let Some(inside) = self.model.tree.open(&self.cursor, scope, None, &condition, self.model.errors) else {
            return;
        };
        let outside = std::mem::replace(&mut self.cursor, inside);
        for statement in &block.statements {
            self.item_statement(statement);
        }
        if let Some(syntax::Expr::Scope(scope)) = block.value.as_deref() {
            self.item_scope(scope);
        }
        let inside = std::mem::replace(&mut self.cursor, outside);
        self.model.tree.close(&inside);
    }

    fn item_statement(&mut self, statement: &syntax::Statement) {
        match statement {
            syntax::Statement::Variable(variable) => self.variable(variable),
            syntax::Statement::Reuse => self.cursor.reuse = syntax::Reuse::Yes,
            syntax::Statement::Expr(syntax::Expr::Scope(scope)) => self.item_scope(scope),
            // The parser has said that nothing else can stand here.
            syntax::Statement::Expr(_) | syntax::Statement::Let { .. } | syntax::Statement::Assign { .. } => {}
        }
    }
}

/// The loop variables in a name.
pub(super) fn indices_of(path: &[PathPart]) -> Vec<Ident> {
    path.iter().filter_map(|part| part.index.clone()).collect()
}

/// Whether a size means the same in every `fn`.
fn is_global(size: &SizeExpr) -> bool {
    let is_global_name = |name: &Name| matches!(name, Name::Hyperparameter(_) | Name::Turn(_));
    match size {
        SizeExpr::Number(_) | SizeExpr::Constant(_) => true,
        SizeExpr::Use(name) => is_global_name(&name.name),
        SizeExpr::Binary(left, _, right) => is_global(left) && is_global(right),
        SizeExpr::Rust(call) => call.values.iter().all(|name| is_global_name(&name.name)),
    }
}
