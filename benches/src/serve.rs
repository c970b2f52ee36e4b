//! Answers of a peer that is written in Rust; the questions are those of `compare/python/serve.py`.

use std::collections::HashMap;
use std::io::{BufRead, Write};

use crate::measure::time;

/// Does a workload once.
pub type Run = Box<dyn FnMut()>;

/// Says who the peer is, and answers until nothing more is asked; `make` gives the run of a workload, if it has it.
///
/// # Errors
///
/// Lines that cannot be read or written.
pub fn serve(peer: &str, version: &str, mut make: impl FnMut(&str) -> Option<Run>) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, r#"{{"peer":"{peer}","version":"{version}"}}"#)?;
    out.flush()?;
    let mut runs = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let question = line.split_once(' ').and_then(|(seconds, workload)| Some((seconds.parse().ok()?, workload)));
        let Some((seconds, workload)) = question else {
            writeln!(out, r#"{{"error":"a question is SECONDS WORKLOAD"}}"#)?;
            continue;
        };
        let run = runs.entry(workload.to_string()).or_insert_with(|| make(workload));
        match run {
            Some(run) => writeln!(out, r#"{{"median_ms":{}}}"#, time(seconds, run).median)?,
            None => writeln!(out, r#"{{"missing":true}}"#)?,
        }
        out.flush()?;
    }
    Ok(())
}
