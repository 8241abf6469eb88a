//! A link over packets that may be lost, doubled and reordered: a handshake that is repeated until it is answered,
//! then a [`session::Session`].
//!
//! Each handshake message is sent again, in whole, until the peer's next one comes; the last one until a segment comes
//! that opens. That segment is also what proves to the one who sent it that the peer holds the keys and is no replay,
//! so only then is the link established there. The other side, established as soon as the last message came, sends an
//! empty segment at once, and again for each repeated handshake packet.

pub(crate) mod cipher;
mod fragment;
mod ranges;
mod received;
mod receiving;
mod recovery;
mod rtt;
mod segment;
mod sending;
mod session;
mod varint;

use std::collections::VecDeque;

use lamplit_types::{Channel, Class, Mono};
use rand_core::CryptoRng;

use crate::{
    Directory, LinkError, LinkEvent, OpenError, Opening, StaticKey,
    handshake::{Handshake, Outcome},
    limits::{HANDSHAKE_BYTES, HANDSHAKE_MS, HANDSHAKE_RESEND_MAX_MS, HANDSHAKE_RESEND_MS},
    machine::Machine,
};
use fragment::{Added, Cut, Kind, Packet, Partial};
use session::Session;

/// Packets have no channel binding: what they carry is encrypted by the link itself.
const NO_BINDING: [u8; 32] = [0; 32];

pub(crate) struct Packets {
    mtu: usize,
    cut: Cut,
    handshake: Handshake,
    /// When the handshake has taken too long.
    ends: Mono,
    /// The number of the handshake message that is awaited, and its pieces.
    awaited: u16,
    partial: Partial,
    unanswered: Option<Unanswered>,
    out: VecDeque<Vec<u8>>,
    session: Option<Session>,
    /// What to tell when the first segment opens.
    unconfirmed: Option<LinkEvent>,
    established: Option<LinkEvent>,
}

/// A handshake message that is sent again until it is answered.
struct Unanswered {
    number: u16,
    message: Vec<u8>,
    wait: u64,
    due: Mono,
}

impl Packets {
    pub(crate) fn dial(now: Mono, rng: &mut dyn CryptoRng, mtu: usize, opening: Opening) -> Result<Self, OpenError> {
        let (handshake, message) = Handshake::dial(rng, NO_BINDING, opening)?;
        let mut link = Self::new(now, mtu, handshake, 1);
        link.repeat(now, 0, message);
        Ok(link)
    }

    pub(crate) fn accept(now: Mono, rng: &mut dyn CryptoRng, mtu: usize, local_static: StaticKey) -> Self {
        Self::new(now, mtu, Handshake::accept(rng, NO_BINDING, local_static), 0)
    }

    fn new(now: Mono, mtu: usize, handshake: Handshake, awaited: u16) -> Self {
        Self {
            mtu,
            cut: Cut::new(mtu),
            handshake,
            ends: now.plus(HANDSHAKE_MS),
            awaited,
            partial: Partial::default(),
            unanswered: None,
            out: VecDeque::new(),
            session: None,
            unconfirmed: None,
            established: None,
        }
    }

    fn repeat(&mut self, now: Mono, number: u16, message: Vec<u8>) {
        self.out = self.cut.packets(Kind::Handshake, number, &message).into();
        let wait = HANDSHAKE_RESEND_MS;
        self.unanswered = Some(Unanswered { number, message, wait, due: now.plus(wait) });
    }

