//! Matrix products and convolutions by themselves.

use varscope::kernels::convolution::{Convolution, convolve, filter_gradient, image_gradient};
use varscope::kernels::gemm::{Matrix, gemm};
use varscope::op::Update;

use crate::{Run, Workload, numbers};

/// `[rows, inner, columns]` of products.
const PRODUCTS: [[usize; 3]; 7] = [
    [64, 784, 256],
    [256, 784, 256],
    [128, 128, 128],
    [512, 512, 512],
    [1024, 1024, 1024],
    [2048, 2048, 2048],
    [1, 1024, 1024],
];

/// Which factors are stored with rows and columns exchanged, and how that is called.
const STORED: [(&str, [bool; 2]); 3] = [("", [false, false]), ("nt_", [false, true]), ("tn_", [true, false])];

/// Products that are measured with exchanged factors too.
const EXCHANGED: [[usize; 3]; 2] = [[64, 784, 256], [1024, 1024, 1024]];

/// A convolution by its name: images, their size, their channels, filters, their size, stride and padding.
struct Case(&'static str, [usize; 7]);

const CONVOLUTIONS: [Case; 8] = [
    Case("n32_28_1_32_k5", [32, 28, 1, 32, 5, 1, 2]),
    Case("n32_14_32_64_k5", [32, 14, 32, 64, 5, 1, 2]),
    Case("n8_56_64_64_k3", [8, 56, 64, 64, 3, 1, 1]),
    Case("n8_28_128_128_k3", [8, 28, 128, 128, 3, 1, 1]),
    Case("n8_14_256_256_k3", [8, 14, 256, 256, 3, 1, 1]),
    Case("n8_56_64_256_k1", [8, 56, 64, 256, 1, 1, 0]),
    Case("n8_224_3_64_k7s2", [8, 224, 3, 64, 7, 2, 3]),
    Case("n1_224_64_64_k3", [1, 224, 64, 64, 3, 1, 1]),
];

fn product(sizes: [usize; 3], name: &str, exchanged: [bool; 2]) -> Workload {
    let [rows, inner, columns] = sizes;
    let operations = 2.0 * (rows * inner * columns) as f64;
    Workload::new(format!("matmul_{name}{rows}x{inner}x{columns}"), operations, move || {
        let (a, b, mut c) = (numbers(rows * inner), numbers(inner * columns), vec![0.0; rows * columns]);
        Ok(move || {
            let stored = |data, rows, columns, exchanged| {
                if exchanged { Matrix::new(data, columns, rows).transposed() } else { Matrix::new(data, rows, columns) }
            };
            let (a, b) = (stored(&a, rows, inner, exchanged[0]), stored(&b, inner, columns, exchanged[1]));
            gemm(sizes, &a, &b, &mut c, Update::Set);
        })
    })
}

impl Case {
    fn sizes(&self) -> Convolution {
        let [images, size, channels, filters, window, stride, before] = self.1;
        Convolution {
            images,
            image: [size; 2],
            channels,
            output: [size / stride; 2],
            filters,
            window: [window; 2],
            strides: [stride; 2],
            dilations: [1; 2],
            before: [before; 2],
            groups: 1,
        }
    }

    fn workload(&self, pass: Pass) -> Workload {
        let sizes = self.sizes();
        let pixels = |size: [usize; 2]| sizes.images * size[0] * size[1];
        let patch = sizes.window[0] * sizes.window[1] * sizes.channels;
        let operations = 2.0 * (pixels(sizes.output) * patch * sizes.filters) as f64;
        let lengths =
            [pixels(sizes.image) * sizes.channels, patch * sizes.filters, pixels(sizes.output) * sizes.filters];
        Workload::new(format!("conv_{}_{}", self.0, pass.name()), operations, move || {
            Ok(pass.run(sizes, lengths.map(numbers)))
        })
    }
}

/// What is computed.
#[derive(Clone, Copy)]
enum Pass {
    Forward,
    ImageGradient,
    FilterGradient,
}

impl Pass {
    fn name(self) -> &'static str {
        match self {
            Self::Forward => "fwd",
            Self::ImageGradient => "bwd_d",
            Self::FilterGradient => "bwd_w",
        }
    }

    fn run(self, sizes: Convolution, [mut x, mut filter, mut y]: [Vec<f32>; 3]) -> Run {
        match self {
            Self::Forward => Box::new(move || convolve(&sizes, &x, (&filter, None), &mut y, Update::Set, None)),
            Self::ImageGradient => Box::new(move || image_gradient(&sizes, &y, &filter, &mut x, Update::Set, None)),
            Self::FilterGradient => Box::new(move || filter_gradient(&sizes, &x, &y, &mut filter, Update::Set)),
        }
    }
}

/// All matrix products.
pub fn matrices() -> Vec<Workload> {
    let all = PRODUCTS.into_iter().flat_map(|sizes| STORED.map(|(name, exchanged)| (sizes, name, exchanged)));
    let all = all.filter(|(sizes, name, _)| name.is_empty() || EXCHANGED.contains(sizes));
    all.map(|(sizes, name, exchanged)| product(sizes, name, exchanged)).collect()
}

/// All convolutions: forward, the gradient of the images, the gradient of the filters.
pub fn convolutions() -> Vec<Workload> {
    let passes = [Pass::Forward, Pass::ImageGradient, Pass::FilterGradient];
    CONVOLUTIONS.iter().flat_map(|case| passes.map(|pass| case.workload(pass))).collect()
}
