//! After every commit: every message, every row of an outbox, every contact that changed in it.

use std::collections::BTreeSet;

use lamplit_node::{Event, Table, Write, view};
use lamplit_types::{DeviceId, MessageId, Wall, limits::CLOCK_DRIFT_MS};

use crate::{
    failure::{Done, Failure, Rule},
    tally::Fault,
    world::World,
};

impl World {
    /// A batch is committed: checks what it did. `events` are what was told of it, if anything was.
    pub(crate) fn audit(&mut self, at: usize, writes: &[Write], events: Option<&[Event]>) -> Done {
        let new = self.new_messages(at, writes)?;
        let touches = |table: Table| writes.iter().any(|write| write.table == table);
        // Before the batch: a message that it has may have been said, and be under way, before a removal that it has too.
        let removed = if new.is_empty() { BTreeSet::new() } else { self.known_as_removed(at)? };
        let before = if touches(Table::Outbox) { self.device(at)?.waiting() } else { BTreeSet::new() };
        self.device_mut(at)?.mirror.apply(writes);
        self.note_removed(at, writes)?;
        self.keep_books(at, writes)?;
        for id in self.in_order(at, &new)? {
            self.message_came(at, id, &removed)?;
        }
        if touches(Table::Outbox) {
            self.check_acknowledged(at, before, events.unwrap_or_default())?;
        }
        if touches(Table::Contacts) {
            self.check_times(at)?;
        }
        self.note_lit(at)?;
        match events {
            Some(events) => self.check_events(at, &new, events),
            None => Ok(()),
        }
    }

    /// Messages that a batch adds. None may be removed, or stand in two places.
    fn new_messages(&self, at: usize, writes: &[Write]) -> Done<Vec<MessageId>> {
        let device = self.device(at)?;
        let name = &device.name;
        let mut new = Vec::new();
        let mut rows = 0;
        for Write { table, key, value } in writes {
            let old = device.mirror.value(*table, key);
            match (table, value) {
                (Table::Messages | Table::MessageIndex, None) if old.is_some() => {
                    return Err(Failure::broken(Rule::Kept, format!("{name} throws a message away")));
                }
                (Table::MessageIndex, Some(value)) if old.is_some_and(|old| old != value) => {
                    return Err(Failure::broken(Rule::Once, format!("{name} puts a message into a second place")));
                }
                (Table::MessageIndex, Some(_)) if old.is_none() => {
                    new.extend(<[u8; 16]>::try_from(key.as_slice()).map(MessageId::from_bytes));
                }
                (Table::Messages, Some(_)) if old.is_none() => rows += 1,
                _ => {}
            }
        }
        if rows == new.len() {
            return Ok(new);
        }
        Err(Failure::broken(Rule::Once, format!("{name} has {rows} more messages of {} ids", new.len())))
    }

    /// A device that somebody removes is one of theirs no more; backups from before are thrown away.
    fn note_removed(&mut self, at: usize, writes: &[Write]) -> Done {
        let rows = writes.iter().filter(|write| write.table == Table::Departed && write.value.is_some());
        let gone: Vec<DeviceId> =
            rows.filter_map(|write| write.key.first_chunk::<32>()).map(|id| DeviceId::from_bytes(*id)).collect();
        for lost in gone.iter().filter_map(|id| self.whose(id)).collect::<Vec<_>>() {
            let person = self.device(lost)?.person;
            if self.device(at)?.person != person || self.device(lost)?.is_removed {
                continue;
            }
            self.tally.fault(Fault::DeviceRemoved);
            self.device_mut(lost)?.is_removed = true;
            for device in self.devices.iter_mut().filter(|device| device.person == person) {
                device.backups.clear();
            }
        }
        Ok(())
    }

    /// Removed devices that a device knows to be removed.
    fn known_as_removed(&self, at: usize) -> Done<BTreeSet<usize>> {
        let device = self.device(at)?;
        let mut known = BTreeSet::new();
        for (at, lost) in self.devices.iter().enumerate().filter(|(_, device)| device.is_removed) {
            if !view::devices_of(&device.mirror, lost.account).map_err(Failure::simulation)?.contains(&lost.id) {
                known.insert(at);
            }
        }
        Ok(known)
    }

