//! Learns handwritten digits: `cargo run --release --example digits`.
//!
//! With `-- --data DIR` it reads MNIST, or any other digits in the IDX format, from a folder.

mod model;
mod report;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use ndarray::{ArrayView2, Axis};
use varscope::optimizer::{Adam, Optimizer, schedule};
use varscope_examples::batches::Batches;
use varscope_examples::dataset::{Digits, Split};

use model::{DigitNet, DigitNetHyperparameters};

const HELP: &str = "\
Learns handwritten digits.

Usage: digits [--data DIR] [--epochs N] [--seed N] [--picture FILE]

  --data DIR      images and labels in the IDX format, as MNIST has them [default: the digits of the repository]
  --epochs N      how often each training image is seen [default: 45]
  --seed N        of the initial weights, the order of the images and their shifts [default: 4]
  --picture FILE  where the confusion matrix and some misread digits are drawn, as SVG [default: digits.svg]";

/// Images of a training step; the published baselines of these digits use as many.
const BATCH: usize = 32;

struct Options {
    data: Option<PathBuf>,
    epochs: u64,
    seed: u64,
    picture: PathBuf,
}

impl Options {
    fn read() -> Result<Option<Self>> {
        use lexopt::prelude::*;
        let mut options = Self { data: None, epochs: 45, seed: 4, picture: "digits.svg".into() };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("data") => options.data = Some(arguments.value()?.into()),
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
    let digits = match &options.data {
        Some(folder) => Digits::read(folder)?,
        None => Digits::embedded()?,
    };
    let (height, width) = digits.size();
    let net = DigitNet::seeded_with(options.seed, DigitNetHyperparameters::new(height, width))?;
    println!("{}", net.summary());

    let started = Instant::now();
    train(&net, &digits, &options)?;
    let seconds = started.elapsed().as_secs_f64();

    let read = predict(&net, &digits.test)?;
    report::draw(&options.picture, &digits.test, &read)?;
    println!("trained for {seconds:.1} s; misread digits are in {}", options.picture.display());
    println!("test accuracy: {:.4}", accuracy(&read, &digits.test));
    Ok(())
}

fn train(net: &DigitNet, digits: &Digits, options: &Options) -> Result<()> {
    let mut batches = Batches::new(&digits.train, BATCH, options.seed).shifted(1);
    let mut step = net.loss_gradients();
    let steps = batches.len() as u64 * options.epochs;
    let mut optimizer = Adam::new(schedule::cosine_decay(2e-3, steps));
    let progress = ProgressBar::new(steps).with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}")?);
    for epoch in 1..=options.epochs {
        let (mut losses, mut right, mut seen) = (0.0, 0, 0);
        batches.epoch(epoch, |images, labels| -> Result<()> {
            let ((loss, logits), gradients) = step.compute(images, labels)?;
            optimizer.apply(gradients)?;
            if !loss.is_finite() {
                bail!("the loss is {loss} in epoch {epoch}");
            }
            losses += f64::from(loss);
            right += labels.iter().zip(most_likely(logits)).filter(|(label, read)| *label == read).count();
            seen += labels.len();
            progress.inc(1);
            Ok(())
        })?;
        let test = accuracy(&predict(net, &digits.test)?, &digits.test);
        let (loss, train) = (losses / batches.len() as f64, right as f64 / seen as f64);
        progress.set_message(format!("test accuracy {test:.4}"));
        progress.suspend(|| {
            println!("epoch {epoch:2}: loss {loss:.4}, training accuracy {train:.4}, test accuracy {test:.4}");
        });
    }
    progress.finish_and_clear();
    Ok(())
}

/// The digit that the model reads in each image.
fn predict(net: &DigitNet, split: &Split) -> Result<Vec<u32>> {
    let mut read = Vec::with_capacity(split.len());
    for images in split.images.axis_chunks_iter(Axis(0), 256) {
        read.extend(most_likely(net.logits(images)?.view()));
    }
    Ok(read)
}

fn most_likely(logits: ArrayView2<'_, f32>) -> impl Iterator<Item = u32> {
    logits.into_outer_iter().map(|logits| {
        let best = logits.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
        best.map_or(0, |(digit, _)| digit as u32)
    })
}

fn accuracy(read: &[u32], split: &Split) -> f64 {
    let right = read.iter().zip(&split.labels).filter(|(read, label)| read == label).count();
    right as f64 / split.len() as f64
}
