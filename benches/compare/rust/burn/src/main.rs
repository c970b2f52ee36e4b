//! burn, with its backend for processors; images with channels first, which is its layout.

#[path = "../../../../src/measure.rs"]
#[allow(dead_code, reason = "varscope's own programs print more than the median")]
mod measure;
mod models;
#[path = "../../names.rs"]
mod names;
#[path = "../../../../src/serve.rs"]
mod serve;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Int, Tensor, TensorData};

use models::{LeNet, Lstm, Mlp, ResNet20};
use names::{Convolution, convolution, numbers, product};
use serve::Run;

fn tensor<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers(shape.iter().product()), shape), device)
}

fn momentum() -> ModuleOptimizer {
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    SgdConfig::new().with_momentum(Some(momentum)).init()
}

fn training<M: Module + 'static, const D: usize>(
    net: M,
    shape: [usize; D],
    mut optimizer: ModuleOptimizer,
    rate: f64,
    logits: impl Fn(&M, Tensor<D>) -> Tensor<2> + 'static,
    device: &Device,
) -> Run {
    let (x, device, batch) = (tensor(shape, device), device.clone(), shape[0]);
    let labels: Vec<i64> = (0..batch as i64).map(|example| example * 7 % 10).collect();
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [batch]), &device);
    let loss = CrossEntropyLossConfig::new().init(&device);
    let mut kept = Some(net);
    Box::new(move || {
        let net = kept.take().expect("a model");
        let gradients = loss.forward(logits(&net, x.clone()), labels.clone()).backward();
        let gradients = GradientsParams::from_grads(gradients, &net);
        kept = Some(optimizer.step(rate, net, gradients));
        device.sync().expect("the end of the step");
    })
}

fn inference<M: 'static, const D: usize>(
    net: M,
    shape: [usize; D],
    logits: impl Fn(&M, Tensor<D>) -> Tensor<2> + 'static,
    device: &Device,
) -> Run {
    let (x, device) = (tensor(shape, device), device.clone());
    Box::new(move || {
        let _logits = logits(&net, x.clone());
        device.sync().expect("the end of the run");
    })
}

fn forward(sizes: &Convolution, device: &Device) -> Run {
    let Convolution { images, size, channels, filters, window, stride } = *sizes;
    let (x, w) = (tensor([images, channels, size, size], device), tensor([filters, channels, window, window], device));
    let device = device.clone();
    Box::new(move || {
        let options = ConvOptions::new([stride; 2], [window / 2; 2], [1, 1], 1);
        let _y = conv2d(x.clone(), w.clone(), None, options);
        device.sync().expect("the end of the run");
    })
}

fn make(workload: &str) -> Option<Run> {
    #[allow(deprecated, reason = "with some features the backend is to be found, not chosen")]
    let device = Device::flex();
    let learning = device.clone().autodiff();
    let d = &learning;
    if let Some([m, k, n]) = product(workload) {
        let (a, b) = (tensor([m, k], &device), tensor([k, n], &device));
        return Some(Box::new(move || {
            let _y = a.clone().matmul(b.clone());
            device.sync().expect("the end of the run");
        }));
    }
    if let Some(sizes) = convolution(workload) {
        return Some(forward(&sizes, &device));
    }
    Some(match workload {
        "train_mlp_b64_sgdm" => training(Mlp::new(d), [64, 784], momentum(), 1e-3, Mlp::logits, d),
        "train_mlp_b256_sgdm" => training(Mlp::new(d), [256, 784], momentum(), 1e-3, Mlp::logits, d),
        "train_lenet_b64_sgdm" => training(LeNet::new(d), [64, 1, 28, 28], momentum(), 1e-3, LeNet::logits, d),
        "train_resnet20_b32_sgdm" => training(ResNet20::new(d), [32, 3, 32, 32], momentum(), 1e-3, ResNet20::logits, d),
        "train_lstm_b64_adam" => training(Lstm::new(d), [64, 28, 28], AdamConfig::new().init(), 1e-4, Lstm::logits, d),
        "infer_mlp_b1" => inference(Mlp::new(&device), [1, 784], Mlp::logits, &device),
        "infer_lenet_b1" => inference(LeNet::new(&device), [1, 1, 28, 28], LeNet::logits, &device),
        _ => return None,
    })
}

fn main() -> std::io::Result<()> {
    names::set_threads();
    serve::serve("burn", "0.22.1", make)
}