    /// New messages in the order in which they are shown. (A batch is in the order of its rows.)
    fn in_order(&self, at: usize, new: &[MessageId]) -> Done<Vec<MessageId>> {
        let mut shown = Vec::new();
        for id in new {
            let message = view::message(&self.device(at)?.mirror, *id).map_err(Failure::simulation)?;
            shown.push((message.map(|message| (message.conversation, message.index)), *id));
        }
        shown.sort_unstable();
        Ok(shown.into_iter().map(|(_, id)| id).collect())
    }

    fn keep_books(&mut self, at: usize, writes: &[Write]) -> Done {
        for write in writes.iter().filter(|write| matches!(write.table, Table::Outbox | Table::Held)) {
            let device = self.device_mut(at)?;
            let message = match &write.value {
                Some(_) => Some(device.text_in(write.table, &write.key)?),
                None => None,
            };
            let book = match write.table {
                Table::Outbox => &mut device.books.outbox,
                _ => &mut device.books.held,
            };
            let gone = match message {
                Some(message) => {
                    book.insert(write.key.clone(), message);
                    None
                }
                None => book.remove(&write.key).flatten(),
            };
            let lost = write.table == Table::Held && gone.is_some_and(|message| !device.has(&message));
            if lost {
                // What came early goes only when it is shown, or with the contact it is from.
                let from = write.key.first_chunk::<32>().map(|id| DeviceId::from_bytes(*id));
                let sender = from.and_then(|from| self.whose(&from));
                let account = sender.and_then(|sender| Some(self.devices.get(sender)?.account));
                let device = self.device(at)?;
                let departed = device.mirror.value(Table::Departed, write.key.get(..32).unwrap_or_default()).is_some();
                if !departed && account.is_some_and(|account| account == device.account || device.knows(account)) {
                    let what = format!("{} throws away a message that came early", device.name);
                    return Err(Failure::broken(Rule::Kept, what));
                }
            }
        }
        Ok(())
    }

    /// A message is committed somewhere, by a device that knew these as removed.
    fn message_came(&mut self, at: usize, id: MessageId, removed: &BTreeSet<usize>) -> Done {
        let device = self.device(at)?;
        let name = device.name.clone();
        let shown = view::message(&device.mirror, id).map_err(Failure::simulation)?;
        let broken = |rule, what: &str| Err(Failure::broken(rule, format!("{name}: {what}")));
        let Some(shown) = shown else { return broken(Rule::Committed, "a message is in the index only") };
        let number = self.model.named(shown.text());
        let Some(said) = number.and_then(|number| self.model.message(number)).cloned() else {
            return broken(Rule::Addressees, "a message that nobody wrote");
        };
        let number = number.unwrap_or_default();
        let word = said.text.split(' ').next().unwrap_or_default();
        match said.id {
            None if at == said.author => {
                let own = self.device(at)?.person;
                let mut secret = removed.clone();
                secret.retain(|lost| self.device(*lost).is_ok_and(|lost| lost.person == own || lost.person == said.to));
                self.model.secret_from.insert(id, secret);
                let restored = self.device(at)?.times_restored;
                self.model.commit_message(number, id, restored);
            }
            None => return broken(Rule::Committed, &format!("{word} came before its author had committed it")),
            Some(known) if known != id => return broken(Rule::Once, &format!("{word} has two ids")),
            Some(_) => {}
        }
        if self.model.secret_from.get(&id).is_some_and(|secret| secret.contains(&at)) {
            return broken(Rule::Removed, &format!("{word} was said where it was known to be removed"));
        }
        let author = self.device(said.author)?;
        let whole = shown.text() == said.text && shown.from == author.account && shown.from_device == author.id;
        if !whole {
            return broken(Rule::Addressees, &format!("{word} is not as it was written"));
        }
        let device = self.device(at)?;
        let is_own = device.person == author.person;
        if !is_own && device.person != said.to {
            return broken(Rule::Addressees, &format!("{word} is for person {}", said.to));
        }
        let with = if is_own { self.account_of(said.to)? } else { author.account };
        if shown.conversation != with.into() {
            return broken(Rule::Addressees, &format!("{word} is in another conversation"));
        }
        // What was thrown away when two people parted comes back with a backup from before.
        let comes_back = self.model.parted(author.person, said.to);
        let restored = author.times_restored > 0 && (device.times_restored > 0 || comes_back);
        let (order, times) = self.model.message(number).map_or((0, 0), |said| (said.order, said.restored));
        let before = device.books.last.get(&(said.author, said.to)).copied().unwrap_or(0);
        let other = self.model.spoken_as(said.author, before);
        // What lay at the server when its author was restored may come after what they said since.
        let lay = self.server.is_some() && other.is_some_and(|other| other.restored > times);
        if order < before && !restored && !lay {
            let other = other.and_then(|other| other.text.split(' ').next()).unwrap_or_default();
            let author = said.author;
            let what = format!("{word}, number {order} of device {author}, comes after {other}, number {before}");
            return broken(Rule::Order, &what);
        }
        let device = self.device_mut(at)?;
        device.books.last.insert((said.author, said.to), order.max(before));
        device.books.ever.insert(id);
        if at != said.author {
            self.tally.delivered += 1;
        }
        Ok(())
    }

