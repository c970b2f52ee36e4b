//! How variables are shared by their names, and what is refused: `cargo run --release --example reuse`.
//!
//! These are programs on TensorFlow's `variable_scope` that many have learnt from, with the names and numbers they have
//! there; each is written twice, in `model!` and on a store at run time. What TensorFlow refuses when the program runs
//! is in `model!` an error of the compiler, whose text stands in a comment, and on a store a value of
//! [`varscope::Error`], which is printed.

mod finding;
mod layers;
mod reentering;
mod rules;

use anyhow::{Result, bail};
use varscope::{Error, Variables};

fn main() -> Result<()> {
    println!("— a scope again, by its name or by itself");
    reentering::scope_objects()?;
    reentering::a_model_on_two_inputs()?;
    println!("— made, shared, or either");
    rules::shared_by_reuse()?;
    rules::made_twice()?;
    rules::auto_reuse()?;
    rules::reused_before_it_exists()?;
    println!("— what is found under a name");
    finding::without_a_shape()?;
    finding::another_name()?;
    finding::a_new_one_beside_it()?;
    finding::never_shared()?;
    println!("— name scopes, cells, filters, convolutions");
    layers::name_scopes_do_not_count()?;
    layers::a_cell_in_two_scopes()?;
    layers::an_image_filter_twice()?;
    layers::two_convolutions()
}

/// `a/v, a/w`: the names of a model's variables.
fn names(variables: &Variables) -> String {
    variables.iter().map(|variable| variable.name()).collect::<Vec<_>>().join(", ")
}

/// Prints what is refused. It is an error here if it is not.
fn refused<T>(result: Result<T, Error>) -> Result<Error> {
    match result {
        Ok(_) => bail!("what TensorFlow refuses should be refused"),
        Err(error) => {
            println!("  refused: {error}");
            Ok(error)
        }
    }
}
