//! `scopes FILE`: runs every scenario of a file of TensorFlow's scopes, and fails if any comes out otherwise.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [file] = &arguments[..] else {
        eprintln!("usage: scopes FILE, where FILE has the form of tests/data/golden.json");
        return ExitCode::from(2);
    };
    let read = std::fs::read_to_string(file).map_err(|error| error.to_string());
    match read.and_then(|text| varscope_tests::scopes::judge(&text).map_err(|error| error.to_string())) {
        Ok(report) => {
            print!("{report}");
            if report.is_different() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            eprintln!("error: {}: {error}", file.display());
            ExitCode::from(2)
        }
    }
}
