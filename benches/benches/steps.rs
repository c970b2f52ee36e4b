//! `cargo bench -p varscope-benches --bench steps`: training steps and inference.

use divan::Bencher;
use varscope_benches::{Workload, steps};

fn main() {
    divan::main();
}

fn names(workloads: Vec<Workload>) -> impl Iterator<Item = String> {
    workloads.into_iter().map(|workload| workload.name)
}

fn bench(bencher: Bencher<'_, '_>, workloads: Vec<Workload>, name: &str) {
    let workload = workloads.into_iter().find(|workload| workload.name == name);
    bencher.bench_local(workload.expect("a name that was listed").make().expect("valid sizes"));
}

#[divan::bench(args = names(steps::all()))]
fn steps(bencher: Bencher<'_, '_>, name: &str) {
    bench(bencher, steps::all(), name);
}
