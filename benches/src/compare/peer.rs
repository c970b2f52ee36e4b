//! A library that is measured, in a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A library that answers.
pub struct Peer {
    /// What it calls itself.
    pub name: String,
    /// Its version.
    pub version: String,
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What a library says of a workload.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// The median, in milliseconds.
    Median(f64),
    /// It has no such workload.
    Missing,
    /// It failed.
    Error(String),
}

impl Peer {
    /// Starts a library's process.
    ///
    /// # Errors
    ///
    /// It is not installed, or says nothing.
    pub fn start(mut command: Command, threads: usize) -> Result<Self> {
        command.args(["--threads", &threads.to_string()]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let questions = process.stdin.take().context("it takes no questions")?;
        let mut answers = BufReader::new(process.stdout.take().context("it gives no answers")?);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let Ok(who) = serde_json::from_str::<Value>(&line) else { bail!("it does not start") };
        let text = |key: &str| who[key].as_str().unwrap_or("?").to_string();
        Ok(Self { name: text("peer"), version: text("version"), process, questions, answers })
    }

    /// Has a workload measured, for about so many seconds.
    pub fn ask(&mut self, seconds: f64, workload: &str) -> Answer {
        match self.exchange(seconds, workload) {
            Ok(answer) if answer["missing"] == true => Answer::Missing,
            Ok(answer) => match answer["median_ms"].as_f64() {
                Some(median) => Answer::Median(median),
                None => Answer::Error(answer["error"].as_str().unwrap_or("no answer").to_string()),
            },
            Err(error) => Answer::Error(error.to_string()),
        }
    }

    fn exchange(&mut self, seconds: f64, workload: &str) -> Result<Value> {
        writeln!(self.questions, "{seconds} {workload}")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).context("it has stopped")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have stopped by itself, and nothing hangs on how it ends.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
