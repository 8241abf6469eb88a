//! What each command does. Each has a file that asks the daemon, and prints.

mod accept;
mod app;
mod contacts;
mod devices;
mod dial;
mod doctor;
mod files;
mod group;
mod history;
mod init;
mod invite;
mod join;
mod manual;
mod nearby;
mod number;
mod people;
mod recover;
mod run;
mod safety;
mod say;
mod send;
mod server;
mod status;
mod stop;
mod storage;
mod trouble;
mod view;
mod web;

use std::{io, path::PathBuf};

use anyhow::Context as _;
use lamplit_client::account::{DataDir, SocketPathError};
use lamplit_rpc::{ConnectError, Connection};
use tokio::runtime;

use crate::{
    args::{Args, Command, Global},
    failure::Failure,
    output::Output,
};

/// What every command has at hand.
struct Desk {
    data: PathBuf,
    out: Output,
}

/// Does what the command line says.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    // These need no data.
    match args.command {
        Command::Completions(completions) => return manual::completions(&completions),
        Command::Man(man) => return manual::pages(Output::new(args.global.json), &man),
        _ => {}
    }
    let desk = Desk::new(args.global)?;
    // The daemon serves many at once; a command waits for one answer.
    let mut builder = match args.command {
        Command::Run(_) | Command::Init(_) => runtime::Builder::new_multi_thread(),
        _ => runtime::Builder::new_current_thread(),
    };
    let runtime = builder.enable_all().build().context("the system gives no threads")?;
    let ended = runtime.block_on(dispatch(&desk, args.command));
    // The view's keyboard may wait for a key for ever.
    runtime.shutdown_background();
    ended
}

async fn dispatch(desk: &Desk, command: Command) -> Result<(), Failure> {
    match command {
        Command::Init(init) => init::run(desk, init).await,
        Command::Run(run) => run::run(desk, run).await,
        Command::View => view::run(desk).await,
        Command::Nearby(nearby) => nearby::run(desk, nearby).await,
        Command::Stop => stop::run(desk).await,
        Command::Web => web::run(desk).await,
        Command::Status => status::run(desk).await,
        Command::Server(server) => server::run(desk, server).await,
        Command::Register(register) => number::register(desk, register).await,
        Command::Verify(verify) => number::verify(desk, verify).await,
        Command::Number(number) => number::run(desk, number).await,
        Command::Invite(invite) => invite::run(desk, invite).await,
        Command::Accept(accept) => accept::run(desk, accept).await,
        Command::Contacts => contacts::run(desk).await,
        Command::Say(say) => say::run(desk, say).await,
        Command::Send(send) => send::run(desk, send).await,
        Command::Files => files::list(desk).await,
        Command::Get(get) => files::get(desk, get).await,
        Command::Cancel(which) => files::cancel(desk, &which.file).await,
        Command::Storage(storage) => storage::run(desk, storage).await,
        Command::History(history) => history::run(desk, history).await,
        Command::On(app) => app::run(desk, app, true).await,
        Command::Off(app) => app::run(desk, app, false).await,
        Command::Name(name) => people::name(desk, name).await,
        Command::Rename(rename) => people::rename(desk, rename).await,
        Command::Note(note) => people::note(desk, note).await,
        Command::Safety(safety) => safety::run(desk, safety).await,
        Command::Remove(remove) => people::remove(desk, remove).await,
        Command::Group(group) => group::run(desk, group).await,
        Command::Dial(dial) => dial::run(desk, dial).await,
        Command::Doctor(doctor) => doctor::run(desk, doctor).await,
        Command::Completions(completions) => manual::completions(&completions),
        Command::Man(man) => manual::pages(desk.out, &man),
        Command::Link(link) => devices::link(desk, link).await,
        Command::Devices(devices) => devices::run(desk, devices).await,
    }
}

impl Desk {
    fn new(global: Global) -> Result<Self, Failure> {
        let data = match global.data {
            Some(data) => data,
            None => DataDir::default_path().map_err(anyhow::Error::new)?,
        };
        Ok(Self { data, out: Output::new(global.json) })
    }

    /// Where the daemon listens.
    fn socket(&self) -> Result<PathBuf, Failure> {
        DataDir::socket(&self.data).map_err(|error| match error {
            // No directory, so nobody runs on it.
            SocketPathError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Failure::NoDaemon(ConnectError::NoDaemon)
            }
            error => Failure::Other(error.into()),
        })
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        Ok(Connection::open(&self.socket()?).await?)
    }
}
