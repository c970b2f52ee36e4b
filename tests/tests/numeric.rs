//! TensorFlow's numbers: the library computes them, and the judge sees where it would not.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use varscope_tests::{Report, Verdict, judge_file, judge_text};

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/numeric.json")
}

fn parsed() -> Value {
    serde_json::from_str(&std::fs::read_to_string(file()).unwrap()).unwrap()
}

fn judged(file: &Value) -> Report {
    judge_text(&file.to_string()).unwrap()
}

/// The case of an id in a list.
fn case<'a>(list: &'a mut Value, id: &str) -> &'a mut Value {
    list.as_array_mut().unwrap().iter_mut().find(|case| case["id"] == id).unwrap()
}

/// Adds to a number.
fn disturb(number: &mut Value, by: f64) {
    *number = json!(number.as_f64().unwrap() + by);
}

/// A file with one case of an op.
fn one_op(op: &str, attrs: &Value) -> Value {
    let x = json!({"shape": [2], "dtype": "float64", "data": [1.0, -1.0]});
    let y = json!({"shape": [2], "dtype": "float64", "data": [1.0, 0.0]});
    let case = json!({"id": "one", "op": op, "attrs": attrs, "inputs": {"x": x}, "outputs": {"y": y},
                      "upstream": {"y": x}, "grads": {"x": y}});
    json!({"meta": {"tolerances": {"ops float64": 1e-10, "ops float32": 1e-5}}, "ops": [case]})
}

#[test]
fn nothing_is_wrong() {
    let report = judge_file(&file()).unwrap();
    assert!(report.wrong().is_empty(), "{report}");
    let ok = report.ok();
    for id in [
        "matmul_00",
        "conv2d_5x5_k3x3_s1_SAME",
        "max_pool_ties",
        "batch_norm_train",
        "adam_exact",
        "sparse_adam",
        "clip_by_norm",
        "cosine",
        "orthogonal_4x4",
        "fans_3x5",
    ] {
        assert!(ok.contains(&id), "{id} is not there yet");
    }
}

/// The section of a file, the id of a case there, and what makes that case wrong.
type Disturbance = (&'static str, &'static str, fn(&mut Value));

const DISTURBANCES: [Disturbance; 11] = [
    ("ops", "add_broadcast", |ops| disturb(&mut case(ops, "add_broadcast")["outputs"]["y"]["data"][3], 1e-8)),
    ("ops", "matmul_01", |ops| disturb(&mut case(ops, "matmul_01")["grads"]["b"]["data"][0], -1e-8)),
    ("ops", "reduce_mean_hw", |ops| {
        let case = case(ops, "reduce_mean_hw");
        case["outputs"]["y"]["shape"] = json!([4, 1]);
        case["upstream"]["y"]["shape"] = json!([4, 1]);
    }),
    ("optimizers", "adam_exact", |optimizers| {
        disturb(&mut case(&mut optimizers["cases"], "adam_exact")["trajectory"]["x"][5][2], 1e-9);
    }),
    ("optimizers", "sparse_adagrad", |optimizers| {
        disturb(&mut case(&mut optimizers["sparse"], "sparse_adagrad")["trajectory"]["e"][3][2][1], 1e-4);
    }),
    ("misc", "clip_by_global_norm", |misc| {
        disturb(&mut case(misc, "clip_by_global_norm")["outputs"][1]["data"][0], 1e-6);
    }),
    ("misc", "ema_num_updates", |misc| disturb(&mut case(misc, "ema_num_updates")["averages"][2][0], 1e-4)),
    ("schedules", "cosine", |schedules| disturb(&mut case(schedules, "cosine")["values"][4], 1e-6)),
    ("initializers", "he_normal_3x5", |initializers| {
        disturb(&mut initializers["parameters"][2]["he_normal"]["resulting_stddev"], 1e-6);
    }),
    ("initializers", "sample_he_normal_784x256", |initializers| {
        disturb(&mut case(&mut initializers["samples"], "he_normal")["stddev"], 1e-3);
    }),
    ("conv_sizes", "conv_size_1_k1_s1", |sizes| sizes[0]["pad_after"] = json!(1)),
];

#[test]
fn a_wrong_number_is_seen_wherever_it_is() {
    let file = parsed();
    for (section, id, disturb) in DISTURBANCES {
        let mut disturbed = json!({"meta": file["meta"], section: file[section]});
        disturb(&mut disturbed[section]);
        let report = judged(&disturbed);
        assert_eq!(report.wrong(), [id]);
        assert!(report.to_string().contains(&format!("WRONG {id}: ")), "{report}");
    }
}

