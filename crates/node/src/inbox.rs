//! Envelopes that come in: opened, put in order, acknowledged, delivered.

use lamplit_link::Link;
use lamplit_seal::{OlmAccount, OlmKind, OlmMessage, Sessions, padding};
use lamplit_sync::inbox::Turn;
use lamplit_types::{AccountId, ConversationId, DeviceId, Hlc, Incarnation, Wall, limits::CLOCK_DRIFT_MS};
use lamplit_wire::{Content, Envelope, Frame, Mark, Suite};
use zeroize::Zeroizing;

use crate::{
    Node,
    db::{Typed, open_row},
    io::{Event, Warning},
    limits,
    line::{Flow, Talk, send},
    rows::{Held, Peer, Said, key},
    sabotage::Sabotage,
    step::{Step, Stepped},
    table::{Order, Read, Row, Table},
};

/// Whom a message came from.
#[derive(Clone, Copy)]
pub(crate) struct Sender {
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
}

/// What became of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is here, also if it was before.
    Yes,
    /// It was a letter: nobody waits for word of it.
    Letter,
    /// It does not open: its sender seals it anew.
    Unreadable,
    /// It has no place here, or not yet: its sender keeps it.
    No,
}

/// A message as it came.
struct Came {
    conversation: ConversationId,
    life: Incarnation,
    seq: u64,
    base: u64,
    sent: Hlc,
    mark: Mark,
    said: Said,
}

/// Reads the content of an envelope. What a later version says is kept as it came; its place is known all the same,
/// because what names the place comes first.
fn read(plain: &[u8]) -> Option<Came> {
    let content = postcard::from_bytes::<Content>(plain).ok();
    let ((conversation, life, seq, base, sent, mark), rest) =
        postcard::take_from_bytes::<(ConversationId, Incarnation, u64, u64, Hlc, Mark)>(plain).ok()?;
    let said = content.map_or_else(|| Said::Later(rest.to_vec()), |content| Said::Now(content.body));
    Some(Came { conversation, life, seq, base, sent, mark, said })
}

/// An envelope that could be opened, with the ratchets as they are after it.
struct Opened {
    plaintext: Zeroizing<Vec<u8>>,
    sessions: Sessions,
    /// If it began a session.
    account: Option<OlmAccount>,
}

impl Node {
    /// An envelope came.
    pub(crate) fn envelope_came(
        &mut self,
        step: &mut Step<'_>,
        link: &mut Link,
        talk: &mut Talk,
        envelope: Envelope,
    ) -> Stepped<Flow> {
        if envelope.to != self.device.device {
            return Ok(Flow::End);
        }
        let id = envelope.id;
        let is_known = self.has_seen(step, &envelope)?;
        // What was said before has to be here first: its sender keeps it.
        if !is_known && self.waits_for_past(step.now.mono) {
            talk.passed_over = true;
            return Ok(Flow::Go);
        }
        let from = Sender { account: talk.account, device: talk.device };
        Ok(match self.take_envelope(step, from, &envelope)? {
            Taken::Yes | Taken::Letter => send(link, step.now, &Frame::Ack(id)),
            Taken::Unreadable => send(link, step.now, &Frame::Refuse(id)),
            Taken::No => Flow::Go,
        })
    }

    fn has_seen(&self, step: &Step<'_>, envelope: &Envelope) -> Stepped<bool> {
        let seen = step.db.get(Table::Seen, envelope.id.as_bytes())?.is_some();
        Ok(seen && !self.has_bug(Sabotage::NoDedupe))
    }

    /// Opens an envelope, and puts what it says in its place.
    pub(crate) fn take_envelope(&mut self, step: &mut Step<'_>, from: Sender, envelope: &Envelope) -> Stepped<Taken> {
        if self.has_seen(step, envelope)? {
            return Ok(Taken::Yes);
        }
        let Some(opened) = self.open_envelope(step, &from.device, envelope)? else { return Ok(Taken::Unreadable) };
        // Without so much as a number it has no place anywhere.
        let Some(came) = padding::unpad(&opened.plaintext).ok().and_then(read) else { return Ok(Taken::No) };
        let is_letter = came.seq == 0;
        // By this clock: its sender's may be behind, and what comes before it is then still to come.
        let expires = step.now.wall.plus(limits::ENVELOPE_MS);
        if !self.take_content(step, from, came, expires)? {
            return Ok(Taken::No);
        }
        if self.reborn {
            return Ok(Taken::Letter);
        }
        self.keep_sessions(from.device, opened.sessions);
        if let Some(account) = &opened.account {
            self.put_olm_account(step, account)?;
        }
        self.remember(step, envelope)?;
        Ok(if is_letter { Taken::Letter } else { Taken::Yes })
    }

