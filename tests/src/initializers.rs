//! The section `initializers`. Our random numbers are others than TensorFlow's, so samples are judged by their bounds
//! and moments; what follows from a formula is compared as numbers.

use ndarray::{ArrayD, IxDyn};
use varscope::VariableStore;
use varscope::init::{self, Initializer, VarianceScaling};
use varscope::op::{DType, Element};

use crate::case::leading_number;
use crate::compare::{Comparison, Tolerances};
use crate::json::{Error, Node};
use crate::report::{Report, Verdict};

/// How many standard errors a moment of a sample may be from what it should be.
const STANDARD_ERRORS: f64 = 6.0;

/// How much larger a `float32` that is rounded up may be than its bound.
const ROUNDING: f64 = 1.0 + f32::EPSILON as f64;

/// Judges the section `initializers`.
///
/// # Errors
///
/// A case that does not have the form of one.
pub fn judge(section: &Node<'_>, tolerances: &Tolerances, report: &mut Report) -> Result<(), Error> {
    let tolerance = tolerances.of("ops float64")?;
    for case in items(section, "fans")? {
        let shape = case.field("shape")?.sizes()?;
        report.add(format!("fans_{}", joined(&shape)), judge_fans(&case, &shape, tolerance)?);
    }
    for case in items(section, "parameters")? {
        judge_parameters(&case, tolerance, report)?;
    }
    for case in items(section, "samples")? {
        let (id, shape) = (case.field("id")?.text()?, case.field("shape")?.sizes()?);
        report.add(format!("sample_{id}_{}", joined(&shape)), judge_sample(id, &shape, &case)?);
    }
    if let Some(orthogonal) = section.get("orthogonal")? {
        for case in items(&orthogonal, "checks")? {
            let shape = case.field("shape")?.sizes()?;
            report.add(format!("orthogonal_{}", joined(&shape)), judge_orthogonal(&case, &shape, tolerance)?);
        }
    }
    if let Some(correction) = section.get("truncated_normal_correction")? {
        report.add("truncated_normal_correction", judge_correction(correction.number()?));
    }
    if let Some(defaults) = section.get("default_by_dtype")? {
        for (dtypes, default) in defaults.fields()? {
            report.add(format!("default_initializer_{dtypes}"), judge_default(dtypes, default.text()?));
        }
    }
    Ok(())
}

fn items<'a>(section: &Node<'a>, name: &str) -> Result<Vec<Node<'a>>, Error> {
    section.get(name)?.map_or(Ok(vec![]), |list| list.items())
}

