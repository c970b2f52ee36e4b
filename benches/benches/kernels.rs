//! `cargo bench -p varscope-benches --bench kernels`: matrix products and convolutions.

use divan::Bencher;
use varscope_benches::{Workload, products};

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

#[divan::bench(args = names(products::matrices()))]
fn products(bencher: Bencher<'_, '_>, name: &str) {
    bench(bencher, products::matrices(), name);
}

#[divan::bench(args = names(products::convolutions()))]
fn convolutions(bencher: Bencher<'_, '_>, name: &str) {
    bench(bencher, products::convolutions(), name);
}
