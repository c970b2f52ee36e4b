//! A generator learns to draw digits that a discriminator takes for real ones: `cargo run --release --example gan`.
//!
//! The discriminator is one layer, applied to real and to drawn digits. Each of the two networks has a loss of its own,
//! and each step of training computes the gradients of one of them alone: `only(…)`.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use ndarray::{Array2, Array4, Axis, s};
use varscope::Random;
use varscope::prelude::*;
use varscope_examples::batches::Batches;
use varscope_examples::dataset::{Digits, Split};
use varscope_examples::picture;

const HELP: &str = "\
Learns to draw handwritten digits.

Usage: gan [--epochs N] [--seed N] [--picture FILE]

  --epochs N      how often each real digit is seen [default: 120]
  --seed N        of the initial weights, the noise and the order of the digits [default: 42]
  --picture FILE  where the drawn digits are written, as PNG [default: gan.png]";

/// Digits in a step of training.
const BATCH: usize = 32;

/// Random numbers that a digit is drawn from.
const NOISE: usize = 16;

model! {
    /// Draws a digit of 8×8 pixels from noise.
    pub struct Generator {
        fn forward(noise: [batch, NOISE]) -> [batch, 8, 8, 1] {
            let x = scope hidden1: layers::Dense(noise, units = 128);
            let x = scope hidden2: layers::Dense(relu(x), units = 128);
            let x = scope pixels: layers::Dense(relu(x), units = 64);
            reshape(sigmoid(x), shape = [batch, 8, 8, 1])
        }
    }

    /// Gives a positive number to what it takes for a real digit, and a negative one to what it does not.
    pub struct Discriminator {
        fn forward(digits: [batch, 8, 8, 1]) -> [batch, 1] {
            let x = scope hidden1: layers::Dense(flatten(digits), units = 128);
            // `dropout` drops in training steps only.
            let x = scope hidden2: layers::Dense(relu(x).dropout(rate = 0.3), units = 128);
            scope verdict: layers::Dense(relu(x).dropout(rate = 0.3), units = 1)
        }
    }

    /// Both, one against the other.
    pub struct Gan {
        fn draw(noise: [batch, NOISE]) -> [batch, 8, 8, 1] {
            scope generator: Generator(noise)
        }

        /// How badly real and drawn digits are told apart.
        fn discriminator_loss(real: [batch, 8, 8, 1]) -> [] {
            // A `fn` of the model may be called from another: `draw` has its variables from the root on, so they are
            // `generator/…` here too.
            let drawn = draw(random_normal(shape = [batch, NOISE]));
            let of_real = scope discriminator: Discriminator(real);
            let of_drawn = discriminator(drawn); // the same layer again
            // Real digits are labelled just below 1, so that the discriminator stays unsure (Salimans et al., 2016).
            let losses = sigmoid_cross_entropy(of_real, fill(shape = [batch, 1], value = 0.9))
                + sigmoid_cross_entropy(of_drawn, zeros(shape = [batch, 1]));
            mean(losses)
        }

        /// How seldom drawn digits are taken for real. A `fn` needs no input: the batch is a constant here.
        fn generator_loss() -> [] {
            let drawn = draw(random_normal(shape = [BATCH, NOISE]));
            mean(sigmoid_cross_entropy(discriminator(drawn), ones(shape = [BATCH, 1])))
        }
    }
}

struct Options {
    epochs: u64,
    seed: u64,
    picture: PathBuf,
}

impl Options {
    fn read() -> Result<Option<Self>> {
        use lexopt::prelude::*;
        let mut options = Self { epochs: 120, seed: 42, picture: "gan.png".into() };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("epochs") => options.epochs = arguments.value()?.parse()?,
                Long("seed") => options.seed = arguments.value()?.parse()?,
                Long("picture") => options.picture = arguments.value()?.into(),
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(options))
    }
}

fn main() -> Result<()> {
    let Some(options) = Options::read()? else {
        println!("{HELP}");
        return Ok(());
    };
    let digits = Digits::embedded()?;
    let net = Gan::seeded(options.seed)?;
    println!("{}", net.summary());
    show_who_learns(&net, &digits)?;
    show_that_it_repeats(&digits, options.seed)?;

    // The same noise each time, so that one sees how the digits come about.
    let noise = noise(100, options.seed);
    let before = net.draw(noise.view())?;
    train(&net, &digits, options.epochs, options.seed)?;
    let drawn = net.draw(noise.view())?;
    picture::write_grid(&options.picture, drawn.view(), 10, 4)?;
    println!("digits that it draws are in {}", options.picture.display());

    let (before, now) = (Nearest::find(&before, &digits.train), Nearest::find(&drawn, &digits.train));
    println!(
        "mean distance of a drawn digit to the nearest real one: {:.2}, before {:.2}",
        now.distance, before.distance
    );
    println!("drawn digits that are nearest to each of 0 to 9: {:?}", now.counts);
    let is_trained = options.epochs >= 50;
    ensure!(!is_trained || now.distance < before.distance / 2.0, "what it draws is no digit");
    ensure!(!is_trained || now.counts.iter().filter(|&&count| count > 0).count() > 5, "it draws one digit or two");
    Ok(())
}

