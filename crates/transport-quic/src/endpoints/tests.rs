#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use core::time::Duration;
use std::net::Ipv4Addr;

use lamplit_transport::Connection;
use lamplit_types::{Channel, Class};
use tokio::time::sleep;

use super::*;
use crate::tls;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// How long decision 26 says that a port takes callers once another is shown.
const KNOWN: Duration = Duration::from_secs(4 * 60);
/// How long nothing may come of a dial before nobody is taken to be there.
const SILENCE: Duration = SECOND;

/// A device's sockets, and somebody who dials them.
struct Scene {
    endpoints: Arc<Endpoints>,
    heard: mpsc::Receiver<TransportEvent>,
    caller: Endpoint,
}

/// A connection: the caller's end and the device's.
struct Ends {
    near: Connection,
    far: Connection,
}

impl Scene {
    fn new() -> Self {
        let local = (Ipv4Addr::LOCALHOST, 0).into();
        let (events, heard) = mpsc::channel(16);
        let Ok(endpoints) = Endpoints::open(local, tls::provider(), events) else { panic!("a socket opens") };
        let caller = socket::listen(local, socket::server(&tls::provider()).unwrap()).unwrap();
        Self { endpoints, heard, caller }
    }

    /// Dials a port; none if nobody answers there.
    async fn dial(&mut self, port: u16) -> Option<Ends> {
        let config = socket::client(&tls::provider()).unwrap();
        let connecting = self.caller.connect_with(config, (Ipv4Addr::LOCALHOST, port).into(), tls::NOBODY).unwrap();
        let connection = timeout(SILENCE, connecting).await.ok()?.ok()?;
        let near = pipe::dial(connection).await.unwrap();
        let Some(TransportEvent::Incoming(far)) = self.heard.recv().await else { panic!("it was dialled") };
        Some(Ends { near, far })
    }

    /// How many ports shown before there are.
    fn before(&self) -> usize {
        self.endpoints.lock().before.len()
    }

    /// Tidies, as at that time, until there are so many: what has ended is closed only after a moment.
    async fn tidy_to(&self, before: usize, now: Instant) {
        let tidied = async {
            while self.before() > before {
                self.endpoints.tidy(now);
                sleep(SECOND / 100).await;
            }
        };
        let left = timeout(MINUTE, tidied).await.map_err(|_| self.before());
        assert_eq!(left, Ok(()), "too many are kept");
    }
}

impl Ends {
    /// Says something each way.
    async fn talk(&mut self) {
        let control = Channel::Stream(Class::Control);
        self.near.sender.send(control, b"there".to_vec()).await.unwrap();
        assert_eq!(self.far.receiver.receive().await, Some((control, b"there".to_vec())));
        self.far.sender.send(control, b"and back".to_vec()).await.unwrap();
        assert_eq!(self.near.receiver.receive().await, Some((control, b"and back".to_vec())));
    }
}

#[tokio::test]
async fn a_port_shown_before_takes_callers_for_four_minutes_after_the_next_and_no_longer() {
    let mut scene = Scene::new();
    let start = Instant::now();
    let first = scene.endpoints.renew(start).unwrap();
    // How long it was shown itself does not count.
    let replaced = start + 60 * MINUTE;
    let second = scene.endpoints.renew(replaced).unwrap();
    scene.endpoints.renew(replaced + MINUTE).unwrap();
    scene.endpoints.tidy(replaced + KNOWN - Duration::from_nanos(1));
    assert!(scene.dial(first).await.is_some(), "somebody may know it still");
    // What the dial just now was ends first.
    scene.tidy_to(1, replaced + KNOWN).await;
    assert!(scene.dial(first).await.is_none(), "everybody has forgotten its name");
    scene.endpoints.tidy(replaced + MINUTE + KNOWN - Duration::from_nanos(1));
    assert!(scene.dial(second).await.is_some(), "each has its own four minutes");
}

#[tokio::test]
async fn a_port_with_a_connection_is_kept_until_that_ends_and_takes_nobody_else() {
    let mut scene = Scene::new();
    let now = Instant::now();
    let port = scene.endpoints.renew(now).unwrap();
    let mut link = scene.dial(port).await.unwrap();
    let idle = scene.endpoints.renew(now).unwrap();
    scene.endpoints.renew(now).unwrap();
    assert_eq!(scene.before(), 2);
    for hours in 1..=3 {
        scene.endpoints.tidy(now + hours * 60 * MINUTE);
        assert_eq!(scene.before(), 1, "only the one that is in use is kept");
        link.talk().await;
    }
    assert!(scene.dial(port).await.is_none(), "it takes no new caller");
    assert!(scene.dial(idle).await.is_none());
    link.talk().await;
    drop(link);
    // It goes with its connection.
    scene.tidy_to(0, now + 4 * 60 * MINUTE).await;
}

#[tokio::test]
async fn of_too_many_ports_the_oldest_goes_with_its_connections() {
    let mut scene = Scene::new();
    let now = Instant::now();
    let first = scene.endpoints.renew(now).unwrap();
    let mut oldest = scene.dial(first).await.unwrap();
    let second = scene.endpoints.renew(now).unwrap();
    let mut next = scene.dial(second).await.unwrap();
    for _ in 1..limits::PORTS_BEFORE {
        scene.endpoints.renew(now).unwrap();
    }
    assert_eq!(scene.before(), limits::PORTS_BEFORE);
    oldest.talk().await;
    scene.endpoints.renew(now).unwrap();
    assert_eq!(scene.before(), limits::PORTS_BEFORE);
    let ended = timeout(MINUTE, oldest.near.receiver.receive()).await;
    assert_eq!(ended.expect("its connections end at once"), None);
    assert!(scene.dial(first).await.is_none());
    next.talk().await;
    assert!(scene.dial(second).await.is_some());
}