#[test]
fn a_wrong_number_is_shown_beside_the_tolerance() {
    let mut file = one_op("relu", &json!({}));
    assert_eq!(judged(&file).ok(), ["one"]);
    file["ops"][0]["outputs"]["y"]["data"][1] = json!(0.5);
    let message = "y[1] is 0, not 0.5: the largest difference is 5.0e-1, the tolerance 1e-10";
    assert_eq!(judged(&file).lines(), [("one".to_string(), Verdict::Wrong(message.into()))]);
}

#[test]
fn what_the_library_does_not_have_is_named() {
    let verdict = |op: &str, attrs: &Value| judged(&one_op(op, attrs)).lines()[0].1.clone();
    let missing = |message: &str| Verdict::NotThereYet(message.into());
    assert_eq!(verdict("frobnicate", &json!({})), missing("no op does what TensorFlow's `frobnicate` does"));
    assert_eq!(verdict("relu", &json!({"leak": 0.1})), missing("`relu` has no attribute `leak`"));
    assert_eq!(verdict("bias_add", &json!({"data_format": "NCHW"})), missing("`data_format` = NCHW"));
    let mut half = one_op("relu", &json!({}));
    half["ops"][0]["inputs"]["x"]["dtype"] = json!("float16");
    assert_eq!(judged(&half).lines()[0].1, missing("an operand is of a type that no tensor here has"));
}

#[test]
fn single_precision_has_a_tolerance_of_its_own() {
    let mut file = one_op("relu", &json!({}));
    for array in ["/inputs/x", "/outputs/y", "/upstream/y", "/grads/x"] {
        *file["ops"][0].pointer_mut(&format!("{array}/dtype")).unwrap() = json!("float32");
    }
    file["ops"][0]["outputs"]["y"]["data"][0] = json!(1.000_001);
    assert_eq!(judged(&file).ok(), ["one"]);
    file["ops"][0]["outputs"]["y"]["data"][0] = json!(1.001);
    assert_eq!(judged(&file).wrong(), ["one"]);
}

/// Makes every `float64` of a file a `float32`.
fn make_single(value: &mut Value) {
    match value {
        Value::String(text) if text == "float64" => *text = "float32".into(),
        Value::Array(items) => items.iter_mut().for_each(make_single),
        Value::Object(fields) => fields.values_mut().for_each(make_single),
        _ => {}
    }
}

#[test]
fn nothing_is_wrong_in_single_precision() {
    let mut file = parsed();
    make_single(&mut file["ops"]);
    let report = judged(&json!({"meta": file["meta"], "ops": file["ops"]}));
    assert!(report.wrong().is_empty(), "{report}");
    assert!(report.ok().contains(&"matmul_11"));
}

#[test]
fn a_bad_file_is_an_error_with_its_place() {
    let without = |part: &str| {
        let mut file = one_op("relu", &json!({}));
        file["ops"][0].as_object_mut().unwrap().remove(part);
        judge_text(&file.to_string()).unwrap_err().to_string()
    };
    assert_eq!(without("inputs"), "ops[0] (one): `inputs` is missing");
    assert_eq!(without("id"), "ops[0]: `id` is missing");
    let mut file = one_op("matmul", &json!({}));
    assert_eq!(judge_text(&file.to_string()).unwrap_err().to_string(), "ops[0] (one): `matmul` needs an input `a`");
    file["ops"][0]["inputs"] = json!({"a": {"shape": [3], "data": [1, 2]}});
    let message = "ops[0] (one).inputs.a: 2 elements do not fill the shape [3]";
    assert_eq!(judge_text(&file.to_string()).unwrap_err().to_string(), message);
    assert!(judge_text("{").unwrap_err().to_string().starts_with("this is not JSON: "));
    assert_eq!(judge_text("{}").unwrap_err().to_string(), "`meta` is missing");
    assert_eq!(judge_text("[]").unwrap_err().to_string(), "an object should stand here");
}

#[test]
fn the_program_fails_on_wrong_numbers_and_on_bad_files() {
    let run = |name: &str, text: &str| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, text).unwrap();
        Command::new(env!("CARGO_BIN_EXE_numeric")).arg(path).output().unwrap()
    };
    let mut file = one_op("relu", &json!({}));
    let output = run("right.json", &file.to_string());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ok one\n1 cases: 1 ok, 0 not there yet, 0 WRONG\n");
    disturb(&mut file["ops"][0]["grads"]["x"]["data"][0], 1.0);
    assert_eq!(run("wrong.json", &file.to_string()).status.code(), Some(1));
    let output = run("bad.json", "not JSON");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("bad.json: this is not JSON: "));
    let output = Command::new(env!("CARGO_BIN_EXE_numeric")).arg("no such file").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: no such file cannot be read: "));
}
