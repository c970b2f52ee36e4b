//! What Rust, TensorFlow or PyTorch have and the language has not: what to write instead.

use syn::parse::ParseStream;
use syn::{Lit, Token, token};

/// What to write for a part of a tensor.
pub const INDEX: &str = "an index is a number, or the variable of a loop around it; a part of a tensor is \
                         `slice(x, begin = [0, 0], size = [1, 4])`, \
                         rows by their numbers are `gather(x, ids)`";

/// What a module of other libraries is called, before a dot.
const MODULES: [&str; 12] =
    ["tf", "torch", "nn", "np", "jnp", "jax", "keras", "numpy", "tensorflow", "functional", "math", "slim"];

/// Operators that the language does not have.
pub fn operator(input: ParseStream<'_>) -> Option<&'static str> {
    Some(if input.peek(Token![@]) {
        "there is no `@`; a matrix product is `matmul(a, b)`"
    } else if input.peek(Token![+=]) || input.peek(Token![-=]) || input.peek(Token![*=]) || input.peek(Token![/=]) {
        "write the assignment out: `x = x + y;`"
    } else if input.peek(Token![=>]) {
        "there is no `match` here; write `if … { … } else { … }`"
    } else if compares(input) {
        "tensors are compared by ops, `equal(a, b)` and `less(a, b)`"
    } else if input.peek(Token![%]) || input.peek(Token![^]) || input.peek(Token![&]) || input.peek(Token![|]) {
        "there is no such operator on tensors; there are `+ - * /` and ops"
    } else if input.peek(Token![?]) {
        "there is no `?` here: a mistake is an error when the model is compiled, or of the whole `fn` when it is run"
    } else if input.peek(Token![as]) {
        "there is no `as` on tensors; another element type is given by `cast::<f32>(x)`"
    } else if input.peek(Token![..]) {
        "there are no ranges among tensors; a part of one is `slice(x, begin = [0, 0], size = [1, 4])`"
    } else {
        return None;
    })
}

fn compares(input: ParseStream<'_>) -> bool {
    let is_equality = input.peek(Token![==]) || input.peek(Token![!=]);
    is_equality || input.peek(Token![<]) || input.peek(Token![>]) || input.peek(Token![<=]) || input.peek(Token![>=])
}

/// What begins a statement of Rust or of Python, and of no `fn` of a model.
pub fn statement(input: ParseStream<'_>) -> Option<syn::Error> {
    let message = if input.peek(Token![fn]) {
        "a `fn` stands among the items of the model, not inside of another"
    } else if input.peek(Token![const])
        || input.peek(Token![static])
        || input.peek(Token![use])
        || input.peek(Token![struct])
    {
        "constants, imports and types stand outside of `model!`"
    } else {
        let word: syn::Ident = input.fork().parse().ok()?;
        let word = word.to_string();
        match word.as_str() {
            "reuse" if input.peek2(Token![=]) => "write `reuse;`: what follows in this scope is shared",
            "var" | "scope" | "name_scope" if input.peek2(Lit) => {
                "names are written without quotes: `var w: [3, 3];`, `scope layer1 { … }`"
            }
            "scope" | "name_scope" if input.peek2(token::Brace) => "a scope has a name: `scope layer1 { … }`",
            "var" if input.peek2(Token![:]) => "a variable has a name: `var w: [3, 3];`",
            "with" | "def" | "class" | "del" | "import" | "from" if input.peek2(syn::Ident) => {
                "there is no such statement; a scope is `scope layer1 { … }`, a computation a `fn` of the model"
            }
            _ => return None,
        }
    };
    Some(input.error(message))
}

/// What to call instead of a name that other libraries give to an op. None of them is an op.
pub fn op(name: &str) -> Option<&'static str> {
    Some(match name {
        "view" | "expand_dims" | "unsqueeze" => "sizes are changed by `reshape(x, shape = [batch, 4])`",
        "permute" | "t" | "swapaxes" => "axes are put in another order by `transpose(x, perm = [0, 2, 1])`",
        "mm" | "bmm" | "dot" | "einsum" => "a matrix product is `matmul(a, b)`",
        "cat" | "concatenate" => "tensors are joined by `concat([a, b], axis = -1)`",
        "multiply" | "subtract" | "divide" | "power" => "there are `+ - * /` and `pow(x, exponent = 2.0)`",
        "reduce_sum" => "this is `sum(x, axes = [1])`",
        "reduce_mean" => "this is `mean(x, axes = [1])`",
        "reduce_max" | "amax" => "this is `max(x, axes = [1])`",
        "arg_max" => "this is `argmax(x)`",
        "max_pool" => "this is `max_pool2d(x)`",
        "avg_pool" => "this is `avg_pool2d(x)`",
        "softmax_cross_entropy_with_logits" | "softmax_cross_entropy_with_logits_v2" => {
            "this is `softmax_cross_entropy(logits, labels)`"
        }
        "cross_entropy" | "sparse_softmax_cross_entropy_with_logits" => {
            "this is `sparse_softmax_cross_entropy(logits, ids)`, or `softmax_cross_entropy(logits, labels)`"
        }
        "sigmoid_cross_entropy_with_logits" | "binary_cross_entropy_with_logits" => {
            "this is `sigmoid_cross_entropy(logits, labels)`"
        }
        "embedding_lookup" | "index_select" => "this is `gather(table, ids)`",
        "greater" => "this is `less(b, a)`",
        "detach" => "this is `stop_gradient(x)`",
        "bias_add" => "this is `x + biases`",
        "linear" | "dense" => "this is a layer, `scope dense: Dense(x, units = 64)`, or `matmul(x, weights) + biases`",
        "batch_normalization" => {
            "this is `batch_norm(x, gamma, beta, &mut mean, &mut variance)`, or the layer `BatchNorm`"
        }
        "ones_like" | "zeros_like" => "these are `ones(shape = [batch, 4])` and `zeros(shape = [batch, 4])`",
        "get_variable" => "a variable is declared, `var weights: [784, 256] = zeros();`",
        "regularisation_loss" | "get_regularization_loss" | "get_regularization_losses" | "regularization_losses" => {
            "the sum of the penalties of all variables is `regularization_loss()`"
        }
        "placeholder" => "what comes from outside is an input of the `fn`, `x: [batch, 784]`",
        "clone" | "to_owned" | "unwrap" | "expect" | "into" => {
            "tensors are used as often as they are needed, as they are: leave this out"
        }
        _ => return None,
    })
}

