//! Two devices that meet and talk, near each other and apart, live in a terminal: what `cargo xtask demo` runs.
//!
//! Each device is a `lamplit run` of its own, with its own data in a temporary directory, on this machine's loopback
//! network; so is the server. A [`story`] makes them meet; a [`screen`] or, where there is no terminal, [`lines`] show it.

mod device;
mod lines;
mod screen;
mod server;
mod stage;
mod story;
mod view;

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Parser;
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};

use crate::stage::Stage;

/// Two devices meet, see each other and talk, then part and talk through a server, on this machine. Type to play along;
/// Ctrl-C ends it.
#[derive(Parser)]
#[command(name = "cargo xtask demo", version)]
struct Args {
    /// Print what happens line by line, even on a terminal
    #[arg(long)]
    lines: bool,
    /// End when the story has been told, instead of staying up
    #[arg(long)]
    once: bool,
}

fn main() -> ExitCode {
    match start(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read it has gone, as `head` does.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if this fails.
            let _ = writeln!(io::stderr(), "lamplit-demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn start(args: &Args) -> Result<()> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build().context("the system gives no threads")?;
    let ended = runtime.block_on(run(args));
    // The keyboard's thread may wait for a key for ever.
    runtime.shutdown_background();
    ended
}

async fn run(args: &Args) -> Result<()> {
    let (mut stage, happenings) = Stage::new()?;
    let show = async {
        if args.lines || !io::stdout().is_terminal() {
            lines::run(happenings, &stage, args.once).await
        } else {
            screen::run(happenings, &stage, args.once).await
        }
    };
    let ended = tokio::select! {
        ended = show => ended,
        ended = asked_to_end() => ended,
    };
    stage.clear().await;
    ended
}

/// Returns when a signal asks this program to end.
async fn asked_to_end() -> Result<()> {
    let listen = |kind| signal(kind).context("signals cannot be listened to");
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let mut hangup = listen(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}
