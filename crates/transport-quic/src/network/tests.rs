#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::net::Ipv4Addr;

use lamplit_transport::TransportEvent;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::*;
use crate::{pipe, socket, tls};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_sleep_is_noticed_by_either_clock() {
    let now = Pulse::now();
    let later = |steady, wall| Pulse { steady: now.steady + steady, wall: now.wall + wall };
    assert!(!now.clone().beat(later(2 * SECOND, 2 * SECOND)));
    assert!(!now.clone().beat(later(5 * SECOND, 5 * SECOND)), "a busy machine is no sleeping one");
    assert!(now.clone().beat(later(2 * SECOND, 60 * SECOND)), "the steady clock stood still meanwhile");
    assert!(now.clone().beat(later(60 * SECOND, 60 * SECOND)), "this process stood still");
    let back = Pulse { steady: now.steady + 2 * SECOND, wall: now.wall - 3600 * SECOND };
    assert!(!now.clone().beat(back), "a clock that is set back is no sleep");
}

/// The wall clock of a machine that sleeps goes on while its steady one stands still.
#[tokio::test]
async fn a_sleep_ends_all_connections_and_is_told_and_the_time_without_one_is_not() {
    let local = (Ipv4Addr::LOCALHOST, 0).into();
    let (events, mut heard) = mpsc::channel(8);
    let Ok(endpoints) = Endpoints::open(local, tls::provider(), events) else { panic!("a socket opens") };
    let dialler = socket::listen(local, socket::server(&tls::provider()).unwrap()).unwrap();
    let config = socket::client(&tls::provider()).unwrap();
    let connection = dialler.connect_with(config, endpoints.bound(), tls::NOBODY).unwrap().await.unwrap();
    let _pipe = pipe::dial(connection.clone()).await.unwrap();
    let Some(TransportEvent::Incoming(mut pipe)) = heard.recv().await else { panic!("it was dialled") };
    tokio::spawn(async move { while pipe.receiver.receive().await.is_some() {} });

    let slept = Arc::new(std::sync::Mutex::new(Duration::ZERO));
    let clocks = {
        let slept = slept.clone();
        move || {
            let now = Pulse::now();
            Pulse { wall: now.wall + *slept.lock().unwrap(), ..now }
        }
    };
    let (network, mut changes) = watch::channel(Network::now());
    let watching = tokio::spawn(watch_by(clocks, endpoints.clone(), network));
    assert!(timeout(2 * limits::NETWORK_CHECK, connection.closed()).await.is_err(), "nothing has happened");
    *slept.lock().unwrap() = 60 * SECOND;
    timeout(20 * SECOND, connection.closed()).await.unwrap();
    timeout(20 * SECOND, changes.wait_for(|network| network.wakes == 1)).await.unwrap().unwrap();
    watching.abort();
}

#[tokio::test]
async fn a_cut_ends_what_it_cuts_and_nothing_else() {
    let local = (Ipv4Addr::LOCALHOST, 0).into();
    let (events, mut heard) = mpsc::channel(8);
    let Ok(endpoints) = Endpoints::open(local, tls::provider(), events) else { panic!("a socket opens") };
    let dialler = socket::listen(local, socket::server(&tls::provider()).unwrap()).unwrap();
    let dial = async || {
        let config = socket::client(&tls::provider()).unwrap();
        let connection = dialler.connect_with(config, endpoints.bound(), tls::NOBODY).unwrap().await.unwrap();
        (connection.clone(), pipe::dial(connection).await.unwrap())
    };
    let (first, _first) = dial().await;
    let (second, _second) = dial().await;
    for _ in 0..2 {
        let Some(TransportEvent::Incoming(pipe)) = heard.recv().await else { panic!("it was dialled") };
        // Held as the driver does.
        tokio::spawn(async move {
            let mut pipe = pipe;
            while pipe.receiver.receive().await.is_some() {}
        });
    }
    endpoints.cut(|connection| connection.local_ip().is_some_and(|ip| !ip.is_loopback()));
    assert!(timeout(SECOND / 2, first.closed()).await.is_err(), "its address is still there");
    endpoints.cut(|_| true);
    timeout(5 * SECOND, async { tokio::join!(first.closed(), second.closed()) }).await.unwrap();
}

#[tokio::test]
async fn each_name_has_a_port_of_its_own_and_those_before_it_take_callers_for_a_while() {
    let local = (Ipv4Addr::LOCALHOST, 0).into();
    let (events, _heard) = mpsc::channel(8);
    let Ok(endpoints) = Endpoints::open(local, tls::provider(), events) else { panic!("a socket opens") };
    let ports: Vec<u16> = (0..4).map(|_| endpoints.renew(Instant::now()).unwrap()).collect();
    assert!(!ports.contains(&endpoints.bound().port()), "the door is shown to nobody");
    assert_eq!(ports.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    assert_eq!(endpoints.dialling().local_addr().unwrap().port(), *ports.last().unwrap());
    let dialler = socket::listen(local, socket::server(&tls::provider()).unwrap()).unwrap();
    let dial = async |port: u16| {
        let config = socket::client(&tls::provider()).unwrap();
        let connecting = dialler.connect_with(config, (Ipv4Addr::LOCALHOST, port).into(), tls::NOBODY).unwrap();
        timeout(2 * SECOND, connecting).await.is_ok_and(|connected| connected.is_ok())
    };
    assert!(dial(*ports.first().unwrap()).await);
    endpoints.tidy(Instant::now() + limits::PORT_KNOWN + SECOND);
    endpoints.tidy(Instant::now() + limits::PORT_KNOWN + SECOND);
    assert!(!dial(*ports.get(1).unwrap()).await, "nobody can know it any more");
    assert!(dial(*ports.last().unwrap()).await && dial(endpoints.bound().port()).await);

    let chosen = std::net::UdpSocket::bind(local_any()).unwrap().local_addr().unwrap();
    let (events, _heard) = mpsc::channel(8);
    let Ok(endpoints) = Endpoints::open(chosen, tls::provider(), events) else { panic!("a socket opens") };
    assert_eq!(endpoints.renew(Instant::now()), Some(chosen.port()), "who chose a port has it shown");
}

fn local_any() -> (Ipv4Addr, u16) {
    (Ipv4Addr::LOCALHOST, 0)
}
