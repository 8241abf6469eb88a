//! A file from one daemon's disk to another's, beside a bare copy over quinn; and what a message takes meanwhile.

pub(crate) mod bare_copy;

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Write},
    path::Path,
    time::Duration,
};

use anyhow::Result;
use tempfile::TempDir;
use tokio::runtime::Builder;

use crate::{
    daemons::{Daemons, ON_LOOPBACK},
    figures::{Times, verdict},
};

/// The file, in bytes.
const BYTES: u64 = 1 << 30;
/// How often each is copied.
const COPIES: usize = 3;
/// Messages said while nothing else goes on.
const IDLE: usize = 100;
/// What ours may be slower than the bare copy.
const TARGET: f64 = 0.6;
/// What a message may take beside a file, in what it takes without.
const MEANWHILE: f64 = 3.0;
/// Memory of each daemon, in MiB.
const MEMORY: u64 = 80;

pub(crate) fn run() -> Result<()> {
    let folder = TempDir::with_prefix("lamplit-bench-")?;
    let file = folder.path().join("file");
    make(&file)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut daemons = runtime.block_on(Daemons::start(ON_LOOPBACK))?;
    let (mut ours, mut bare) = (Times::default(), Times::default());
    for _ in 0..COPIES {
        let copy = folder.path().join("copy");
        bare.add(bare_copy::copy(&file, &copy)?);
        fs::remove_file(copy)?;
        let (took, _) = runtime.block_on(daemons.send(&file, false))?;
        ours.add(took);
        same(&file, &daemons.grace.files().join("file"))?;
        fs::remove_file(daemons.grace.files().join("file"))?;
    }
    let (mut idle, mut busy) = (Times::default(), Times::default());
    for _ in 0..IDLE {
        idle.add(runtime.block_on(daemons.say())?);
        std::thread::sleep(Duration::from_millis(5));
    }
    let (_, talked) = runtime.block_on(daemons.send(&file, true))?;
    talked.into_iter().for_each(|took| busy.add(took));
    print(&daemons, &ours, &bare, (&idle, &busy))
}

fn print(daemons: &Daemons, ours: &Times, bare: &Times, (idle, busy): (&Times, &Times)) -> Result<()> {
    let ratio = bare.p50() / ours.p50();
    let mib = |milliseconds: f64| (BYTES >> 20) as f64 / milliseconds * 1000.0;
    println!("  1 GiB, two daemons on loopback, from disk to disk, {COPIES} times each, medians");
    println!("    bare quinn, with fsync         {:>7.0} ms   {:>6.0} MiB/s", bare.p50(), mib(bare.p50()));
    println!("    ours, sealed and proved        {:>7.0} ms   {:>6.0} MiB/s", ours.p50(), mib(ours.p50()));
    println!("    target: at least {TARGET} of bare quinn: {ratio:.2}, {}", verdict(ratio >= TARGET));
    let (sender, receiver) = (daemons.ada.peak_kib()? >> 10, daemons.grace.peak_kib()? >> 10);
    let fits = sender < MEMORY && receiver < MEMORY;
    println!(
        "    most memory: sender {sender} MiB, receiver {receiver} MiB; target: under {MEMORY}: {}",
        verdict(fits)
    );
    let slower = busy.p50() / idle.p50();
    println!(
        "    a message: {:.2} ms idle, {:.2} ms beside the file ({} said), p50; target: within {MEANWHILE} times: {slower:.1}, {}",
        idle.p50(),
        busy.p50(),
        busy.len(),
        verdict(slower <= MEANWHILE)
    );
    Ok(())
}

/// No two pieces of it are alike, and nothing makes it smaller.
fn make(path: &Path) -> Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..BYTES / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.write_all(&state.to_le_bytes())?;
    }
    out.into_inner()?.sync_all()?;
    Ok(())
}

fn same(one: &Path, other: &Path) -> Result<()> {
    let (one, other) = (BufReader::new(File::open(one)?), BufReader::new(File::open(other)?));
    let mut others = other.bytes();
    for byte in one.bytes() {
        if others.next().transpose()? != Some(byte?) {
            anyhow::bail!("what came is not what was sent");
        }
    }
    anyhow::ensure!(others.next().is_none(), "more came than was sent");
    Ok(())
}
