//! Guesses which names belong to one device, from all that was heard but the addresses: MAC and IP.
//!
//! Whatever was said with a name is cut into pieces of eight bytes, and those of DNS into its parts, ports among them. Two
//! names that have pieces in common are likely one device's, the rarer a piece the more. Where nothing is in
//! common, whoever spoke up as early as before is guessed.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use lamplit_e2e::Datagram;
use simple_dns::{CLASS, Name, Packet, ResourceRecord, rdata::RData, rdata::TXT};

const MDNS: u16 = 5353;
const SERVICE: &str = "_lamplit._udp.local";
/// Bytes of a piece.
const PIECE: usize = 8;
/// Bytes at the beginning of an encrypted packet that may be alike in several.
const HEADER: usize = 24;

/// What was heard of one name.
pub(crate) struct Seen {
    pub(crate) mac: [u8; 6],
    first: u64,
    pieces: BTreeSet<Vec<u8>>,
}

impl Seen {
    /// Notes what was said with the name in a packet of DNS.
    pub(crate) fn hear(&mut self, payload: &[u8]) {
        self.pieces.extend(payload.windows(PIECE).map(<[u8]>::to_vec));
        let Ok(packet) = Packet::parse(payload) else { return };
        self.pieces.insert(format!("id {}", packet.id()).into_bytes());
        for record in packet.answers.iter().chain(&packet.additional_records).chain(&packet.name_servers) {
            let said = match &record.rdata {
                RData::SRV(srv) => format!("port {} host {}", srv.port, srv.target),
                RData::A(_) | RData::AAAA(_) => continue,
                other => format!("{other:?}"),
            };
            self.pieces.insert(format!("{} {} {said}", record.ttl, record.cache_flush).into_bytes());
        }
    }
}

/// All names that were heard, with what was said with each, and over the port it shows.
pub(crate) fn names(datagrams: &[Datagram]) -> BTreeMap<String, Seen> {
    let mut names: BTreeMap<String, Seen> = BTreeMap::new();
    let mut ports: BTreeMap<u16, BTreeSet<String>> = BTreeMap::new();
    for datagram in datagrams.iter().filter(|datagram| datagram.ports.contains(&MDNS)) {
        let payload = without_address(datagram);
        let Ok(packet) = Packet::parse(&payload) else { continue };
        for record in packet.answers.iter().chain(&packet.additional_records) {
            let (RData::SRV(srv), name) = (&record.rdata, record.name.to_string()) else { continue };
            if name.ends_with(SERVICE) {
                ports.entry(srv.port).or_default().insert(name.clone());
                let new = || Seen { mac: datagram.mac, first: datagram.at, pieces: BTreeSet::new() };
                let seen = names.entry(name).or_insert_with(new);
                seen.hear(&payload);
                seen.pieces.insert(format!("from {}", datagram.ports[0]).into_bytes());
            }
        }
    }
    for datagram in datagrams.iter().filter(|datagram| !datagram.ports.contains(&MDNS)) {
        let [from, to] = datagram.ports;
        for (port, other) in [(from, to), (to, from)] {
            for name in ports.get(&port).into_iter().flatten() {
                let Some(seen) = names.get_mut(name) else { continue };
                seen.pieces.insert(format!("with {other}").into_bytes());
                let header = &datagram.payload[..datagram.payload.len().min(HEADER)];
                seen.pieces.extend(header.windows(PIECE).map(<[u8]>::to_vec));
            }
        }
    }
    names
}

/// A packet in which the sender's own address is zeros wherever it stands.
fn without_address(datagram: &Datagram) -> Vec<u8> {
    let address = match datagram.addresses[0] {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let mut payload = datagram.payload.clone();
    for at in 0..payload.len().saturating_sub(address.len() - 1) {
        if payload[at..].starts_with(&address) {
            payload[at..at + address.len()].fill(0);
        }
    }
    payload
}

/// For each name of each round but the last, the one of the next round that is likeliest the same device's. A round begins at
/// a time, and ends with the next.
pub(crate) fn link(names: &BTreeMap<String, Seen>, rounds: &[u64]) -> Vec<(String, String)> {
    let mut spread: BTreeMap<&[u8], usize> = BTreeMap::new();
    for piece in names.values().flat_map(|seen| &seen.pieces) {
        *spread.entry(piece).or_default() += 1;
    }
    let round = |index: usize| -> Vec<(&String, &Seen, u64)> {
        let (start, end) = (rounds[index], rounds.get(index + 1).copied().unwrap_or(u64::MAX));
        let within = names.iter().filter(|(_, seen)| (start..end).contains(&seen.first));
        within.map(|(name, seen)| (name, seen, seen.first - start)).collect()
    };
    let mut guesses = Vec::new();
    for index in 0..rounds.len().saturating_sub(1) {
        let (these, next) = (round(index), round(index + 1));
        for (name, seen, early) in these {
            let score = |other: &Seen| -> f64 {
                let common = seen.pieces.intersection(&other.pieces).map(|piece| spread[piece.as_slice()]);
                common.map(|many| (names.len() as f64 / many as f64).ln()).sum()
            };
            let best = next.iter().max_by(|(_, one, at), (_, other, then)| {
                let scores = score(one).total_cmp(&score(other));
                scores.then_with(|| then.abs_diff(early).cmp(&at.abs_diff(early)))
            });
            guesses.extend(best.map(|(best, _, _)| (name.clone(), (*best).clone())));
        }
    }
    guesses
}

/// What a device would say that gave itself away: a number of its own, with each of its names.
pub(crate) fn leak(name: &str, mac: &[u8; 6]) -> Vec<u8> {
    let mut packet = Packet::new_reply(0);
    let text = TXT::new().with_string("serial").unwrap().with_string(&format!("{mac:?}")).unwrap().into_owned();
    packet.answers.push(ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, 120, RData::TXT(text)));
    packet.build_bytes_vec_compressed().unwrap()
}
