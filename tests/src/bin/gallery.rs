//! `gallery`: writes the book's gallery of mistakes from `tests/ui`.

use std::process::ExitCode;

fn main() -> ExitCode {
    match varscope_tests::gallery::write() {
        Ok(pages) => {
            println!("{pages} pages");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
