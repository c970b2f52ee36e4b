use super::*;
use crate::element::Float;
use crate::kernels::gemm::Packs;
use crate::kernels::{isa, reference};
use crate::op::{Dim, Padding, Window};
use crate::random::Random;

const PADDINGS: [Padding; 5] = [
    Padding::Same,
    Padding::Valid,
    Padding::Explicit([[1, 1], [1, 1]]),
    Padding::Explicit([[0, 3], [2, 1]]),
    Padding::Explicit([[7, 6], [9, 8]]),
];

/// The sizes of a convolution, unless the filter does not fit.
fn sizes(
    [images, height, width, channels]: [usize; 4],
    filter: [usize; 3],
    strides: [usize; 2],
    dilations: [usize; 2],
    groups: usize,
    padding: Padding,
) -> Option<Convolution> {
    let image = [height, width];
    let window = |axis| Window { size: filter[axis], stride: strides[axis], dilation: dilations[axis] };
    let positions = |axis: usize| window(axis).positions(Dim::known(image[axis]), padding, axis).ok()?.size();
    let output = [positions(0)?, positions(1)?];
    let before = |axis| window(axis).before(image[axis], output[axis], padding, axis);
    let (before, window, filters) = ([before(0), before(1)], [filter[0], filter[1]], filter[2]);
    Some(Convolution { images, image, channels, output, filters, window, strides, dilations, before, groups })
}

fn every_size() -> Vec<Convolution> {
    let mut all = Vec::new();
    let images = [[1, 1, 1, 1], [2, 5, 4, 1], [1, 6, 7, 4], [3, 2, 9, 2], [0, 4, 4, 2], [2, 3, 0, 2]];
    let filters = [[1, 1, 2], [3, 3, 4], [2, 3, 2], [5, 5, 2], [1, 4, 6], [3, 3, 0]];
    for image in images {
        for filter in filters {
            for (strides, dilations) in [([1, 1], [1, 1]), ([2, 2], [1, 1]), ([3, 1], [1, 2]), ([1, 3], [2, 2])] {
                for padding in PADDINGS {
                    let groups = if image[3] % 2 == 0 { 2 } else { 1 };
                    for groups in [1, groups] {
                        all.extend(sizes(image, filter, strides, dilations, groups, padding));
                    }
                }
            }
        }
    }
    // Past the edges of tiles and blocks.
    all.extend(sizes([3, 20, 21, 3], [5, 5, 33], [1, 1], [1, 1], 1, Padding::Same));
    all.extend(sizes([2, 6, 6, 40], [3, 3, 17], [2, 1], [1, 1], 1, Padding::Valid));
    all.extend(sizes([2, 6, 6, 40], [3, 3, 20], [1, 1], [1, 2], 4, Padding::Same));
    all.extend(sizes([2, 5, 6, 9], [3, 2, 9], [1, 2], [1, 1], 9, Padding::Same));
    all.extend(sizes([2, 5, 6, 3], [3, 3, 12], [2, 1], [1, 1], 3, Padding::Valid));
    all
}

fn numbers<T: Float>(count: usize, random: &mut Random) -> Vec<T> {
    (0..count).map(|_| T::of(random.normal())).collect()
}

fn close<T: Float>(what: &str, sizes: &Convolution, found: &[T], wanted: &[f64]) {
    let largest = wanted.iter().fold(1.0_f64, |largest, number| largest.max(number.abs()));
    for (n, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let error = (found.as_f64() - wanted).abs();
        assert!(error < T::epsilon().as_f64() * 64.0 * largest, "{what}: {found} at {n}, not {wanted}: {sizes:?}");
    }
}

