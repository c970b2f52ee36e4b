//! What one `fn` sees of another that it calls, in the same model or in a layer.

use super::failure::{Failure, wrong_results};
use super::{Check, RESULTS};
use crate::shape::{Dim, Shape, ShapeError};

/// How many of the names that the inputs of a layer bind are kept for its other `fn`s.
const SIZES: usize = 8;

/// A layer as it was applied first.
#[derive(Clone, Copy, Debug)]
pub struct Applied {
    /// A hash of the shapes of its variables; 0 where they are not known.
    variables: u64,
    /// Its first input.
    input: Shape,
    /// The sizes of the names that its inputs bind.
    pub sizes: [Dim; SIZES],
}

impl Applied {
    /// One that is not applied yet.
    pub(super) const NOT_YET: Self = Self { variables: 0, input: Shape::ABSENT, sizes: [Dim::Unknown; SIZES] };
}

/// What one `fn` sees of another that it calls.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    results: [Shape; RESULTS],
    result_count: usize,
    failure: Option<Failure>,
    /// Whether the `fn` itself reports what is wrong with it.
    reports_itself: bool,
    variables: u64,
    /// The sizes of the names that the inputs bind.
    pub sizes: [Dim; SIZES],
}

impl Check<'_> {
    /// The results of another `fn` that is called. What is wrong inside is noted here, unless the `fn` reports it
    /// itself.
    pub const fn call(&mut self, node: usize, layer: &'static str, inner: &Outcome, results: &[usize]) {
        if let Some(failure) = inner.failure {
            if !inner.reports_itself {
                self.fail(failure.inside(node, layer));
            }
            return;
        }
        if inner.result_count != results.len() {
            let error = wrong_results(inner.result_count, results.len());
            return self.fail(Failure::new(node, layer, "", &[], error));
        }
        let mut n = 0;
        while n < results.len() {
            self.values[results[n]] = inner.results[n];
            n += 1;
        }
    }

    /// Notes that a layer is applied: the first time, what its variables are; after that, whether they are the same.
    pub const fn apply(
        &mut self,
        node: usize,
        scope: &'static str,
        layer: &'static str,
        number: usize,
        inner: &Outcome,
        input: Shape,
    ) {
        let made = self.layers[number];
        if made.input.is_absent() {
            self.layers[number] = Applied { variables: inner.variables, input, sizes: inner.sizes };
            self.note(inner.variables);
        } else if made.variables != 0 && inner.variables != 0 && made.variables != inner.variables {
            let error = ShapeError::new("its variables were made for {}, and this input needs others");
            self.fail(Failure::new(node, layer, scope, &[input], error.shape(made.input)));
        }
    }

    /// Takes over what another `fn` knows of a layer.
    pub const fn know_layer(&mut self, number: usize, layer: Applied) {
        if !layer.input.is_absent() {
            self.layers[number] = layer;
        }
    }

    /// Notes that a hyper-parameter without a default is not given.
    pub const fn missing(
        &mut self,
        node: usize,
        scope: &'static str,
        layer: &'static str,
        missing: Option<ShapeError>,
    ) {
        if let Some(error) = missing {
            self.fail(Failure::new(node, layer, scope, &[], error));
        }
    }

    /// The sizes of the first names: those that the inputs of `forward` bind.
    pub const fn sizes_bound(&self) -> [Dim; SIZES] {
        let mut sizes = [Dim::Unknown; SIZES];
        let mut name = 0;
        while name < self.dims.len() && name < SIZES {
            sizes[name] = self.dims[name];
            name += 1;
        }
        sizes
    }

    /// What another `fn` sees of this one; `is_right` is whether nothing is wrong with it by itself.
    pub const fn outcome(&self, is_right: bool) -> Outcome {
        Outcome {
            sizes: self.sizes_bound(),
            results: self.results,
            result_count: self.result_count,
            failure: self.findings.first(),
            reports_itself: !is_right,
            variables: self.variables,
        }
    }
}
