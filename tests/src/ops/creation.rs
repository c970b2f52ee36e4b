//! Ops without operands, and ops that draw.

use varscope::ops::{fill, ones, zeros};

use super::{Call, Graph, Mapping, Problem};

pub(super) const MAPPINGS: &[Mapping] = &[
    ("dropout", drawn),
    ("fill", |call| {
        let value = call.number("value")?.ok_or_else(|| call.without("value"))?;
        call.plain(fill::record, fill::Attrs { shape: call.sizes("shape")?, ..fill::Attrs::DEFAULT.value(value) })
    }),
    ("ones", |call| call.plain(ones::record, ones::Attrs { shape: call.sizes("shape")? })),
    ("random_normal", drawn),
    ("random_uniform", drawn),
    ("zeros", |call| call.plain(zeros::record, zeros::Attrs { shape: call.sizes("shape")? })),
];

fn drawn(_: &Call<'_>) -> Result<Graph, Problem> {
    Err(Problem::NotThereYet("what is drawn here is not what TensorFlow draws".into()))
}