fn check<T: Gemm>(sizes: &Convolution, random: &mut Random) {
    let image = sizes.images * sizes.image[0] * sizes.image[1] * sizes.channels;
    let (filter, result) = (sizes.patch() * sizes.filters, sizes.images * sizes.pixels() * sizes.filters);
    let (x, w, dy): (Vec<T>, Vec<T>, Vec<T>) =
        (numbers(image, random), numbers(filter, random), numbers(result, random));
    let mut y = vec![T::nan(); result];
    let (mut dx, mut dw) = (vec![T::one(); image], vec![T::one(); filter]);
    convolve(sizes, &x, (&w, None), &mut y, Update::Set, None);
    image_gradient(sizes, &dy, &w, &mut dx, Update::Add, None);
    filter_gradient(sizes, &x, &dy, &mut dw, Update::Add);
    let (mut y_wanted, mut dx_wanted, mut dw_wanted) = (vec![0.0; result], vec![1.0; image], vec![1.0; filter]);
    reference::convolution(sizes, |at_x, at_w, at_y| {
        let (x, w, dy) = (x[at_x].as_f64(), w[at_w].as_f64(), dy[at_y].as_f64());
        y_wanted[at_y] += x * w;
        dx_wanted[at_x] += dy * w;
        dw_wanted[at_w] += dy * x;
    });
    close("y", sizes, &y, &y_wanted);
    convolve(sizes, &x, (&w, None), &mut y, Update::Add, None);
    y_wanted.iter_mut().for_each(|y| *y *= 2.0);
    close("y, added", sizes, &y, &y_wanted);
    let epilogue = |first: usize, y: &mut [T]| {
        assert!(first.is_multiple_of(sizes.filters) && y.len().is_multiple_of(sizes.filters), "pixels are whole");
        y.iter_mut().zip(first..).for_each(|(y, n)| *y = *y * T::of(2.0) + T::of(n as f64));
    };
    convolve(sizes, &x, (&w, None), &mut y, Update::Set, Some(&epilogue));
    y_wanted.iter_mut().enumerate().for_each(|(n, y)| *y += n as f64);
    close("y, with an epilogue", sizes, &y, &y_wanted);
    close("dx", sizes, &dx, &dx_wanted);
    close("dfilter", sizes, &dw, &dw_wanted);
    image_gradient(sizes, &dy, &w, &mut dx, Update::Set, None);
    dx_wanted.iter_mut().for_each(|d| *d -= 1.0);
    close("dx, set", sizes, &dx, &dx_wanted);
    let epilogue = |first: usize, dx: &mut [T]| {
        assert!(first.is_multiple_of(sizes.channels) && dx.len().is_multiple_of(sizes.channels), "pixels are whole");
        dx.iter_mut().zip(first..).for_each(|(d, n)| *d = *d * T::of(2.0) + T::of(n as f64));
    };
    image_gradient(sizes, &dy, &w, &mut dx, Update::Set, Some(&epilogue));
    dx_wanted.iter_mut().enumerate().for_each(|(n, d)| *d = *d * 2.0 + n as f64);
    close("dx, with an epilogue", sizes, &dx, &dx_wanted);
    filter_gradient(sizes, &x, &dy, &mut dw, Update::Set);
    dw_wanted.iter_mut().for_each(|d| *d -= 1.0);
    close("dfilter, set", sizes, &dw, &dw_wanted);
}

#[test]
fn agrees_with_the_definition() {
    let mut random = Random::new(8, "convolution", 0);
    let all = every_size();
    assert!(all.len() > 300, "{} sizes", all.len());
    for sizes in all {
        check::<f64>(&sizes, &mut random);
        check::<f32>(&sizes, &mut random);
    }
}