    /// Decrypts an envelope on a copy of the ratchet, which is kept only if what it says is taken in.
    fn open_envelope(&mut self, step: &Step<'_>, from: &DeviceId, envelope: &Envelope) -> Stepped<Option<Opened>> {
        let mut sessions = self.copy_of_sessions(step, from)?;
        let Some(identity) = self.people.olm_identity(from) else { return Ok(None) };
        if envelope.suite == Suite::Olm {
            let message = OlmMessage::parse(OlmKind::Normal, &envelope.sealed).ok();
            let plaintext = message.and_then(|message| sessions.decrypt(&message).ok());
            return Ok(plaintext.map(|plaintext| Opened { plaintext, sessions, account: None }));
        }
        let Ok(message) = OlmMessage::parse(OlmKind::PreKey, &envelope.sealed) else { return Ok(None) };
        let mut account = self.olm_account(step)?;
        Ok(sessions.receive(&mut account, identity, &message).ok().map(|received| Opened {
            plaintext: received.plaintext,
            sessions,
            account: received.account_changed.then_some(account),
        }))
    }

    /// Puts a message in its place; whether it may be acknowledged.
    fn take_content(&mut self, step: &mut Step<'_>, from: Sender, came: Came, expires: Wall) -> Stepped<bool> {
        let Came { conversation, life, seq, base, sent, mark, said } = came;
        if seq == 0 {
            return self.letter_came(step, from, said).map(|()| true);
        }
        let mut peer: Peer = step.db.row(Table::Peers, from.device.as_bytes())?.unwrap_or_default();
        match peer.inbox.turn(life, seq, base) {
            Turn::Before if self.has_bug(Sabotage::NoDedupe) => {
                let held = Held { account: from.account, expires, conversation, sent, said };
                self.let_through(step, from, &key::held(from.device, life, seq), held)?;
            }
            Turn::Before => return Ok(true),
            Turn::TooEarly => return Ok(false),
            Turn::Early { .. } if self.has_bug(Sabotage::NoOrder) => {
                let held = Held { account: from.account, expires, conversation, sent, said };
                self.let_through(step, from, &key::held(from.device, life, seq), held)?;
            }
            Turn::Early { release_below } => {
                let held = Held { account: from.account, expires, conversation, sent, said };
                let at = key::held(from.device, life, seq);
                step.db.put_sealed(&self.secrets.vault, step.rng, Table::Held, &at, &held)?;
                self.release_held(step, from, life, |seq| seq < release_below)?;
                let next = self.release_in_turn(step, from, life, release_below)?;
                self.advance(step, from, &mut peer, life, next)?;
                self.witness(step, from, life, seq, mark)?;
            }
            Turn::Now { release_below } => {
                // An envelope that was sealed anew may find its own number held.
                step.db.remove(Table::Held, &key::held(from.device, life, seq));
                self.release_held(step, from, life, |seq| seq < release_below)?;
                let next = seq.saturating_add(1);
                let held = Held { account: from.account, expires, conversation, sent, said };
                self.let_through(step, from, &key::held(from.device, life, seq), held)?;
                let next = self.release_in_turn(step, from, life, next)?;
                self.advance(step, from, &mut peer, life, next)?;
                self.witness(step, from, life, seq, mark)?;
            }
        }
        Ok(true)
    }

    fn witness(&self, step: &mut Step<'_>, from: Sender, life: Incarnation, seq: u64, mark: Mark) -> Stepped {
        let mut peer: Peer = step.db.row(Table::Peers, from.device.as_bytes())?.unwrap_or_default();
        peer.witness(life, seq, mark);
        step.db.put(Table::Peers, from.device.as_bytes(), &peer)
    }

    fn advance(&mut self, step: &mut Step<'_>, from: Sender, peer: &mut Peer, life: Incarnation, next: u64) -> Stepped {
        let forgotten = peer.inbox.advance(life, next);
        // Delivering may have posted receipts to that very device, so only the inbox is written over.
        let stored: Peer = step.db.row(Table::Peers, from.device.as_bytes())?.unwrap_or_default();
        let row = Peer { inbox: peer.inbox.clone(), ..stored };
        step.db.put(Table::Peers, from.device.as_bytes(), &row)?;
        match forgotten {
            Some(life) => self.release_held(step, from, life, |_| true),
            None => Ok(()),
        }
    }

    /// Lets held messages through that have waited in vain for the ones before them.
    fn release_held(
        &mut self,
        step: &mut Step<'_>,
        from: Sender,
        life: Incarnation,
        which: impl Fn(u64) -> bool,
    ) -> Stepped {
        let prefix = key::held_life(from.device, life);
        for (at, sealed) in step.db.scan(Table::Held, &prefix, None, Order::Up, limits::HELD)? {
            if key::number_of(&at).is_some_and(&which) {
                self.deliver_held(step, from, &at, &sealed)?;
            }
        }
        Ok(())
    }

