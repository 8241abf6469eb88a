use std::{
    io::{self, IsTerminal},
    pin::pin,
    time::Duration,
};

use anyhow::{Context, anyhow};
use lamplit_client::{
    Client, Handle, Network, Parts,
    account::{self, DataDir},
};
use lamplit_rpc::{Server, WebAddress, WebOptions, WebServer, api::Hearing};
use lamplit_tui::{View, hearing, reach::from_elsewhere};
use serde_json::json;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    task::spawn_blocking,
    time::interval,
};
use tracing_subscriber::EnvFilter;

use super::{Desk, view};
use crate::{
    args::Run,
    failure::Failure,
    output::{Output, Style, colours},
};

/// Only our own words, and only what somebody should look at. They hold no ids, names, messages or keys.
const LOGGED: &str = "off,lamplit=warn";
/// How often is looked whether devices find each other here.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn run(desk: &Desk, Run { bind, no_discovery, web, web_origin, view }: Run) -> Result<(), Failure> {
    if view {
        view::check(desk)?;
    }
    log(view)?;
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

    // A daemon that died has left its own behind.
    WebAddress::remove(&desk.data).context("the WebSocket's address of a daemon that died cannot be removed")?;
    let web = match web {
        Some(port) => Some(open_web(desk, WebOptions { port, origins: web_origin }).await?),
        None => None,
    };
    let url = web.as_ref().map(|web| web.address().url());
    let web = web.map(|web| tokio::spawn(web.serve(handle.clone())));

    let heard = Hearing::from(handle.hearing());
    let addresses: Vec<String> = handle.addresses().iter().map(ToString::to_string).collect();
    desk.out.print(
        &json!({
            "ready": true,
            "addresses": addresses,
            "discovery": network.discovery,
            "hearing": heard,
            "web": url,
        }),
        || {
            let found = hearing::briefly(heard);
            let on = desk.out.paint(Style::Lit, "Lamplit is on");
            let web =
                url.as_ref().map(|url| format!(" Programs connect to {url}, see `lamplit web`.")).unwrap_or_default();
            format!(
                "{on}, {found}, reachable at {}.{web} Ctrl-C stops it.",
                from_elsewhere(addresses.clone()).join(", ")
            )
        },
    )?;

    // The view tells it by itself.
    if !view {
        tokio::spawn(tell(desk.out, handle.clone(), heard));
    }
    let stopping = handle.clone();
    tokio::spawn(async move {
        wait_for_either(interrupt, terminate).await;
        stopping.stop();
    });
    let shown = view.then(|| view::view(desk)).transpose()?.map(|view| tokio::spawn(show(view, handle)));
    let ended = client.wait().await.map_err(anyhow::Error::new);
    if let Some(shown) = shown {
        shown.await.map_err(|error| anyhow!("the view died: {error}"))??;
    }
    server.await.map_err(|error| anyhow!("the local socket's server died: {error}"))?;
    if let Some(web) = web {
        web.await.map_err(|error| anyhow!("the WebSocket's server died: {error}"))?;
    }
    ended?;
    desk.out.print(&json!({ "stopped": true }), || "Lamplit has stopped.".to_owned())?;
    Ok(())
}

async fn open_web(desk: &Desk, options: WebOptions) -> Result<WebServer, Failure> {
    Ok(WebServer::bind(&desk.data, options).await.map_err(anyhow::Error::new)?)
}

/// Tells whether devices find each other here, once that is known and whenever it changes.
async fn tell(out: Output, daemon: Handle, mut told: Hearing) {
    let mut looks = interval(LOOK);
    let mut stopped = pin!(daemon.stopped());
    loop {
        tokio::select! {
            () = &mut stopped => return,
            _ = looks.tick() => {}
        }
        let heard = Hearing::from(daemon.hearing());
        if heard == told || heard == Hearing::Untested {
            continue;
        }
        told = heard;
        if out.print(&json!({ "hearing": heard }), || hearing::whole(heard, hearing::COMMANDS)).is_err() {
            // Nobody reads any more, which is no reason to stop.
            return;
        }
    }
}

/// Shows the view as long as the daemon runs, which is until somebody leaves it.
async fn show(view: View, daemon: Handle) -> io::Result<()> {
    let ended = view.run(daemon.stopped()).await;
    daemon.stop();
    ended
}

/// Logs to standard error, but not over a view on the same terminal.
fn log(view: bool) -> Result<(), Failure> {
    if view && io::stderr().is_terminal() {
        return Ok(());
    }
    let wanted = std::env::var("LAMPLIT_LOG").unwrap_or_else(|_| LOGGED.to_owned());
    let filter = EnvFilter::try_new(&wanted)
        .with_context(|| format!("LAMPLIT_LOG={wanted} is no log filter: try debug, or lamplit_client=debug"))?;
    let colour = colours(io::stderr().is_terminal());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(colour);
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
