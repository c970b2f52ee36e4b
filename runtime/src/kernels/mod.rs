//! Numbers only: slices, sizes and strides in, numbers out. No kernel knows an op, a store or a scope.
//!
//! Apart from the arena, `unsafe` is found only here, in leaf functions behind safe entry points that check bounds once.
//! Each kernel has a naive twin in [`reference`], the oracle of its tests. Results do not depend on the number of
//! threads: outputs are split between them, sums are not, or in parts that are always the same.

pub mod batch_norm;
pub mod broadcast;
pub mod columns;
pub mod convolution;
pub mod elementwise;
pub mod exponential;
pub mod gemm;
pub mod isa;
pub mod lanes;
pub mod literal;
pub mod lstm;
pub mod parallel;
pub mod peak;
pub mod pool;
pub mod reduce;
#[cfg(test)]
pub mod reference;
pub mod scratch;
mod simd;
pub mod softmax;
pub mod special;
pub mod strided;
mod team;
