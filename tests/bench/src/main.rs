//! What Lamplit costs. Each measurement runs the bare floor beside it, in the same run and in turns with it, and prints
//! how they compare: absolute figures change with the machine, ratios hardly. `docs/benchmarks.md` has what came of it.

#![allow(clippy::print_stdout, reason = "this program talks to whoever sits at the terminal")]

mod bare_quinn;
mod cable;
mod cost;
mod counters;
mod daemons;
mod devices;
mod figures;
mod file;
mod handle;
mod idle;
mod linking;
mod memory;
mod message;
mod nearby;
mod sim;

use anyhow::{Result, bail};

/// A measurement by its name.
type Measurement = (&'static str, fn() -> Result<()>);

const ALL: [Measurement; 7] = [
    ("message", message::run),
    ("handle", handle::run),
    ("idle", idle::run),
    ("file", file::run),
    ("linking", linking::run),
    ("nearby", nearby::run),
    ("sim", sim::run),
];

fn main() -> Result<()> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    // What `handle` starts, to be alone in a process.
    if let [memory::NAME, folder] = names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        return memory::measure(folder.as_ref());
    }
    // What `nearby` and `linking` start, to be alone on a network.
    if names == [nearby::NAME] {
        return nearby::measure();
    }
    if names == [linking::NAME] {
        return linking::measure();
    }
    // What `linking` starts on the other network.
    if let [linking::bare::NAME, to] = names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        return linking::bare::arrive(to.as_ref());
    }
    // What `message` starts, to be a daemon of its own.
    if let [message::partner::NAME, medium] = names.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        return message::partner::run(medium);
    }
    if let Some(unknown) = names.iter().find(|name| ALL.iter().all(|(known, _)| known != name)) {
        let known: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
        bail!("there is no measurement {unknown}: there are {}", known.join(", "));
    }
    println!("{} cores, load {}", std::thread::available_parallelism()?, cost::load()?);
    for (name, run) in ALL {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            println!("\n{name}");
            run()?;
        }
    }
    println!("\nload {}", cost::load()?);
    Ok(())
}
