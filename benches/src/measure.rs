//! Timing: the median of many runs.

use std::time::{Duration, Instant};

/// How long runs took, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// The median.
    pub median: f64,
    /// A tenth of the runs were faster.
    pub tenth: f64,
    /// The fastest.
    pub least: f64,
    /// How many there were.
    pub runs: usize,
}

/// The least time that is measured at once; a clock is too coarse for less.
const SAMPLE: f64 = 2e-4;

/// Times something for about so long, and at least seven times, after it has run for a fifth of that.
pub fn time(seconds: f64, mut run: impl FnMut()) -> Timing {
    let (start, mut warm) = (Instant::now(), 0);
    while warm < 3 || start.elapsed() < Duration::from_secs_f64(seconds / 5.0) {
        run();
        warm += 1;
    }
    let once = start.elapsed().as_secs_f64() / f64::from(warm);
    let batch = (SAMPLE / once).ceil().max(1.0) as usize;
    let (start, mut samples) = (Instant::now(), Vec::new());
    while samples.len() < 7 || start.elapsed() < Duration::from_secs_f64(seconds) {
        let sample = Instant::now();
        (0..batch).for_each(|_| run());
        samples.push(sample.elapsed().as_secs_f64() * 1e3 / batch as f64);
    }
    samples.sort_by(f64::total_cmp);
    let runs = samples.len();
    Timing { median: samples[runs / 2], tenth: samples[runs / 10], least: samples[0], runs }
}