    /// Lets through the held messages that follow `next` without a gap; returns whose turn it is then.
    fn release_in_turn(&mut self, step: &mut Step<'_>, from: Sender, life: Incarnation, mut next: u64) -> Stepped<u64> {
        let prefix = key::held_life(from.device, life);
        for (at, sealed) in step.db.scan(Table::Held, &prefix, None, Order::Up, limits::HELD)? {
            if key::number_of(&at) != Some(next) {
                break;
            }
            self.deliver_held(step, from, &at, &sealed)?;
            next = next.saturating_add(1);
        }
        Ok(next)
    }

    fn deliver_held(&mut self, step: &mut Step<'_>, from: Sender, at: &[u8], sealed: &[u8]) -> Stepped {
        let held: Held = open_row(&self.secrets.vault, Table::Held, at, sealed)?;
        step.db.remove(Table::Held, at);
        self.let_through(step, from, at, held)
    }

    fn let_through(&mut self, step: &mut Step<'_>, from: Sender, at: &[u8], message: Held) -> Stepped {
        match message.said {
            Said::Now(body) => self.deliver(step, from, message.conversation, message.sent, body),
            Said::Later(_) => {
                step.tell(Event::Warning(Warning::LaterVersion(from.account)));
                step.db.put_sealed(&self.secrets.vault, step.rng, Table::Later, at, &message)
            }
        }
    }

    /// Delivers what this version understands and an earlier one did not.
    pub(crate) fn deliver_later(&mut self, step: &mut Step<'_>) -> Stepped {
        for (at, sealed) in step.db.scan(Table::Later, &[], None, Order::Up, limits::BATCH)? {
            let message: Held = open_row(&self.secrets.vault, Table::Later, &at, &sealed)?;
            let Said::Later(bytes) = &message.said else { continue };
            let (Ok(body), Some(device)) = (postcard::from_bytes(bytes), at.first_chunk::<32>()) else { continue };
            step.db.remove(Table::Later, &at);
            let from = Sender { account: message.account, device: DeviceId::from_bytes(*device) };
            self.deliver(step, from, message.conversation, message.sent, body)?;
        }
        Ok(())
    }

    /// Lets through what has waited so long that the ones before it have expired too.
    pub(crate) fn release_expired(&mut self, step: &mut Step<'_>) -> Stepped {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = step.db.scan(Table::Held, &[], after.as_deref(), Order::Up, limits::BATCH)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = Some(last.clone());
            self.release_expired_of(step, rows)?;
        }
    }

    fn release_expired_of(&mut self, step: &mut Step<'_>, rows: Vec<Row>) -> Stepped {
        for (at, sealed) in rows {
            if step.db.get(Table::Held, &at)?.is_none() {
                // It was let through with one before it.
                continue;
            }
            let held: Held = open_row(&self.secrets.vault, Table::Held, &at, &sealed)?;
            let Some((device, rest)) = at.split_first_chunk::<32>() else { continue };
            let Some((life, seq)) = rest.split_first_chunk::<8>() else { continue };
            let Some(seq) = key::number_of(seq).filter(|_| held.expires <= step.now.wall) else { continue };
            let life = Incarnation(u64::from_be_bytes(*life));
            let from = Sender { account: held.account, device: DeviceId::from_bytes(*device) };
            let mut peer: Peer = step.db.row(Table::Peers, device)?.unwrap_or_default();
            self.deliver_held(step, from, &at, &sealed)?;
            self.advance(step, from, &mut peer, life, seq.saturating_add(1))?;
        }
        Ok(())
    }

    /// An envelope's id is remembered as long as a copy of it may still come.
    fn remember(&self, step: &mut Step<'_>, envelope: &Envelope) -> Stepped {
        // Not what the envelope says of its end: its sender's clock may be behind, and then it is sent again for long.
        let until = step.now.wall.plus(limits::ENVELOPE_MS).plus(CLOCK_DRIFT_MS).0.to_be_bytes();
        step.db.put_bytes(Table::Seen, envelope.id.as_bytes(), until.to_vec());
        let by_expiry = [until.as_slice(), envelope.id.as_bytes()].concat();
        step.db.put_bytes(Table::SeenByExpiry, &by_expiry, Vec::new());
        Ok(())
    }

    /// Forgets the ids of envelopes that cannot come again.
    pub(crate) fn forget_seen(&self, step: &mut Step<'_>) -> Stepped {
        for (at, _) in step.db.scan(Table::SeenByExpiry, &[], None, Order::Up, limits::BATCH)? {
            let due = at.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
            if due > step.now.wall.0 {
                break;
            }
            step.db.remove(Table::SeenByExpiry, &at);
            if let Some(id) = at.get(8..) {
                step.db.remove(Table::Seen, id);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
