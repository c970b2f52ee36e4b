//! The section `optimizers`: the variable after each step, from what TensorFlow's `tf.train` gives.
//!
//! An optimizer's slots cannot be looked at from outside. A slot that is wrong makes the variable wrong one step later,
//! and five steps are compared.

use ndarray::Array2;
use varscope::optimizer::{Adagrad, Adam, AdamW, GradientDescent, Momentum, Optimizer, RmsProp};

use crate::compare::{Comparison, Tolerances};
use crate::json::{Error, Node};
use crate::models::{Quadratic, QuadraticHyperparameters, Rows, RowsHyperparameters};
use crate::report::{Report, Verdict};

/// Judges the section `optimizers`.
///
/// # Errors
///
/// A case that does not have the form of one.
pub fn judge(section: &Node<'_>, tolerances: &Tolerances, report: &mut Report) -> Result<(), Error> {
    if let Some(cases) = section.get("cases")? {
        let problem = Problem::read(&section.field("problem")?)?;
        for case in cases.items()? {
            let id = case.field("id")?.text()?;
            let verdict = match optimizer(id, &Hyper::read(&case.field("hyper")?)?) {
                Ok(optimizer) => problem.judge(id, &case, optimizer, tolerances)?,
                Err(missing) => Verdict::NotThereYet(missing),
            };
            report.add(id, verdict);
        }
    }
    if let Some(cases) = section.get("sparse")? {
        for case in cases.items()? {
            let id = case.field("id")?.text()?;
            report.add(id, judge_sparse(id, &case, tolerances)?);
        }
    }
    Ok(())
}

fn tolerance(id: &str, tolerances: &Tolerances) -> Result<f64, Error> {
    tolerances.of(if id.ends_with("_exact") { "optimizers *_exact" } else { "optimizers others" })
}

/// The numbers of an optimizer, by the file's names; true is 1.
#[derive(Clone, Debug)]
struct Hyper(Vec<(String, f64)>);

impl Hyper {
    fn read(node: &Node<'_>) -> Result<Self, Error> {
        let number = |(name, node): (&str, Node<'_>)| {
            let number = node.boolean().map(|is| f64::from(u8::from(is))).or_else(|_| node.number())?;
            Ok((name.to_string(), number))
        };
        node.fields()?.into_iter().map(number).collect::<Result<_, _>>().map(Self)
    }

    fn get(&self, name: &str, default: f64) -> f64 {
        self.0.iter().find(|(found, _)| found == name).map_or(default, |(_, number)| *number)
    }

    fn is(&self, name: &str) -> bool {
        self.get(name, 0.0) != 0.0
    }

    /// That there are no other numbers than these.
    fn only(&self, known: &[&str]) -> Result<(), String> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(format!("the optimizer has no `{name}`")),
            None => Ok(()),
        }
    }
}

/// The kind of optimizer that a case is of: its id is `adam` or `adam_…`.
fn kind(id: &str) -> &str {
    id.split_once('_').map_or(id, |(kind, _)| kind)
}

