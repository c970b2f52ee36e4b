//! The models of the workloads in candle.

use candle_core::{D, Error, Module, ModuleT, Result, Tensor};
use candle_nn::rnn::RNN;
use candle_nn::{
    BatchNorm, Conv2d, Conv2dConfig, LSTM, Linear, VarBuilder, batch_norm, conv2d, conv2d_no_bias, linear,
};

/// A model of which each workload has one.
pub trait Model: Sized {
    fn new(variables: VarBuilder) -> Result<Self>;
    fn logits(&self, x: &Tensor) -> Result<Tensor>;
}

pub struct Mlp {
    hidden: Linear,
    output: Linear,
}

impl Model for Mlp {
    fn new(variables: VarBuilder) -> Result<Self> {
        let hidden = linear(784, 256, variables.pp("hidden"))?;
        Ok(Self { hidden, output: linear(256, 10, variables.pp("output"))? })
    }

    fn logits(&self, x: &Tensor) -> Result<Tensor> {
        self.output.forward(&self.hidden.forward(x)?.relu()?)
    }
}

pub struct LeNet {
    first: Conv2d,
    second: Conv2d,
    hidden: Linear,
    output: Linear,
}

impl Model for LeNet {
    fn new(variables: VarBuilder) -> Result<Self> {
        let around = Conv2dConfig { padding: 2, ..Default::default() };
        Ok(Self {
            first: conv2d(1, 32, 5, around, variables.pp("first"))?,
            second: conv2d(32, 64, 5, around, variables.pp("second"))?,
            hidden: linear(3136, 1024, variables.pp("hidden"))?,
            output: linear(1024, 10, variables.pp("output"))?,
        })
    }

    fn logits(&self, images: &Tensor) -> Result<Tensor> {
        let x = self.first.forward(images)?.relu()?.max_pool2d(2)?;
        let x = self.second.forward(&x)?.relu()?.max_pool2d(2)?;
        self.output.forward(&self.hidden.forward(&x.flatten_from(1)?)?.relu()?)
    }
}

struct Normalized {
    convolution: Conv2d,
    norm: BatchNorm,
}

impl Normalized {
    fn new(channels: usize, filters: usize, window: usize, stride: usize, variables: VarBuilder) -> Result<Self> {
        let moves = Conv2dConfig { padding: window / 2, stride, ..Default::default() };
        let convolution = conv2d_no_bias(channels, filters, window, moves, variables.pp("convolution"))?;
        Ok(Self { convolution, norm: batch_norm(filters, 1e-3, variables.pp("norm"))? })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.norm.forward_t(&self.convolution.forward(x)?, true)
    }
}

struct Block {
    first: Normalized,
    second: Normalized,
    shortcut: Option<Normalized>,
}

impl Block {
    fn new(channels: usize, filters: usize, variables: VarBuilder) -> Result<Self> {
        let stride = filters / channels;
        let shortcut = || Normalized::new(channels, filters, 1, stride, variables.pp("shortcut"));
        Ok(Self {
            first: Normalized::new(channels, filters, 3, stride, variables.pp("first"))?,
            second: Normalized::new(filters, filters, 3, 1, variables.pp("second"))?,
            shortcut: if stride > 1 { Some(shortcut()?) } else { None },
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = self.second.forward(&self.first.forward(x)?.relu()?)?;
        match &self.shortcut {
            Some(shortcut) => (y + shortcut.forward(x)?)?.relu(),
            None => (y + x)?.relu(),
        }
    }
}

pub struct ResNet20 {
    first: Normalized,
    blocks: Vec<Block>,
    output: Linear,
}

impl Model for ResNet20 {
    fn new(variables: VarBuilder) -> Result<Self> {
        let sizes = [(16, 16), (16, 16), (16, 16), (16, 32), (32, 32), (32, 32), (32, 64), (64, 64), (64, 64)];
        let block =
            |(number, (channels, filters))| Block::new(channels, filters, variables.pp(format!("block{number}")));
        Ok(Self {
            first: Normalized::new(3, 16, 3, 1, variables.pp("first"))?,
            blocks: sizes.into_iter().enumerate().map(block).collect::<Result<_>>()?,
            output: linear(64, 10, variables.pp("output"))?,
        })
    }

    fn logits(&self, images: &Tensor) -> Result<Tensor> {
        let x = self.first.forward(images)?.relu()?;
        let x = self.blocks.iter().try_fold(x, |x, block| block.forward(&x))?;
        self.output.forward(&x.mean(D::Minus1)?.mean(D::Minus1)?)
    }
}

pub struct Lstm {
    cells: LSTM,
    output: Linear,
}

impl Model for Lstm {
    fn new(variables: VarBuilder) -> Result<Self> {
        let cells = candle_nn::lstm(28, 128, Default::default(), variables.pp("cells"))?;
        Ok(Self { cells, output: linear(128, 10, variables.pp("output"))? })
    }

    fn logits(&self, x: &Tensor) -> Result<Tensor> {
        let states = self.cells.seq(x)?;
        let last = states.last().ok_or_else(|| Error::Msg("no rows".into()))?;
        self.output.forward(last.h())
    }
}
