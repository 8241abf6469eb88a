//! What tests of both carriers stand on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    net::Ipv4Addr,
    path::PathBuf,
    sync::{Mutex, OnceLock},
    time::Duration,
};

use lamplit_client::{
    Client, Handle, Network, Parts,
    account::{self, KeyringChoice},
};
use lamplit_types::Name;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    task::JoinHandle,
    time::timeout,
};

use crate::{
    CallError, Connection, Happening, Origin, Server, WebAddress, WebOptions, WebServer,
    api::{Accept, Event, GetContacts, GetStatus, Invite},
};

/// How long something that must happen may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where pages may come from.
pub(crate) const ORIGIN: &str = "http://localhost:8080";

/// A daemon in a directory of its own, on both carriers.
pub(crate) struct Daemon {
    dir: TempDir,
    client: Client,
    servers: [JoinHandle<()>; 2],
}

impl Daemon {
    pub(crate) async fn start(name: &str) -> Self {
        // Two accounts made at once would want much memory.
        static ONE: OnceLock<Mutex<()>> = OnceLock::new();
        let dir = TempDir::new().unwrap();
        let data = dir.path().join("data");
        {
            let _one = ONE.get_or_init(Default::default).lock().unwrap();
            account::create(&data, Name::parse(name).unwrap(), KeyringChoice::Never).unwrap();
        }
        let network = Network { bind: Some((Ipv4Addr::LOCALHOST, 0).into()), discovery: false };
        let client = Client::start(Parts::on_network(account::open(&data).unwrap(), network).unwrap()).unwrap();
        let socket = Server::bind(&dir.path().join("socket")).unwrap();
        let options = WebOptions { port: 0, origins: vec![Origin::parse(ORIGIN).unwrap()] };
        let web = WebServer::bind(&data, options).await.unwrap();
        let servers = [tokio::spawn(socket.serve(client.handle())), tokio::spawn(web.serve(client.handle()))];
        Self { dir, client, servers }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn handle(&self) -> Handle {
        self.client.handle()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("socket")
    }

    pub(crate) fn web(&self) -> WebAddress {
        WebAddress::read(&self.data()).unwrap()
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(&self.socket()).await.unwrap()
    }

    pub(crate) async fn raw(&self) -> BufReader<UnixStream> {
        BufReader::new(UnixStream::connect(self.socket()).await.unwrap())
    }

    /// Makes `other` a contact, and returns its id.
    pub(crate) async fn meet(&self, other: &Self) -> String {
        let (mut here, mut there) = (self.connect().await, other.connect().await);
        let id = there.call(GetStatus {}).await.unwrap().account;
        let link = here.call(Invite {}).await.unwrap().link;
        there.call(Accept { link }).await.unwrap();
        let met = async {
            loop {
                let known = here.call(GetContacts::default()).await.unwrap().contacts;
                if known.iter().any(|contact| contact.id == id) {
                    return id;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, met).await.expect("they don't meet")
    }

    /// Waits until it has stopped, and returns the directory.
    pub(crate) async fn stopped(self) -> TempDir {
        self.client.wait().await.unwrap();
        for server in self.servers {
            server.await.unwrap();
        }
        self.dir
    }
}

/// Sends a line and reads one.
pub(crate) async fn exchange(stream: &mut BufReader<UnixStream>, line: &str) -> Value {
    stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    heard(stream).await
}

/// Reads a line.
pub(crate) async fn heard(stream: &mut BufReader<UnixStream>) -> Value {
    let mut line = String::new();
    timeout(PATIENCE, stream.read_line(&mut line)).await.expect("nothing is said").unwrap();
    serde_json::from_str(&line).unwrap()
}

/// The number of a refusal.
pub(crate) fn code(error: CallError) -> i64 {
    match error {
        CallError::Refused(error) => error.code,
        other => panic!("{other}"),
    }
}

/// Waits for an event.
pub(crate) async fn wait_for<T>(connection: &mut Connection, wanted: impl Fn(Event) -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(Happening::Event(event)) = connection.next().await.unwrap()
                && let Some(found) = wanted(event)
            {
                return found;
            }
        }
    };
    timeout(PATIENCE, waiting).await.expect("an event did not come")
}
