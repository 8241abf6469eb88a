//! A message there and back between two daemons' clients, each in a process of its own, and what of it is the network's and the disk's.
//!
//! Ada says something; when Grace's client has told of it, Grace answers; when Ada's client has told of that, the round
//! is over. Everything that was told is committed. A round has three parts: the way of its bytes, its commits, which the
//! clients time while it runs, and ours, the rest. The first is measured in turns with it, over bare quinn on one stream.
//!
//! The floor under the commits is measured too: the same rows in two bare redb databases, each on a thread of its own, in
//! the order in which one waits for the other. What is in them was taken from two nodes that said the same to each other.

mod bare_commits;
mod bare_echo;
mod clients;
mod medium;
pub(crate) mod partner;
mod script;

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::figures::{Times, millis, verdict};
use bare_commits::BareCommits;
use bare_echo::BareEcho;
use clients::Clients;
use medium::Medium;
use script::Script;

/// Rounds that count. The first ones, which only warm up, don't.
const ROUNDS: usize = 600;
const WARM_UP: usize = 60;
/// Rounds of one kind before it is the next one's turn.
const TURN: usize = 30;
/// What is said: as long as a message mostly is.
const TEXT: &str = "Shall we meet at the lake at seven? I bring the boat, you bring something to eat, and no phones.";
/// Milliseconds that our own part may take.
const TARGET: f64 = 1.0;

pub(crate) fn run() -> Result<()> {
    let script = Script::play(WARM_UP + ROUNDS)?;
    println!(
        "  two processes, each with a client as the daemon runs it, QUIC on loopback; {} bytes of text",
        TEXT.len()
    );
    for medium in [Medium::disk()?, Medium::memory()] {
        measure(&medium, &script)?;
    }
    Ok(())
}

/// What the three kinds of rounds took.
#[derive(Default)]
struct Measured {
    whole: Times,
    echo: Times,
    commits: Times,
    bare: Times,
    spent: Duration,
    synced: u64,
    bare_synced: u64,
}

fn measure(medium: &Medium, script: &Script) -> Result<()> {
    let mut clients = Clients::start(medium)?;
    let echo = BareEcho::start(script.there)?;
    let mut commits = BareCommits::start(medium, script)?;
    let mut measured = Measured::default();
    for turn in 0..(WARM_UP + ROUNDS) / TURN {
        if turn == WARM_UP / TURN {
            measured = Measured::default();
        }
        let before = clients.spent()?;
        let mut committing = Vec::with_capacity(TURN);
        for _ in 0..TURN {
            let (start, committed) = (Instant::now(), clients.committing_here());
            clients.round(TEXT)?;
            measured.whole.since(start);
            committing.push(clients.committing_here().saturating_sub(committed));
        }
        // The other process is asked once a turn: its share of a round is what it took on average.
        let there = clients.spent()?[1].committing.saturating_sub(before[1].committing) / u32::try_from(TURN)?;
        committing.into_iter().for_each(|here| measured.commits.add(here + there));
        clients.rest();
        for (now, before) in clients.spent()?.into_iter().zip(before) {
            measured.spent += now.processor.saturating_sub(before.processor);
            measured.synced += now.syncs - before.syncs;
        }
        for _ in 0..TURN {
            let start = Instant::now();
            echo.round()?;
            measured.echo.since(start);
        }
        let synced = commits.synced();
        for _ in 0..TURN {
            let start = Instant::now();
            commits.round()?;
            measured.bare.since(start);
        }
        commits.rest();
        measured.bare_synced += commits.synced() - synced;
    }
    clients.stop()?;
    print(medium, script, &measured);
    Ok(())
}

fn print(medium: &Medium, script: &Script, measured: &Measured) {
    let Measured { whole, echo, commits, bare, .. } = measured;
    let rounds = whole.len();
    let each = |count: u64| {
        f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / f64::from(u32::try_from(rounds).unwrap_or(1))
    };
    let ours = [whole.p50() - echo.p50() - commits.p50(), whole.p99() - echo.p99() - commits.p99()];
    println!("\n  stores {medium}, {rounds} rounds                          ms: p50      p99");
    let line = |what: &str, [p50, p99]: [f64; 2]| println!("    {what:<58} {p50:>8.3} {p99:>8.3}");
    line("there and back", [whole.p50(), whole.p99()]);
    line(&format!("  bare quinn, {} bytes there and back", script.there), [echo.p50(), echo.p99()]);
    line(
        &format!("  {} commits of {} rows, {} bytes", script.commits, script.rows, script.bytes),
        [commits.p50(), commits.p99()],
    );
    line("  ours, the rest", ours);
    let [p50, _] = ours;
    line("the same commits on bare redb", [bare.p50(), bare.p99()]);
    println!(
        "    there and back / (bare quinn + bare redb)                  {:>8.2}",
        whole.p50() / (echo.p50() + bare.p50())
    );
    println!(
        "    processor time a round, both clients                       {:>8.3}",
        millis(measured.spent) / each(1).recip()
    );
    println!("    syncs a round: {:.2}, on bare redb {:.2}", each(measured.synced), each(measured.bare_synced));
    println!("    target: ours under {TARGET} ms at p50: {}", verdict(p50 < TARGET));
}
