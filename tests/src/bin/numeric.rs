//! `numeric FILE`: runs every case of a file of TensorFlow's numbers, and fails if any comes out wrong.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [file] = &arguments[..] else {
        eprintln!("usage: numeric FILE, where FILE has the form of tests/data/numeric.json");
        return ExitCode::from(2);
    };
    match varscope_tests::judge_file(Path::new(file)) {
        Ok(report) => {
            print!("{report}");
            if report.wrong().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
