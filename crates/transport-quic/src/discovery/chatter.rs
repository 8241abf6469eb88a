//! What is said on the network and when, as a machine that is given packets and the time.
//!
//! **What links two names** is what both have in common. So with each beacon everything is new: host name, port, and
//! every time of saying something. The name before is not taken back but never said again: whoever hears nothing of it
//! for [`limits::TTL_SECONDS`] forgets it. The next comes after a pause that was drawn; all devices change their
//! beacons at the same moment, so within the pauses their new names come in an order that tells nothing.
//!
//! **What is said**: the name three times at once, then about every 72 seconds; the question who is there three times at
//! once and never again; and an answer to whoever asks, at most one a second. That costs a network of a hundred devices
//! two or three packets a second. Whoever answers is not remembered, but for what was told of it.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use lamplit_types::Beacon;

use super::dns::{self, Heard, SERVICE, Service};
use crate::interfaces::Face;
use crate::limits;

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Out {
    /// A packet leaves by a face.
    Say(Face, Vec<u8>),
    /// Somebody shows a beacon.
    Sighted(Beacon, SocketAddr),
    /// Nobody shows it any more.
    Lost(Beacon),
}

/// Draws numbers.
pub(crate) type Random = Box<dyn FnMut() -> u64 + Send>;

/// The machine.
pub(crate) struct Chatter {
    random: Random,
    /// The longest pause between two names.
    pause: Duration,
    sides: BTreeMap<Face, Side>,
    wish: Wish,
    /// Beacons of our own, the latest last.
    own: VecDeque<Beacon>,
    /// When the shown name is said next, and how often it was.
    announce: Burst,
    /// When is asked next who is there.
    ask: Burst,
    sighted: BTreeMap<Beacon, Sighting>,
    /// Packets from each address since the second began.
    sources: BTreeMap<IpAddr, u32>,
    second: Instant,
    out: VecDeque<Out>,
}

/// What is to be shown.
enum Wish {
    Nothing,
    /// A beacon, once the pause is over.
    Later(Beacon, Instant),
    Shown(Service),
}

/// What is known of one face.
struct Side {
    ip: IpAddr,
    /// When to answer somebody who asked.
    answer: Option<Instant>,
    /// When the name was last said here.
    said: Option<Instant>,
    heard: Ears,
}

/// What a face has heard since it is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ears {
    /// What this machine itself said here, which comes back whether or not the network carries it.
    pub(crate) own: bool,
    /// Another machine.
    pub(crate) others: bool,
    /// How often this device has said its name since it heard anybody.
    pub(crate) unheard: u32,
}

/// What was told about a beacon.
struct Sighting {
    sockets: Vec<SocketAddr>,
    until: Instant,
}

/// Something that is said a few times at once and then, perhaps, from time to time.
#[derive(Default)]
struct Burst {
    next: Option<Instant>,
    count: usize,
}

impl Chatter {
    pub(crate) fn new(now: Instant, pause: Duration, random: Random) -> Self {
        Self {
            random,
            pause,
            sides: BTreeMap::new(),
            wish: Wish::Nothing,
            own: VecDeque::new(),
            announce: Burst::default(),
            ask: Burst::default(),
            sighted: BTreeMap::new(),
            sources: BTreeMap::new(),
            second: now,
            out: VecDeque::new(),
        }
    }

    /// The faces that are there now. On new ones, and after a change, everything begins anew.
    pub(crate) fn faces(&mut self, now: Instant, faces: impl Iterator<Item = (Face, IpAddr)>) {
        let faces: BTreeMap<_, _> = faces.collect();
        self.sides.retain(|face, side| faces.get(face) == Some(&side.ip));
        let before = self.sides.len();
        for (face, ip) in faces {
            self.sides.entry(face).or_insert_with(|| Side { ip, answer: None, said: None, heard: Ears::default() });
        }
        if self.sides.len() > before {
            self.begin_anew(now);
        }
    }

    /// Says and asks everything again, and tells every sighting again: this device has slept, or is elsewhere. Who is not seen
    /// again is lost as always: they are not forgotten without a word.
    pub(crate) fn begin_anew(&mut self, now: Instant) {
        self.sighted.values_mut().for_each(|sighting| sighting.sockets.clear());
        self.ask = Burst { next: Some(now), count: 0 };
        if matches!(self.wish, Wish::Shown(_)) {
            self.announce = Burst { next: Some(now), count: 0 };
        }
    }

