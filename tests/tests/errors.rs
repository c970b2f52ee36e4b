//! Nothing that a caller passes in panics, and each error says what was expected and what was found, and where.

use ndarray::{Array, Array1, Array2, arr0, arr1, arr2, s};
use varscope::prelude::*;

model! {
    struct Net {
        fn logits(x: [batch, 4]) -> [batch, 3] {
            scope head: layers::Dense(x, units = 3)
        }

        fn loss(x: [batch, 4], labels: u32[batch]) -> ([], [batch]) {
            let losses = name_scope costs { sparse_softmax_cross_entropy(logits(x), labels) };
            (mean(losses), losses)
        }

        fn total(x: [batch, 4]) -> [] {
            sum(square(logits(x)))
        }

        fn square_only(x: [n, n], y: [n]) -> [n] {
            sum(x, axes = [0]) + y
        }

        fn rows(ids: u32[count]) -> [count, 2] {
            scope table { var rows: [5, 2]; gather(rows, ids) }
        }
    }

    /// Sizes that depend on hyper-parameters in every way.
    struct Sized(
        units: usize = 4,
        heads: usize = 2,
        rate: f64 = 0.1,
        axis: isize = -1,
        stride: usize = 1,
    ) {
        fn divided(x: [batch, units]) -> [batch, heads, _] {
            reshape(x, shape = [batch, heads, units / heads])
        }

        fn dense(x: [batch, 3]) -> [batch, units] {
            scope fc: layers::Dense(x, units = units)
        }

        fn dropped(x: [batch, 3]) -> [batch, 3] {
            dropout(x, rate = rate)
        }

        fn along(x: [batch, 3]) -> [batch, 3] {
            softmax(x, axis = axis)
        }

        fn pooled(x: [batch, 8, 8, 1]) -> [batch, _, _, 1] {
            max_pool2d(x, strides = [stride, stride])
        }
    }

    struct Square(size: usize) {
        var w: [size, size] = zeros();
    }

    struct Less(size: usize) {
        var w: [size - 3] = zeros();
    }

    struct Large(size: usize) {
        fn f(x: [batch]) -> [batch] {
            x + sum(zeros(shape = [size, size, batch]))
        }
    }
}

fn batch(rows: usize) -> (Array2<f32>, Array1<u32>) {
    let x = Array2::from_shape_fn((rows, 4), |(row, column)| (row * 4 + column) as f32 * 0.1 - 1.0);
    (x, Array1::from_shape_fn(rows, |row| (row % 3) as u32))
}

/// Whether an error says all this.
#[track_caller]
fn says<R: std::fmt::Debug>(result: Result<R, Error>, parts: &[&str]) {
    let message = result.unwrap_err().to_string();
    for part in parts {
        assert!(message.contains(part), "`{message}` says nothing of `{part}`");
    }
    assert!(!message.contains("defect"), "{message}");
}

#[test]
fn inputs_of_wrong_sizes_are_named() {
    let net = Net::seeded(1).unwrap();
    let (x, labels) = batch(2);
    says(net.logits(Array2::zeros((2, 5)).view()), &["x", "[2, 5]", "[batch, 4]", "5"]);
    says(net.logits(x.t()), &["x", "[4, 2]", "[batch, 4]"]);
    says(net.loss(x.view(), arr1(&[0, 1, 2]).view()), &["labels", "u32[3]", "u32[batch]", "2"]);
    says(net.square_only(Array2::zeros((2, 3)).view(), arr1(&[0.0; 2]).view()), &["x", "[2, 3]", "[n, n]"]);
    says(net.square_only(Array2::zeros((2, 2)).view(), arr1(&[0.0; 3]).view()), &["y", "[3]", "[n]"]);
    let mut step = net.loss_gradients();
    says(step.compute(x.view(), arr1(&[0]).view()).map(|_| ()), &["labels", "u32[1]"]);
    // The step is as good as new after that.
    assert_eq!(step.compute(x.view(), labels.view()).unwrap().0.0, net.loss(x.view(), labels.view()).unwrap().0);
}

