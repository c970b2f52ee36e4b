//! Snapshots of what three models become, and what is left of models that are only half typed.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::models;

const MLP: &str = "
    /// Two dense layers with a ReLU between them.
    pub struct Mlp {
        fn logits(images: [batch, 784]) -> [batch, 10] {
            let hidden = scope layer1 {
                var weights: [784, 256] = truncated_normal(stddev = 0.1);
                var biases: [256] = zeros();
                relu(matmul(images, weights) + biases)
            };
            scope layer2 {
                var weights: [256, 10] = truncated_normal(stddev = 0.1);
                var biases: [10] = zeros();
                matmul(hidden, weights) + biases
            }
        }

        fn loss(images: [batch, 784], labels: u32[batch]) -> [] {
            mean(sparse_softmax_cross_entropy(logits(images), labels))
        }
    }
";

const LAYER: &str = "
    /// A dense layer and a rectifier, unless it is linear.
    pub struct Layer<T>(
        /// How many numbers it gives.
        units: usize,
        /// Whether it has no rectifier.
        linear: bool = false,
    ) {
        fn forward(x: [.., n]) -> [.., units] {
            var weights: [n, units];
            let y = matmul(x, weights);
            if linear { y } else { relu(y) }
        }
    }
";

const RECURRENT: &str = "
    struct Recurrent(layers: usize = 2) {
        fn states(x: [batch, time, 8]) -> [time, batch, 8] {
            let mut h = zeros(shape = [batch, 8]);
            let states = for t in 0..time {
                scope cell(reuse = auto) {
                    var kernel: [8, 8] = orthogonal();
                    h = tanh(matmul(slice(x, begin = [0, t, 0], size = [batch, 1, 8]).reshape(shape = [batch, 8]) + h, kernel));
                }
                h
            };
            let mut y = stack(states);
            for i in 0..layers {
                y = scope block[i]: Dense(y, units = 8);
            }
            y
        }
    }
";

fn expansion(source: &str) -> String {
    let tokens: TokenStream = source.parse().unwrap();
    prettyplease::unparse(&syn::parse2(models(tokens)).unwrap())
}

#[test]
fn a_model_of_two_layers() {
    insta::assert_snapshot!(expansion(MLP));
}

#[test]
fn a_layer_with_a_branch() {
    insta::assert_snapshot!(expansion(LAYER));
}

#[test]
fn loops_of_the_graph() {
    insta::assert_snapshot!(expansion(RECURRENT));
}

/// The first `count` tokens, in the groups that they are in.
fn prefix(tokens: TokenStream, count: &mut usize) -> TokenStream {
    let mut taken = TokenStream::new();
    for token in tokens {
        if *count == 0 {
            break;
        }
        *count -= 1;
        match token {
            TokenTree::Group(group) => {
                let inner = prefix(group.stream(), count);
                taken.extend([TokenTree::Group(Group::new(group.delimiter(), inner))]);
            }
            token => taken.extend([token]),
        }
    }
    taken
}

fn length(tokens: TokenStream) -> usize {
    tokens
        .into_iter()
        .map(|token| if let TokenTree::Group(group) = token { 1 + length(group.stream()) } else { 1 })
        .sum()
}

/// Whether tokens have the braces of a model in them.
fn has_body(tokens: &TokenStream) -> bool {
    let is_body = |token| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    tokens.clone().into_iter().any(is_body)
}

#[test]
fn half_typed_models_keep_their_struct() {
    for (source, name) in [(MLP, "Mlp"), (LAYER, "Layer"), (RECURRENT, "Recurrent")] {
        let tokens: TokenStream = source.parse().unwrap();
        for count in 0..length(tokens.clone()) {
            let typed = prefix(tokens.clone(), &mut count.clone());
            let expanded = models(typed.clone());
            let file: syn::File = syn::parse2(expanded).unwrap_or_else(|error| panic!("{error}: {typed}"));
            let is_struct = |item: &syn::Item| matches!(item, syn::Item::Struct(item) if item.ident == name);
            assert!(!has_body(&typed) || file.items.iter().any(is_struct), "{typed}");
        }
    }
}

#[test]
fn a_statement_without_its_end_is_one_mistake() {
    let source =
        "struct Net { fn f(x: [batch, 4]) -> [batch, 4] { let a = relu(x) let b = x.; let c = relu(a); relu(c) } }";
    let mut errors = crate::diag::Errors::default();
    let mut input = crate::syntax::parse(source.parse().unwrap(), &mut errors);
    crate::names::check(&mut input.models, &mut errors);
    crate::lower::lower(&input.models[0], &mut errors);
    assert_eq!(errors.messages(), ["expected `;` before this", "unexpected end of input, expected identifier"]);
}
