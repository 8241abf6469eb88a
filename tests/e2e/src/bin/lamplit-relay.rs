//! Passes UDP packets on, a while after they came, both ways. The first line that it prints is the port it listens on.
//!
//! Each that writes to it has a socket of its own towards the other end, as behind a home's router.

use std::{
    collections::BTreeMap,
    env,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

/// The largest packet.
const LARGEST: usize = 65_535;
/// Packets that are on their way at one time, each way. Further ones are lost.
const UNDER_WAY: usize = 16_384;
/// Who may write to it. Others are not heard.
const CALLERS: usize = 64;

/// A packet on its way.
struct Held {
    due: Instant,
    packet: Vec<u8>,
    from: Arc<UdpSocket>,
    to: SocketAddr,
}

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let to: SocketAddr = arguments.next().context("say where to")?.parse()?;
    let delay = Duration::from_millis(arguments.next().context("say how many milliseconds")?.parse()?);
    let near = Arc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", near.local_addr()?.port())?;
    out.flush()?;
    drop(out);

    let there = line(delay);
    let mut callers: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
    let mut buffer = vec![0; LARGEST];
    loop {
        let Ok((length, caller)) = near.recv_from(&mut buffer) else { continue };
        if !callers.contains_key(&caller) {
            if callers.len() >= CALLERS {
                continue;
            }
            let far = Arc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?);
            thread::spawn({
                let (far, near, back) = (Arc::clone(&far), Arc::clone(&near), line(delay));
                move || hear(&far, &near, caller, &back, delay)
            });
            callers.insert(caller, far);
        }
        let (Some(far), Some(packet)) = (callers.get(&caller), buffer.get(..length)) else { continue };
        let held = Held { due: Instant::now() + delay, packet: packet.to_vec(), from: Arc::clone(far), to };
        // What does not fit is lost, as on any line.
        let _ = there.try_send(held);
    }
}

/// What comes back for a caller.
fn hear(far: &UdpSocket, near: &Arc<UdpSocket>, caller: SocketAddr, back: &mpsc::SyncSender<Held>, delay: Duration) {
    let mut buffer = vec![0; LARGEST];
    loop {
        let Ok((length, _)) = far.recv_from(&mut buffer) else { continue };
        let Some(packet) = buffer.get(..length) else { continue };
        let held = Held { due: Instant::now() + delay, packet: packet.to_vec(), from: Arc::clone(near), to: caller };
        let _ = back.try_send(held);
    }
}

/// A line that packets are on for a while. Since all take as long, they leave it in the order they came in.
fn line(delay: Duration) -> mpsc::SyncSender<Held> {
    let (put, take) = mpsc::sync_channel::<Held>(UNDER_WAY);
    thread::spawn(move || {
        for held in take {
            thread::sleep(held.due.saturating_duration_since(Instant::now()).min(delay));
            // A packet that cannot be sent is a packet lost.
            let _ = held.from.send_to(&held.packet, held.to);
        }
    });
    put
}