#[test]
fn inputs_of_any_rank_have_limits() {
    let net = Net::seeded(1).unwrap();
    let forward = |sizes: &[usize]| net.head.forward(Array::<f32, _>::zeros(sizes).view());
    for sizes in [&[2, 4][..], &[1, 2, 3, 1, 2, 4], &[0, 4], &[2, 0, 4]] {
        let y = forward(sizes).unwrap();
        assert_eq!((y.ndim(), y.shape().last()), (sizes.len(), Some(&3)));
    }
    says(net.head.forward(arr0(1.0).into_dyn().view()), &["x", "[.., n]"]);
    says(forward(&[4]), &["matmul", "[4]", "two axes"]);
    says(forward(&[2, 5]), &["5", "4"]);
    says(forward(&[1, 1, 1, 1, 1, 1, 4]), &["axes"]);
}

model! {
    struct Steps {
        fn stacked(x: [batch, time]) -> [time, batch] {
            stack(for t in 0..time { reshape(slice(x, begin = [0, t], size = [batch, 1]), shape = [batch]) })
        }
    }
}

#[test]
fn a_loop_without_turns_makes_an_empty_list() {
    let net = Steps::seeded(1).unwrap();
    assert_eq!(net.stacked(arr2(&[[1.0, 2.0]]).view()).unwrap(), arr2(&[[1.0], [2.0]]));
    says(net.stacked(Array2::zeros((2, 0)).view()), &["stack", "the list is empty"]);
}

#[test]
fn labels_and_ids_out_of_range_are_named() {
    let net = Net::seeded(1).unwrap();
    let (x, _) = batch(2);
    for label in [3, 1000, u32::MAX] {
        let error = net.loss(x.view(), arr1(&[0, label]).view()).unwrap_err();
        let op = "costs/sparse_softmax_cross_entropy";
        assert_eq!(error.to_string(), format!("{op}: index {label} is out of range, there are 3 (0 to 2)"));
        assert!(matches!(error, Error::IndexOutOfRange { size: 3, .. }));
    }
    says(net.rows(arr1(&[4, 5, 0]).view()), &["table/gather", "index 5", "there are 5", "0 to 4"]);
    let mut step = net.loss_gradients();
    let before = net.head.weights.read();
    says(step.compute(x.view(), arr1(&[3, 0]).view()).map(|_| ()), &["costs/sparse_softmax_cross_entropy"]);
    assert_eq!(*before, *net.head.weights.read());
    assert!(step.compute(x.view(), arr1(&[2, 0]).view()).is_ok());
}

#[test]
fn an_empty_batch_is_a_batch() {
    let net = Net::seeded(1).unwrap();
    let (x, labels) = batch(0);
    assert_eq!(net.logits(x.view()).unwrap().shape(), [0, 3]);
    assert_eq!(net.square_only(Array2::zeros((0, 0)).view(), arr1(&[]).view()).unwrap(), arr1(&[]));
    assert_eq!(net.rows(arr1(&[]).view()).unwrap().shape(), [0, 2]);
    let mut step = net.total_gradients();
    let (loss, gradients) = step.compute(x.view()).unwrap();
    assert_eq!((loss, gradients.global_norm()), (0.0, 0.0));
    // There is no mean of nothing.
    let mut step = net.loss_gradients();
    says(step.compute(x.view(), labels.view()).map(|_| ()), &["mean", "[0]", "empty"]);
    let (x, labels) = batch(3);
    assert!(step.compute(x.view(), labels.view()).unwrap().0.0.is_finite());
}

