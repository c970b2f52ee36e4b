//! Why a scenario may come out otherwise than in TensorFlow: a short list.
//!
//! A reason is chosen by a rule over the steps, never by what a scenario is called, and only where the rule holds.

use std::fmt;

use super::format::Step;

/// Why a scenario is refused, or cannot be held against the library.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum Reason {
    // Stricter: what TensorFlow does silently or surprisingly is refused or cannot be written.
    /// `scope("a/b")`
    Slash,
    /// `scope("")`, `scope("a>b")`
    Name,
    /// `v` and `V`
    CaseOnly,
    /// A variable and a scope of one name.
    VariableAndScope,
    /// TensorFlow calls the variable otherwise than it is asked for.
    NameTaken,
    /// A variable in parts and a unique variable of one name.
    Namesakes,
    /// An initializer for a variable that is shared.
    GivenWhereShared,
    /// A unique scope or variable where variables are shared.
    UniqueReused,
    /// `tf.Variable` in a name scope that is not its variable scope.
    UniqueName,
    /// A variable of integers that TensorFlow calls trainable.
    IntegersNotTrainable,
    /// A local variable that TensorFlow calls trainable.
    LocalNotTrainable,
    /// A regularizer of integers.
    RegularizerOfIntegers,
    /// A scalar that is itself given a partitioner.
    ScalarInParts,
    /// A number that the element type cannot hold.
    Range,
    /// `collections=["mine"]`
    CollectionsAdd,
    /// A filter that is a regular expression.
    WholeNames,
    /// What a failed call leaves behind.
    NothingLeftBehind,
    /// A shape in which sizes are left open.
    OpenShape,
    /// A value of the wrong type for an argument.
    Types,
    /// One penalty for a variable in parts.
    OnePenalty,
    /// A name scope that is entered again from elsewhere.
    NameScopeAgain,
    /// A variable that begins with another.
    OtherVariable,
    /// A custom getter that does more than compute with the value.
    GetterSeesValue,
    /// A variable that no session has initialised.
    Initialised,
    /// Context managers entered by hand, out of order.
    Nesting,
    /// Two scopes whose structs would have one name.
    StructName,
    /// What an optimizer or averages keep, among the variables of the model.
    Slots,
    /// Gradients as a list of tensors.
    Gradients,
    /// Updates of batch statistics as ops to be run.
    Updates,
    /// A scope that gives a value, whose shape a variable would take.
    ValueOfScope,
    /// Two things that are wrong: the variable, or its start, and its parts.
    SaidFirst,
    /// Sizes that do not meet.
    Sizes,
    /// A tensor of another graph.
    OtherGraph,
    /// An element type in a model that there is not.
    NoSuchType,
    /// A variable that TensorFlow calls otherwise than it is asked for.
    OwnName,
    /// A unique variable that has another number than in TensorFlow.
    UniqueNumber,

    // Not applicable: what a library without Python and without graphs has not.
    /// Templates, Python functions as initializers.
    PythonFunction,
    /// Custom getters as Python functions.
    CustomGetter,
    /// Context managers that are kept and entered by hand.
    ContextManager,
    /// Threads with a scope of their own.
    Threads,
    /// Layers, cells, optimizers, moving averages.
    Library,
    /// Saving and restoring.
    Checkpoint,
    /// Values of ops, control flow, sessions.
    Graph,
    /// The store below the scopes.
    BelowScopes,
    /// Devices and distribution.
    Devices,
    /// Constraints, which act in updates.
    Constraint,
    /// Element types that the library has not.
    ElementType,
    /// A scope whose initializer is a value.
    ScopeValue,
    /// A Python list, which TensorFlow tells from a tensor, and `1.0`, which it tells from 1.
    PythonValue,
    /// The shape of an array beside it, which TensorFlow does not take.
    ShapeBesideArray,
    /// A step of another kind.
    OtherStep,
}