/// Convolutions that read images as they lie, with given instructions.
fn check_direct<T: Gemm>(isa: Isa, sizes: &Convolution, random: &mut Random) {
    let tile = T::tile(isa);
    let image = sizes.images * sizes.image[0] * sizes.image[1] * sizes.channels;
    let (filter, result) = (sizes.patch() * sizes.filters, sizes.images * sizes.pixels() * sizes.filters);
    let (x, w, dy): (Vec<T>, Vec<T>, Vec<T>) =
        (numbers(image, random), numbers(filter, random), numbers(result, random));
    let (mut y, mut dx, mut dw) = (vec![T::nan(); result], vec![T::zero(); image], vec![T::nan(); filter]);
    direct::convolve(&tile, sizes, &x, (&w, None), &mut y, Update::Set, None);
    direct::filter_gradient(&tile, sizes, &x, &dy, &mut dw, Update::Set);
    let back = direct::backward(&tile, sizes);
    if let Some(back) = &back {
        direct::image_gradient(&tile, back, &dy, &w, &mut dx, Update::Set, None);
    }
    let (mut y_wanted, mut dx_wanted, mut dw_wanted) = (vec![0.0; result], vec![0.0; image], vec![0.0; filter]);
    reference::convolution(sizes, |at_x, at_w, at_y| {
        let (x, w, dy) = (x[at_x].as_f64(), w[at_w].as_f64(), dy[at_y].as_f64());
        y_wanted[at_y] += x * w;
        dx_wanted[at_x] += dy * w;
        dw_wanted[at_w] += dy * x;
    });
    close("y, direct", sizes, &y, &y_wanted);
    close("dfilter, direct", sizes, &dw, &dw_wanted);
    if back.is_some() {
        close("dx, direct", sizes, &dx, &dx_wanted);
    }
}

#[test]
fn images_read_as_they_lie_agree_with_the_definition_on_every_path() {
    let mut random = Random::new(9, "direct", 0);
    let mut all: Vec<Convolution> = every_size().into_iter().filter(direct::suits).collect();
    for channels in [1, 8, 16, 33] {
        for padding in PADDINGS {
            all.extend(sizes([2, 9, 16, channels], [3, 3, 35], [1, 1], [1, 1], 1, padding));
            all.extend(sizes([1, 15, 31, channels], [5, 2, 16], [2, 1], [1, 1], 1, padding));
            all.extend(sizes([1, 4, 5, channels], [3, 7, 34], [1, 1], [1, 1], 1, padding));
            all.extend(sizes([1, 6, 17, channels], [2, 5, 3], [1, 2], [1, 1], 1, padding));
            all.extend(sizes([2, 5, 6, channels], [3, 3, 64], [1, 1], [1, 1], 1, padding));
            all.extend(sizes([1, 1, 15, channels], [1, 1, 7], [1, 1], [1, 1], 1, padding));
        }
    }
    assert!(all.len() > 100, "{} sizes", all.len());
    for isa in Isa::available() {
        let has_back = |sizes: &&Convolution| direct::backward(&f32::tile(isa), sizes).is_some();
        assert!(all.iter().filter(has_back).count() > 5, "{isa:?}");
        for sizes in &all {
            check_direct::<f32>(isa, sizes, &mut random);
            check_direct::<f64>(isa, sizes, &mut random);
        }
    }
}

/// Convolutions with fewer multiplications: tiles that end with the result and beyond it, more than are computed at once,
/// panels that are whole and half empty.
fn tiled() -> Vec<Convolution> {
    let mut all = Vec::new();
    for padding in PADDINGS {
        for window in [3, 5] {
            all.extend(sizes([2, 12, 16, 16], [window, window, 16], [1, 1], [1, 1], 1, padding));
            all.extend(sizes([5, 7, 9, 32], [window, window, 48], [1, 1], [1, 1], 1, padding));
            all.extend(sizes([1, 18, 21, 16], [window, window, 32], [1, 1], [1, 1], 1, padding));
        }
    }
    all.extend(sizes([1, 80, 70, 16], [3, 3, 32], [1, 1], [1, 1], 1, Padding::Same));
    all.extend(sizes([40, 6, 5, 16], [5, 5, 64], [1, 1], [1, 1], 1, Padding::Same));
    all.retain(|sizes| winograd::algorithm::<f32>(sizes).is_some());
    assert!(all.len() > 25, "{} sizes", all.len());
    all
}

#[test]
fn tiles_agree_with_the_definition_on_every_path() {
    isa::on_each(|isa| {
        let mut random = Random::new(9, "tiles", 0);
        for sizes in tiled() {
            assert!(winograd::algorithm::<f64>(&sizes).is_some(), "{isa:?}: {sizes:?}");
            check::<f32>(&sizes, &mut random);
            check::<f64>(&sizes, &mut random);
        }
    });
}