#[test]
fn views_of_any_layout_give_the_same_numbers() {
    let net = Net::seeded(1).unwrap();
    let (x, labels) = batch(6);
    let expected = net.logits(x.view()).unwrap();
    // Columns first in memory, every second row of a larger array, rows in opposite order.
    let columns_first = x.t().to_owned();
    assert_eq!(net.logits(columns_first.t()).unwrap(), expected);
    let mut sparse = Array2::from_elem((12, 9), f32::NAN);
    sparse.slice_mut(s![..;2, 1..;2]).assign(&x);
    assert_eq!(net.logits(sparse.slice(s![..;2, 1..;2])).unwrap(), expected);
    let turned = x.slice(s![..;-1, ..]).to_owned();
    assert_eq!(net.logits(turned.slice(s![..;-1, ..])).unwrap(), expected);
    assert_eq!(net.logits(x.slice(s![2..5, ..])).unwrap(), expected.slice(s![2..5, ..]));
    // One row, again and again, without a copy of it in memory.
    let row = x.slice(s![1, ..]);
    let repeated = net.logits(row.broadcast((6, 4)).unwrap()).unwrap();
    assert!(repeated.rows().into_iter().all(|found| found == expected.row(1)));
    let reversed = labels.slice(s![..;-1]).to_owned();
    let (mut step, mut other) = (net.loss_gradients(), net.loss_gradients());
    let (one, gradients) = step.compute(x.view(), labels.view()).unwrap();
    let (two, others) = other.compute(columns_first.t(), reversed.slice(s![..;-1])).unwrap();
    assert_eq!(one, two);
    assert_eq!(gradients.of(&net.head.weights), others.of(&net.head.weights));
}

#[test]
fn numbers_that_are_none_are_seen_in_the_results() {
    let net = Net::seeded(1).unwrap();
    let (mut x, labels) = batch(3);
    x[[1, 2]] = f32::NAN;
    let y = net.logits(x.view()).unwrap();
    assert!(y.row(1).iter().all(|y| y.is_nan()) && y.row(0).iter().chain(y.row(2)).all(|y| y.is_finite()));
    let mut step = net.loss_gradients();
    let ((loss, _), gradients) = step.compute(x.view(), labels.view()).unwrap();
    assert!(loss.is_nan() && gradients.global_norm().is_nan());
    assert!(gradients.clip_by_global_norm(1.0).global_norm().is_nan());
    x[[1, 2]] = f32::INFINITY;
    assert!(step.compute(x.view(), labels.view()).is_ok());
}

#[test]
fn a_norm_to_clip_by_is_a_positive_number() {
    let (net, (x, labels)) = (Net::seeded(1).unwrap(), batch(3));
    let mut step = net.loss_gradients();
    for norm in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        step.clip_by_global_norm(norm);
        let error = step.compute(x.view(), labels.view()).map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::BadNumber { .. }), "{error}");
        assert_eq!(error.to_string(), format!("the norm to clip gradients by is {norm}"));
    }
    step.clip_by_global_norm(1.0_f32);
    assert!(step.compute(x.view(), labels.view()).is_ok());
}

#[test]
fn values_of_a_variable_of_another_shape_are_refused() {
    let net = Net::seeded(1).unwrap();
    let error = net.head.biases.as_ref().unwrap().assign(&arr1(&[1.0, 2.0])).unwrap_err();
    assert_eq!(error.to_string(), "variable `head/biases` has the shape [3], and is asked for as [2]");
    let [small, large] = [2, 3].map(|size| Square::seeded_with(1, SquareHyperparameters::new(size)).unwrap());
    says(small.assign_from(&large), &["`w`", "[2, 2]", "[3, 3]"]);
    assert_eq!(*small.w.read(), Array2::<f32>::zeros((2, 2)));
}

fn sized(change: impl Fn(&mut SizedHyperparameters)) -> Result<Sized, Error> {
    let mut hyperparameters = SizedHyperparameters::DEFAULT;
    change(&mut hyperparameters);
    Sized::seeded_with(1, hyperparameters)
}