    fn on_handshake(
        &mut self,
        now: Mono,
        rng: &mut dyn CryptoRng,
        directory: &mut dyn Directory,
        packet: Packet<'_>,
    ) -> Result<(), LinkError> {
        if let Some(session) = &mut self.session {
            session.be_heard();
            return Ok(());
        }
        if packet.number != self.awaited {
            return Ok(());
        }
        let message = match self.partial.add(packet, HANDSHAKE_BYTES) {
            Added::Incomplete => return Ok(()),
            Added::Broken => {
                self.partial = Partial::default();
                return Ok(());
            }
            Added::Whole(message) => message,
        };
        self.partial = Partial::default();
        let step = self.handshake.receive(rng, directory, &message)?;
        let number = self.awaited;
        self.awaited = number.saturating_add(2);
        self.unanswered = None;
        self.out.clear();
        let is_last_mine = step.reply.is_some();
        if let Some(reply) = step.reply {
            self.repeat(now, number.saturating_add(1), reply);
        }
        if let Some(outcome) = step.done {
            self.on_done(outcome, is_last_mine);
        }
        Ok(())
    }

    fn on_done(&mut self, outcome: Outcome, is_last_mine: bool) {
        let event = LinkEvent::Established { peer: outcome.peer, handshake_hash: outcome.hash, role: outcome.role };
        let session = self.session.insert(Session::new(self.mtu, outcome.keys));
        if is_last_mine {
            self.unconfirmed = Some(event);
        } else {
            self.established = Some(event);
            session.be_heard();
        }
    }

    fn open_session(&mut self) -> Option<&mut Session> {
        self.session.as_mut().filter(|_| self.unconfirmed.is_none())
    }
}

impl Machine for Packets {
    fn receive(
        &mut self,
        now: Mono,
        rng: &mut dyn CryptoRng,
        directory: &mut dyn Directory,
        channel: Channel,
        bytes: &[u8],
    ) -> Result<(), LinkError> {
        if channel != Channel::Packet {
            return Err(LinkError::WrongChannel);
        }
        let Some(packet) = Packet::parse(bytes) else { return Ok(()) };
        if packet.kind == Kind::Handshake {
            return self.on_handshake(now, rng, directory, packet);
        }
        let Some(session) = &mut self.session else { return Ok(()) };
        if session.receive(now, packet)?
            && let Some(event) = self.unconfirmed.take()
        {
            self.established = Some(event);
            self.unanswered = None;
            self.out.clear();
        }
        Ok(())
    }

    fn is_open(&self) -> bool {
        self.session.is_some() && self.unconfirmed.is_none()
    }

    fn send(&mut self, class: Class, frame: &[u8]) {
        if let Some(session) = self.open_session() {
            session.send(class, frame);
        }
    }

    fn send_packet(&mut self, bytes: &[u8]) {
        if let Some(session) = self.open_session() {
            session.send_packet(bytes);
        }
    }

    fn queued(&self) -> usize {
        self.session.as_ref().map_or(0, Session::queued)
    }

    fn poll_transmit(&mut self, now: Mono) -> Option<(Channel, Vec<u8>)> {
        let packet = match self.out.pop_front() {
            Some(packet) => packet,
            None => self.open_session()?.poll_transmit(now)?,
        };
        Some((Channel::Packet, packet))
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        if let Some(event) = self.established.take() {
            return Some(event);
        }
        let (class, unit) = self.open_session()?.pop()?;
        Some(LinkEvent::from_unit(class, unit))
    }

    fn deadline(&self) -> Option<Mono> {
        let ends = (!self.is_open()).then_some(self.ends);
        let again = self.unanswered.as_ref().map(|unanswered| unanswered.due);
        let session = self.session.as_ref().and_then(Session::deadline);
        [ends, again, session].into_iter().flatten().min()
    }

    fn on_deadline(&mut self, now: Mono) -> Result<(), LinkError> {
        if !self.is_open() && self.ends <= now {
            return Err(LinkError::HandshakeTimeout);
        }
        if let Some(again) = self.unanswered.as_mut().filter(|again| again.due <= now) {
            again.wait = again.wait.saturating_mul(2).min(HANDSHAKE_RESEND_MAX_MS);
            again.due = now.plus(again.wait);
            self.out = self.cut.packets(Kind::Handshake, again.number, &again.message).into();
        }
        match &mut self.session {
            Some(session) => session.on_deadline(now),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