/// The optimizer of a case; what is missing if there is none.
fn optimizer(id: &str, hyper: &Hyper) -> Result<Box<dyn Optimizer>, String> {
    let rate = hyper.get("lr", 0.001);
    let [decay, momentum] = [hyper.get("decay", 0.9), hyper.get("momentum", 0.0)];
    let [beta1, beta2] = [hyper.get("beta1", 0.9), hyper.get("beta2", 0.999)];
    Ok(match kind(id) {
        "sgd" => {
            hyper.only(&["lr"])?;
            Box::new(GradientDescent::new(rate))
        }
        kind @ ("momentum" | "nesterov") => {
            hyper.only(&["lr", "momentum", "nesterov"])?;
            let optimizer = Momentum::new(rate, momentum);
            let is_nesterov = hyper.is("nesterov") || kind == "nesterov";
            Box::new(if is_nesterov { optimizer.nesterov() } else { optimizer })
        }
        "adagrad" => {
            hyper.only(&["lr", "initial_accumulator_value"])?;
            Box::new(Adagrad::new(rate).initial_accumulator(hyper.get("initial_accumulator_value", 0.1)))
        }
        "rmsprop" => {
            hyper.only(&["lr", "decay", "momentum", "epsilon", "centered"])?;
            let optimizer = RmsProp::new(rate).decay(decay).momentum(momentum).epsilon(hyper.get("epsilon", 1e-10));
            Box::new(if hyper.is("centered") { optimizer.centered() } else { optimizer })
        }
        "adam" => {
            hyper.only(&["lr", "beta1", "beta2", "epsilon"])?;
            Box::new(Adam::new(rate).beta1(beta1).beta2(beta2).epsilon(hyper.get("epsilon", 1e-8)))
        }
        "adamw" => {
            hyper.only(&["lr", "beta1", "beta2", "epsilon", "weight_decay"])?;
            let optimizer = AdamW::new(rate).beta1(beta1).beta2(beta2).epsilon(hyper.get("epsilon", 1e-8));
            Box::new(optimizer.weight_decay(hyper.get("weight_decay", 0.01)))
        }
        other => return Err(format!("there is no optimizer `{other}`")),
    })
}

/// What all cases minimize: ½ xᵀ A x − bᵀ x.
struct Problem {
    a: Array2<f64>,
    minus_b: Array2<f64>,
}

impl Problem {
    fn read(node: &Node<'_>) -> Result<Self, Error> {
        let a = matrix(&node.field("A")?)?;
        let minus_b = -column(&node.field("b")?)?;
        if a.nrows() == a.ncols() && a.nrows() == minus_b.nrows() {
            Ok(Self { a, minus_b })
        } else {
            Err(node.wrong(format!("A of {:?} and b of {} do not fit", a.shape(), minus_b.nrows())))
        }
    }

    fn judge(
        &self,
        id: &str,
        case: &Node<'_>,
        mut optimizer: Box<dyn Optimizer>,
        tolerances: &Tolerances,
    ) -> Result<Verdict, Error> {
        if let Some(dtype) = case.get("dtype")?.filter(|dtype| !matches!(dtype.text(), Ok("float64"))) {
            return Ok(Verdict::NotThereYet(format!("the problem is stated in float64, not in {}", dtype.text()?)));
        }
        let trajectory = case.field("trajectory")?;
        let wanted = trajectory.field("x")?.items()?.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        let losses = trajectory.field("loss")?.numbers()?;
        if losses.len() != wanted.len() || wanted.iter().any(|x| x.nrows() != self.a.nrows()) {
            return Err(trajectory.wrong("`x` and `loss` are not of one length, or `x` and A are not"));
        }
        let mut comparison = Comparison::new(tolerance(id, tolerances)?);
        if let Err(error) = self.follow(&wanted, &losses, &mut *optimizer, &mut comparison) {
            comparison.fail(error.to_string());
        }
        Ok(comparison.verdict())
    }

    /// Takes the steps, and compares the variable and the loss before each and after the last.
    fn follow(
        &self,
        wanted: &[Array2<f64>],
        losses: &[f64],
        optimizer: &mut dyn Optimizer,
        comparison: &mut Comparison,
    ) -> varscope::Result<()> {
        let Some(start) = wanted.first() else { return Ok(()) };
        let net = Quadratic::seeded_with(0, QuadraticHyperparameters::new(start.nrows()))?;
        net.x.assign(start)?;
        let mut step = net.loss_gradients();
        for (number, (wanted, &wanted_loss)) in wanted.iter().zip(losses).enumerate() {
            let (loss, gradients) = step.compute(self.a.view(), self.minus_b.view())?;
            let what = format!("after {number} steps, x");
            comparison.arrays(&what, &net.x.read().to_owned().into_dyn(), &wanted.clone().into_dyn());
            comparison.number(&format!("after {number} steps, the loss"), loss, wanted_loss);
            optimizer.apply(gradients)?;
        }
        Ok(())
    }
}

