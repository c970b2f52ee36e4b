//! How variables are shared by their names, and what is refused: `cargo run --release --example reuse`.
//!
//! These are programs on TensorFlow's `variable_scope` that many have learnt from, with the names and numbers they have
//! there; each is written twice, in `model!` and on a store at run time. What TensorFlow refuses when the program runs
//! is in `model!` an error of the compiler, whose text stands in a comment, and on a store a value of
//! [`varscope::Error`], which is printed.

mod finding;
mod layers;
mod naming;
mod reentering;
mod rules;
mod templates;

use anyhow::{Result, bail};
use varscope::{Error, Variables};

fn main() -> Result<()> {
    println!("— what variables and ops are called");
    naming::nested_scopes()?;
    naming::name_scopes_and_variable_scopes()?;
    naming::either_kind_of_scope()?;
    naming::default_names()?;
    naming::variables_that_are_always_new()?;
    naming::filters_and_averages()?;
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
    layers::two_convolutions()?;
    println!("— functions with variables of their own");
    templates::functions_with_variables()?;
    templates::recurrent_cells()
}

#[test]
fn every_program_does_what_it_says() -> Result<()> {
    main()
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
