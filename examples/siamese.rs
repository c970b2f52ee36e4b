//! One encoder, applied to both digits of a pair, learns which are the same: `cargo run --release --example siamese`.
//!
//! The encoder is a layer with a name in the model. To apply it again is to call it by that name: `encoder(right)`
//! reads the variables that `scope encoder: …` has made, and its gradients are added to theirs.

use anyhow::{Result, ensure};
use ndarray::{Array1, Array4, Axis};
use varscope::Random;
use varscope::prelude::*;
use varscope_examples::dataset::{Digits, Split};

/// How far apart the codes of different digits should be, at least.
const MARGIN: f32 = 2.0;

model! {
    /// Turns each digit into a code of a few numbers. A model with a `fn forward` is a layer of others.
    pub struct Encoder(
        /// How many numbers a code has.
        units: usize,
    ) {
        // The size of an image is fixed where the layer is applied; `Dense` infers its own from there.
        fn forward(images: [batch, height, width, 1]) -> [batch, units] {
            let x = flatten(images);
            let x = scope hidden: layers::Dense(x, units = 128);
            scope code: layers::Dense(relu(x), units = units)
        }
    }

    /// Says how unlike the digits of a pair are.
    pub struct Siamese {
        /// The Euclidean distance of the two codes.
        fn distances(left: [pairs, 8, 8, 1], right: [pairs, 8, 8, 1]) -> [pairs] {
            let a = scope encoder: Encoder(left, units = 16); // makes encoder/hidden/weights, …
            let b = encoder(right); // shares them
            // The small number keeps the root's derivative finite where both codes are equal.
            sqrt(sum(square(a - b), axes = [1]) + 1e-6)
        }

        /// The contrastive loss (Hadsell, Chopra and LeCun, 2006): pairs of one digit are drawn together, others are
        /// pushed apart as long as they are nearer than the margin.
        fn loss(left: [pairs, 8, 8, 1], right: [pairs, 8, 8, 1], same: [pairs]) -> [] {
            let distances = distances(left, right);
            let together = same * square(distances);
            let apart = (1.0 - same) * square(relu(MARGIN - distances));
            mean(together + apart)
        }
    }
}

/// Steps of training, and pairs in each.
const STEPS: u64 = 3000;
const PAIRS: usize = 64;

fn main() -> Result<()> {
    let digits = Digits::embedded()?;
    let net = Siamese::seeded(42)?;
    show_what_is_shared(&net, &digits)?;

    let mut step = net.loss_gradients();
    let mut optimizer = Adam::new(schedule::cosine_decay(3e-3, STEPS));
    for number in 0..STEPS {
        let Pairs { left, right, same } = Pairs::draw(&digits.train, PAIRS, &mut Random::new(42, "pairs", number));
        let (loss, gradients) = step.compute(left.view(), right.view(), same.view())?;
        optimizer.apply(gradients)?;
        if number % 500 == 0 || number == STEPS - 1 {
            println!("step {number:4}: loss {loss:.4}");
        }
    }

    // What counts as near is decided on digits that were learnt from, and judged on digits that were not.
    let known = Pairs::draw(&digits.train, 2000, &mut Random::new(42, "known pairs", 0));
    let unseen = Pairs::draw(&digits.test, 2000, &mut Random::new(42, "unseen pairs", 0));
    let before = separation(&Siamese::seeded(42)?, &known, &unseen)?;
    let after = separation(&net, &known, &unseen)?;
    println!("pairs of test digits told apart, before training: {:.3} (below {:.2} is the same)", before.1, before.0);
    println!("pairs of test digits told apart, after training:  {:.3} (below {:.2} is the same)", after.1, after.0);
    ensure!(after.1 > 0.9 && after.1 > before.1, "the distances do not tell the pairs apart");
    Ok(())
}

/// Two applications, one set of variables: the list says so, and so do the distances.
fn show_what_is_shared(net: &Siamese, digits: &Digits) -> Result<()> {
    println!("{}", net.summary());
    let names: Vec<_> = net.variables().iter().map(|variable| variable.name().to_string()).collect();
    println!("the encoder is applied twice, and its variables are {names:?}");
    let expected = ["encoder/hidden/weights", "encoder/hidden/biases", "encoder/code/weights", "encoder/code/biases"];
    ensure!(names == expected, "the variables are not those of one encoder");

    // With encoders of their own, the sides of a pair would make a difference.
    let Pairs { left, right, .. } = Pairs::draw(&digits.test, 10, &mut Random::new(1, "sides", 0));
    let (one, other) = (net.distances(left.view(), right.view())?, net.distances(right.view(), left.view())?);
    ensure!(one == other, "the distance depends on the side");
    Ok(())
}

/// Pairs of digits, every second of the same digit.
struct Pairs {
    left: Array4<f32>,
    right: Array4<f32>,
    /// 1 where both are the same digit, otherwise 0.
    same: Array1<f32>,
}

impl Pairs {
    fn draw(split: &Split, count: usize, random: &mut Random) -> Self {
        let (mut left, mut right) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for number in 0..count {
            let wants_same = number % 2 == 0;
            let one = random.below(split.len());
            let other = loop {
                let other = random.below(split.len());
                if (split.labels[other] == split.labels[one]) == wants_same && other != one {
                    break other;
                }
            };
            left.push(one);
            right.push(other);
        }
        Self {
            left: split.images.select(Axis(0), &left),
            right: split.images.select(Axis(0), &right),
            same: Array1::from_shape_fn(count, |number| if number % 2 == 0 { 1.0 } else { 0.0 }),
        }
    }
}

/// The distance that tells the known pairs apart best, and for how many of the unseen pairs it is right.
fn separation(net: &Siamese, known: &Pairs, unseen: &Pairs) -> Result<(f32, f64)> {
    let of_known = net.distances(known.left.view(), known.right.view())?;
    let best = of_known.iter().copied().max_by(|&a, &b| {
        let right = |threshold| accuracy(&of_known, &known.same, threshold);
        right(a).total_cmp(&right(b))
    });
    let threshold = best.unwrap_or(MARGIN);
    let of_unseen = net.distances(unseen.left.view(), unseen.right.view())?;
    Ok((threshold, accuracy(&of_unseen, &unseen.same, threshold)))
}

fn accuracy(distances: &Array1<f32>, same: &Array1<f32>, threshold: f32) -> f64 {
    let right = distances.iter().zip(same).filter(|&(&distance, &same)| (distance < threshold) == (same == 1.0));
    right.count() as f64 / distances.len() as f64
}