#[test]
fn hyper_parameters_that_fit_no_size_are_refused_when_the_model_is_made() {
    assert!(sized(|_| {}).is_ok());
    says(sized(|with| with.heads = 3), &["reshape"]);
    // A quotient by 0 is no size; it is found out where it is needed.
    let nothing = sized(|with| with.heads = 0).unwrap();
    says(nothing.divided(Array2::zeros((2, 4)).view()), &["reshape", "divided by 0"]);
    for rate in [1.0, -0.1, f64::NAN, f64::INFINITY] {
        says(sized(|with| with.rate = rate), &["dropout", "rate"]);
    }
    for (axis, shown) in [(2, "2"), (-3, "-3"), (isize::MAX, "2147483647"), (isize::MIN, "-2147483648")] {
        says(sized(|with| with.axis = axis), &["softmax", &format!("axis {shown} is outside")]);
    }
    says(sized(|with| with.stride = 0), &["max_pool2d", "stride"]);
    says(Less::seeded_with(1, LessHyperparameters::new(2)), &["w"]);
    assert_eq!(Less::seeded_with(1, LessHyperparameters::new(3)).unwrap().w.shape(), [0]);
}

#[test]
fn a_layer_without_units_is_empty() {
    let net = sized(|with| with.units = 0).unwrap();
    assert_eq!(net.dense(Array2::zeros((2, 3)).view()).unwrap().shape(), [2, 0]);
    assert_eq!(net.divided(Array2::zeros((2, 0)).view()).unwrap().shape(), [2, 2, 0]);
}

#[test]
fn sizes_beyond_all_memory_are_refused() {
    for size in [1 << 31, u32::MAX as usize, 1 << 40, 1 << 62, usize::MAX] {
        let error = Square::seeded_with(1, SquareHyperparameters::new(size)).unwrap_err();
        assert!(error.to_string().contains("`w`"), "{error}");
        let net = Large::seeded_with(1, LargeHyperparameters::new(size));
        let run = net.and_then(|net| net.f(arr1(&[1.0, 2.0]).view()));
        assert!(run.is_err(), "{size}");
    }
    let store = VariableStore::new(1);
    let error = store.scope("a").get_variable("v", [usize::MAX, 2], &varscope::init::zeros()).unwrap_err();
    assert!(error.to_string().contains("`a/v`"), "{error}");
    assert!(store.is_empty());
    // What is large in one axis and empty in another is empty.
    let empty = store.scope("a").get_variable("e", [1 << 31, 0], &varscope::init::zeros()).unwrap();
    assert!(empty.read().is_empty());
}

#[test]
fn an_initializer_that_does_not_suit_is_named() {
    let store = VariableStore::new(1);
    let scope = store.scope("a");
    says(scope.get_variable("v", [2, 2], &varscope::init::elements([1.0, 2.0])).map(|_| ()), &["`a/v`", "[2, 2]"]);
    says(scope.get_variable("v", [3], &varscope::init::orthogonal()).map(|_| ()), &["`a/v`"]);
    says(scope.get_variable("v", [3], &varscope::init::truncated_normal().stddev(f64::NAN)).map(|_| ()), &["`a/v`"]);
    says(scope.get_variable_of::<u32, _>("v", [3], &varscope::init::constant(-1.0)).map(|_| ()), &["`a/v`"]);
    assert!(store.is_empty());
}

#[test]
fn gradients_are_of_the_model_that_they_come_from() {
    let [net, other] = [1, 2].map(|seed| Net::seeded(seed).unwrap());
    let (x, labels) = batch(3);
    let mut step = net.loss_gradients();
    let (_, gradients) = step.compute(x.view(), labels.view()).unwrap();
    assert!(gradients.get(&other.head.weights).is_none());
    assert_eq!(gradients.of(&other.head.weights), arr2(&[[0.0; 3]; 4]));
    says(net.loss_gradients().only(&net.variables().in_scope("elsewhere")).map(|_| ()), &["only"]);
    // Variables of another model are none of this one's.
    let mut none = net.loss_gradients().only(&other.variables()).unwrap();
    says(none.compute(x.view(), labels.view()).map(|_| ()), &["only", "does not use"]);
}