/// What the sparse cases are made with; the file does not say, `run_numeric.py` does.
fn sparse_hyper(kind: &str) -> Hyper {
    let numbers: &[(&str, f64)] = match kind {
        "sgd" | "adam" => &[("lr", 0.1)],
        "momentum" => &[("lr", 0.1), ("momentum", 0.9)],
        "adagrad" => &[("lr", 0.5)],
        "rmsprop" => &[("lr", 0.05)],
        _ => &[],
    };
    Hyper(numbers.iter().map(|(name, number)| ((*name).to_string(), *number)).collect())
}

/// A case in which each step uses some rows of a table.
fn judge_sparse(id: &str, case: &Node<'_>, tolerances: &Tolerances) -> Result<Verdict, Error> {
    let kind = id.strip_prefix("sparse_").unwrap_or(id);
    if matches!(kind, "momentum" | "rmsprop") {
        let missing =
            "a gradient has all rows of a table, so that momentum also moves those that the batch does not use";
        return Ok(Verdict::NotThereYet(missing.into()));
    }
    let hyper = case.get("hyper")?.map_or_else(|| Ok(sparse_hyper(kind)), |hyper| Hyper::read(&hyper))?;
    let mut optimizer = match optimizer(kind, &hyper) {
        Ok(optimizer) => optimizer,
        Err(missing) => return Ok(Verdict::NotThereYet(missing)),
    };
    let batches = case.field("id_batches")?.items()?.iter().map(Node::sizes).collect::<Result<Vec<_>, _>>()?;
    let wanted = case.field("trajectory")?.field("e")?.items()?.iter().map(matrix).collect::<Result<Vec<_>, _>>()?;
    let Some(start) = wanted.first() else { return Err(case.wrong("the trajectory is empty")) };
    let rows = start.nrows();
    if batches.iter().flatten().any(|&row| row >= rows) || wanted.iter().any(|table| table.dim() != start.dim()) {
        return Err(case.wrong(format!("the tables do not have one shape, or a batch uses rows beyond {rows}")));
    }
    let mut comparison = Comparison::new(tolerance(id, tolerances)?);
    if let Err(error) = follow_rows(&batches, &wanted, &mut *optimizer, &mut comparison) {
        comparison.fail(error.to_string());
    }
    Ok(comparison.verdict())
}

fn follow_rows(
    batches: &[Vec<usize>],
    wanted: &[Array2<f64>],
    optimizer: &mut dyn Optimizer,
    comparison: &mut Comparison,
) -> varscope::Result<()> {
    let [start, wanted @ ..] = wanted else { return Ok(()) };
    let (rows, width) = start.dim();
    let net = Rows::seeded_with(0, RowsHyperparameters::new(rows, width))?;
    net.table.assign(start)?;
    let mut step = net.loss_gradients();
    for (number, (batch, wanted)) in batches.iter().zip(wanted).enumerate() {
        let chosen = Array2::from_shape_fn((batch.len(), rows), |(n, row)| f64::from(u8::from(batch[n] == row)));
        let (_, gradients) = step.compute(chosen.view())?;
        optimizer.apply(gradients)?;
        let what = format!("after {} steps, the table", number + 1);
        comparison.arrays(&what, &net.table.read().to_owned().into_dyn(), &wanted.clone().into_dyn());
    }
    Ok(())
}

fn matrix(node: &Node<'_>) -> Result<Array2<f64>, Error> {
    let rows = node.rows()?;
    let shape = (rows.len(), rows.first().map_or(0, Vec::len));
    Array2::from_shape_vec(shape, rows.concat()).map_err(|error| node.wrong(error))
}

fn column(node: &Node<'_>) -> Result<Array2<f64>, Error> {
    let numbers = node.numbers()?;
    Array2::from_shape_vec((numbers.len(), 1), numbers).map_err(|error| node.wrong(error))
}
