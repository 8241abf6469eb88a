//! An encrypted session over packets: streams on one side, packets on the other.

use std::collections::VecDeque;

use lamplit_types::{Class, Mono};

use super::{
    cipher::{Opener, Sealer},
    fragment::{Cut, Kind, Packet, Reassembly},
    received::{Ack, Received, full_number},
    receiving::Receiving,
    recovery::{Flight, Recovery},
    segment::{self, Block, Writer},
    sending::Sending,
};
use crate::{LinkError, framing::Unit, handshake::Keys, limits::FORGERIES, per_class::PerClass};

pub(crate) struct Session {
    cut: Cut,
    sealer: Sealer,
    opener: Opener,
    reassembly: Reassembly,
    received: Received,
    recovery: Recovery,
    sending: PerClass<Sending>,
    receiving: PerClass<Receiving>,
    /// The latest packet, until the Control stream has nothing else to send.
    packet: Option<Vec<u8>>,
    /// Packets of the segment that is going out.
    out: VecDeque<Vec<u8>>,
    /// The peer must hear something, be it empty.
    is_heard_due: bool,
    forgeries: u32,
}

impl Session {
    pub(crate) fn new(mtu: usize, keys: Keys) -> Self {
        Self {
            cut: Cut::new(mtu),
            sealer: Sealer::new(keys.send),
            opener: Opener::new(keys.receive),
            reassembly: Reassembly::default(),
            received: Received::default(),
            recovery: Recovery::new(),
            sending: PerClass::default(),
            receiving: PerClass::default(),
            packet: None,
            out: VecDeque::new(),
            is_heard_due: false,
            forgeries: 0,
        }
    }

    /// Takes a packet; tells whether it completed a segment that opened. What is forged, replayed, too old or broken
    /// is ignored: on such a pipe anybody can put a packet in.
    pub(crate) fn receive(&mut self, now: Mono, packet: Packet<'_>) -> Result<bool, LinkError> {
        let number = full_number(packet.number, self.received.next());
        if !self.received.is_fresh(number) {
            return Ok(false);
        }
        let Some(sealed) = self.reassembly.add(number, packet) else { return Ok(false) };
        let Some(plain) = self.opener.open(number, &sealed) else {
            self.forgeries = self.forgeries.saturating_add(1);
            return if self.forgeries > FORGERIES { Err(LinkError::Forged) } else { Ok(false) };
        };
        self.apply(now, number, &plain)?;
        self.reassembly.forget_before(self.received.oldest());
        Ok(true)
    }

    /// Every block may be applied twice without harm, so a segment that can't be taken whole is applied as far as it
    /// can, not acknowledged, and its content comes again.
    fn apply(&mut self, now: Mono, number: u64, plain: &[u8]) -> Result<(), LinkError> {
        let (mut asks, mut is_taken) = (false, true);
        for block in segment::parse(plain)? {
            match block {
                Block::Ack(ack) => {
                    self.on_ack(now, ack)?;
                    continue;
                }
                Block::Credit { class, total } => self.sending.get_mut(class).on_credit(total),
                Block::Data { class, offset, bytes } => {
                    is_taken &= self.receiving.get_mut(class).accept(class, offset, bytes)?;
                }
            }
            asks = true;
        }
        if is_taken {
            self.received.insert(now, number, asks);
        }
        Ok(())
    }

    fn on_ack(&mut self, now: Mono, ack: Ack) -> Result<(), LinkError> {
        let news = self.recovery.on_ack(now, ack, self.sealer.next())?;
        for flight in &news.acked {
            self.cut.grow();
            for &(class, start, end) in &flight.data {
                self.sending.get_mut(class).on_acked(start, end);
            }
        }
        for flight in &news.lost {
            requeue(&mut self.sending, &mut self.receiving, flight);
        }
        if news.is_cut {
            self.cut.shrink();
        }
        Ok(())
    }

    pub(crate) fn send(&mut self, class: Class, frame: &[u8]) {
        self.sending.get_mut(class).push(false, frame);
    }