    /// The place of the last message of everybody that a restored device still has.
    pub(crate) fn recount_order(&mut self, at: usize) -> Done {
        let device = self.device(at)?;
        let ids = device.mirror.rows(Table::MessageIndex, &[]).filter_map(|(key, _)| <[u8; 16]>::try_from(key).ok());
        let mut last = std::collections::BTreeMap::new();
        for said in ids.filter_map(|id| self.model.by_id(&MessageId::from_bytes(id))) {
            let latest: &mut u64 = last.entry((said.author, said.to)).or_default();
            *latest = said.order.max(*latest);
        }
        self.device_mut(at)?.books.last = last;
        Ok(())
    }

    /// What is no longer in the outbox was committed by its addressee, or given up for a reason.
    fn check_acknowledged(&self, at: usize, before: BTreeSet<(DeviceId, MessageId)>, events: &[Event]) -> Done {
        let device = self.device(at)?;
        let after = device.waiting();
        for (to, message) in before.difference(&after) {
            let Some(other) = self.whose(to).and_then(|other| self.devices.get(other)) else { continue };
            let removed = |event: &Event| matches!(event, Event::ContactRemoved(account) if *account == other.account);
            let still_known = device.knows(other.account) || device.account == other.account;
            // A contact can be removed and met again in one batch: nothing that waits survives that.
            let departed = device.mirror.value(Table::Departed, to.as_bytes()).is_some();
            if still_known && !departed && !events.iter().any(removed) && !other.ever_had(message) {
                let said =
                    self.model.by_id(message).map_or("?", |said| said.text.split(' ').next().unwrap_or_default());
                let what = format!("{} lets go of {said}, which {} never committed", device.name, other.name);
                return Err(Failure::broken(Rule::Kept, what));
            }
        }
        Ok(())
    }

    /// Nothing that was written in this device's future is shown.
    fn check_times(&mut self, at: usize) -> Done {
        let now = self.clock(at).wall;
        let device = self.device(at)?;
        let contacts = view::contacts(&device.mirror, None, usize::MAX).map_err(Failure::simulation)?;
        for contact in contacts {
            let texts = [
                contact.alias.map(|alias| alias.as_str().to_owned()),
                contact.note.map(|note| note.as_str().to_owned()),
            ];
            for text in texts.into_iter().flatten() {
                let Some(edit) = self.model.edit(&text) else { continue };
                let latest = Wall(now.0.saturating_add(CLOCK_DRIFT_MS));
                // Clocks are read again and again while a batch is made; and a clock that was set back keeps what it showed.
                if edit.wall > latest.plus(1_000) && device.last_wrong_clock.is_none() {
                    let ahead = edit.wall.0.saturating_sub(now.0) / 1000;
                    let what = format!("{} shows {text}, written {ahead} s from now", device.name);
                    return Err(Failure::broken(Rule::Quarantine, what));
                }
            }
        }
        Ok(())
    }

    /// A device that sees none of its siblings for longer than deletions are kept has been away for too long.
    pub(crate) fn note_absences(&mut self) {
        let now = self.queue.now();
        let keep = self.settings.keep_deletions_ms;
        for at in 0..self.devices.len() {
            let Some(person) = self.devices.get(at).map(|device| device.person) else { continue };
            let siblings: Vec<usize> = self.devices_of(person).filter(|other| *other != at).collect();
            let alone = !siblings.is_empty() && !siblings.iter().any(|other| self.is_near(at, *other));
            let Some(device) = self.devices.get_mut(at) else { continue };
            let since = device.alone_since;
            device.alone_since = if alone { Some(since.unwrap_or(now)) } else { None };
            if !alone && since.is_some_and(|since| now.saturating_sub(since) > keep) {
                self.tally.fault(Fault::AwayTooLong);
            }
        }
    }
}
