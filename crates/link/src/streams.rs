//! A link over a pipe that is encrypted and has one stream for each class: it proves who is there and finds frames.
//!
//! The handshake's messages go over the Control stream, each framed like a frame, before any frame does. Other streams
//! may be faster than it: what they bring before the handshake is over waits, up to [`EARLY_BYTES`].

use std::collections::VecDeque;

use lamplit_types::{Channel, Class, Mono};
use rand_core::CryptoRng;

use crate::{
    Directory, LinkError, LinkEvent, OpenError, Opening, StaticKey,
    framing::{self, Deframer},
    handshake::Handshake,
    limits::{EARLY_BYTES, HANDSHAKE_MS, PACKETS_WAITING, UNPOLLED_BYTES},
    machine::Machine,
    per_class::PerClass,
};

pub(crate) struct Streams {
    /// Largest packet the pipe carries, or 0.
    packet_mtu: usize,
    handshake: Handshake,
    /// When the handshake has taken too long.
    ends: Mono,
    is_open: bool,
    established: Option<LinkEvent>,
    received: PerClass<Deframer>,
    packets: VecDeque<Vec<u8>>,
    sending: PerClass<VecDeque<Vec<u8>>>,
    /// Bytes in `sending`.
    queued: usize,
    packet: Option<Vec<u8>>,
}

impl Streams {
    pub(crate) fn dial(
        now: Mono,
        rng: &mut dyn CryptoRng,
        binding: [u8; 32],
        packet_mtu: usize,
        opening: Opening,
    ) -> Result<Self, OpenError> {
        let (handshake, message) = Handshake::dial(rng, binding, opening)?;
        let mut link = Self::new(now, packet_mtu, handshake);
        link.push(Class::Control, false, &message);
        Ok(link)
    }

    pub(crate) fn accept(
        now: Mono,
        rng: &mut dyn CryptoRng,
        binding: [u8; 32],
        packet_mtu: usize,
        local_static: StaticKey,
    ) -> Self {
        Self::new(now, packet_mtu, Handshake::accept(rng, binding, local_static))
    }

    fn new(now: Mono, packet_mtu: usize, handshake: Handshake) -> Self {
        Self {
            packet_mtu,
            handshake,
            ends: now.plus(HANDSHAKE_MS),
            is_open: false,
            established: None,
            received: PerClass::default(),
            packets: VecDeque::new(),
            sending: PerClass::default(),
            queued: 0,
            packet: None,
        }
    }

    fn push(&mut self, class: Class, is_packet: bool, bytes: &[u8]) {
        let framed = [framing::prefix(is_packet, bytes.len()).as_slice(), bytes].concat();
        self.queued = self.queued.saturating_add(framed.len());
        self.sending.get_mut(class).push_back(framed);
    }

    fn on_packet(&mut self, bytes: &[u8]) {
        if !self.is_open {
            return;
        }
        if self.packets.len() >= PACKETS_WAITING {
            self.packets.pop_front();
        }
        self.packets.push_back(bytes.to_vec());
    }

    fn shake(&mut self, rng: &mut dyn CryptoRng, directory: &mut dyn Directory) -> Result<(), LinkError> {
        while !self.is_open
            && let Some(unit) = self.received.get_mut(Class::Control).pop()
        {
            if unit.is_packet {
                return Err(LinkError::Handshake);
            }
            let step = self.handshake.receive(rng, directory, &unit.bytes)?;
            if let Some(reply) = step.reply {
                self.push(Class::Control, false, &reply);
            }
            if let Some(done) = step.done {
                self.is_open = true;
                self.established =
                    Some(LinkEvent::Established { peer: done.peer, handshake_hash: done.hash, role: done.role });
            }
        }
        Ok(())
    }
}

impl Machine for Streams {
    fn receive(
        &mut self,
        _now: Mono,
        rng: &mut dyn CryptoRng,
        directory: &mut dyn Directory,
        channel: Channel,
        bytes: &[u8],
    ) -> Result<(), LinkError> {
        let class = match channel {
            Channel::Stream(class) => class,
            Channel::Packet => {
                self.on_packet(bytes);
                return Ok(());
            }
        };
        let held: usize = self.received.iter().map(Deframer::len).sum();
        let limit = if self.is_open { UNPOLLED_BYTES } else { EARLY_BYTES };
        if held.saturating_add(bytes.len()) > limit {
            return Err(LinkError::Unpolled { limit });
        }
        self.received.get_mut(class).push(bytes.iter().copied())?;
        self.shake(rng, directory)
    }

    fn is_open(&self) -> bool {
        self.is_open
    }

    fn send(&mut self, class: Class, frame: &[u8]) {
        self.push(class, false, frame);
    }

    fn send_packet(&mut self, bytes: &[u8]) {
        self.packet = Some(bytes.to_vec());
    }

    fn queued(&self) -> usize {
        self.queued
    }

    fn poll_transmit(&mut self, _now: Mono) -> Option<(Channel, Vec<u8>)> {
        if let Some(packet) = self.packet.take_if(|packet| packet.len() <= self.packet_mtu) {
            return Some((Channel::Packet, packet));
        }
        if self.sending.get(Class::Control).is_empty()
            && let Some(packet) = self.packet.take()
        {
            self.push(Class::Control, true, &packet);
        }
        let next = |class| Some((class, self.sending.get_mut(class).pop_front()?));
        let (class, framed) = Class::ALL.into_iter().find_map(next)?;
        self.queued = self.queued.saturating_sub(framed.len());
        Some((Channel::Stream(class), framed))
    }

    fn poll_event(&mut self) -> Option<LinkEvent> {
        if !self.is_open {
            return None;
        }
        if let Some(event) = self.established.take() {
            return Some(event);
        }
        let next = |class| Some(LinkEvent::from_unit(class, self.received.get_mut(class).pop()?));
        Class::ALL.into_iter().find_map(next).or_else(|| self.packets.pop_front().map(LinkEvent::Packet))
    }

    fn deadline(&self) -> Option<Mono> {
        (!self.is_open).then_some(self.ends)
    }

    fn on_deadline(&mut self, now: Mono) -> Result<(), LinkError> {
        if !self.is_open && self.ends <= now { Err(LinkError::HandshakeTimeout) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