/// Why no value begins here.
pub fn no_value(input: ParseStream<'_>) -> &'static str {
    if input.peek(Token![|]) || input.peek(Token![||]) || input.peek(Token![move]) {
        "there are no closures here; what is computed in several places is a `fn` of the model"
    } else if input.peek(Token![match]) {
        "there is no `match` here; write `if … { … } else { … }`"
    } else if input.peek(Token![while]) || input.peek(Token![loop]) {
        "there is only one loop, `for i in 0..turns { … }`"
    } else if input.peek(Token![return]) {
        "there is no `return`; the last line of a `fn`, without a `;`, is its result"
    } else if input.peek(Token![break]) || input.peek(Token![continue]) {
        "a loop makes all of its turns; what only some do stands in an `if`"
    } else if input.peek(Token![unsafe]) || input.peek(Token![async]) || input.peek(Token![const]) {
        "Rust stands in braces, `{ … }`, and its items outside of the model"
    } else if input.peek(Token![&]) {
        "tensors are given as they are: leave the `&` out"
    } else if input.peek(Token![*]) {
        "tensors are taken as they are: leave the `*` out"
    } else if input.peek(Token![!]) {
        "there is no `!` on tensors; there are `+ - * /` and ops"
    } else if input.peek(Token![#]) {
        "a comment begins with `//`"
    } else if input.peek(Lit) && !input.peek(syn::LitBool) {
        "a text is no value here; names are written without quotes, as in `var w: [3, 3] = zeros();`"
    } else if input.peek(syn::LitBool) {
        "`true` and `false` are no tensors; a condition is `if bias { … }`, a number `1.0`"
    } else if input.peek(token::Colon) || input.peek(Token![..]) {
        "there are no ranges among tensors; a part of one is `slice(x, begin = [0, 0], size = [1, 4])`"
    } else {
        "expected a value: a tensor, a call of an op, a number, or a `{ Rust expression }`"
    }
}

/// What to write for `tf.relu(x)`, where there is no value `tf`.
pub fn module(name: &str) -> &'static str {
    if MODULES.contains(&name) { "; an op is written without a module, `relu(x)`" } else { "" }
}

/// What to write for `x.T` and the like.
pub fn member(name: &str) -> Option<&'static str> {
    Some(match name {
        "T" | "mT" => "the last two axes are swapped by `transpose(x)`, others by `transpose(x, perm = [1, 0, 2])`",
        "shape" | "size" | "ndim" => {
            "its sizes have the names in its type: after `x: [batch, n]` they are `batch` and `n`"
        }
        "dtype" => "its element type is written in its type, `u32[batch]`; `cast::<f32>(x)` gives another",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{member, op};

    #[test]
    fn no_op_is_named_otherwise() {
        let ops = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../runtime/src/ops")).unwrap();
        for file in ops {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(op(name).is_none() && member(name).is_none(), "{name} is an op");
        }
    }
}
