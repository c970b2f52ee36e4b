//! A network of two dense layers in candle, trained on a batch that is made up.

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Module, Result, Tensor, Var};
use candle_nn::loss::cross_entropy;
use candle_nn::{Linear, VarBuilder, VarMap, linear};

const HIDDEN: usize = 256;

struct Mlp {
    hidden: Linear,
    output: Linear,
}

impl Mlp {
    fn new(variables: VarBuilder) -> Result<Self> {
        let hidden = linear(784, HIDDEN, variables.pp("hidden"))?;
        Ok(Self { hidden, output: linear(HIDDEN, 10, variables.pp("output"))? })
    }

    fn logits(&self, images: &Tensor) -> Result<Tensor> {
        self.output.forward(&self.hidden.forward(images)?.relu()?)
    }
}

/// Gradient descent with momentum, which candle has not: each variable with its velocity.
struct Momentum(Vec<(Var, Tensor)>);

impl Momentum {
    fn new(variables: &VarMap) -> Result<Self> {
        let variables = variables.all_vars().into_iter();
        Ok(Self(variables.map(|variable| Ok((variable.clone(), variable.zeros_like()?))).collect::<Result<_>>()?))
    }

    fn step(&mut self, gradients: &GradStore) -> Result<()> {
        for (variable, velocity) in &mut self.0 {
            let Some(gradient) = gradients.get(variable) else { continue };
            *velocity = ((&*velocity * 0.9)? + gradient)?.detach();
            variable.set(&(variable.as_tensor() - (&*velocity * 0.01)?)?.detach())?;
        }
        Ok(())
    }
}

fn main() -> Result<()> {
    let images = (0..64 * 784).map(|pixel| (pixel * 7919 % 1009) as f32 / 1009.0).collect();
    let images = Tensor::from_vec(images, (64, 784), &Device::Cpu)?;
    let labels = Tensor::from_vec((0..64u32).map(|example| example * 7 % 10).collect(), 64, &Device::Cpu)?;
    let variables = VarMap::new();
    let net = Mlp::new(VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu))?;
    let mut optimizer = Momentum::new(&variables)?;
    for number in 1..=100 {
        let loss = cross_entropy(&net.logits(&images)?, &labels)?;
        optimizer.step(&loss.backward()?)?;
        if number % 20 == 0 {
            println!("step {number}: loss {:.4}", loss.to_scalar::<f32>()?);
        }
    }
    Ok(())
}
