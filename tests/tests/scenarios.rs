//! TensorFlow's scopes: every scenario comes out the same, or is refused for a reason; and the judge sees what does not.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use varscope_tests::scopes::{Verdict, WAYS as SCOPE_WAYS, judge, judge_through};

fn file() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/golden.json")).unwrap()
}

const WAYS: [&str; 2] = ["runtime", "macro"];

/// The verdict on one scenario.
fn verdict(way: &str, program: &Value, outcome: &Value) -> Verdict {
    let text = json!([{"id": "one", "program": program, "outcome": outcome}]).to_string();
    let way = SCOPE_WAYS.into_iter().find(|known| known.name() == way).unwrap();
    let report = judge_through(&text, &[way]).unwrap();
    let (_, _, verdict) = report.verdicts().next().unwrap();
    verdict.clone()
}

fn made(step: &str, name: &str) -> Value {
    json!({"step": step, "verb": "get", "name": name, "shape": [1], "dtype": "float32", "is": "Variable",
           "trainable": true, "created": true})
}

fn variables(names: &[&str]) -> Value {
    json!({"global": names, "trainable": names, "local": []})
}

#[test]
fn no_scenario_is_different() {
    let report = judge(&file()).unwrap();
    assert!(!report.is_different(), "{report}");
    let same = report.verdicts().filter(|(_, _, verdict)| **verdict == Verdict::Same).count();
    assert!(same >= 285, "{report}");
    for (hint, least) in [("compile_error", 85), ("compile_guarantee", 130)] {
        let (settled, all) = report.settled(hint);
        assert!(settled >= least, "{hint}: {settled} of {all}\n{report}");
    }
}

/// A bad name is refused whatever TensorFlow says.
const BAD_NAME: &str = "invalid_scope_name";

#[test]
fn a_changed_outcome_is_different() {
    let scenarios: Vec<Value> = serde_json::from_str(&file()).unwrap();
    let report = judge(&file()).unwrap();
    let same = report.verdicts().filter(|(_, _, verdict)| **verdict == Verdict::Same);
    let mut changed = 0;
    for (id, way, _) in same {
        let scenario = scenarios.iter().find(|scenario| scenario["id"] == id).unwrap();
        let log = scenario["outcome"]["log"].as_array().unwrap();
        for (n, entry) in log.iter().enumerate() {
            let mut outcome = scenario["outcome"].clone();
            let outermost = entry["step"].as_str().unwrap().split('.').next().unwrap().parse::<usize>().unwrap();
            // A thread is a `fn`, whose ops are numbered where it is called.
            let is_in_thread = scenario["program"][outermost].get("thread").is_some();
            if entry.get("dtype").is_some() {
                outcome["log"][n]["dtype"] = json!("float16");
            } else if entry["verb"] == "op" {
                outcome["log"][n]["name"] = json!("other:0");
            } else if entry["verb"] == "try" && !entry["error_class"].is_null() && entry["error_class"] != BAD_NAME {
                outcome["log"][n]["error_class"] = json!("another");
            } else if entry["verb"] == "open" && !is_in_thread {
                outcome["log"][n]["name_scope"] = json!("elsewhere/");
            } else {
                continue;
            }
            let verdict = verdict(way, &scenario["program"], &outcome);
            assert!(matches!(verdict, Verdict::Different(_)), "{id} ({way}), entry {n}: {verdict}");
            changed += 1;
        }
    }
    assert!(changed > 700, "{changed}");
}

#[test]
fn an_error_at_another_step_is_different() {
    let program = json!([{"get": "v", "shape": [1]}, {"get": "v", "shape": [1]}]);
    let outcome = |class: &str, at: &str| {
        json!({"log": [made("0", "v:0")], "error_class": class, "error_type": "ValueError", "at_step": at,
               "variables": variables(&["v:0"])})
    };
    for way in WAYS {
        assert_eq!(verdict(way, &program, &outcome("already_exists", "1")), Verdict::Same);
        assert!(matches!(verdict(way, &program, &outcome("already_exists", "2")), Verdict::Different(_)));
        assert!(matches!(verdict(way, &program, &outcome("does_not_exist", "1")), Verdict::Different(_)));
    }
}

