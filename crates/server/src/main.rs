//! The program `lamplit-server`.

mod args;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use lamplit_server::{Config, Server, address_lines, read_key};
use lamplit_service::Settings;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::args::{Args, Command, Place};

fn main() -> ExitCode {
    match obey(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell it to where even this fails.
            let _ = writeln!(io::stderr(), "lamplit-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn obey(args: Args) -> anyhow::Result<()> {
    match args.command {
        Some(Command::Address(place)) => address(&place),
        Some(Command::Run(place)) => run(&place),
        None => run(&args.place),
    }
}

fn address(place: &Place) -> anyhow::Result<()> {
    let key = read_key(&place.data()?)?;
    let mut out = io::stdout().lock();
    for line in address_lines(key, place.listen()) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn run(place: &Place) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("LAMPLIT_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?;
    runtime.block_on(serve(place))
}

async fn serve(place: &Place) -> anyhow::Result<()> {
    // Heard from here on: a stop that comes early is one too.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let data = place.data()?;
    let server =
        Server::start(Config { data: data.clone(), listen: place.listen(), settings: Settings::default() }).await?;
    tell(&server, place, &data)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    server.stop().await;
    Ok(())
}

/// What whoever starts it wants to know.
fn tell(server: &Server, place: &Place, data: &Path) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "The address of this server for devices, by each way to it:")?;
    for line in address_lines(server.key(), server.bound()) {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "Where it has a name, put that in place of the number between @ and the last colon.")?;
    let chosen = |by_user: bool| if by_user { "" } else { " (by default: see --help)" };
    writeln!(out, "Its data: {}{}", data.display(), chosen(place.data.is_some()))?;
    writeln!(out, "It listens on UDP {}{}", server.bound(), chosen(place.listen.is_some()))?;
    writeln!(out, "Anybody who has the address may open an account (by default).")?;
    out.flush()?;
    Ok(())
}
