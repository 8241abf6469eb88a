//! How soon a program finds another, and what a hundred devices say on one network. The hundred are transports of this
//! process. All are on a network that nobody else is on: a network namespace of its own, with a pair of virtual cards of which
//! one is used. It is gone with the process.

use std::{
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use lamplit_transport::{Transport, TransportEvent};
use lamplit_transport_quic::{Config, QuicTransport, probe};
use lamplit_types::Beacon;
use tokio::{
    runtime,
    sync::mpsc,
    task::{JoinSet, spawn_blocking},
    time::{sleep, timeout},
};

use crate::{
    daemons::Daemons,
    figures::{Times, verdict},
};

const ROUNDS: usize = 20;
const CROWD: u8 = 100;
/// The target from the start of a program until it and the other have found each other.
const FOUND: Duration = Duration::from_secs(2);
/// What [`run`] calls this measurement once it is on its network.
pub(crate) const NAME: &str = "nearby-on-its-network";
const INTERFACE: &str = "eth0";
/// Lays the network, and goes on there as `$0`. The other end of the cable is a card that says nothing and has no address.
const LAY: &str = "ip link set lo up && ip link add eth0 type veth peer name end && \
    echo 1 > /proc/sys/net/ipv6/conf/end/disable_ipv6 && echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad && \
    ip address add 10.77.0.1/24 dev eth0 && ip link set end up && ip link set eth0 up && exec \"$0\" \"$1\"";

struct Device {
    transport: QuicTransport,
    events: mpsc::Receiver<TransportEvent>,
}

impl Device {
    fn start(group: u8, number: u8) -> Result<Self> {
        let (transport, events) = QuicTransport::start(Config::default())?;
        transport.advertise(Some(Beacon::from_bytes([0xbe, 0, 0, 0, 0, 0, group, number])));
        Ok(Self { transport, events })
    }
}

/// Runs this program once more, on a network of its own.
pub(crate) fn run() -> Result<()> {
    let program = std::env::current_exe()?;
    // Who is not root is root in there.
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "sh", "-c", LAY]).arg(program).arg(NAME);
    let ended = command.status().context("`unshare` does not start: apt-get install util-linux")?;
    if !ended.success() {
        bail!("it was not measured: a network of its own needs root, or namespaces of users, and `ip` of iproute2");
    }
    Ok(())
}

/// Measures on the network that this process is on.
pub(crate) fn measure() -> Result<()> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        found().await?;
        crowd().await
    })
}

async fn found() -> Result<()> {
    let mut times = Times::default();
    let mut daemons = Daemons::start(&[]).await?;
    for _ in 0..ROUNDS {
        // Then the other says little by now, as one that has been there for a while.
        let (again, took) = daemons.find_again(&[], Duration::from_secs(6)).await?;
        daemons = again;
        times.add(took);
    }
    println!(
        "  `lamplit run`, until both say that the other is near: p50 {:.0} ms, worst of {} {:.0} ms: below 2 s is {}",
        times.p50(),
        times.len(),
        times.p99(),
        verdict(times.percentile(99) < FOUND)
    );
    Ok(())
}

async fn crowd() -> Result<()> {
    let mut devices = Vec::new();
    let mut reading = JoinSet::new();
    for number in 0..CROWD {
        let Device { transport, mut events, .. } = Device::start(2, number)?;
        devices.push(Arc::new(transport));
        reading.spawn(async move { while events.recv().await.is_some() {} });
    }
    sleep(Duration::from_secs(30)).await;
    let minutes = 3;
    let steady = overhear(Duration::from_secs(60 * minutes)).await?;
    println!("  {CROWD} devices, all there: {} packets a minute, both IP versions", steady as u64 / minutes);
    let hearing = overhear(Duration::from_secs(10));
    let coming = async {
        sleep(Duration::from_secs(1)).await;
        let start = Instant::now();
        let mut one = Device::start(3, 0)?;
        let mut seen = std::collections::BTreeSet::new();
        while seen.len() < usize::from(CROWD) {
            match timeout(Duration::from_secs(9), one.events.recv()).await {
                Ok(Some(TransportEvent::Sighted { beacon, .. })) => drop(seen.insert(beacon)),
                Ok(Some(_)) => {}
                _ => bail!("of {CROWD} devices one more sees {} after 9 s", seen.len()),
            }
        }
        Ok(start.elapsed())
    };
    let (said, all) = tokio::join!(hearing, coming);
    println!(
        "  one more comes: {} packets in ten seconds, sees all {CROWD} after {:.0} ms",
        said?,
        all?.as_secs_f64() * 1e3
    );
    for device in devices {
        device.shutdown().await;
    }
    Ok(())
}

async fn overhear(time: Duration) -> Result<usize> {
    Ok(spawn_blocking(move || probe::overhear(INTERFACE, time)).await??.len())
}
