//! Variables in parts: their names and sizes, and that everything else sees one tensor.

use ndarray::{Array2, array};
use varscope::layers::Dense;
use varscope::partition::{Partitioner, fixed_size};
use varscope::prelude::*;

/// A partitioner of one's own.
const fn halves(axis: usize) -> Partitioner {
    fixed_size(2).axis(axis)
}

model! {
    struct Net(
        parts: usize = 2,
    ) {
        scope items(partitioner = fixed_size(3)) {
            var rows: [5, 2] = random_normal();
            var columns(partitioner = fixed_size(3, axis = 1)): [2, 5];
            var none(partitioner = none): [5];
            var scalar: [];
            scope inner(partitioner = max_part_bytes(24)) { var w: [7, 3]; var one: [1]; }
        }

        fn forward(x: [batch, 4]) -> [batch, 2] {
            let h = scope table(partitioner = fixed_size(parts)) {
                var w: [4, 5] = random_normal();
                let h = matmul(x, w);
                // It stops at a layer.
                scope fc: Dense(h, units = 1);
                h
            };
            let h = scope table(reuse) { var w; h + 0.0 * sum(w) };
            let h = scope table(reuse, partitioner = fixed_size(parts)) { var w; h + 0.0 * sum(w) };
            for i in 0..2 {
                scope block[i] { var w(partitioner = crate::halves(i)): [3, 3]; }
            }
            matmul(h, items.rows)
        }

        fn loss(x: [batch, 4]) -> [] {
            scope penalized { var w(partitioner = fixed_size(2), regularizer = l2(1.0)): [4, 1] = ones(); }
            sum(forward(x)) + regularization_loss()
        }
    }

    /// The same in one piece.
    struct Whole {
        scope items { var rows: [5, 2] = random_normal(); }

        fn forward(x: [batch, 4]) -> [batch, 2] {
            let h = scope table { var w: [4, 5] = random_normal(); matmul(x, w) };
            matmul(h, items.rows)
        }
        fn loss(x: [batch, 4]) -> [] { sum(forward(x)) }
    }
}

/// The parts of a variable of the model, and the sizes along an axis.
fn parts(net: &Net, name: &str, axis: usize) -> Vec<(String, usize)> {
    let variables = net.variables();
    let variable = variables.iter().find(|variable| variable.name() == name).unwrap();
    variable.parts().into_iter().map(|(part, shape)| (part, shape[axis])).collect()
}

fn sizes(net: &Net, name: &str, axis: usize) -> Vec<usize> {
    parts(net, name, axis).into_iter().map(|(_, size)| size).collect()
}

fn x() -> Array2<f32> {
    array![[0.5, -1.0, 2.0, 0.25], [1.0, 0.0, -0.5, 1.5]]
}

#[test]
fn the_first_parts_take_what_is_left_over() {
    let net = Net::seeded(1).unwrap();
    let rows = [("items/rows/part_0", 2), ("items/rows/part_1", 2), ("items/rows/part_2", 1)];
    assert_eq!(parts(&net, "items/rows", 0), rows.map(|(name, size)| (name.to_string(), size)));
    assert_eq!(sizes(&net, "items/columns", 1), [2, 2, 1]);
    // Two rows of three numbers of four bytes.
    assert_eq!(sizes(&net, "items/inner/w", 0), [2, 2, 2, 1]);
    assert_eq!(parts(&net, "items/inner/one", 0), [("items/inner/one/part_0".to_string(), 1)]);
    assert_eq!(sizes(&net, "table/w", 0), [2, 2]);
    assert_eq!((sizes(&net, "block_0/w", 0), sizes(&net, "block_0/w", 1)), (vec![2, 1], vec![3, 3]));
    assert_eq!((sizes(&net, "block_1/w", 0), sizes(&net, "block_1/w", 1)), (vec![3, 3], vec![2, 1]));
    for whole in ["items/none", "items/scalar", "table/fc/weights", "table/fc/biases"] {
        assert!(parts(&net, whole, 0).is_empty(), "{whole}");
    }
}

#[test]
fn everything_else_sees_one_tensor() {
    let (net, whole) = (Net::seeded(1).unwrap(), Whole::seeded(1).unwrap());
    assert_eq!(*net.table.w.read(), *whole.table.w.read());
    assert_eq!(net.forward(x().view()).unwrap(), whole.forward(x().view()).unwrap());
    let (mut step, mut step_of_whole) = (net.loss_gradients(), whole.loss_gradients());
    let (loss, gradients) = step.compute(x().view()).unwrap();
    let (loss_of_whole, gradients_of_whole) = step_of_whole.compute(x().view()).unwrap();
    // One penalty, of the whole variable: ½ · 4.
    assert_eq!(loss, loss_of_whole + 2.0);
    assert_eq!(gradients.of(&net.table.w), gradients_of_whole.of(&whole.table.w));
    assert_eq!(gradients.of(&net.items.rows), gradients_of_whole.of(&whole.items.rows));
    Momentum::new(0.1, 0.9).apply(gradients).unwrap();
    Momentum::new(0.1, 0.9).apply(gradients_of_whole).unwrap();
    assert_eq!(*net.items.rows.read(), *whole.items.rows.read());
}

#[test]
fn listings_have_one_entry_with_its_parts() {
    let store = VariableStore::new(1);
    let net = Net::new(&store.scope("net")).unwrap();
    let copy = net.copy_into(&store.scope("copy")).unwrap();
    for variables in [net.variables(), copy.variables(), store.variables()] {
        let rows: Vec<_> = variables.iter().filter(|variable| variable.name().ends_with("items/rows")).collect();
        assert!(rows.iter().all(|rows| rows.shape() == [5, 2] && rows.parts().len() == 3));
    }
    let summary = Net::seeded(1).unwrap().summary().to_string();
    let lines: Vec<Vec<&str>> = summary.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(lines.contains(&vec!["items", "rows", "f32[5,", "2]", "10", "in", "3", "parts"]), "{summary}");
    assert!(lines.contains(&vec!["rows/part_2", "f32[1,", "2]", "2"]), "{summary}");
}

#[test]
fn a_scope_of_a_store_divides_what_says_nothing() {
    let store = VariableStore::new(1);
    let net = Net::new(&store.scope("net").partitioner(fixed_size(1))).unwrap();
    assert_eq!(sizes(&net, "net/items/rows", 0), [2, 2, 1]);
    assert!(parts(&net, "net/items/none", 0).is_empty());
    assert_eq!(sizes(&net, "net/table/fc/weights", 0), [5]);
}

#[test]
fn more_parts_than_rows_are_an_error_where_an_instance_is_made() {
    let error = Net::seeded_with(1, NetHyperparameters { parts: 5 }).unwrap_err().to_string();
    assert!(error.contains("`w`") && error.contains("cannot be divided into 5 parts along an axis of 4"), "{error}");
}