#[test]
fn a_refusal_needs_its_reason() {
    let slash = json!([{"get": "a/v", "shape": [1]}]);
    let outcome = json!({"log": [made("0", "a/v:0")], "variables": variables(&["a/v:0"])});
    for way in WAYS {
        assert_eq!(verdict(way, &slash, &outcome).to_string(), "stricter: a `/` in a name");
    }
    // The library refuses what TensorFlow is said to take, and no rule says why.
    let missing = json!([{"open": "a", "reuse": true}, {"get": "v", "shape": [1]}, {"close": true}]);
    let open = json!({"step": "0", "verb": "open", "scope": "a", "original_name_scope": "a/", "name_scope": "a/", "reuse": true});
    let outcome = json!({"log": [open, made("1", "a/v:0")], "variables": variables(&["a/v:0"])});
    for way in WAYS {
        assert!(matches!(verdict(way, &missing, &outcome), Verdict::Different(_)));
    }
}

#[test]
fn the_program_fails_where_a_scenario_is_different() {
    let directory = std::env::temp_dir().join(format!("varscope-scenarios-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("one.json");
    let run = |name: &str| {
        let outcome = json!({"log": [made("0", name)], "variables": variables(&[name])});
        let scenario = json!([{"id": "one", "program": [{"get": "v", "shape": [1]}], "outcome": outcome}]);
        std::fs::write(&path, scenario.to_string()).unwrap();
        Command::new(env!("CARGO_BIN_EXE_scopes")).arg(&path).output().unwrap()
    };
    let (good, bad) = (run("v:0"), run("u:0"));
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(good.status.success());
    assert!(
        String::from_utf8_lossy(&good.stdout).ends_with("2 runs: 2 same, 0 stricter, 0 not applicable, 0 DIFFERENT\n")
    );
    assert_eq!(bad.status.code(), Some(1));
}

/// A random program over scopes: each step is drawn from what there is to say.
fn program(seed: u64) -> Value {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    let (mut steps, mut open) = (Vec::new(), 0);
    for _ in 0..24 {
        let name = ["a", "b", "c"][draw(3)];
        match draw(10) {
            0..3 => {
                let reuse = [Value::Null, Value::Null, json!(true), json!("AUTO_REUSE")][draw(4)].clone();
                steps.push(json!({"open": name, "reuse": reuse}));
                open += 1;
            }
            3 => {
                steps.push(json!({"open": null, "default_name": name}));
                open += 1;
            }
            4 => {
                steps.push(json!({"name_scope": name}));
                open += 1;
            }
            5 if open > 0 => {
                steps.push(json!({"close": true}));
                open -= 1;
            }
            6 => {
                let name = ["p", "q"][draw(2)];
                steps.push(json!({"op": "constant", "name": name}));
            }
            _ => {
                let shape = [json!([1]), json!([1]), json!([2, 3]), Value::Null][draw(4)].clone();
                let name = ["u", "v"][draw(2)];
                steps.push(json!({"try": [{"get": name, "shape": shape}]}));
            }
        }
    }
    steps.extend((0..open).map(|_| json!({"close": true})));
    Value::Array(steps)
}

#[test]
fn both_ways_agree_on_random_programs() {
    for seed in 1..=150 {
        let program = program(seed);
        let outcome = json!({"log": [], "variables": {}});
        let text = json!([{"id": "one", "program": program, "outcome": outcome}]).to_string();
        let scenario = varscope_tests::scopes::format::read(&text).unwrap().remove(0);
        let [runtime, compiled] = SCOPE_WAYS.map(|way| way.run(&scenario));
        let kind = |stop: &varscope_tests::scopes::trace::Stop| match stop {
            varscope_tests::scopes::trace::Stop::Error { error, .. } => format!("{:?}", error.kind),
            varscope_tests::scopes::trace::Stop::Reason { reason, .. } => format!("{reason:?}"),
        };
        for (one, other) in runtime.entries.iter().zip(&compiled.entries) {
            assert_eq!(one.at, other.at, "{program}");
            let kinds = [one, other].map(|entry| entry.caught.as_ref().map(|refusal| refusal.kind));
            assert_eq!(kinds[0], kinds[1], "at {}: {program}", one.at);
            for (key, value) in one.seen.as_object().unwrap() {
                if let Some(seen) = other.seen.get(key) {
                    assert_eq!(value, seen, "{key} at {}: {program}", one.at);
                }
            }
        }
        assert_eq!(runtime.entries.len(), compiled.entries.len(), "{program}");
        let ends = [&runtime, &compiled].map(|trace| trace.end.as_ref().map(|(at, stop)| (at.clone(), kind(stop))));
        assert_eq!(ends[0], ends[1], "{program}");
        assert_eq!(runtime.variables, compiled.variables, "{program}");
    }
}
