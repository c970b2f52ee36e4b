//! Speed beside other libraries: each is a process of its own that measures itself when it is asked.

mod peer;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

pub use peer::{Answer, Peer};
pub use table::{Row, print_head};

/// The libraries that there may be, as commands; `folder` is where `compare/install.sh` has put them.
pub fn commands(folder: &Path) -> Vec<(&'static str, Command)> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("compare/python");
    let python = |name: &'static str, script: &str| {
        let mut command = Command::new(folder.join("python/bin/python"));
        command.arg(scripts.join(script));
        (name, command)
    };
    let program = |name: &'static str, path: &str| (name, Command::new(folder.join(path)));
    vec![
        ("varscope", own()),
        python("PyTorch", "pytorch.py"),
        python("TensorFlow", "tensorflow_.py"),
        python("JAX", "jax_.py"),
        python("ONNX Runtime", "onnxruntime_.py"),
        program("oneDNN", "onednn-peer"),
        program("burn", "rust/release/burn-peer"),
        program("candle", "rust/release/candle-peer"),
    ]
}

/// `workloads --serve`, which stands beside this program.
fn own() -> Command {
    let beside = |path: PathBuf| path.with_file_name("workloads");
    let mut command = Command::new(std::env::current_exe().map_or_else(|_| "workloads".into(), beside));
    command.arg("--serve");
    command
}
