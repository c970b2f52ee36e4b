//! The arithmetic that the machine can do at most.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use varscope::kernels::peak::multiply_and_add;

/// Rounds of a measurement: some milliseconds.
const ROUNDS: usize = 1 << 20;

/// How often it is measured; the best counts.
const TIMES: usize = 40;

/// Giga-operations per second on so many threads at once.
pub fn measure(threads: usize) -> f64 {
    let barrier = Barrier::new(threads);
    let of_thread = || {
        let once = || {
            barrier.wait();
            let start = Instant::now();
            let operations = multiply_and_add(ROUNDS);
            barrier.wait();
            operations / start.elapsed().as_secs_f64()
        };
        (0..TIMES).map(|_| once()).fold(0.0, f64::max)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(of_thread)).collect();
        let rates = threads.into_iter().map(|thread| thread.join().unwrap_or(0.0));
        rates.sum::<f64>() / 1e9
    })
}
