use anyhow::{Context, anyhow};
use lamplit_client::{
    Client, Network, Parts,
    account::{self, DataDir},
};
use lamplit_rpc::Server;
use serde_json::json;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::spawn_blocking,
};
use tracing_subscriber::EnvFilter;

use super::Desk;
use crate::{
    args::Run,
    failure::Failure,
    output::{Style, colours},
};

/// Only our own words, and only what somebody should look at. They hold no ids, names, messages or keys.
const LOGGED: &str = "off,lamplit=warn";

pub(super) async fn run(desk: &Desk, Run { bind, no_discovery }: Run) -> Result<(), Failure> {
    log()?;
    // From here on, so that a signal during the start is not lost.
    let (interrupt, terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let data = desk.data.clone();
    // The keyring may ask for its password.
    let opened = spawn_blocking(move || account::open(&data)).await.context("the account was not opened")?;
    let opened = opened.map_err(anyhow::Error::new)?;

    let network = Network { bind, discovery: !no_discovery };
    let parts = Parts::on_network(opened, network).map_err(anyhow::Error::new)?;
    let client = Client::start(parts).map_err(anyhow::Error::new)?;
    let handle = client.handle();
    let socket = DataDir::socket(&desk.data).map_err(anyhow::Error::new)?;
    let server = tokio::spawn(Server::bind(&socket).map_err(anyhow::Error::new)?.serve(handle.clone()));

    let addresses: Vec<String> = handle.addresses().iter().map(ToString::to_string).collect();
    desk.out.print(&json!({ "ready": true, "addresses": addresses, "discovery": network.discovery }), || {
        let found = if network.discovery { "found on this network" } else { "not shown to others (--no-discovery)" };
        let on = desk.out.paint(Style::Lit, "Lamplit is on");
        format!("{on}, {found}, reachable at {}. Ctrl-C stops it.", addresses.join(", "))
    })?;

    let stopping = handle.clone();
    tokio::spawn(async move {
        wait_for_either(interrupt, terminate).await;
        stopping.stop();
    });
    let ended = client.wait().await.map_err(anyhow::Error::new);
    server.await.map_err(|error| anyhow!("the local socket's server died: {error}"))?;
    ended?;
    desk.out.print(&json!({ "stopped": true }), || "Lamplit has stopped.".to_owned())?;
    Ok(())
}

fn log() -> Result<(), Failure> {
    let wanted = std::env::var("LAMPLIT_LOG").unwrap_or_else(|_| LOGGED.to_owned());
    let filter = EnvFilter::try_new(&wanted)
        .with_context(|| format!("LAMPLIT_LOG={wanted} is no log filter: try debug, or lamplit_client=debug"))?;
    let colour = colours(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    log.try_init().map_err(|error| anyhow!("the log cannot be set up: {error}"))?;
    Ok(())
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    Ok(signal(kind).context("signals cannot be listened to")?)
}

async fn wait_for_either(mut interrupt: Signal, mut terminate: Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
