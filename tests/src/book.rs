//! The chapters of the book in `docs/`, so that `cargo test --doc` compiles and runs every program in them.

macro_rules! chapters {
    ($($chapter:ident),* $(,)?) => {$(
        #[doc = include_str!(concat!("../../docs/src/", stringify!($chapter), ".md"))]
        pub mod $chapter {}
    )*};
}

chapters! {
    introduction,
    language,
    sharing,
    training,
    ops,
    layers,
    initializers,
    own_op,
    mistakes,
    runtime_errors,
    from_tensorflow,
    tensorflow_rules,
    tutorials,
    performance,
    not_yet,
}
