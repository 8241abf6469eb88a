//! The program `lamplit-server`.

mod args;
mod check;
mod log;
mod settings;
mod store;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser};
use lamplit_server::{Config, Server, address_lines, read_key};
use lamplit_service::Settings as Decided;
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Args, Command, Place, Run, Where};
use crate::settings::{OfProcess, Settings, Status};

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
        Some(Command::Config) => Ok(io::stdout().lock().write_all(settings::file::COMMENTED.as_bytes())?),
        Some(Command::Manual) => Ok(clap_mangen::Man::new(Args::command()).render(&mut io::stdout().lock())?),
        Some(Command::Backup { file, at }) => store::backup(&data(at)?, &file),
        Some(Command::Restore { file, at }) => store::restore(&data(at)?, &file),
        Some(Command::Verify { file, at }) => match file {
            // It needs no data directory.
            Some(file) => store::verify(&file),
            None => store::verify(&lamplit_server::store_of(&data(at)?)),
        },
        Some(Command::Stats { json, at }) => store::stats(&data(at)?, json),
        Some(Command::Address(place)) => address(&place),
        Some(Command::Run(run)) => start(&run),
        None => start(&args.run),
    }
}

fn data(at: Where) -> anyhow::Result<PathBuf> {
    Ok(Settings::read(&Place { at, ..Place::default() }, &OfProcess)?.data.value)
}

fn address(place: &Place) -> anyhow::Result<()> {
    let settings = Settings::read(place, &OfProcess)?;
    let key = read_key(&settings.data.value)?;
    let mut out = io::stdout().lock();
    for line in address_lines(key, settings.listen.value) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn start(run: &Run) -> anyhow::Result<()> {
    let settings = Settings::read(&run.place, &OfProcess)?;
    let filter = log::filter(&settings.log.value)
        .with_context(|| format!("nothing can be logged as \"{}\" says ({})", settings.log.value, settings.log.by))?;
    if run.check {
        return check::check(&settings);
    }
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
    // Here it is known in which line it stands.
    check::sms(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no threads")?;
    let ended = runtime.block_on(serve(&settings));
    // A copy of a large store that is under way is given up, and not waited for.
    runtime.shutdown_background();
    ended
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    // Heard from here on: a stop that comes early is one too.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    for note in &settings.notes {
        tracing::warn!("{note}");
    }
    let codes_of_all = settings.codes.value.rate();
    let decided = Decided { open: settings.open.value, codes_of_all, ..Decided::default() };
    let status = match settings.status.value {
        Status::Off => None,
        Status::At(at) => Some(at),
    };
    let config = Config {
        data: settings.data.value.clone(),
        listen: settings.listen.value,
        status,
        sms: settings.sms.value.clone(),
        settings: decided,
    };
    let server = Server::start(config).await?;
    tell(&server, settings)?;
    notify(&NotifyState::Ready);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    notify(&NotifyState::Stopping);
    tracing::info!("stopping");
    server.stop().await;
    Ok(())
}

/// Tells systemd, if that started it.
fn notify(state: &NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(core::slice::from_ref(state)) {
        tracing::warn!(%error, "systemd could not be told how the server stands");
    }
}

/// What whoever starts it wants to know.
fn tell(server: &Server, settings: &Settings) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "The address of this server for devices, by each way to it:")?;
    for line in address_lines(server.key(), server.bound()) {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "Where it has a name, put that in place of the number between @ and the last colon.")?;
    check::say(
        &mut out,
        settings,
        &server.bound().to_string(),
        &server.status().map_or_else(|| "off".to_owned(), |at| at.to_string()),
    )?;
    out.flush()?;
    Ok(())
}
