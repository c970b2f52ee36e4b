//! Prints how fast varscope is, a line of JSON for each workload: `cargo run --release -p varscope-benches --bin
//! workloads -- --threads 2`.

use anyhow::Result;
use varscope_benches::measure::time;
use varscope_benches::peak;
use varscope_benches::serve::serve;

const HELP: &str = "\
Prints how fast varscope is, a line of JSON for each workload.

Usage: workloads [--threads N] [--filter TEXT] [--seconds S] [--serve]

  --threads N    how many threads compute [default: as many as the machine has]
  --filter TEXT  only workloads with this in their names
  --seconds S    how long each is measured [default: 1]
  --serve        measures what it is asked for on its input, as the other libraries that `compare` starts";

struct Options {
    threads: usize,
    filter: String,
    seconds: f64,
    is_serving: bool,
}

impl Options {
    fn read() -> Result<Option<Self>> {
        use lexopt::prelude::*;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut options = Self { threads, filter: String::new(), seconds: 1.0, is_serving: false };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("threads") => options.threads = arguments.value()?.parse()?,
                Long("filter") => options.filter = arguments.value()?.string()?,
                Long("seconds") => options.seconds = arguments.value()?.parse()?,
                Long("serve") => options.is_serving = true,
                Long("help") => {
                    println!("{HELP}");
                    return Ok(None);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(options))
    }
}

fn main() -> Result<()> {
    let Some(Options { threads, filter, seconds, is_serving }) = Options::read()? else { return Ok(()) };
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    if is_serving {
        let named = |name: &str| varscope_benches::all().find(|workload| workload.name == name);
        let make = |name: &str| named(name).and_then(|workload| workload.make().ok());
        return Ok(serve("varscope", env!("CARGO_PKG_VERSION"), make)?);
    }
    println!(r#"{{"peer":"varscope","workload":"peak","threads":{threads},"gflops":{:.1}}}"#, peak::measure(threads));
    for workload in varscope_benches::all().filter(|workload| workload.name.contains(&filter)) {
        let timing = time(seconds, workload.make()?);
        println!(
            r#"{{"peer":"varscope","workload":"{}","threads":{threads},"median_ms":{:.6},"p10_ms":{:.6},"min_ms":{:.6},"n":{},"gflops":{:.3}}}"#,
            workload.name,
            timing.median,
            timing.tenth,
            timing.least,
            timing.runs,
            workload.operations / timing.median / 1e6,
        );
    }
    Ok(())
}