#[test]
fn tiles_add_little_rounding_to_that_of_the_definition() {
    let mut random = Random::new(9, "rounding", 0);
    for window in [3, 5] {
        let sizes = sizes([4, 16, 16, 64], [window, window, 32], [1, 1], [1, 1], 1, Padding::Same).unwrap();
        let (x, w): (Vec<f32>, Vec<f32>) =
            (numbers(4 * 256 * 64, &mut random), numbers(window * window * 64 * 32, &mut random));
        let wanted = {
            let [x, w] = [&x, &w].map(|numbers| numbers.iter().map(|&number| f64::from(number)).collect::<Vec<_>>());
            let mut y = vec![0.0; 4 * 256 * 32];
            direct::convolve(&f64::tile(Isa::best()), &sizes, &x, (&w, None), &mut y, Update::Set, None);
            y
        };
        let error = |y: &[f32]| {
            y.iter().zip(&wanted).fold(0.0_f64, |most, (&y, &wanted)| most.max((f64::from(y) - wanted).abs()))
        };
        let mut y = vec![0.0; 4 * 256 * 32];
        direct::convolve(&f32::tile(Isa::best()), &sizes, &x, (&w, None), &mut y, Update::Set, None);
        let by_definition = error(&y);
        winograd::algorithm(&sizes).unwrap().convolve(&sizes, &x, (&w, None), &mut y, Update::Set, None);
        let in_tiles = error(&y);
        println!("{window} × {window}: {:.2}", in_tiles / by_definition);
        assert!(in_tiles < 4.0 * by_definition, "{in_tiles:e}, by definition {by_definition:e}");
    }
}

#[test]
fn a_filter_that_is_kept_is_mapped_once_and_gives_the_same() {
    let mut random = Random::new(9, "kept", 0);
    let sizes = sizes([2, 12, 16, 16], [3, 3, 48], [1, 1], [1, 1], 1, Padding::Same).unwrap();
    let (x, mut w): (Vec<f32>, Vec<f32>) = (numbers(2 * 192 * 16, &mut random), numbers(9 * 16 * 48, &mut random));
    let mut packs = Packs::default();
    let run = |w: &[f32], packs: Option<&Packs<f32>>| {
        let mut y = vec![0.0; 2 * 192 * 48];
        convolve(&sizes, &x, (w, packs), &mut y, Update::Set, None);
        y
    };
    let before = run(&w, None);
    assert_eq!(run(&w, Some(&packs)), before);
    w.fill(0.5);
    assert_eq!(run(&w, Some(&packs)), before, "nobody said that the filter is another one");
    packs.stale();
    assert_eq!(run(&w, Some(&packs)), run(&w, None));
}

fn check_threads(sizes: &Convolution) {
    let mut random = Random::new(9, "threads", 0);
    let image = sizes.images * sizes.image[0] * sizes.image[1] * sizes.channels;
    let (filter, result) = (sizes.patch() * sizes.filters, sizes.images * sizes.pixels() * sizes.filters);
    let (x, w, dy): (Vec<f32>, Vec<f32>, Vec<f32>) =
        (numbers(image, &mut random), numbers(filter, &mut random), numbers(result, &mut random));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (mut y, mut dx, mut dw) = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
            convolve(sizes, &x, (&w, None), &mut y, Update::Set, None);
            image_gradient(sizes, &dy, &w, &mut dx, Update::Set, None);
            filter_gradient(sizes, &x, &dy, &mut dw, Update::Set);
            [y, dx, dw]
        })
    };
    assert_eq!(run(1), run(3), "{sizes:?}");
}

#[test]
fn does_not_depend_on_the_number_of_threads() {
    let direct = sizes([7, 20, 20, 8], [5, 5, 32], [1, 1], [1, 1], 1, Padding::Same).unwrap();
    assert!(winograd::algorithm::<f32>(&direct).is_none());
    check_threads(&direct);
    tiled().iter().for_each(check_threads);
}
