//! Guesses which names belong to one device, from all that was heard but the addresses: MAC and IP.
//!
//! Whatever was said with a name is taken apart as DNS, ports among the parts, and cut into pieces of eight bytes. Two names that
//! have some of that in common are likely one device's, the rarer it is the more. Pieces lie over each other, and what is alike
//! by chance is in several: so of the pieces the rarest alone counts, and of the parts each. Where nothing is in common, whoever
//! spoke up as early as before is guessed. Besides, names of one round are paired with those of the next by
//! their times alone: when each was said, first, last and how often.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    ops::Range,
};

use lamplit_e2e::Datagram;
use simple_dns::{CLASS, Name, Packet, ResourceRecord, rdata::RData, rdata::TXT};

const MDNS: u16 = 5353;
pub(crate) const SERVICE: &str = "_lamplit._udp.local";
/// Bytes of a piece.
const PIECE: usize = 8;
/// Bytes at the beginning of an encrypted packet that may be alike in several.
const HEADER: usize = 24;

/// What was heard of one name.
pub(crate) struct Seen {
    pub(crate) mac: [u8; 6],
    pub(crate) port: u16,
    pub(crate) host: String,
    /// When it was said, in order.
    pub(crate) times: Vec<u64>,
    /// When it was taken back.
    gone: Option<u64>,
    /// What was said with it, taken apart.
    parts: BTreeSet<String>,
    /// Each eight bytes of it.
    pieces: BTreeSet<Vec<u8>>,
}

impl Seen {
    pub(crate) fn first(&self) -> u64 {
        self.times[0]
    }

    pub(crate) fn last(&self) -> u64 {
        self.times[self.times.len() - 1]
    }

    /// Notes what was said with the name in a packet of DNS.
    pub(crate) fn hear(&mut self, payload: &[u8]) {
        self.pieces.extend(payload.windows(PIECE).map(<[u8]>::to_vec));
        let Ok(packet) = Packet::parse(payload) else { return };
        self.parts.insert(format!("id {}", packet.id()));
        for record in records(&packet) {
            let said = match &record.rdata {
                RData::SRV(srv) => {
                    self.parts.insert(format!("port {}", srv.port));
                    format!("host {}", srv.target)
                }
                RData::A(_) | RData::AAAA(_) => continue,
                other => format!("{other:?}"),
            };
            self.parts.insert(format!("{} {} {said}", record.ttl, record.cache_flush));
        }
    }
}

fn records<'a, 'p>(packet: &'a Packet<'p>) -> impl Iterator<Item = &'a ResourceRecord<'p>> {
    packet.answers.iter().chain(&packet.additional_records).chain(&packet.name_servers)
}

fn of_dns(datagrams: &[Datagram]) -> impl Iterator<Item = &Datagram> {
    datagrams.iter().filter(|datagram| datagram.ports.contains(&MDNS))
}

/// Who took something back: the cards that sent a record which is good for no time.
pub(crate) fn goodbyes(datagrams: &[Datagram]) -> BTreeMap<[u8; 6], usize> {
    let mut goodbyes: BTreeMap<[u8; 6], usize> = BTreeMap::new();
    for datagram in of_dns(datagrams) {
        let Ok(packet) = Packet::parse(&datagram.payload) else { continue };
        if records(&packet).any(|record| record.ttl == 0) {
            *goodbyes.entry(datagram.mac).or_default() += 1;
        }
    }
    goodbyes
}

