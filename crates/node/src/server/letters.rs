//! Letters: what the devices at both ends of the server tell each other about the mail itself. They have no number, nobody waits
//! for them, and one that is lost is made up for by the next.
//!
//! Whoever got mail through the server owes its sender word: how much came, and what could not be read. That is remembered until
//! the server keeps the letter, and waits a while for more to tell.

use lamplit_types::{DeviceId, EnvelopeId, limits::RECEIPT_IDS};
use lamplit_wire::{Body, Received, bounded::List, server::Outcome};

use super::posting::number_of_one;
use crate::{
    Node,
    db::Typed,
    inbox::Sender,
    limits,
    rows::{Outgoing, Owed, Peer, Said},
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

/// What is owed for something that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// It is taken in.
    Heard,
    /// It does not open.
    Unreadable(EnvelopeId),
    /// It is not taken in now, and may be later.
    NotTaken(EnvelopeId),
    /// Something may not have been taken in.
    Lacks,
}

/// Devices that are owed word.
pub(super) fn owed(read: &impl Read) -> Stepped<Vec<DeviceId>> {
    let rows = read.scan(Table::Owed, &[], None, Order::Up, limits::PEERS)?;
    let ids = rows.into_iter().filter_map(|(at, _)| <[u8; 32]>::try_from(at.as_slice()).ok());
    Ok(ids.map(DeviceId::from_bytes).collect())
}

impl Node {
    /// Something came from a device through the server.
    pub(super) fn owe(&mut self, step: &mut Step<'_>, device: DeviceId, word: Word) -> Stepped {
        let mut row: Owed = step.db.row(Table::Owed, device.as_bytes())?.unwrap_or_default();
        row.number = row.number.saturating_add(1);
        let mut wait = limits::LETTER_MS;
        match word {
            Word::Heard => row.heard = true,
            Word::Lacks => row.lacks = true,
            Word::Unreadable(id) | Word::NotTaken(id) => {
                row.unreadable.push(id);
                let too_many = row.unreadable.len().saturating_sub(RECEIPT_IDS);
                row.unreadable.drain(..too_many);
            }
        }
        if let Word::NotTaken(_) = word {
            wait = limits::POST_PAUSE_MS;
        }
        step.db.put(Table::Owed, device.as_bytes(), &row)?;
        self.server.letters.entry(device).or_insert(step.now.mono.plus(wait));
        Ok(())
    }

    /// Devices are known from now on: what they posted before may have been passed over.
    pub(crate) fn ask_for_passed_over(&mut self, step: &mut Step<'_>, devices: &[DeviceId]) -> Stepped {
        if self.server.place.is_none() {
            return Ok(());
        }
        let own = self.device.device;
        for device in devices.iter().filter(|device| **device != own) {
            self.owe(step, *device, Word::Lacks)?;
        }
        Ok(())
    }

    /// Writes the letters that are due.
    pub(super) fn send_letters(&mut self, step: &mut Step<'_>) -> Stepped {
        let now = step.now.mono;
        let due = self.server.letters.iter().filter(|(_, due)| **due <= now);
        for device in due.map(|(device, _)| *device).collect::<Vec<_>>() {
            if self.server.line.as_ref().is_none_or(|line| line.posts.len() >= limits::POSTS) {
                return Ok(());
            }
            self.server.letters.remove(&device);
            self.write_letters(step, device)?;
        }
        Ok(())
    }

