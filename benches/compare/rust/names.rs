//! What the names of workloads say, and the numbers that they are measured on.

/// `matmul_MxKxN` as `[m, k, n]`.
pub fn product(workload: &str) -> Option<[usize; 3]> {
    let sizes: Vec<usize> = workload.strip_prefix("matmul_")?.split('x').map_while(|size| size.parse().ok()).collect();
    sizes.try_into().ok()
}

/// The sizes of a convolution, forward.
pub struct Convolution {
    pub images: usize,
    pub size: usize,
    pub channels: usize,
    pub filters: usize,
    pub window: usize,
    pub stride: usize,
}

/// `conv_nN_SIZE_CHANNELS_FILTERS_kK[sS]_fwd`; the gradients by themselves are behind these libraries' autodiff.
pub fn convolution(workload: &str) -> Option<Convolution> {
    let mut parts = workload.strip_prefix("conv_n")?.strip_suffix("_fwd")?.split('_');
    let mut number = || parts.next()?.parse().ok();
    let (images, size, channels, filters) = (number()?, number()?, number()?, number()?);
    let window = parts.next()?.strip_prefix('k')?;
    let (window, stride) = window.split_once('s').unwrap_or((window, "1"));
    Some(Convolution { images, size, channels, filters, window: window.parse().ok()?, stride: stride.parse().ok()? })
}

/// Numbers from -1 to 1.
pub fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|n| (n * 7919 % 2003) as f32 / 1001.0 - 1.0).collect()
}

/// As many threads as the arguments say.
pub fn set_threads() {
    let threads = std::env::args().skip_while(|argument| argument != "--threads").nth(1);
    let threads = threads.and_then(|threads| threads.parse().ok()).expect("`--threads N`");
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().expect("threads");
}
