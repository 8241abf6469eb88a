//! The commands about the store.

use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, absolute};

use anyhow::{Context, bail};
use lamplit_depot::{Depot, restore as restore_store, verify as verify_store};
use lamplit_server::{Answer, AskError, KeyError, Request, Stats, ask, copy_store, read_key, store_of};
use lamplit_wire::server::Epoch;

/// Reads all of a store or a backup.
pub(crate) fn verify(file: &Path) -> anyhow::Result<()> {
    let report = verify_store(file)?;
    let mut out = io::stdout().lock();
    for fault in &report.faults {
        writeln!(out, "{fault}")?;
    }
    if !report.faults.is_empty() {
        bail!("{} is damaged: restore a backup", file.display());
    }
    let (rows, groups) = (report.rows, report.groups);
    writeln!(out, "{} is sound: format {}, {rows} rows, {groups} groups in the log.", file.display(), report.format)?;
    Ok(())
}

/// Copies the store, by the server that has it or, if none runs, without one.
pub(crate) fn backup(data: &Path, to: &Path) -> anyhow::Result<()> {
    let to = absolute(to).context("there is no such place")?;
    match ask(data, &Request::Backup { to: to.clone() }) {
        Ok(Answer::Copied) => {}
        Ok(Answer::Failed { why }) => bail!("{why}"),
        Ok(Answer::Stats(_)) => return Err(AskError::Malformed.into()),
        Err(AskError::NotRunning(_)) => {
            let store = store_of(data);
            // Opening would make one.
            if !store.is_file() {
                bail!("there is no store in {}: name its directory with --data", data.display());
            }
            copy_store(&Depot::open(&store, fresh()?)?, &to).map_err(anyhow::Error::msg)?;
        }
        Err(error) => return Err(error.into()),
    }
    let mut out = io::stdout().lock();
    writeln!(out, "The store is copied to {}.", to.display())?;
    writeln!(out, "The key is not in it: once, copy {} to a safe place too.", data.join("server.key").display())?;
    Ok(())
}

/// Makes a store from a backup.
pub(crate) fn restore(data: &Path, from: &Path) -> anyhow::Result<()> {
    // What is wrong with it would be copied, under checksums that fit.
    verify(from)?;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.with_context(|| format!("{} cannot be made", data.display()))?;
    restore_store(from, &store_of(data), fresh()?)?;
    let mut out = io::stdout().lock();
    writeln!(out, "The store is back in {}. Devices bring again what it lacks.", data.display())?;
    if let Err(error @ KeyError::Missing(_)) = read_key(data) {
        writeln!(out, "But {error}.")?;
        writeln!(out, "Put server.key back before: with a new key no device knows this server again.")?;
    }
    Ok(())
}

/// How the running server stands.
pub(crate) fn stats(data: &Path, json: bool) -> anyhow::Result<()> {
    let stats = match ask(data, &Request::Stats)? {
        Answer::Stats(stats) => stats,
        Answer::Failed { why } => bail!("{why}"),
        Answer::Copied => return Err(AskError::Malformed.into()),
    };
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(&stats)?)?;
        return Ok(());
    }
    let Stats { accounts, connections, uptime_seconds, store_bytes } = stats;
    writeln!(out, "Accounts:     {accounts}")?;
    writeln!(out, "Connections:  {connections}")?;
    writeln!(out, "Runs for:     {uptime_seconds} s")?;
    writeln!(out, "Store:        {store_bytes} bytes")?;
    Ok(())
}

fn fresh() -> anyhow::Result<Epoch> {
    let mut fresh = [0; 8];
    getrandom::fill(&mut fresh).map_err(|error| KeyError::Random(error.to_string()))?;
    Ok(Epoch(fresh))
}
