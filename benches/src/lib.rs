//! How fast varscope is: the workloads that it is measured on, beside other libraries.

pub mod compare;
pub mod measure;
pub mod models;
pub mod peak;
pub mod products;
pub mod serve;
pub mod steps;

pub use serve::Run;

/// Something to be measured.
pub struct Workload {
    /// Its name, the same in the driver of every library.
    pub name: String,
    /// Multiplications and additions of its matrix products and convolutions.
    pub operations: f64,
    make: Box<dyn Fn() -> anyhow::Result<Run>>,
}

impl Workload {
    fn new<R: FnMut() + 'static>(
        name: impl Into<String>,
        operations: f64,
        make: impl Fn() -> anyhow::Result<R> + 'static,
    ) -> Self {
        Self { name: name.into(), operations, make: Box::new(move || Ok(Box::new(make()?))) }
    }

    /// Makes what it needs, in memory for as long as it is measured.
    ///
    /// # Errors
    ///
    /// A model that cannot be made.
    pub fn make(&self) -> anyhow::Result<Run> {
        (self.make)()
    }
}

/// All of them.
pub fn all() -> impl Iterator<Item = Workload> {
    products::matrices().into_iter().chain(products::convolutions()).chain(steps::all())
}

/// Normal random numbers, the same in each run.
pub fn numbers(count: usize) -> Vec<f32> {
    let mut random = varscope::Random::new(1, "workload", 0);
    (0..count).map(|_| random.normal() as f32).collect()
}
