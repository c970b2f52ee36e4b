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

/// Makes a number of a file wrong.
type Disturb = fn(&mut Value);

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
    for id in ["matmul_00", "relu", "adam_exact", "sparse_adam", "clip_by_norm", "cosine", "orthogonal_4x4", "fans_3x5"]
    {
        assert!(ok.contains(&id), "{id} is not there yet");
    }
}

#[test]
fn a_wrong_number_is_seen_wherever_it_is() {
    let disturbances: [(&str, Disturb); 10] = [
        ("add_broadcast", |file| {
            disturb(&mut case(&mut file["ops"], "add_broadcast")["outputs"]["y"]["data"][3], 1e-8)
        }),
        ("matmul_01", |file| disturb(&mut case(&mut file["ops"], "matmul_01")["grads"]["b"]["data"][0], -1e-8)),
        ("reduce_mean_hw", |file| {
            let case = case(&mut file["ops"], "reduce_mean_hw");
            case["outputs"]["y"]["shape"] = json!([4, 1]);
            case["upstream"]["y"]["shape"] = json!([4, 1]);
        }),
        ("adam_exact", |file| {
            disturb(&mut case(&mut file["optimizers"]["cases"], "adam_exact")["trajectory"]["x"][5][2], 1e-9);
        }),
        ("sparse_adagrad", |file| {
            disturb(&mut case(&mut file["optimizers"]["sparse"], "sparse_adagrad")["trajectory"]["e"][3][2][1], 1e-4);
        }),
        ("clip_by_global_norm", |file| {
            disturb(&mut case(&mut file["misc"], "clip_by_global_norm")["outputs"][1]["data"][0], 1e-6);
        }),
        ("cosine", |file| disturb(&mut case(&mut file["schedules"], "cosine")["values"][4], 1e-6)),
        ("he_normal_3x5", |file| {
            disturb(&mut file["initializers"]["parameters"][2]["he_normal"]["resulting_stddev"], 1e-6);
        }),
        ("sample_he_normal_784x256", |file| {
            disturb(&mut case(&mut file["initializers"]["samples"], "he_normal")["stddev"], 1e-3);
        }),
        ("conv_size_1_k1_s1", |file| file["conv_sizes"][0]["pad_after"] = json!(1)),
    ];
    for (id, disturb) in disturbances {
        let mut file = parsed();
        disturb(&mut file);
        let report = judged(&file);
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
