//! Somebody who shows names as a device does, and gives himself away.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, UdpSocket},
    thread::sleep,
    time::Duration,
};

use data_encoding::HEXLOWER;
use lamplit_e2e::{GROUP, Host, Lan, eventually};
use simple_dns::{
    CLASS, Name, Packet, PacketFlag, Question, ResourceRecord, TYPE,
    rdata::{A, PTR, RData, SRV, TXT},
};

use crate::linker::SERVICE;

const TTL_SECONDS: u32 = 120;
/// From a question to the next.
const BETWEEN: Duration = Duration::from_millis(500);

/// What is wrong with him. Everything else is drawn anew with each name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Leak {
    /// The port stays.
    Port,
    /// The name of the host stays.
    Host,
    /// The name is taken back just before the next is said.
    Goodbye,
}

impl Leak {
    pub(crate) const ALL: [Self; 3] = [Self::Port, Self::Host, Self::Goodbye];
}

pub(crate) struct Rogue {
    pub(crate) leak: Leak,
    address: Ipv4Addr,
    mouth: UdpSocket,
    shown: Option<Shown>,
}

struct Shown {
    name: String,
    host: String,
    port: u16,
}

fn drawn<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

impl Rogue {
    pub(crate) fn new(lan: &Lan, host: Host, leak: Leak) -> Self {
        Self { leak, address: host.address().parse().unwrap(), mouth: lan.mouth(host).unwrap(), shown: None }
    }

    /// The name that he has.
    pub(crate) fn name(&self) -> &str {
        &self.shown.as_ref().unwrap().name
    }

    /// Takes another name, and says it.
    pub(crate) fn change(&mut self) {
        let mut next = Shown {
            name: format!("{}.{SERVICE}", HEXLOWER.encode(&drawn::<8>())),
            host: format!("{}.local", HEXLOWER.encode(&drawn::<16>())),
            port: u16::from_be_bytes(drawn()) | 1 << 15,
        };
        if let Some(before) = self.shown.take() {
            match self.leak {
                Leak::Port => next.port = before.port,
                Leak::Host => next.host = before.host,
                Leak::Goodbye => {
                    self.mouth.send_to(&self.announcement(&before, 0), GROUP).unwrap();
                }
            }
        }
        self.shown = Some(next);
        self.say();
    }

    /// Says it.
    pub(crate) fn say(&self) {
        let shown = self.shown.as_ref().unwrap();
        self.mouth.send_to(&self.announcement(shown, TTL_SECONDS), GROUP).unwrap();
    }

    /// What a device says of itself.
    fn announcement(&self, shown: &Shown, seconds: u32) -> Vec<u8> {
        let [service, name, host] = [SERVICE, &shown.name, &shown.host].map(|name| Name::new(name).unwrap());
        let target = SRV { priority: 0, weight: 0, port: shown.port, target: host.clone() };
        let record = |name: &Name<'_>, data| ResourceRecord::new(name.clone().into_owned(), CLASS::IN, seconds, data);
        let mut packet = Packet::new_reply(0);
        packet.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
        packet.answers.push(record(&service, RData::PTR(PTR(name.clone().into_owned()))));
        for (name, data) in [
            (&name, RData::SRV(target.into_owned())),
            (&name, RData::TXT(TXT::new().with_string("").unwrap())),
            (&host, RData::A(A::from(self.address))),
        ] {
            packet.answers.push(record(name, data).with_cache_flush(true));
        }
        packet.build_bytes_vec_compressed().unwrap()
    }
}

/// Asks all on the network who is there, until the names that were said since are as `wanted`.
pub(crate) fn ask(mouth: &UdpSocket, wanted: impl Fn(&BTreeSet<String>) -> bool) -> BTreeSet<String> {
    let mut packet = Packet::new_query(0);
    packet.questions.push(Question::new(Name::new(SERVICE).unwrap(), TYPE::PTR.into(), CLASS::IN.into(), false));
    let question = packet.build_bytes_vec_compressed().unwrap();
    mouth.set_nonblocking(true).unwrap();
    // What was said before is no answer.
    hear(mouth);
    let mut heard = BTreeSet::new();
    let said = eventually("the names that are asked for shall be said", || {
        mouth.send_to(&question, GROUP)?;
        sleep(BETWEEN);
        heard.extend(hear(mouth));
        Ok(wanted(&heard).then_some(()))
    });
    assert!(said.is_ok(), "{said:?}: heard {heard:?}");
    heard
}

/// All names that were said since somebody listened.
fn hear(mouth: &UdpSocket) -> BTreeSet<String> {
    let mut bytes = [0; 9000];
    let mut names = BTreeSet::new();
    while let Ok(length) = mouth.recv(&mut bytes) {
        let Ok(packet) = Packet::parse(&bytes[..length]) else { continue };
        let services = packet.answers.iter().filter(|record| matches!(record.rdata, RData::SRV(_)));
        names.extend(services.map(|record| record.name.to_string()));
    }
    names
}
