//! The DNS messages of discovery ([RFC 6762], [RFC 6763]): the three that are said, and what is taken from those heard.
//!
//! What a device says has one shape, whoever it is: one name, one host, one port, one address. So two announcements
//! differ in nothing but what was drawn for them.
//!
//! [RFC 6762]: https://www.rfc-editor.org/rfc/rfc6762
//! [RFC 6763]: https://www.rfc-editor.org/rfc/rfc6763

use std::net::{IpAddr, SocketAddr};

use data_encoding::HEXLOWER;
use lamplit_types::Beacon;
use simple_dns::{
    CLASS, Name, Packet, PacketFlag, Question, ResourceRecord, SimpleDnsError, TYPE,
    rdata::{A, AAAA, PTR, RData, SRV, TXT},
};

use crate::interfaces::Face;
use crate::{address, limits};

/// The service under which every device shows itself (RFC 6763 7).
pub(crate) const SERVICE: &str = "_lamplit._udp.local";
/// Bytes of a message before its records.
const HEADER: usize = 12;
/// The fewest bytes a question or a record has.
const FEWEST: [usize; 4] = [5, 11, 11, 11];

/// What a device shows for the life of one beacon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) beacon: Beacon,
    /// Drawn anew with each beacon.
    pub(crate) host: [u8; 16],
    pub(crate) port: u16,
}

/// What others have said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Names that somebody asks for, in lower case.
    pub(crate) asked: Vec<String>,
    /// Beacons whoever asks knows already.
    pub(crate) known: Vec<Beacon>,
    /// Where beacons are shown.
    pub(crate) shown: Vec<(Beacon, Vec<SocketAddr>)>,
    /// Beacons that are taken away.
    pub(crate) gone: Vec<Beacon>,
}

impl Service {
    /// The name of the service's instance.
    pub(crate) fn instance(&self) -> String {
        format!("{}.{SERVICE}", HEXLOWER.encode(self.beacon.as_bytes()))
    }

    /// The name of its host.
    pub(crate) fn host(&self) -> String {
        format!("{}.local", HEXLOWER.encode(&self.host))
    }

    /// Shows the service at `ip` for `seconds`; 0 takes it away.
    pub(crate) fn announcement(&self, ip: IpAddr, seconds: u32) -> Result<Vec<u8>, SimpleDnsError> {
        let (instance, host) = (self.instance(), self.host());
        let (service, instance, host) = (Name::new(SERVICE)?, Name::new(&instance)?, Name::new(&host)?);
        let record = |name: &Name<'_>, data| ResourceRecord::new(name.clone().into_owned(), CLASS::IN, seconds, data);
        let target = SRV { priority: 0, weight: 0, port: self.port, target: host.clone().into_owned() };
        let address = match ip {
            IpAddr::V4(v4) => RData::A(A::from(v4)),
            IpAddr::V6(v6) => RData::AAAA(AAAA::from(v6)),
        };
        let mut packet = Packet::new_reply(0);
        packet.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
        // The one name that is shared bears no mark that replaces what others say of it.
        packet.answers.push(record(&service, RData::PTR(PTR(instance.clone()))));
        let text = TXT::new().with_string("")?;
        for (name, data) in [(&instance, RData::SRV(target)), (&instance, RData::TXT(text)), (&host, address)] {
            packet.answers.push(record(name, data).with_cache_flush(true));
        }
        packet.build_bytes_vec_compressed()
    }
}

/// Asks who is there. It names nobody: not the one who asks, and none of those it knows.
pub(crate) fn query() -> Result<Vec<u8>, SimpleDnsError> {
    let mut packet = Packet::new_query(0);
    packet.questions.push(Question::new(Name::new(SERVICE)?, TYPE::PTR.into(), CLASS::IN.into(), false));
    packet.build_bytes_vec_compressed()
}

/// Asks for a name that nobody has, to see whether it comes back.
pub(crate) fn probe(name: &str) -> Result<Vec<u8>, SimpleDnsError> {
    let mut packet = Packet::new_query(0);
    packet.questions.push(Question::new(Name::new(name)?, TYPE::SRV.into(), CLASS::IN.into(), false));
    packet.build_bytes_vec_compressed()
}

