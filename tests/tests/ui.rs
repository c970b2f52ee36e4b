//! Every kind of mistake, and what rustc prints for it: `ui/<kind>/<case>.rs` and `.stderr`.
//!
//! `TRYBUILD=overwrite cargo test -p varscope-tests --test ui` writes the outputs anew; they are to be read then.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("ui/*/*.rs");
}
