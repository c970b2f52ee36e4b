//! Convolutions and pooling.

use varscope::ops::{avg_pool2d, conv2d, max_pool2d};

use super::call::named;
use super::{Call, Mapping, Problem};

pub(super) const MAPPINGS: &[Mapping] = &[
    ("conv2d", |call| {
        call.only("data_format", "NHWC")?;
        call.only("filter", "HWIO")?;
        let attrs = conv2d::Attrs::DEFAULT
            .strides(call.pair("strides", [1, 1])?)
            .padding(call.padding()?)
            .dilations(call.pair("dilations", [1, 1])?);
        call.of(named(["x", "w"]), conv2d::record, attrs)
    }),
    ("avg_pool", |call| {
        let Pooling { window, strides } = pooling(call)?;
        let attrs = avg_pool2d::Attrs::DEFAULT.window(window).strides(strides).padding(call.padding()?);
        call.plain(avg_pool2d::record, attrs)
    }),
    ("max_pool", |call| {
        let Pooling { window, strides } = pooling(call)?;
        let attrs = max_pool2d::Attrs::DEFAULT.window(window).strides(strides).padding(call.padding()?);
        call.plain(max_pool2d::record, attrs)
    }),
];

struct Pooling {
    window: [usize; 2],
    strides: [usize; 2],
}

fn pooling(call: &Call<'_>) -> Result<Pooling, Problem> {
    call.only("data_format", "NHWC")?;
    Ok(Pooling { window: call.pair("ksize", [1, 1])?, strides: call.pair("strides", [1, 1])? })
}