    /// Shows a beacon in place of what is shown, or nothing. The name before is said no more from now on; it is taken back
    /// only if none comes after it.
    pub(crate) fn show(&mut self, now: Instant, beacon: Option<Beacon>) {
        if beacon.is_none() {
            self.goodbye();
        }
        let is_first = self.own.is_empty();
        self.wish = Wish::Nothing;
        self.announce = Burst::default();
        self.sides.values_mut().for_each(|side| side.answer = None);
        let Some(beacon) = beacon else { return };
        self.own.push_back(beacon);
        if self.own.len() > limits::OWN_BEACONS {
            self.own.pop_front();
        }
        // A pause that has begun before that of all others would end before theirs: each change has its own.
        let at = if is_first { now } else { now + self.pause.mul_f64(self.draw()) };
        self.wish = Wish::Later(beacon, at);
    }

    /// Says the name no more, since its time ended while this device slept: said once more, it would link what comes next to
    /// where the device was before. If no other comes in time, it is shown again.
    pub(crate) fn hold_back(&mut self, now: Instant) {
        let beacon = match &self.wish {
            Wish::Nothing => return,
            Wish::Later(beacon, _) => *beacon,
            Wish::Shown(service) => service.beacon,
        };
        self.wish = Wish::Later(beacon, now + limits::NEXT_NAME);
        self.announce = Burst::default();
        self.sides.values_mut().for_each(|side| side.answer = None);
    }

    /// Takes the shown name back, as a device does that goes. After it nothing is shown, so nothing is linked to it.
    pub(crate) fn goodbye(&mut self) {
        if let Wish::Shown(service) = core::mem::replace(&mut self.wish, Wish::Nothing) {
            self.say(&service, 0, None);
        }
    }

    /// A packet came in.
    pub(crate) fn heard(&mut self, now: Instant, face: Face, source: IpAddr, message: &[u8]) {
        if !self.sides.contains_key(&face) || !self.admits(now, source) {
            return;
        }
        let Some(heard) = dns::read(message, face) else { return };
        self.listen(&heard, face, source);
        if self.is_asked(&heard) {
            self.answer(now, face);
        }
        for (beacon, sockets) in heard.shown {
            self.see(now, beacon, sockets);
        }
        for beacon in heard.gone {
            if self.sighted.remove(&beacon).is_some() {
                self.out.push_back(Out::Lost(beacon));
            }
        }
    }

    /// Does what is due. `port` opens the port that a new name is shown with; without one it waits.
    pub(crate) fn due(&mut self, now: Instant, port: &mut dyn FnMut() -> Option<u16>) {
        self.come_out(now, port);
        if self.ask.is_due(now) {
            let next = limits::BURST.get(self.ask.count).copied();
            self.ask.said(next.map(|wait| now + wait));
            if let Ok(query) = dns::query() {
                let faces = self.sides.keys();
                self.out.extend(faces.map(|face| Out::Say(*face, query.clone())));
            }
        }
        if let Wish::Shown(service) = &self.wish {
            let service = service.clone();
            if self.announce.is_due(now) {
                let again = || limits::ANNOUNCE_AGAIN.mul_f64(0.75 + 0.5 * fraction((self.random)()));
                let next = limits::BURST.get(self.announce.count).copied().unwrap_or_else(again);
                self.announce.said(Some(now + next));
                self.say(&service, limits::TTL_SECONDS, None);
                self.sides.values_mut().for_each(|side| side.told(now));
            }
            let asked = self.sides.iter().filter(|(_, side)| side.answer.is_some_and(|at| at <= now));
            for face in asked.map(|(face, _)| *face).collect::<Vec<_>>() {
                self.say(&service, limits::TTL_SECONDS, Some(face));
                self.sides.entry(face).and_modify(|side| side.told(now));
            }
        }
        let gone: Vec<_> = self.sighted.extract_if(.., |_, sighting| sighting.until <= now).collect();
        self.out.extend(gone.into_iter().map(|(beacon, _)| Out::Lost(beacon)));
    }