/// All names that were heard, with what was said with each, and over the port it shows.
pub(crate) fn names(datagrams: &[Datagram]) -> BTreeMap<String, Seen> {
    let mut names: BTreeMap<String, Seen> = BTreeMap::new();
    let mut ports: BTreeMap<u16, BTreeSet<String>> = BTreeMap::new();
    for datagram in of_dns(datagrams) {
        let payload = without_address(datagram);
        let Ok(packet) = Packet::parse(&payload) else { continue };
        for record in packet.answers.iter().chain(&packet.additional_records) {
            let (RData::SRV(srv), name) = (&record.rdata, record.name.to_string()) else { continue };
            if !name.ends_with(SERVICE) {
                continue;
            }
            if record.ttl == 0 {
                names.entry(name).and_modify(|seen| seen.gone = Some(datagram.at));
                continue;
            }
            ports.entry(srv.port).or_default().insert(name.clone());
            let new = || Seen {
                mac: datagram.mac,
                port: srv.port,
                host: srv.target.to_string(),
                times: Vec::new(),
                gone: None,
                parts: BTreeSet::new(),
                pieces: BTreeSet::new(),
            };
            let seen = names.entry(name).or_insert_with(new);
            seen.times.push(datagram.at);
            seen.hear(&payload);
            seen.parts.insert(format!("from {}", datagram.ports[0]));
        }
    }
    for datagram in datagrams.iter().filter(|datagram| !datagram.ports.contains(&MDNS)) {
        let [from, to] = datagram.ports;
        for (port, other) in [(from, to), (to, from)] {
            for name in ports.get(&port).into_iter().flatten() {
                let Some(seen) = names.get_mut(name) else { continue };
                seen.parts.insert(format!("with {other}"));
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

/// When a round begins and the next does; there is none after the last.
fn span(rounds: &[u64], index: usize) -> Range<u64> {
    rounds[index]..rounds.get(index + 1).copied().unwrap_or(u64::MAX)
}

/// The names that were first said in a round.
fn of_round<'a>(names: &'a BTreeMap<String, Seen>, span: &Range<u64>) -> Vec<(&'a str, &'a Seen)> {
    let within = names.iter().filter(|(_, seen)| span.contains(&seen.first()));
    within.map(|(name, seen)| (name.as_str(), seen)).collect()
}

/// How many names have each of something.
fn spread<'a, T: Ord + 'a>(all: impl Iterator<Item = &'a T>) -> BTreeMap<&'a T, usize> {
    let mut spread = BTreeMap::new();
    for one in all {
        *spread.entry(one).or_default() += 1;
    }
    spread
}

/// For each name of each round but the last, those of the next round. A round begins at a time, and ends with the next.
pub(crate) fn compare<'a>(names: &'a BTreeMap<String, Seen>, rounds: &[u64]) -> Vec<(&'a str, Vec<Candidate<'a>>)> {
    let parts = spread(names.values().flat_map(|seen| &seen.parts));
    let pieces = spread(names.values().flat_map(|seen| &seen.pieces));
    let rare = |many: usize| (names.len() as f64 / many as f64).ln();
    let alike = |one: &Seen, other: &Seen| -> f64 {
        let of_dns: f64 = one.parts.intersection(&other.parts).map(|part| rare(parts[part])).sum();
        of_dns + one.pieces.intersection(&other.pieces).map(|piece| rare(pieces[piece])).fold(0.0, f64::max)
    };
    let mut compared = Vec::new();
    for index in 1..rounds.len() {
        let [this, then] = [index - 1, index].map(|index| span(rounds, index));
        let next = of_round(names, &then);
        for (name, seen) in of_round(names, &this) {
            let early = seen.first() - this.start;
            let candidates = next.iter().map(|(name, other)| Candidate {
                name,
                alike: alike(seen, other),
                apart: (other.first() - then.start).abs_diff(early),
            });
            compared.push((name, candidates.collect()));
        }
    }
    compared
}

/// Names that were paired, each with its next.
pub(crate) type Pairs<'a> = Vec<(&'a str, &'a str)>;

/// Pairs the names of each round with those of the next, in every way that goes by times alone.
pub(crate) fn by_times<'a>(names: &'a BTreeMap<String, Seen>, rounds: &[u64]) -> BTreeMap<&'static str, Pairs<'a>> {
    let mut ways: BTreeMap<&'static str, Pairs<'a>> = BTreeMap::new();
    for index in 1..rounds.len() {
        let [this, then] = [index - 1, index].map(|index| span(rounds, index));
        let [mut olds, mut news] = [&this, &then].map(|span| of_round(names, span));
        olds.sort_by_key(|(_, seen)| seen.last());
        news.sort_by_key(|(_, seen)| seen.first());
        let both = |pair: (&(&'a str, &Seen), &(&'a str, &Seen))| (pair.0.0, pair.1.0);
        ways.entry("silent first, back first").or_default().extend(olds.iter().zip(&news).map(both));
        ways.entry("silent last, back first").or_default().extend(olds.iter().rev().zip(&news).map(both));
        // How unlike two are; the most alike are paired first.
        type Unlike<'f> = &'f dyn Fn(&Seen, &Seen) -> u64;
        let unlike: [(&'static str, Unlike<'_>); 7] = [
            ("back as soon as it was taken back", &|old, new| {
                old.gone.and_then(|gone| new.first().checked_sub(gone)).unwrap_or(u64::MAX)
            }),
            ("back as early as before", &|old, new| (old.first() - this.start).abs_diff(new.first() - then.start)),
            ("as long heard", &|old, new| (old.last() - old.first()).abs_diff(new.last() - new.first())),
            ("as often said", &|old, new| old.times.len().abs_diff(new.times.len()) as u64),
            ("silent as early as before", &|old, new| (old.last() - this.start).abs_diff(new.last() - then.start)),
            ("in the same rhythm", &|old, new| {
                let gaps = |seen: &Seen| seen.times.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>();
                let (old, new) = (gaps(old), gaps(new));
                let unlike: u64 = old.iter().zip(&new).map(|(old, new)| old.abs_diff(*new)).sum();
                unlike.checked_div(old.len().min(new.len()) as u64).unwrap_or(u64::MAX)
            }),
            ("at the same beat", &|old, new| {
                let apart = new.first().abs_diff(old.first()) % BEAT;
                apart.min(BEAT - apart)
            }),
        ];
        for (way, unlike) in unlike {
            ways.entry(way).or_default().extend(paired(&olds, &news, unlike));
        }
    }
    ways
}

/// The time after which a device looks at its network again, in microseconds. If it spoke by that beat it could be heard.
const BEAT: u64 = 2_000_000;

/// Pairs those that are the most alike first, and each once.
fn paired<'a>(olds: &[(&'a str, &Seen)], news: &[(&'a str, &Seen)], unlike: &dyn Fn(&Seen, &Seen) -> u64) -> Pairs<'a> {
    let mut all: Vec<(u64, u64, &str, &str)> = Vec::new();
    for (old, was) in olds {
        for (new, is) in news {
            // Those that are equally alike come in an order that tells nothing.
            all.push((unlike(was, is), getrandom::u64().unwrap(), *old, *new));
        }
    }
    all.sort_unstable();
    let mut paired = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (_, _, old, new) in all {
        if !paired.contains_key(old) && taken.insert(new) {
            paired.insert(old, new);
        }
    }
    paired.into_iter().collect()
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
pub(crate) fn place(candidates: &[&Candidate<'_>], is_right: impl Fn(&str) -> bool) -> Option<f64> {
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
/// Poisson's distribution, which reaches a little further than the guesses of either kind do, one for each name or names dealt out.
pub(crate) fn beyond_chance(guesses: usize, candidates: usize) -> usize {
    let mean = guesses as f64 / candidates as f64;
    // That exactly so many are right, from none on.
    let (mut right, mut exactly, mut more) = (0, (-mean).exp(), 1.0);
    while more >= BY_CHANCE {
        more -= exactly;
        right += 1;
        exactly *= mean / right as f64;
    }
    right
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
