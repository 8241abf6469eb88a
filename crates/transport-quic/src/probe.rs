//! Tries out whether multicast works here, for whoever wants to know what is wrong: beside a running device or without.

use std::io;
use std::net::IpAddr;
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;

use crate::discovery::{dns, sockets};
use crate::interfaces::{Face, Interfaces};
use crate::limits;

/// How long what was said may take to come back.
const ECHO: Duration = Duration::from_millis(1500);
/// How often it is said meanwhile.
const AGAIN: Duration = Duration::from_millis(400);

/// Multicast on one IP version of one interface.
#[derive(Debug)]
pub struct Tried {
    /// The interface's name.
    pub interface: String,
    /// The address that is shown there.
    pub address: IpAddr,
    /// Whether it is the loopback interface, which leads to nobody.
    pub is_loopback: bool,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of saying something by multicast.
#[derive(Debug)]
pub enum Outcome {
    /// It came back.
    Heard {
        /// Whether another machine's Lamplit answered.
        others: bool,
    },
    /// It left and did not come back: a firewall of this machine drops it.
    Silence,
    /// The system did not let it leave.
    Refused(io::Error),
    /// The port of multicast DNS cannot be listened on.
    NoPort(io::Error),
}

/// Says something on every interface that is up and waits a moment for it. Blocks for about a second and a half.
pub fn multicast() -> Vec<Tried> {
    let interfaces = Interfaces::now();
    let own = &interfaces.addresses;
    thread::scope(|scope| {
        let tries: Vec<_> = interfaces
            .faces
            .iter()
            .map(|(face, (name, ip))| (face, name, *ip, scope.spawn(move || attempt(*face, *ip, own))))
            .collect();
        let tried = tries.into_iter().map(|(face, name, address, attempt)| Tried {
            interface: name.clone(),
            address,
            is_loopback: face.is_loopback,
            outcome: attempt.join().unwrap_or(Outcome::Silence),
        });
        tried.collect()
    })
}

/// Listens for some time to what everybody says by multicast DNS on one interface, by both versions, and gives it: what was said
/// and nothing of who said it. Blocks meanwhile.
///
/// # Errors
/// If multicast DNS cannot be listened to there.
pub fn overhear(interface: &str, time: Duration) -> io::Result<Vec<Vec<u8>>> {
    let end = Instant::now() + time;
    let here = Interfaces::now();
    let faces = here.faces.iter().filter(|(_, (name, _))| name == interface);
    thread::scope(|scope| {
        let ears: Vec<_> = faces.map(|(face, (_, ip))| scope.spawn(move || overhear_face(*face, *ip, end))).collect();
        let mut all = Vec::new();
        for ear in ears {
            all.extend(ear.join().unwrap_or_else(|_| Err(io::Error::other("a listener died")))?);
        }
        Ok(all)
    })
}

fn overhear_face(face: Face, ip: IpAddr, end: Instant) -> io::Result<Vec<Vec<u8>>> {
    let socket = sockets::open(face, ip)?;
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    let mut bytes = vec![0; limits::MESSAGE_BYTES];
    let mut all = Vec::new();
    while Instant::now() < end {
        let Ok((length, _)) = socket.recv_from(&mut bytes) else { continue };
        all.extend(bytes.get(..length).map(<[u8]>::to_vec));
    }
    Ok(all)
}

fn attempt(face: Face, ip: IpAddr, own: &[IpAddr]) -> Outcome {
    let socket = match sockets::open(face, ip) {
        Ok(socket) => socket,
        Err(error) => return Outcome::NoPort(error),
    };
    match say_and_listen(&socket, face, own) {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Refused(error),
    }
}

fn say_and_listen(socket: &std::net::UdpSocket, face: Face, own: &[IpAddr]) -> io::Result<Outcome> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    // Nobody has this name, so nobody answers; it only comes back.
    let name = format!("{}.{}", HEXLOWER.encode(&random), dns::SERVICE);
    let said = |packet: Result<Vec<u8>, _>| packet.map_err(|_| io::Error::other("a packet cannot be written"));
    let (probe, query) = (said(dns::probe(&name))?, said(dns::query())?);
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    let mut bytes = vec![0; limits::MESSAGE_BYTES];
    let (start, mut next) = (Instant::now(), Instant::now());
    let (mut echoed, mut others) = (false, false);
    while start.elapsed() < ECHO && !(echoed && others) {
        if next <= Instant::now() {
            next += AGAIN;
            socket.send_to(&probe, sockets::group(face))?;
            socket.send_to(&query, sockets::group(face))?;
        }
        // Nothing came in this tenth of a second.
        let Ok((length, from)) = socket.recv_from(&mut bytes) else { continue };
        let Some(heard) = bytes.get(..length).and_then(|message| dns::read(message, face)) else { continue };
        echoed |= heard.asked.contains(&name);
        others |= !heard.shown.is_empty() && !own.contains(&from.ip());
    }
    Ok(if echoed || others { Outcome::Heard { others } } else { Outcome::Silence })
}