    /// When [`Self::due`] has something to do; expired sightings can wait for the next time.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let pause = match &self.wish {
            Wish::Later(_, at) => Some(*at),
            _ => None,
        };
        let answers = self.sides.values().filter_map(|side| side.answer);
        [self.ask.next, self.announce.next, pause].into_iter().flatten().chain(answers).min()
    }

    /// What is to be done next.
    pub(crate) fn poll(&mut self) -> Option<Out> {
        self.out.pop_front()
    }

    /// What each face has heard.
    pub(crate) fn ears(&self) -> impl Iterator<Item = (Face, Ears)> {
        self.sides.iter().map(|(face, side)| (*face, side.heard))
    }

    /// Shows the wished beacon if its pause is over.
    fn come_out(&mut self, now: Instant, port: &mut dyn FnMut() -> Option<u16>) {
        let Wish::Later(beacon, at) = self.wish else { return };
        if at > now {
            return;
        }
        match port() {
            Some(port) => {
                let mut host = [0; 16];
                let (chunks, _) = host.as_chunks_mut::<8>();
                chunks.iter_mut().for_each(|chunk| *chunk = (self.random)().to_be_bytes());
                self.wish = Wish::Shown(Service { beacon, host, port });
                self.announce = Burst { next: Some(now), count: 0 };
            }
            None => self.wish = Wish::Later(beacon, now + limits::DISCOVERY_REST),
        }
    }

    /// Says the name on one face or all.
    fn say(&mut self, service: &Service, seconds: u32, only: Option<Face>) {
        let sides = self.sides.iter().filter(|(face, _)| only.is_none_or(|only| only == **face));
        for (face, side) in sides {
            if let Ok(packet) = service.announcement(side.ip, seconds) {
                self.out.push_back(Out::Say(*face, packet));
            }
        }
    }

    /// Notes who was heard.
    fn listen(&mut self, heard: &Heard, face: Face, source: IpAddr) {
        if heard.shown.is_empty() {
            return;
        }
        let is_own = heard.shown.iter().all(|(beacon, _)| self.own.contains(beacon));
        self.sides.entry(face).and_modify(|side| {
            // Another device of this machine is heard where own words are, and tells no more.
            let from_here = is_own || source == side.ip;
            side.heard = Ears { own: side.heard.own || from_here, others: side.heard.others || !from_here, unheard: 0 };
        });
    }

    fn is_asked(&self, heard: &Heard) -> bool {
        let Wish::Shown(service) = &self.wish else { return false };
        let ours = [SERVICE.to_owned(), service.instance(), service.host()];
        heard.asked.iter().any(|name| ours.contains(name)) && !heard.known.contains(&service.beacon)
    }

    /// Answers a little later, as everybody else does, and at most once a second (RFC 6762 6).
    fn answer(&mut self, now: Instant, face: Face) {
        let soon = limits::ANSWER_WITHIN.mul_f64(self.draw());
        let Some(side) = self.sides.get_mut(&face) else { return };
        let free = side.said.map_or(now, |said| now.max(said + limits::ANSWER_GAP));
        side.answer.get_or_insert(free + soon);
    }

    /// Whether an address may say more in this second.
    fn admits(&mut self, now: Instant, source: IpAddr) -> bool {
        if now.saturating_duration_since(self.second) >= Duration::from_secs(1) || self.sources.len() >= limits::SOURCES
        {
            self.sources.clear();
            self.second = now;
        }
        let count = self.sources.entry(source).or_default();
        *count = count.saturating_add(1);
        *count <= limits::PACKETS_A_SOURCE
    }

    fn see(&mut self, now: Instant, beacon: Beacon, sockets: Vec<SocketAddr>) {
        if self.own.contains(&beacon) || sockets.is_empty() {
            return;
        }
        if self.sighted.len() >= limits::SIGHTED_BEACONS && !self.sighted.contains_key(&beacon) {
            let oldest = self.sighted.iter().min_by_key(|(_, sighting)| sighting.until).map(|(beacon, _)| *beacon);
            if let Some(oldest) = oldest {
                self.sighted.remove(&oldest);
                self.out.push_back(Out::Lost(oldest));
            }
        }
        let until = now + Duration::from_secs(limits::TTL_SECONDS.into());
        let sighting = self.sighted.entry(beacon).or_insert_with(|| Sighting { sockets: Vec::new(), until });
        sighting.until = until;
        for socket in sockets {
            if !sighting.sockets.contains(&socket) && sighting.sockets.len() < limits::SIGHTED_ADDRESSES {
                sighting.sockets.push(socket);
                self.out.push_back(Out::Sighted(beacon, socket));
            }
        }
    }

    /// Between 0 and 1.
    fn draw(&mut self) -> f64 {
        fraction((self.random)())
    }
}

impl Side {
    fn told(&mut self, now: Instant) {
        self.answer = None;
        self.said = Some(now);
        self.heard.unheard = self.heard.unheard.saturating_add(1);
    }
}

impl Burst {
    fn is_due(&self, now: Instant) -> bool {
        self.next.is_some_and(|next| next <= now)
    }

    const fn said(&mut self, next: Option<Instant>) {
        self.next = next;
        self.count = self.count.saturating_add(1);
    }
}

/// A number between 0 and 1 of a random one.
fn fraction(random: u64) -> f64 {
    f64::from((random >> 32) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
