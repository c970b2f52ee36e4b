//! The microkernel: one tile of C, held in registers.

#![expect(unsafe_code, reason = "vector instructions; bounds are checked once in `Tile::run`")]

use crate::element::Float;
use crate::kernels::isa::Isa;
use crate::kernels::simd::{Four, Vector};
use crate::op::Update;

/// The most numbers of a tile.
const LARGEST: usize = 12 * 32;

/// A microkernel and the size of its tile.
#[derive(Clone, Copy)]
pub struct Tile<T> {
    /// `MR`: the rows of a tile, and the width of a panel of A.
    pub rows: usize,
    /// `NR`: the columns of a tile, and the width of a panel of B.
    pub columns: usize,
    kernel: Kernel<T>,
}

/// Multiplies a panel of A with a panel of B, both of this depth, into a tile at `c`, whose rows are `stride` apart.
type Kernel<T> = unsafe fn(depth: usize, a: *const T, b: *const T, c: *mut T, stride: usize, update: Update);

impl<T: Float> Tile<T> {
    const fn new<V: Vector<Element = T>, const ROWS: usize, const VECTORS: usize>(kernel: Kernel<T>) -> Self {
        let columns = VECTORS * V::LANES;
        assert!(ROWS * columns <= LARGEST, "an edge is computed in a buffer of the largest tile");
        Self { rows: ROWS, columns, kernel }
    }

    /// Computes a tile. `c` begins at its first element; `[height, width]` is how much of the tile lies inside C, and
    /// `stride` the distance of its rows.
    ///
    /// # Panics
    ///
    /// Where a slice is too short; a caller's defect.
    pub fn run(
        &self,
        depth: usize,
        a: &[T],
        b: &[T],
        c: &mut [T],
        [height, width, stride]: [usize; 3],
        update: Update,
    ) {
        assert!(a.len() >= depth * self.rows && b.len() >= depth * self.columns, "a panel is too short");
        assert!(height <= self.rows && width <= self.columns && width <= stride, "more than a tile");
        assert!(height > 0 && c.len() >= (height - 1) * stride + width, "C is too short");
        if (height, width) == (self.rows, self.columns) {
            // SAFETY: `Tile::for_isa` chose the kernel for instructions that the machine has; the panels hold `depth`
            // steps and C the whole tile, as just checked.
            unsafe { (self.kernel)(depth, a.as_ptr(), b.as_ptr(), c.as_mut_ptr(), stride, update) };
            return;
        }
        let mut whole = [T::zero(); LARGEST];
        // SAFETY: as above, with a C of `self.rows` rows of `self.columns`, at most the buffer's length (`Tile::new`).
        unsafe { (self.kernel)(depth, a.as_ptr(), b.as_ptr(), whole.as_mut_ptr(), self.columns, Update::Set) };
        for (row, whole) in whole.chunks_exact(self.columns).take(height).enumerate() {
            let c = &mut c[row * stride..][..width];
            match update {
                Update::Set => c.copy_from_slice(&whole[..width]),
                Update::Add => c.iter_mut().zip(whole).for_each(|(c, &whole)| *c += whole),
            }
        }
    }
}

impl Tile<f32> {
    /// The tile for a set of instructions.
    pub fn for_isa(isa: Isa) -> Self {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Self::new::<std::arch::x86_64::__m512, 12, 2>(x86::avx512_f32),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Self::new::<std::arch::x86_64::__m256, 6, 2>(x86::avx2_f32),
            Isa::Portable => Self::new::<Four<f32>, 4, 2>(multiply::<Four<f32>, 4, 2>),
        }
    }
}

impl Tile<f64> {
    /// The tile for a set of instructions.
    pub fn for_isa(isa: Isa) -> Self {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => Self::new::<std::arch::x86_64::__m512d, 12, 2>(x86::avx512_f64),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => Self::new::<std::arch::x86_64::__m256d, 6, 2>(x86::avx2_f64),
            Isa::Portable => Self::new::<Four<f64>, 4, 2>(multiply::<Four<f64>, 4, 2>),
        }
    }
}

/// The microkernel for a tile of `ROWS` rows and `VECTORS` vectors of columns.
///
/// # Safety
///
/// The machine has the instructions of `V`. `a` holds `depth * ROWS` numbers and `b` `depth * VECTORS * LANES`; `c` can
/// be written (and read, for [`Update::Add`]) in `ROWS` rows of `VECTORS * LANES`, `stride` apart.
#[inline(always)]
unsafe fn multiply<V: Vector, const ROWS: usize, const VECTORS: usize>(
    depth: usize,
    a: *const V::Element,
    b: *const V::Element,
    c: *mut V::Element,
    stride: usize,
    update: Update,
) {
    // SAFETY: the caller vouches for the instructions and for all addresses: step `k` reads `ROWS` numbers at
    // `a + k * ROWS` and `VECTORS * LANES` at `b + k * VECTORS * LANES`, and C is touched at the caller's tile only.
    unsafe {
        let mut sums = [[V::splat(<V::Element as num_traits::Zero>::zero()); VECTORS]; ROWS];
        for k in 0..depth {
            let b = b.add(k * VECTORS * V::LANES);
            let columns: [V; VECTORS] = std::array::from_fn(|vector| V::load(b.add(vector * V::LANES)));
            for (row, sums) in sums.iter_mut().enumerate() {
                let factor = V::splat(*a.add(k * ROWS + row));
                for (sum, column) in sums.iter_mut().zip(columns) {
                    *sum = factor.mul_add(column, *sum);
                }
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            for (vector, sum) in sums.into_iter().enumerate() {
                let c = c.add(row * stride + vector * V::LANES);
                let sum = if update == Update::Add { sum.add(V::load(c)) } else { sum };
                sum.store(c);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};

    use super::{Update, multiply};

    macro_rules! kernels {
        ($($name:ident, $features:literal, $vector:ty, $number:ty, $rows:literal;)*) => {$(
            /// # Safety
            ///
            /// As for [`multiply`], on a machine with the features that are named here.
            #[target_feature(enable = $features)]
            pub(super) unsafe fn $name(
                depth: usize,
                a: *const $number,
                b: *const $number,
                c: *mut $number,
                stride: usize,
                update: Update,
            ) {
                // SAFETY: the caller vouches for all of it.
                unsafe { multiply::<$vector, $rows, 2>(depth, a, b, c, stride, update) }
            }
        )*};
    }

    kernels! {
        avx512_f32, "avx512f", __m512, f32, 12;
        avx512_f64, "avx512f", __m512d, f64, 12;
        avx2_f32, "avx2,fma", __m256, f32, 6;
        avx2_f64, "avx2,fma", __m256d, f64, 6;
    }
}