/// What a message from the network says, if it is one.
pub(crate) fn read(message: &[u8], face: Face) -> Option<Heard> {
    if !has_room(message) {
        return None;
    }
    let packet = Packet::parse(message).ok()?;
    let mut heard = Heard::default();
    if !packet.has_flags(PacketFlag::RESPONSE) {
        let names = packet.questions.iter().take(limits::ASKED_A_PACKET);
        heard.asked = names.map(|question| lower(&question.qname)).collect();
        heard.known =
            packet.answers.iter().filter(|answer| answer.ttl >= limits::TTL_SECONDS / 2).filter_map(pointed).collect();
        heard.known.truncate(limits::SHOWN_A_PACKET);
        return Some(heard);
    }
    let records: Vec<_> = packet.answers.iter().chain(&packet.additional_records).collect();
    let gone = records.iter().filter(|record| record.ttl == 0);
    heard.gone =
        gone.filter_map(|record| pointed(record).or_else(|| served(record).map(|(beacon, _)| beacon))).collect();
    heard.gone.truncate(limits::SHOWN_A_PACKET);
    let services = records.iter().filter(|record| record.ttl > 0).filter_map(|record| served(record));
    for (beacon, srv) in services.take(limits::SHOWN_A_PACKET) {
        let host = lower(&srv.target);
        let addresses = records.iter().filter(|record| record.ttl > 0 && lower(&record.name) == host);
        let sockets = addresses.filter_map(|record| socket(&record.rdata, srv.port, face));
        let sockets = sockets.filter(|socket| address::is_one_host(*socket)).take(limits::SIGHTED_ADDRESSES).collect();
        heard.shown.push((beacon, sockets));
    }
    Some(heard)
}

/// Whether a message can hold as much as it says. A parser takes memory for what it says.
fn has_room(message: &[u8]) -> bool {
    let Some(counts) = message.get(4..HEADER) else { return false };
    let (counts, _) = counts.as_chunks::<2>();
    let least = counts.iter().zip(FEWEST).map(|(count, fewest)| usize::from(u16::from_be_bytes(*count)) * fewest);
    least.sum::<usize>() <= message.len() - HEADER
}

/// The beacon that a PTR record of our service points to.
fn pointed(record: &ResourceRecord<'_>) -> Option<Beacon> {
    match &record.rdata {
        RData::PTR(PTR(instance)) if lower(&record.name) == SERVICE => beacon_of(&lower(instance)),
        _ => None,
    }
}

/// The beacon whose service an SRV record describes.
fn served<'a>(record: &'a ResourceRecord<'_>) -> Option<(Beacon, &'a SRV<'a>)> {
    match &record.rdata {
        RData::SRV(srv) => Some((beacon_of(&lower(&record.name))?, srv)),
        _ => None,
    }
}

fn socket(data: &RData<'_>, port: u16, face: Face) -> Option<SocketAddr> {
    let socket = match data {
        RData::A(a) => SocketAddr::new(IpAddr::V4(a.address.into()), port),
        RData::AAAA(aaaa) => address::scoped(aaaa.address.into(), port, face.interface),
        _ => return None,
    };
    // A packet from the network could otherwise make us knock at our own ports.
    (face.is_loopback || !socket.ip().to_canonical().is_loopback()).then_some(socket)
}

/// The beacon that names an instance, if it is one: sixteen hexadecimal digits, nothing else.
pub(crate) fn beacon_of(instance: &str) -> Option<Beacon> {
    let (label, service) = instance.split_once('.')?;
    if service != SERVICE || label.len() != 16 {
        return None;
    }
    let bytes = HEXLOWER.decode(label.as_bytes()).ok()?;
    Some(Beacon::from_bytes(bytes.try_into().ok()?))
}

/// Names are the same in either case (RFC 6762 16).
fn lower(name: &Name<'_>) -> String {
    name.to_string().to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