/// Trains both by turns; for each batch one step of either.
fn train(net: &Gan, digits: &Digits, epochs: u64, seed: u64) -> Result<()> {
    let variables = net.trainable_variables();
    let mut judge = net.discriminator_loss_gradients().only(&variables.in_scope("discriminator"))?;
    let mut draw = net.generator_loss_gradients().only(&variables.in_scope("generator"))?;
    let mut of_judge = Adam::new(1e-3).beta1(0.5);
    let mut of_draw = Adam::new(1e-3).beta1(0.5);
    let mut batches = Batches::new(&digits.train, BATCH, seed);
    for epoch in 1..=epochs {
        let (mut judged, mut drawn) = (0.0, 0.0);
        batches.epoch(epoch, |images, _| -> Result<()> {
            let (loss, gradients) = judge.compute(images)?;
            of_judge.apply(gradients)?;
            judged += loss;
            let (loss, gradients) = draw.compute()?;
            of_draw.apply(gradients)?;
            drawn += loss;
            Ok(())
        })?;
        if epoch % 20 == 0 {
            let count = batches.len() as f32;
            println!("epoch {epoch:3}: discriminator's loss {:.3}, generator's {:.3}", judged / count, drawn / count);
        }
    }
    Ok(())
}

/// Which variables a step has gradients for, with `only` and without.
fn show_who_learns(net: &Gan, digits: &Digits) -> Result<()> {
    let variables = net.trainable_variables();
    let generator = variables.in_scope("generator");
    let real = digits.train.images.slice(s![..BATCH, .., .., ..]);

    let mut all = net.discriminator_loss_gradients();
    let (_, gradients) = all.compute(real)?;
    println!("the discriminator's loss depends on {} variables, all of the {}", gradients.len(), variables.len());
    ensure!(gradients.len() == variables.len(), "the loss should depend on both networks");

    let mut only = net.generator_loss_gradients().only(&generator)?;
    let (_, gradients) = only.compute()?;
    println!("of a step of the generator only {} have gradients", gradients.len());
    ensure!(gradients.len() == generator.len(), "`only` should leave those of the generator");
    ensure!(gradients.get(&net.discriminator.verdict.weights).is_none(), "the discriminator should stay as it is");
    Ok(())
}

/// All that is random comes from the store's seed, so training again gives the same model, to the last bit.
fn show_that_it_repeats(digits: &Digits, seed: u64) -> Result<()> {
    let trained = || -> Result<Array4<f32>> {
        let net = Gan::seeded(seed)?;
        train(&net, digits, 1, seed)?;
        Ok(net.draw(noise(10, seed).view())?)
    };
    ensure!(trained()? == trained()?, "the same seed should give the same digits");
    println!("two trainings from the seed {seed} draw the same digits");
    Ok(())
}

fn noise(count: usize, seed: u64) -> Array2<f32> {
    let mut random = Random::new(seed, "noise of the picture", 0);
    Array2::from_shape_simple_fn((count, NOISE), || random.normal() as f32)
}

/// The real digits that drawn ones are nearest to.
struct Nearest {
    /// The mean Euclidean distance.
    distance: f32,
    /// How many of them are a 0, a 1, …
    counts: [usize; 10],
}

impl Nearest {
    fn find(drawn: &Array4<f32>, real: &Split) -> Self {
        let (mut distance, mut counts) = (0.0, [0; 10]);
        for digit in drawn.outer_iter() {
            let distances = real.images.outer_iter().map(|real| (&digit - &real).mapv(|d| d * d).sum().sqrt());
            let nearest = distances.zip(&real.labels).min_by(|(a, _), (b, _)| a.total_cmp(b));
            if let Some((nearest, &label)) = nearest {
                distance += nearest / drawn.len_of(Axis(0)) as f32;
                counts[label as usize] += 1;
            }
        }
        Self { distance, counts }
    }
}
