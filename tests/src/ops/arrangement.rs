//! Ops that move elements about: other sizes, other orders, parts, joins.

use varscope::ops::{argmax, concat, gather, pad, reshape, slice, split, stack, stop_gradient, transpose};

use super::call::{index, named};
use super::{Call, Graph, Mapping, Operand, Problem, lists};

pub(super) const MAPPINGS: &[Mapping] = &[
    ("argmax", |call| {
        let axis = call.integer("axis")?.unwrap_or(0);
        call.plain(argmax::record, argmax::Attrs::DEFAULT.axis(axis))
    }),
    ("concat", |call| call.plain(concat::record, concat::Attrs::DEFAULT.axis(required(call, "axis")?))),
    ("embedding_lookup", |call| call.of(vec![input("params"), index("ids")], gather::record, gather::Attrs::DEFAULT)),
    ("gather", |call| {
        let attrs = gather::Attrs::DEFAULT
            .axis(call.integer("axis")?.unwrap_or(0))
            .batch_axes(call.integer("batch_dims")?.unwrap_or(0));
        call.of(vec![input("x"), index("ids")], gather::record, attrs)
    }),
    ("pad", |call| call.plain(pad::record, pad::Attrs { paddings: call.paddings("paddings")? })),
    ("reshape", |call| call.plain(reshape::record, reshape::Attrs { shape: call.sizes("shape")? })),
    ("slice", |call| {
        call.plain(slice::record, slice::Attrs { begin: call.sizes("begin")?, size: call.sizes("size")? })
    }),
    ("split", split),
    ("stack", |call| call.plain(stack::record, stack::Attrs::DEFAULT.axis(call.integer("axis")?.unwrap_or(0)))),
    ("stop_gradient", |call| call.plain(stop_gradient::record, stop_gradient::Attrs::DEFAULT)),
    ("transpose", |call| call.plain(transpose::record, transpose::Attrs { perm: call.axes("perm")? })),
];

fn input(name: &str) -> Operand {
    Operand::Input(name.to_string())
}

fn required(call: &Call<'_>, name: &'static str) -> Result<i64, Problem> {
    call.integer(name)?.ok_or_else(|| call.without(name))
}

/// TensorFlow splits into `num` equal parts or into `size_splits`; ours takes the sizes of the parts.
fn split(call: &Call<'_>) -> Result<Graph, Problem> {
    let axis = call.integer("axis")?.unwrap_or(0);
    let parts = match call.integers("size_splits")? {
        Some(parts) => parts,
        None => equal_parts(call, axis)?,
    };
    let sizes =
        lists::sizes(&parts).ok_or_else(|| Problem::NotThereYet(format!("a split into {} parts", parts.len())))?;
    call.of(named(["x"]), split::record, split::Attrs { sizes, ..split::Attrs::DEFAULT.axis(axis) })
}

fn equal_parts(call: &Call<'_>, axis: i64) -> Result<Vec<i64>, Problem> {
    let (shape, count) = (call.shape("x")?, required(call, "num")?);
    let position = if axis < 0 { axis + shape.len() as i64 } else { axis };
    let length = usize::try_from(position).ok().and_then(|position| shape.get(position));
    let length = *length.ok_or_else(|| call.case.node.wrong(format!("x has no axis {axis}")))? as i64;
    if (1..=length).contains(&count) && length % count == 0 {
        Ok(vec![length / count; count as usize])
    } else {
        Err(call.case.node.wrong(format!("{length} cannot be split into {count} equal parts")).into())
    }
}