    pub(crate) fn send_packet(&mut self, bytes: &[u8]) {
        self.packet = Some(bytes.to_vec());
    }

    pub(crate) fn queued(&self) -> usize {
        self.sending.iter().map(Sending::queued).sum()
    }

    /// The next whole frame, the most urgent first.
    pub(crate) fn pop(&mut self) -> Option<(Class, Unit)> {
        Class::ALL.into_iter().find_map(|class| Some((class, self.receiving.get_mut(class).pop()?)))
    }

    /// The peer must hear from this side soon.
    pub(crate) fn be_heard(&mut self) {
        self.is_heard_due = true;
    }

    pub(crate) fn poll_transmit(&mut self, now: Mono) -> Option<Vec<u8>> {
        if self.out.is_empty() {
            let packets = self.next_segment(now)?;
            self.out.extend(packets);
        }
        self.out.pop_front()
    }

    fn next_segment(&mut self, now: Mono) -> Option<Vec<Vec<u8>>> {
        let control = self.sending.get_mut(Class::Control);
        if control.is_all_sent()
            && let Some(packet) = self.packet.take()
        {
            control.push(true, &packet);
        }
        let may_send = self.recovery.may_send() && self.has_something();
        if !may_send && !self.received.is_due() && !self.is_heard_due {
            return None;
        }
        let mut writer = Writer::new(self.cut.room());
        if self.received.untold().is_some_and(|ack| writer.ack(ack)) {
            self.received.on_told();
        }
        let mut flight = Flight { sent: now, data: Vec::new(), credit: Vec::new() };
        if may_send {
            self.fill(&mut writer, &mut flight);
        }
        let (number, sealed) = self.sealer.seal(&writer.finish())?;
        self.is_heard_due = false;
        if !flight.data.is_empty() || !flight.credit.is_empty() {
            self.recovery.on_sent(number, flight);
        }
        Some(self.cut.packets(Kind::Segment, number as u16, &sealed))
    }

    fn has_something(&self) -> bool {
        self.receiving.iter().any(|r| r.due_grant().is_some()) || self.sending.iter().any(|s| s.ready().is_some())
    }

    /// Credit first, so that the peer is never held up; then the most urgent bytes.
    fn fill(&mut self, writer: &mut Writer, flight: &mut Flight) {
        for class in Class::ALL {
            let receiving = self.receiving.get_mut(class);
            if receiving.due_grant().is_some_and(|total| writer.credit(class, total)) {
                receiving.on_granted();
                flight.credit.push(class);
            }
        }
        for class in Class::ALL {
            let sending = self.sending.get_mut(class);
            while let Some((offset, _)) = sending.ready() {
                let room = writer.data_room(offset);
                if room == 0 {
                    return;
                }
                let Some((offset, bytes)) = sending.take(room) else { break };
                writer.data(class, offset, &bytes);
                flight.data.push((class, offset, offset.saturating_add(bytes.len() as u64)));
            }
        }
    }

    pub(crate) fn deadline(&self) -> Option<Mono> {
        [self.received.deadline(), self.recovery.deadline()].into_iter().flatten().min()
    }

    pub(crate) fn on_deadline(&mut self, now: Mono) -> Result<(), LinkError> {
        self.received.on_deadline(now);
        if self.recovery.on_deadline(now, self.sealer.next())? {
            self.cut.shrink();
            let Self { recovery, sending, receiving, .. } = self;
            recovery.probe(|flight| requeue(sending, receiving, flight));
        }
        Ok(())
    }
}

/// Marks what a flight held as to be sent again; tells whether the peer may lack any of it.
fn requeue(sending: &mut PerClass<Sending>, receiving: &mut PerClass<Receiving>, flight: &Flight) -> bool {
    let mut is_useful = !flight.credit.is_empty();
    for &class in &flight.credit {
        receiving.get_mut(class).on_grant_lost();
    }
    for &(class, start, end) in &flight.data {
        is_useful |= sending.get_mut(class).on_lost(start, end);
    }
    is_useful
}

#[cfg(test)]
mod tests;
