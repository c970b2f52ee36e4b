//! Measures varscope beside the libraries that `benches/compare/install.sh` has installed, in turns, and prints the
//! table: `cargo run --release -p varscope-benches --bin compare -- --threads 2`.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use varscope_benches::compare::{Answer, Peer, Row, commands, print_head};
use varscope_benches::peak;

const HELP: &str = "\
Measures varscope beside other libraries and prints a table in Markdown.

Usage: compare [--threads N] [--filter TEXT] [--seconds S] [--rounds R] [--peers NAME,NAME] [--folder PATH]

  --threads N    how many threads compute [default: as many as the machine has]
  --filter TEXT  only workloads with this in their names
  --seconds S    how long each is measured in a round [default: 0.5]
  --rounds R     how often all take their turn [default: 3]
  --peers NAMES  only these libraries [default: all that are installed]
  --folder PATH  where they are installed [default: target/compare]

Build the program `workloads` as well: it is varscope's side of the table.";

/// Threads of a library that has just answered may still look for work.
const REST: Duration = Duration::from_millis(100);

struct Options {
    threads: usize,
    filter: String,
    seconds: f64,
    rounds: usize,
    peers: Option<String>,
    folder: PathBuf,
}

impl Options {
    fn read() -> Result<Option<Self>> {
        use lexopt::prelude::*;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let (filter, folder) = (String::new(), "target/compare".into());
        let mut options = Self { threads, filter, seconds: 0.5, rounds: 3, peers: None, folder };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("threads") => options.threads = arguments.value()?.parse()?,
                Long("filter") => options.filter = arguments.value()?.string()?,
                Long("seconds") => options.seconds = arguments.value()?.parse()?,
                Long("rounds") => options.rounds = arguments.value()?.parse()?,
                Long("peers") => options.peers = Some(arguments.value()?.string()?),
                Long("folder") => options.folder = arguments.value()?.into(),
                Long("help") => {
                    println!("{HELP}");
                    return Ok(None);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(options))
    }

    /// Starts the libraries that are installed.
    fn start(&self) -> Result<Vec<Peer>> {
        let mut peers = Vec::new();
        for (name, command) in commands(&self.folder) {
            let is_wanted = |names: &String| names.split(',').any(|wanted| wanted.eq_ignore_ascii_case(name));
            if name != "varscope" && !self.peers.as_ref().is_none_or(is_wanted) {
                continue;
            }
            match Peer::start(command, self.threads) {
                Ok(peer) => peers.push(peer),
                Err(error) if name == "varscope" => return Err(error.context("the program `workloads`")),
                Err(error) => eprintln!("without {name}: {error}"),
            }
        }
        Ok(peers)
    }
}

fn main() -> Result<()> {
    let Some(options) = Options::read()? else { return Ok(()) };
    rayon::ThreadPoolBuilder::new().num_threads(options.threads).build_global()?;
    let mut peers = options.start()?;
    let peak = peak::measure(options.threads);
    print_head(&peers, peak);
    for workload in varscope_benches::all().filter(|workload| workload.name.contains(&options.filter)) {
        let mut answers: Vec<Vec<Answer>> = peers.iter().map(|_| Vec::new()).collect();
        for _ in 0..options.rounds {
            for (peer, answers) in peers.iter_mut().zip(&mut answers) {
                sleep(REST);
                answers.push(peer.ask(options.seconds, &workload.name));
            }
        }
        let row = Row { name: workload.name, operations: workload.operations, answers };
        row.print(peak);
    }
    Ok(())
}
