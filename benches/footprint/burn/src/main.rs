//! A network of two dense layers in burn, trained on a batch that is made up.

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};

const HIDDEN: usize = 256;

#[derive(Module, Debug)]
struct Mlp {
    hidden: Linear,
    output: Linear,
}

impl Mlp {
    fn new(device: &Device) -> Self {
        let hidden = LinearConfig::new(784, HIDDEN).init(device);
        Self { hidden, output: LinearConfig::new(HIDDEN, 10).init(device) }
    }

    fn logits(&self, images: Tensor<2>) -> Tensor<2> {
        self.output.forward(relu(self.hidden.forward(images)))
    }
}

fn main() {
    let device = Device::flex().autodiff();
    let images: Vec<f32> = (0..64 * 784).map(|pixel| (pixel * 7919 % 1009) as f32 / 1009.0).collect();
    let labels: Vec<i64> = (0..64).map(|example| example * 7 % 10).collect();
    let images = Tensor::<2>::from_data(TensorData::new(images, [64, 784]), &device);
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [64]), &device);
    let mut net = Mlp::new(&device);
    let mut optimizer =
        SgdConfig::new().with_momentum(Some(MomentumConfig::new().with_momentum(0.9).with_dampening(0.0))).init();
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    for number in 1..=100 {
        let loss = cross_entropy.forward(net.logits(images.clone()), labels.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        net = optimizer.step(0.01, net, gradients);
        if number % 20 == 0 {
            println!("step {number}: loss {:.4}", loss.into_scalar::<f32>());
        }
    }
}