fn joined(shape: &[usize]) -> String {
    if shape.is_empty() { "scalar".into() } else { shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x") }
}

/// A new variable's elements.
fn draw<T: Element>(initializer: &dyn Initializer, shape: &[usize]) -> varscope::Result<ArrayD<f64>> {
    let variable = VariableStore::new(20240917).root().get_variable_of::<T, _>("v", IxDyn(shape), initializer)?;
    Ok(variable.read().mapv(T::as_f64))
}

/// The fans show in the variance, which is one by `n`.
fn judge_fans(case: &Node<'_>, shape: &[usize], tolerance: f64) -> Result<Verdict, Error> {
    let mut comparison = Comparison::new(tolerance);
    for (name, mode) in [("fan_in", init::Mode::FanIn), ("fan_out", init::Mode::FanOut)] {
        let stddev = init::variance_scaling().mode(mode).stddev(shape);
        comparison.number(name, stddev.powi(-2), case.field(name)?.number()?);
    }
    Ok(comparison.verdict())
}

/// The initializer of a name; TensorFlow's `…_initializer` are the same without that word.
fn scaled(name: &str) -> Option<VarianceScaling> {
    Some(match name {
        "glorot_uniform" => init::glorot_uniform(),
        "glorot_normal" => init::glorot_normal(),
        "he_uniform" => init::he_uniform(),
        "he_normal" => init::he_normal(),
        // The old default of TensorFlow, the square root of 3 by the number of inputs, is LeCun's.
        "lecun_uniform" | "uniform_unit_scaling" => init::lecun_uniform(),
        "lecun_normal" => init::lecun_normal(),
        "variance_scaling" | "variance_scaling_default" => init::variance_scaling(),
        "variance_scaling_fan_out_untruncated" => {
            init::variance_scaling().mode(init::Mode::FanOut).distribution(init::Distribution::UntruncatedNormal)
        }
        _ => return None,
    })
}

/// The parameters of all scaled initializers for one shape: a case for each.
fn judge_parameters(case: &Node<'_>, tolerance: f64, report: &mut Report) -> Result<(), Error> {
    let shape = case.field("shape")?.sizes()?;
    for (name, parameters) in case.fields()? {
        if matches!(name, "shape" | "fan_in" | "fan_out") {
            continue;
        }
        let verdict = match scaled(name) {
            Some(initializer) => judge_scaled(&initializer, &shape, &parameters, tolerance)?,
            None => Verdict::NotThereYet(format!("there is no initializer `{name}`")),
        };
        report.add(format!("{name}_{}", joined(&shape)), verdict);
    }
    Ok(())
}

fn judge_scaled(
    initializer: &VarianceScaling,
    shape: &[usize],
    parameters: &Node<'_>,
    tolerance: f64,
) -> Result<Verdict, Error> {
    let stddev = initializer.stddev(shape);
    let mut comparison = Comparison::new(tolerance);
    let number = |name: &str| parameters.get(name)?.map(|number| number.number()).transpose();
    for name in ["stddev", "resulting_stddev"] {
        if let Some(wanted) = number(name)? {
            comparison.number(name, stddev, wanted);
        }
    }
    let limit = number("limit")?;
    if let Some(wanted) = limit {
        comparison.number("limit", stddev * 3.0_f64.sqrt(), wanted);
    }
    let is_truncated = parameters.field("distribution")?.text()? == "truncated_normal";
    let cut = number("stddev_argument")?.filter(|_| is_truncated).map(|stddev| 2.0 * stddev);
    match draw::<f64>(initializer, shape) {
        Ok(elements) => {
            let sample = Sample::new(&elements);
            if let Some(bound) = limit.or(cut) {
                sample.is_within(-bound, bound, &mut comparison);
            }
            sample.has_moments(0.0, stddev, &mut comparison);
        }
        Err(error) => comparison.fail(error.to_string()),
    }
    Ok(comparison.verdict())
}

/// The moments of some elements.
struct Sample {
    count: f64,
    mean: f64,
    stddev: f64,
    /// The mean of fourth powers of standardized elements: 3 for a normal distribution.
    kurtosis: f64,
    smallest: f64,
    largest: f64,
}

impl Sample {
    fn new(elements: &ArrayD<f64>) -> Self {
        let count = elements.len().max(1) as f64;
        let mean = elements.sum() / count;
        let moment = |power| elements.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / count;
        let variance = moment(2);
        Self {
            count,
            mean,
            stddev: variance.sqrt(),
            kurtosis: if variance == 0.0 { 1.0 } else { moment(4) / (variance * variance) },
            smallest: elements.iter().copied().fold(f64::INFINITY, f64::min),
            largest: elements.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }

    /// All elements lie between these, but for the rounding to `float32`.
    fn is_within(&self, low: f64, high: f64, comparison: &mut Comparison) {
        let Self { smallest, largest, .. } = *self;
        let slack = low.abs().max(high.abs()) * (ROUNDING - 1.0);
        if smallest < low - slack || largest > high + slack {
            comparison.fail(format!("elements are from {smallest} to {largest}, not within {low} to {high}"));
        }
    }

    /// The mean and the standard deviation are these, as nearly as one can ask of so many elements.
    fn has_moments(&self, mean: f64, stddev: f64, comparison: &mut Comparison) {
        let near = STANDARD_ERRORS * stddev / self.count.sqrt();
        if !is_near(self.mean, mean, near) {
            comparison.fail(format!("the mean is {}, not {mean} ± {near:.1e}", self.mean));
        }
        // The standard deviation of a handful of elements says nothing.
        if self.count < 100.0 {
            return;
        }
        // The variance of a sample's variance is (kurtosis − 1) σ⁴ / n; that of its root a quarter of it by σ².
        let near = near * ((self.kurtosis - 1.0) / 4.0).sqrt();
        if !is_near(self.stddev, stddev, near) {
            comparison.fail(format!("the standard deviation is {}, not {stddev} ± {near:.1e}", self.stddev));
        }
    }
}

/// Whether two numbers, neither of them NaN, differ by so little.
fn is_near(found: f64, wanted: f64, near: f64) -> bool {
    (found - wanted).abs() <= near
}

/// The initializer of a sample: `name` or `name_initializer`, with keywords in parentheses or `(default)`.
fn initializer(id: &str) -> Option<Box<dyn Initializer>> {
    let (name, keywords) = id.split_once('(').unwrap_or((id, ""));
    let name = name.strip_suffix("_initializer").unwrap_or(name);
    if let Some(initializer) = scaled(name) {
        return keywords.is_empty().then(|| Box::new(initializer) as _);
    }
    let keywords =
        keywords.trim_end_matches(')').split(',').filter(|keyword| !matches!(keyword.trim(), "" | "default"));
    let (mut normal, mut truncated, mut uniform) =
        (init::random_normal(), init::truncated_normal(), init::random_uniform());
    for keyword in keywords {
        let (key, value) = keyword.split_once('=')?;
        let value = leading_number(value)?;
        match (name, key.trim()) {
            ("random_normal", "mean") => normal = normal.mean(value),
            ("random_normal", "stddev") => normal = normal.stddev(value),
            ("truncated_normal", "mean") => truncated = truncated.mean(value),
            ("truncated_normal", "stddev") => truncated = truncated.stddev(value),
            ("random_uniform", "minval") => uniform = uniform.low(value),
            ("random_uniform", "maxval") => uniform = uniform.high(value),
            _ => return None,
        }
    }
    Some(match name {
        "random_normal" => Box::new(normal),
        "truncated_normal" => Box::new(truncated),
        "random_uniform" => Box::new(uniform),
        _ => return None,
    })
}

/// Holds our sample against the bounds that the file expects, and against the moments of TensorFlow's sample.
fn judge_sample(id: &str, shape: &[usize], case: &Node<'_>) -> Result<Verdict, Error> {
    let Some(initializer) = initializer(id) else {
        return Ok(Verdict::NotThereYet(format!("there is no initializer `{id}`")));
    };
    let [mean, stddev] = [case.field("mean")?.number()?, case.field("stddev")?.number()?];
    let expected = case.get("expected")?;
    let expected = |name: &str| -> Result<Option<f64>, Error> {
        expected.as_ref().map_or(Ok(None), |expected| expected.get(name))?.map(|number| number.number()).transpose()
    };
    let mut comparison = Comparison::new(0.0);
    match draw::<f32>(&*initializer, shape) {
        Ok(elements) => {
            let sample = Sample::new(&elements);
            if let Some(bound) = expected("max")? {
                sample.is_within(-bound, bound, &mut comparison);
            }
            // Both samples scatter, so that their difference does √2 times as much as either.
            let both = Sample { count: sample.count / 2.0, ..sample };
            both.has_moments(mean, stddev, &mut comparison);
            if let Some(stddev) = expected("stddev")? {
                sample.has_moments(sample.mean, stddev, &mut comparison);
            }
        }
        Err(error) => comparison.fail(error.to_string()),
    }
    Ok(comparison.verdict())
}

/// Rows or columns, whichever are fewer, are orthogonal and as long as the gain.
fn judge_orthogonal(case: &Node<'_>, shape: &[usize], tolerance: f64) -> Result<Verdict, Error> {
    let gain = case.field("gain")?.number()?;
    let is_of_rows = case.field("orthonormal")?.text()? == "rows";
    let sizes = case.field("matrix")?.sizes()?;
    let [rows, columns] = sizes[..] else { return Err(case.wrong("`matrix` is not rows and columns")) };
    let mut comparison = Comparison::new(tolerance);
    match draw::<f64>(&init::orthogonal().gain(gain), shape) {
        Ok(elements) => {
            let count = elements.len();
            let matrix = elements.into_shape_with_order((rows, columns));
            let matrix = matrix.map_err(|_| case.wrong(format!("`matrix` does not hold {count} elements")))?;
            let gram = if is_of_rows { matrix.dot(&matrix.t()) } else { matrix.t().dot(&matrix) };
            let wanted = ndarray::Array2::eye(gram.nrows()) * (gain * gain);
            comparison.arrays("the Gram matrix", &gram.into_dyn(), &wanted.into_dyn());
        }
        Err(error) => comparison.fail(error.to_string()),
    }
    Ok(comparison.verdict())
}

/// What cutting a normal distribution at two standard deviations makes of its standard deviation.
fn judge_correction(correction: f64) -> Verdict {
    let mut comparison = Comparison::new(0.0);
    match draw::<f64>(&init::truncated_normal(), &[500, 500]) {
        Ok(elements) => Sample::new(&elements).has_moments(0.0, correction, &mut comparison),
        Err(error) => comparison.fail(error.to_string()),
    }
    comparison.verdict()
}

/// What a variable starts with that names no initializer.
fn judge_default(dtypes: &str, default: &str) -> Verdict {
    let types: &[DType] = match dtypes {
        "float*" => &[DType::F32, DType::F64],
        "int*/uint*" => &[DType::I32, DType::I64, DType::U8, DType::U32],
        "bool" => &[DType::Bool],
        _ => return Verdict::NotThereYet(format!("there are no tensors of {dtypes}")),
    };
    let wanted: &dyn Initializer = match default {
        "glorot_uniform" => &init::glorot_uniform(),
        "zeros" | "False" => &init::zeros(),
        other => return Verdict::NotThereYet(format!("there is no initializer `{other}`")),
    };
    let mut comparison = Comparison::new(0.0);
    for &dtype in types {
        let draw = |initializer: &dyn Initializer| match dtype {
            DType::F32 => draw::<f32>(initializer, &[3, 5]),
            DType::I32 => draw::<i32>(initializer, &[3, 5]),
            DType::I64 => draw::<i64>(initializer, &[3, 5]),
            DType::U8 => draw::<u8>(initializer, &[3, 5]),
            DType::U32 => draw::<u32>(initializer, &[3, 5]),
            DType::Bool => draw::<bool>(initializer, &[3, 5]),
            _ => draw::<f64>(initializer, &[3, 5]),
        };
        match draw(init::default_for(dtype)).and_then(|found| Ok((found, draw(wanted)?))) {
            Ok((found, wanted)) => comparison.arrays(dtype.name(), &found, &wanted),
            Err(error) => comparison.fail(error.to_string()),
        }
    }
    comparison.verdict()
}
