//! Says what many devices would say by multicast DNS, ten thousand times a second and more, each time as another device at
//! another address; now and then it asks who is there. The lines that it prints tell how much it has said so far.

use std::{
    env,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use etherparse::PacketBuilder;
use simple_dns::{
    CLASS, Name, Packet, PacketFlag, Question, ResourceRecord, TYPE,
    rdata::{A, PTR, RData, SRV, TXT},
};
use socket2::{Domain, Protocol, Socket, Type};

const SERVICE: &str = "_lamplit._udp.local";
const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 251), 5353);
/// Protocol 255: the headers of IP are written here, so a packet can say that it is from anywhere.
const RAW: i32 = 255;
/// Packets between two pauses.
const AT_ONCE: u64 = 120;
/// From the beginning of one to that of the next: 12,000 packets a second.
const EVERY: Duration = Duration::from_millis(10);
/// One of so many packets is a question; the others are 10,800 answers a second.
const ASKED: u64 = 10;
const TTL_SECONDS: u32 = 120;

fn main() -> Result<()> {
    let own: Ipv4Addr = env::args().nth(1).context("say at which address")?.parse()?;
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::from(RAW)))?;
    socket.set_multicast_if_v4(&own)?;
    let mut out = std::io::stdout().lock();
    let start = Instant::now();
    for (turn, number) in (1..).zip((0..).step_by(usize::try_from(AT_ONCE)?)) {
        for number in number..number + AT_ONCE {
            let message = if number % ASKED == 0 { question()? } else { answer(draw(number))? };
            let from = draw(number).to_be_bytes();
            let [.., third, fourth] = from;
            let builder = PacketBuilder::ipv4([10, 77, third | 1, fourth], GROUP.ip().octets(), 255);
            let builder = builder.udp(GROUP.port(), GROUP.port());
            let mut packet = Vec::with_capacity(builder.size(message.len()));
            builder.write(&mut packet, &message)?;
            socket.send_to(&packet, &SocketAddr::V4(GROUP).into())?;
        }
        // Whoever was late makes up for it.
        thread::sleep((EVERY * turn).saturating_sub(start.elapsed()));
        if turn % 100 == 0 {
            let answers = (number + AT_ONCE) / ASKED * (ASKED - 1);
            writeln!(out, "{answers} answers in {} ms", start.elapsed().as_millis())?;
            out.flush()?;
        }
    }
    Ok(())
}

/// A number that tells nothing of the one before (splitmix64).
const fn draw(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn question() -> Result<Vec<u8>> {
    let mut packet = Packet::new_query(0);
    packet.questions.push(Question::new(Name::new(SERVICE)?, TYPE::PTR.into(), CLASS::IN.into(), false));
    Ok(packet.build_bytes_vec_compressed()?)
}

/// What a device says of itself that nobody knows.
fn answer(drawn: u64) -> Result<Vec<u8>> {
    let (instance, host) = (format!("{drawn:016x}.{SERVICE}"), format!("{:016x}{drawn:016x}.local", draw(drawn)));
    let (service, instance, host) = (Name::new(SERVICE)?, Name::new(&instance)?, Name::new(&host)?);
    let [.., high, low, third, fourth] = drawn.to_be_bytes();
    let port = u16::from_be_bytes([high, low]) | 1024;
    let target = SRV { priority: 0, weight: 0, port, target: host.clone() };
    let address = A::from(Ipv4Addr::new(10, 77, third | 1, fourth));
    let mut packet = Packet::new_reply(0);
    packet.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
    for (name, data) in [
        (&service, RData::PTR(PTR(instance.clone()))),
        (&instance, RData::SRV(target)),
        (&instance, RData::TXT(TXT::new().with_string("")?)),
        (&host, RData::A(address)),
    ] {
        packet.answers.push(ResourceRecord::new(name.clone(), CLASS::IN, TTL_SECONDS, data));
    }
    Ok(packet.build_bytes_vec_compressed()?)
}