    fn write_letters(&mut self, step: &mut Step<'_>, device: DeviceId) -> Stepped {
        let Some(owed) = step.db.row::<Owed>(Table::Owed, device.as_bytes())? else { return Ok(()) };
        let Some(account) = self.people.account_of(&device) else {
            step.db.remove(Table::Owed, device.as_bytes());
            return Ok(());
        };
        let Some(line) = &self.server.line else { return Ok(()) };
        let expires = line.time(step.now.mono).plus(limits::ENVELOPE_MS);
        // What it cannot read was sealed in a session that one of the two has no more.
        if !owed.unreadable.is_empty() && !line.fresh.contains(&device) {
            self.want_key(step, device);
            return Ok(());
        }
        let peer: Peer = step.db.row(Table::Peers, device.as_bytes())?.unwrap_or_default();
        let ids = List::try_from(owed.unreadable).unwrap_or_default();
        let lacks = owed.lacks || !ids.is_empty();
        let unreadable = lacks.then(|| Body::Unreadable { ids, received: peer.received() });
        // Either says how much came. There is one letter, so that its answer is the answer to all that was owed.
        let heard = peer.received().filter(|_| owed.heard).map(Body::Heard);
        let Some(body) = unreadable.or(heard) else {
            step.db.remove(Table::Owed, device.as_bytes());
            return Ok(());
        };
        let mut letter = Outgoing {
            conversation: account.into(),
            sent: self.device.clock,
            body,
            expires,
            envelope: None,
            was_sealed: false,
            mark: None,
        };
        match self.seal_envelope(step, &device, (0, 0), &mut letter)? {
            Some(envelope) => self.post_letter(step, device, envelope, owed.number),
            None => self.want_key(step, device),
        }
        Ok(())
    }

    /// There is a new session with a device, for a letter that waited for it too.
    pub(super) fn letter_has_session(&mut self, step: &mut Step<'_>, device: &DeviceId) -> Stepped {
        if let Some(line) = &mut self.server.line {
            line.fresh.insert(*device);
        }
        self.server.letters.remove(device);
        self.write_letters(step, *device)
    }

    /// There is no key for a letter that waits for one.
    pub(super) fn put_off_letter(&mut self, step: &Step<'_>, device: &DeviceId, pause: u64) -> Stepped {
        if step.db.get(Table::Owed, device.as_bytes())?.is_some() {
            self.server.letters.entry(*device).or_insert(step.now.mono.plus(pause));
        }
        Ok(())
    }

    /// What became of a letter, which told all that was owed up to a number.
    pub(super) fn letter_posted(
        &mut self,
        step: &mut Step<'_>,
        device: DeviceId,
        number: u64,
        outcome: Outcome,
    ) -> Stepped {
        let again = match outcome {
            Outcome::Kept | Outcome::Nobody => {
                let row: Option<Owed> = step.db.row(Table::Owed, device.as_bytes())?;
                if row.is_some_and(|row| row.number <= number) {
                    step.db.remove(Table::Owed, device.as_bytes());
                    return Ok(());
                }
                limits::LETTER_MS
            }
            Outcome::Full | Outcome::Busy | Outcome::Failed | Outcome::Expired => limits::POST_PAUSE_MS,
        };
        self.server.letters.entry(device).or_insert(step.now.mono.plus(again));
        Ok(())
    }

    /// A letter came.
    pub(crate) fn letter_came(&mut self, step: &mut Step<'_>, from: Sender, said: Said) -> Stepped {
        match said {
            Said::Now(Body::Heard(received)) => {
                if self.shows_restoration(step, &from.device, &received)? {
                    return self.be_reborn(step, &[received.incarnation]);
                }
                self.received_up_to(step, &from.device, &received)?;
                self.close_gap(step, from.device, Some(&received))
            }
            Said::Now(Body::Unreadable { ids, received }) => self.unreadable_there(step, from.device, &ids, received),
            // Nothing else goes without a number, as far as this version knows.
            Said::Now(_) | Said::Later(_) => Ok(()),
        }
    }

    /// A device could not read some of what was sent to it: it goes again, sealed anew.
    fn unreadable_there(
        &mut self,
        step: &mut Step<'_>,
        device: DeviceId,
        ids: &[EnvelopeId],
        received: Option<Received>,
    ) -> Stepped {
        let number = number_of_one(self, step, &device, ids)?;
        if let Some(received) = &received {
            if self.shows_restoration(step, &device, received)? {
                return self.be_reborn(step, &[received.incarnation]);
            }
            self.received_up_to(step, &device, received)?;
            self.close_gap(step, device, Some(received))?;
        }
        match number {
            Some(_) => {
                self.refused_there(step.now.mono, device);
                self.unseal_outbox(step, device)
            }
            // What it lacks can be read as it is.
            None if ids.is_empty() => self.post_all_again(step, device),
            // It was sealed anew since, or was a letter: whatever that told is told again.
            None => {
                self.owe(step, device, Word::Heard)?;
                self.owe(step, device, Word::Lacks)
            }
        }
    }
}