impl Reason {
    /// Whether the library refuses what TensorFlow allows; otherwise the scenario does not apply to it.
    pub fn is_stricter(self) -> bool {
        self < Self::PythonFunction
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slash => "a `/` in a name",
            Self::Name => "a name that is empty or has other characters",
            Self::CaseOnly => "names that differ in case only",
            Self::VariableAndScope => "a variable and a scope of one name",
            Self::NameTaken => "a variable whose name would not be the one it is asked for by",
            Self::Namesakes => "a variable in parts and a unique variable of one name",
            Self::GivenWhereShared => "an argument that sharing would ignore",
            Self::UniqueReused => "a unique scope or variable where variables are shared",
            Self::UniqueName => "a unique variable has its variable scope before its name, never a name scope",
            Self::IntegersNotTrainable => "variables of integers are not trainable",
            Self::LocalNotTrainable => "local variables are not trainable",
            Self::RegularizerOfIntegers => "only floats have a regularizer",
            Self::ScalarInParts => "a scalar has no parts",
            Self::Range => "a number that the element type cannot hold",
            Self::CollectionsAdd => "a collection adds to where a variable is listed",
            Self::WholeNames => "a filter takes whole names, no regular expression",
            Self::NothingLeftBehind => "a call that fails leaves nothing behind",
            Self::OpenShape => "a shape with an open size cannot be written",
            Self::Types => "an argument of the wrong type cannot be written",
            Self::OnePenalty => "a variable in parts has one penalty",
            Self::NameScopeAgain => "a name scope is opened where it is written, never entered again from elsewhere",
            Self::OtherVariable => "a variable begins with numbers, not with another variable",
            Self::GetterSeesValue => "a custom getter computes with the value; it renames and makes nothing",
            Self::Initialised => "no variable is without a value",
            Self::Nesting => "scopes nest as their braces do",
            Self::Slots => "optimizers and averages stand outside of scopes, and keep what they need themselves",
            Self::Gradients => "gradients are asked for by variable, never a list of tensors",
            Self::Updates => "batch statistics are moved by their op, in training; there is no list of updates to run",
            Self::ValueOfScope => "a scope gives an initializer; a value stands at its variable, whose shape it gives",
            Self::SaidFirst => "of two things that are wrong, one of them a variable's parts, the other is said first",
            Self::Sizes => "sizes that do not meet are refused by rustc, in what the macro emits",
            Self::OtherGraph => "a tensor of another model has no name in this one",
            Self::NoSuchType => "a model of an element type that there is not is refused",
            Self::StructName => "two scopes whose structs would have one name",
            Self::UniqueNumber => "a unique variable is numbered among the variables of its scope, not among ops",
            Self::OwnName => "a variable has the name that it is asked for by, whatever ops are called",
            Self::PythonFunction => "a Python function",
            Self::CustomGetter => "a custom getter that is a Python function",
            Self::ContextManager => "context managers entered by hand",
            Self::Threads => "threads with a scope of their own",
            Self::Library => "layers, cells, optimizers and averages of TensorFlow's library",
            Self::Checkpoint => "saving and restoring",
            Self::Graph => "values of ops, control flow and sessions of a graph",
            Self::BelowScopes => "the store below the scopes",
            Self::Devices => "devices and distribution",
            Self::Constraint => "constraints act in updates, which models have",
            Self::ElementType => "an element type that the library has not",
            Self::ScopeValue => "a scope gives an initializer, not a value",
            Self::PythonValue => "TensorFlow tells kinds of Python values apart",
            Self::ShapeBesideArray => "an array may have its shape beside it",
            Self::OtherStep => "a step that has nothing to do with scopes",
        })
    }
}

/// Why a step does not apply to the library, if so: a rule over its verb and the names of its arguments.
pub fn not_applicable(step: &Step) -> Option<Reason> {
    by_verb(step).or_else(|| step.keys().find_map(|key| by_argument(step, key)))
}

fn by_verb(step: &Step) -> Option<Reason> {
    match step.verb.as_str() {
        "template" | "call_template" => Some(Reason::PythonFunction),
        "enter" | "exit" | "make_scope" | "open_cm" => Some(Reason::ContextManager),
        "thread" => Some(Reason::Threads),
        "layer"
        | "slim"
        | "cell"
        | "call_cell"
        | "dynamic_rnn"
        | "zero_state"
        | "minimize"
        | "ema"
        | "arg_scope"
        | "old_rnn_checked_scope"
        | "compute_gradients"
        | "gradients_stack" => Some(Reason::Library),
        "save" | "restore" => Some(Reason::Checkpoint),
        "cond" | "run_uninitialized" | "run_initializer" | "local_init" | "assign" => Some(Reason::Graph),
        "store_get" => Some(Reason::BelowScopes),
        "getter_calls" | "creator_scope" => Some(Reason::CustomGetter),
        "get"
        | "local"
        | "variable"
        | "open"
        | "variable_op_scope"
        | "close"
        | "name_scope"
        | "op_scope"
        | "op"
        | "capture"
        | "reuse_variables"
        | "set"
        | "query"
        | "same"
        | "eval"
        | "collection"
        | "scope_collection"
        | "regularization_losses"
        | "store_keys"
        | "saver"
        | "try"
        | "def"
        | "call"
        | "new_graph"
        | "control_dependencies" => None,
        _ => Some(Reason::OtherStep),
    }
}

/// Why a step cannot be put into the source of a model, if so.
pub fn not_in_a_model(step: &Step) -> Option<Reason> {
    match step.verb.as_str() {
        "thread"
        | "store_get"
        | "template"
        | "call_template"
        | "layer"
        | "slim"
        | "cell"
        | "call_cell"
        | "dynamic_rnn"
        | "old_rnn_checked_scope"
        | "minimize"
        | "assign" => None,
        "getter_calls" => Some(Reason::GetterSeesValue),
        "run_uninitialized" | "run_initializer" => Some(Reason::Initialised),
        "ema" => Some(Reason::Slots),
        "gradients_stack" => Some(Reason::Gradients),
        "enter" | "exit" => Some(Reason::Nesting),
        _ => by_verb(step),
    }
}

/// Why an argument of a step does not apply, if so.
fn by_argument(step: &Step, key: &str) -> Option<Reason> {
    match key {
        "custom_getter" => Some(Reason::CustomGetter),
        "caching_device" | "synchronization" => Some(Reason::Devices),
        "constraint" => Some(Reason::Constraint),
        "set" | "query" => match step.argument_text() {
            "custom_getter" => Some(Reason::CustomGetter),
            "caching_device" => Some(Reason::Devices),
            "constraint" => Some(Reason::Constraint),
            _ => None,
        },
        "initializer" => {
            let is_function = |name: &String| name.starts_with("lambda");
            let function = step.get(key)?.as_object()?.keys().any(is_function);
            function.then_some(Reason::PythonFunction)
        }
        _ => None,
    }
}
