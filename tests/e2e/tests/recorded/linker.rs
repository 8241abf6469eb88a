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

/// What is known of a name in the next round, of which somebody asks whether it is the same device's as another.
pub(crate) struct Candidate<'a> {
    pub(crate) name: &'a str,
    /// How much both have in common.
    alike: f64,
    /// How far they are apart in how early they came, in microseconds.
    apart: u64,
}

/// For each name of each round but the last, those of the next round. A round begins at a time, and ends with the next.
pub(crate) fn compare<'a>(names: &'a BTreeMap<String, Seen>, rounds: &[u64]) -> Vec<(&'a str, Vec<Candidate<'a>>)> {
    let mut spread: BTreeMap<&[u8], usize> = BTreeMap::new();
    for piece in names.values().flat_map(|seen| &seen.pieces) {
        *spread.entry(piece).or_default() += 1;
    }
    let round = |index: usize| -> Vec<(&'a str, &'a Seen, u64)> {
        let (start, end) = (rounds[index], rounds.get(index + 1).copied().unwrap_or(u64::MAX));
        let within = names.iter().filter(|(_, seen)| (start..end).contains(&seen.first));
        within.map(|(name, seen)| (name.as_str(), seen, seen.first - start)).collect()
    };
    let alike = |one: &Seen, other: &Seen| -> f64 {
        let common = one.pieces.intersection(&other.pieces).map(|piece| spread[piece.as_slice()]);
        common.map(|many| (names.len() as f64 / many as f64).ln()).sum()
    };
    let mut compared = Vec::new();
    for index in 0..rounds.len().saturating_sub(1) {
        let next = round(index + 1);
        for (name, seen, early) in round(index) {
            let candidates = next.iter().map(|(name, other, then)| Candidate {
                name,
                alike: alike(seen, other),
                apart: then.abs_diff(early),
            });
            compared.push((name, candidates.collect()));
        }
    }
    compared
}

/// The candidate that is likeliest the same device's.
pub(crate) fn likeliest<'a>(candidates: &[Candidate<'a>]) -> Option<&'a str> {
    let best = candidates
        .iter()
        .max_by(|one, other| one.alike.total_cmp(&other.alike).then_with(|| other.apart.cmp(&one.apart)));
    best.map(|best| best.name)
}

/// Where the right candidate stands among all, by what was said alone: from 0, before all others, to 1, behind them. Those
/// that are equally alike stand together.
pub(crate) fn place(candidates: &[Candidate<'_>], is_right: impl Fn(&str) -> bool) -> Option<f64> {
    let right = candidates.iter().find(|one| is_right(one.name))?;
    let before = candidates.iter().filter(|one| one.alike > right.alike).count();
    let beside = candidates.iter().filter(|one| one.alike == right.alike).count();
    Some((before as f64 + beside as f64 / 2.0) / candidates.len() as f64)
}

/// How rarely a test may fail by chance alone.
const BY_CHANCE: f64 = 1e-6;
/// The spreads above the mean that what is nearly normal has as rarely.
const SPREADS: f64 = 4.754;

/// The fewest right ones of some guesses that chance brings more rarely than [`BY_CHANCE`], where one of so many is right:
/// binomial.
pub(crate) fn beyond_chance(guesses: usize, candidates: usize) -> usize {
    let odds = 1.0 / candidates as f64;
    // That exactly so many are right, from none on.
    let mut exactly = (1.0 - odds).powi(i32::try_from(guesses).unwrap());
    let mut more = 1.0;
    for right in 0..guesses {
        if more < BY_CHANCE {
            return right;
        }
        more -= exactly;
        exactly *= (guesses - right) as f64 / (right + 1) as f64 * odds / (1.0 - odds);
    }
    guesses
}

/// Below which mean of so many places the right ones stand before the others, and chance has it as rarely.
pub(crate) fn before_chance(places: usize) -> f64 {
    // The spread of one place, if all are as likely.
    let spread = (1.0_f64 / 12.0).sqrt();
    0.5 - SPREADS * spread / (places as f64).sqrt()
}

/// What a device would say that gave itself away: a number of its own, with each of its names.
pub(crate) fn leak(name: &str, mac: &[u8; 6]) -> Vec<u8> {
    let mut packet = Packet::new_reply(0);
    let text = TXT::new().with_string("serial").unwrap().with_string(&format!("{mac:?}")).unwrap().into_owned();
    packet.answers.push(ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, 120, RData::TXT(text)));
    packet.build_bytes_vec_compressed().unwrap()
}
