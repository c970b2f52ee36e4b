//! candle on a processor; images with channels first, which is its layout.

#[path = "../../../../src/measure.rs"]
#[allow(dead_code, reason = "varscope's own programs print more than the median")]
mod measure;
mod models;
#[path = "../../names.rs"]
mod names;
#[path = "../../../../src/serve.rs"]
mod serve;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, VarBuilder, VarMap};

use models::{LeNet, Lstm, Mlp, Model, ResNet20};
use names::{Convolution, convolution, numbers, product};
use serve::Run;

fn tensor(shape: &[usize]) -> Result<Tensor> {
    Tensor::from_vec(numbers(shape.iter().product()), shape, &Device::Cpu)
}

/// Gradient descent with momentum, which candle has not: what its users write.
struct Momentum(Vec<(Var, Option<Tensor>)>);

impl Momentum {
    fn update(&mut self, gradients: &GradStore) -> Result<()> {
        for (variable, velocity) in &mut self.0 {
            let Some(gradient) = gradients.get(variable) else { continue };
            let next = match velocity.take() {
                Some(velocity) => ((velocity * 0.9)? + gradient)?,
                None => gradient.clone(),
            };
            variable.set(&(variable.as_tensor() - (&next * 1e-3)?)?.detach())?;
            *velocity = Some(next.detach());
        }
        Ok(())
    }
}

enum Update {
    Momentum(Momentum),
    Adam(AdamW),
}

impl Update {
    fn new(is_adam: bool, variables: &VarMap) -> Result<Self> {
        if is_adam {
            let given = ParamsAdamW { lr: 1e-4, weight_decay: 0.0, ..Default::default() };
            return Ok(Self::Adam(AdamW::new(variables.all_vars(), given)?));
        }
        let variables = variables.all_vars().into_iter().map(|variable| (variable, None));
        Ok(Self::Momentum(Momentum(variables.collect())))
    }

    fn step(&mut self, loss: &Tensor) -> Result<()> {
        let gradients = loss.backward()?;
        match self {
            Self::Momentum(momentum) => momentum.update(&gradients),
            Self::Adam(adam) => adam.step(&gradients),
        }
    }
}

fn training<M: Model + 'static>(shape: &[usize], is_adam: bool) -> Result<Run> {
    let variables = VarMap::new();
    let net = M::new(VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu))?;
    let mut update = Update::new(is_adam, &variables)?;
    let labels = (0..shape[0] as u32).map(|example| example * 7 % 10).collect();
    let (x, labels) = (tensor(shape)?, Tensor::from_vec(labels, shape[0], &Device::Cpu)?);
    Ok(Box::new(move || {
        let logits = net.logits(&x).expect("the logits");
        let loss = candle_nn::loss::cross_entropy(&logits, &labels).expect("the loss");
        update.step(&loss).expect("the update");
    }))
}

/// Its weights are no variables, so that no graph is kept, as where they are loaded from a file.
fn inference<M: Model + 'static>(shape: &[usize]) -> Result<Run> {
    let variables = VarMap::new();
    M::new(VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu))?;
    let made = variables.data().lock().expect("no panic before");
    let weights = made.iter().map(|(name, variable)| (name.clone(), variable.as_tensor().detach())).collect();
    let net = M::new(VarBuilder::from_tensors(weights, DType::F32, &Device::Cpu))?;
    let x = tensor(shape)?;
    Ok(Box::new(move || {
        net.logits(&x).expect("the logits");
    }))
}

fn forward(sizes: &Convolution) -> Result<Run> {
    let Convolution { images, size, channels, filters, window, stride } = *sizes;
    let (x, w) = (tensor(&[images, channels, size, size])?, tensor(&[filters, channels, window, window])?);
    Ok(Box::new(move || {
        x.conv2d(&w, window / 2, stride, 1, 1).expect("the convolution");
    }))
}

fn products([m, k, n]: [usize; 3]) -> Result<Run> {
    let (a, b) = (tensor(&[m, k])?, tensor(&[k, n])?);
    Ok(Box::new(move || {
        a.matmul(&b).expect("the product");
    }))
}

fn make(workload: &str) -> Option<Run> {
    let run = if let Some(sizes) = product(workload) {
        products(sizes)
    } else if let Some(sizes) = convolution(workload) {
        forward(&sizes)
    } else {
        match workload {
            "train_mlp_b64_sgdm" => training::<Mlp>(&[64, 784], false),
            "train_mlp_b256_sgdm" => training::<Mlp>(&[256, 784], false),
            "train_lenet_b64_sgdm" => training::<LeNet>(&[64, 1, 28, 28], false),
            "train_resnet20_b32_sgdm" => training::<ResNet20>(&[32, 3, 32, 32], false),
            "train_lstm_b64_adam" => training::<Lstm>(&[64, 28, 28], true),
            "infer_mlp_b1" => inference::<Mlp>(&[1, 784]),
            "infer_lenet_b1" => inference::<LeNet>(&[1, 1, 28, 28]),
            _ => return None,
        }
    };
    Some(run.expect("the workload's tensors"))
}

fn main() -> std::io::Result<()> {
    names::set_threads();
    serve::serve("candle", "0.11.1", make)
}
