//! The models of the workloads in burn.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, LstmConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

fn dense(inputs: usize, units: usize, device: &Device) -> Linear {
    LinearConfig::new(inputs, units).init(device)
}

fn convolution(channels: usize, filters: usize, window: usize, stride: usize, bias: bool, device: &Device) -> Conv2d {
    let around = window / 2;
    Conv2dConfig::new([channels, filters], [window; 2])
        .with_stride([stride; 2])
        .with_padding(PaddingConfig2d::Explicit(around, around, around, around))
        .with_bias(bias)
        .init(device)
}

#[derive(Module, Debug)]
pub struct Mlp {
    hidden: Linear,
    output: Linear,
}

impl Mlp {
    pub fn new(device: &Device) -> Self {
        Self { hidden: dense(784, 256, device), output: dense(256, 10, device) }
    }

    pub fn logits(&self, x: Tensor<2>) -> Tensor<2> {
        self.output.forward(relu(self.hidden.forward(x)))
    }
}

#[derive(Module, Debug)]
pub struct LeNet {
    first: Conv2d,
    second: Conv2d,
    pool: MaxPool2d,
    hidden: Linear,
    output: Linear,
}

impl LeNet {
    pub fn new(device: &Device) -> Self {
        Self {
            first: convolution(1, 32, 5, 1, true, device),
            second: convolution(32, 64, 5, 1, true, device),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            hidden: dense(3136, 1024, device),
            output: dense(1024, 10, device),
        }
    }

    pub fn logits(&self, images: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(relu(self.first.forward(images)));
        let x = self.pool.forward(relu(self.second.forward(x)));
        self.output.forward(relu(self.hidden.forward(x.flatten::<2>(1, 3))))
    }
}

#[derive(Module, Debug)]
struct Normalized {
    convolution: Conv2d,
    norm: BatchNorm,
}

impl Normalized {
    fn new(channels: usize, filters: usize, window: usize, stride: usize, device: &Device) -> Self {
        let convolution = convolution(channels, filters, window, stride, false, device);
        Self { convolution, norm: BatchNormConfig::new(filters).init(device) }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.norm.forward(self.convolution.forward(x))
    }
}

#[derive(Module, Debug)]
struct Block {
    first: Normalized,
    second: Normalized,
    shortcut: Option<Normalized>,
}

impl Block {
    fn new(channels: usize, filters: usize, device: &Device) -> Self {
        let stride = filters / channels;
        Self {
            first: Normalized::new(channels, filters, 3, stride, device),
            second: Normalized::new(filters, filters, 3, 1, device),
            shortcut: (stride > 1).then(|| Normalized::new(channels, filters, 1, stride, device)),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = self.second.forward(relu(self.first.forward(x.clone())));
        let x = match &self.shortcut {
            Some(shortcut) => shortcut.forward(x),
            None => x,
        };
        relu(y + x)
    }
}

#[derive(Module, Debug)]
pub struct ResNet20 {
    first: Normalized,
    blocks: Vec<Block>,
    output: Linear,
}

impl ResNet20 {
    pub fn new(device: &Device) -> Self {
        let sizes = [(16, 16), (16, 16), (16, 16), (16, 32), (32, 32), (32, 32), (32, 64), (64, 64), (64, 64)];
        let blocks = sizes.map(|(channels, filters)| Block::new(channels, filters, device)).into();
        Self { first: Normalized::new(3, 16, 3, 1, device), blocks, output: dense(64, 10, device) }
    }

    pub fn logits(&self, images: Tensor<4>) -> Tensor<2> {
        let x = relu(self.first.forward(images));
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        self.output.forward(x.mean_dim(2).mean_dim(3).flatten::<2>(1, 3))
    }
}

#[derive(Module, Debug)]
pub struct Lstm {
    cells: burn::nn::Lstm,
    output: Linear,
}

impl Lstm {
    pub fn new(device: &Device) -> Self {
        Self { cells: LstmConfig::new(28, 128, true).init(device), output: dense(128, 10, device) }
    }

    pub fn logits(&self, x: Tensor<3>) -> Tensor<2> {
        let (_, state) = self.cells.forward(x, None);
        self.output.forward(state.hidden)
    }
}
