//! How soon a program finds another, and what a hundred devices say on one network: first transports of this process, who know
//! nobody, then daemons in circles of friends. All are on a network that nobody else is on: a network namespace of their own, and
//! a cable to another, where the one is that is to be found. Both are gone with the process.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
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
    cable::{self, INTERFACE, Other},
    counters,
    daemons::{Daemon, Daemons},
    figures::{Times, verdict},
};

const ROUNDS: usize = 20;
const CROWD: u8 = 100;
/// The target from the start of a program until it and the other have found each other.
const FOUND: Duration = Duration::from_secs(2);
/// What [`run`] calls this measurement once it is on its network.
pub(crate) const NAME: &str = "nearby-on-its-network";
/// How many friends know each other, of those who are not strangers.
const CIRCLE: usize = 4;
/// How long until nothing is said any more over links on which nobody speaks, and some more.
const REST: Duration = Duration::from_secs(180);
/// How long is listened.
const MINUTES: u64 = 3;
/// The longest silence between two names of a device.
const PAUSE: Duration = Duration::from_secs(20);
/// How long a device shows a name, in minutes.
const EPOCH: u64 = 15;

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
    cable::run_there(NAME)
}

/// Measures on the network that this process is on.
pub(crate) fn measure() -> Result<()> {
    let other = Other::plug()?;
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        found(&other).await?;
        crowd().await?;
        friends().await
    })
}

async fn found(other: &Other) -> Result<()> {
    let mut times = Times::default();
    let mut daemons = Daemons::start_apart(&[], Some(other.network())).await?;
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
    let steady = overhear(Duration::from_secs(60 * MINUTES)).await? as u64 / MINUTES;
    println!("  {CROWD} devices, all there: {steady} packets a minute, both IP versions");
    come().await?;

    // All change their names, as they do when an epoch ends, each after a silence of its own.
    let mut changing = JoinSet::new();
    let hearing = overhear(Duration::from_secs(60));
    for (number, device) in (0..CROWD).zip(&devices) {
        let device = device.clone();
        device.advertise(None);
        changing.spawn(async move {
            sleep(PAUSE * u32::from(number) / u32::from(CROWD)).await;
            device.advertise(Some(Beacon::from_bytes([0xbe, 0, 0, 0, 0, 0, 4, number])));
        });
    }
    let changed = hearing.await? as u64;
    println!(
        "  all change their names: {changed} packets in that minute, {} a minute over the {EPOCH} of a name",
        (steady * (EPOCH - 1) + changed) / EPOCH
    );
    for device in devices {
        device.shutdown().await;
    }
    Ok(())
}

/// One more comes to the crowd.
async fn come() -> Result<()> {
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
    Ok(())
}

/// As many daemons in circles of friends, who have links to each other as long as there is something to say.
async fn friends() -> Result<()> {
    let mut all = Vec::new();
    for number in 0..CROWD {
        let mut daemon = Daemon::make(&format!("Guest {number}"), &[], None).await?;
        daemon.listen().await?;
        all.push(daemon);
    }
    let before = counters::sent("lo")?.packets;
    for circle in all.chunks_mut(CIRCLE) {
        for at in 1..circle.len() {
            let (others, rest) = circle.split_at_mut(at);
            let newcomer = rest.first_mut().context("a circle has members")?;
            for other in others {
                other.befriend(newcomer).await?;
            }
        }
    }
    println!(
        "  {CROWD} daemons in circles of {CIRCLE} friends: {} packets went over loopback while they met",
        counters::sent("lo")?.packets - before
    );
    // All names end at once, by the time of day.
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    sleep(Duration::from_secs(60 * EPOCH - now % (60 * EPOCH))).await;
    let (shown, talked) = heard(1).await?;
    println!("    in the minute in which all change their names: {shown} packets to all, {talked} from one to another");
    sleep(REST).await;
    let (shown, talked) = heard(MINUTES).await?;
    println!("    at rest: {shown} packets a minute to all, {talked} from one to another");
    Ok(())
}

/// Packets a minute to all, and from one daemon to another, over so many minutes.
async fn heard(minutes: u64) -> Result<(u64, u64)> {
    let before = counters::sent("lo")?.packets;
    let time = Duration::from_secs(60 * minutes);
    // All have one address, so what goes from one to another goes over loopback, beside what is said to all there.
    let (shown, looped) = tokio::join!(overhear(time), overhear_on("lo", time));
    let all = counters::sent("lo")?.packets - before;
    let talked = all.checked_sub(looped? as u64).context("more was said to all than went over loopback")?;
    Ok((shown? as u64 / minutes, talked / minutes))
}

async fn overhear(time: Duration) -> Result<usize> {
    overhear_on(INTERFACE, time).await
}

async fn overhear_on(interface: &'static str, time: Duration) -> Result<usize> {
    Ok(spawn_blocking(move || probe::overhear(interface, time)).await??.len())
}
