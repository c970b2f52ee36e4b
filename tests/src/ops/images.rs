//! Convolutions and pooling.

use varscope::op::Sizes;
use varscope::ops::{avg_pool2d, conv2d, conv2d_transpose, depthwise_conv2d, max_pool2d};

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
    ("conv2d_transpose", |call| {
        call.only("data_format", "NHWC")?;
        call.only("filter", "HW(out)(in)")?;
        // Ours takes height and width only: the batch is that of x, the channels are those of the filter.
        let output = match call.integers("output_shape")?.as_deref() {
            None => Sizes::NONE,
            Some(&[_, height, width, _]) => Sizes::new([height, width]),
            Some(sizes) => return Err(Problem::NotThereYet(format!("`output_shape` = {sizes:?}"))),
        };
        let attrs = conv2d_transpose::Attrs::DEFAULT.strides(call.pair("strides", [1, 1])?).padding(call.padding()?);
        call.of(named(["x", "w"]), conv2d_transpose::record, conv2d_transpose::Attrs { output, ..attrs })
    }),
    ("depthwise_conv2d", |call| {
        call.only("data_format", "NHWC")?;
        call.only("filter", "HW(in)(multiplier)")?;
        let attrs = depthwise_conv2d::Attrs::DEFAULT
            .strides(call.pair("strides", [1, 1])?)
            .padding(call.padding()?)
            .dilations(call.pair("dilations", [1, 1])?);
        call.of(named(["x", "w"]), depthwise_conv2d::record, attrs)
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
