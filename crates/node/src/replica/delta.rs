//! Deltas: a piece of one author's log, taken in whole or not at all, and put together for others.

use lamplit_identity::verify;
use lamplit_sync::log::{DeltaError, follow};
use lamplit_types::{Author, limits::DELTA_RECORDS};
use lamplit_wire::{Delta, Head, LogEntry, Record, SetId, bounded::List};

use super::{chain_at, head, merge::log_at, owner_of, stored};
use crate::{
    Node,
    db::{Typed, decode},
    limits,
    rows::{LogRow, Place, Waiting, key},
    step::{Step, Stepped},
    table::{Order, Read, ReadError, Table},
};

/// What became of a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeltaOutcome {
    /// It is taken; this is the head now.
    Taken(Head),
    /// It begins elsewhere: the other must hear how far this replica is.
    Resync,
    /// The author's log has two histories.
    Forked,
    /// It holds what this replica cannot take, now or ever.
    Refused(Refusal),
}

/// Why a delta was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The author is no device of the owner, as far as is known.
    Author,
    /// It was put together wrongly or signed by somebody else.
    Forged,
    /// No room for what must wait.
    Full,
}

impl Node {
    /// Takes in a delta.
    pub(crate) fn take_delta(&mut self, step: &mut Step<'_>, mut delta: Delta) -> Stepped<DeltaOutcome> {
        if !self.is_listed(&delta.set, &delta.author) {
            // What a removed device wrote before it was is taken, and no more.
            let up_to = self.taken_up_to(step, &delta.set, &delta.author.device, delta.author.incarnation)?;
            if delta.after.seq >= up_to {
                return Ok(DeltaOutcome::Refused(Refusal::Author));
            }
            let room = usize::try_from(up_to.saturating_sub(delta.after.seq)).unwrap_or(usize::MAX);
            let taken: Vec<LogEntry> = delta.entries.into_vec().into_iter().take(room).collect();
            delta.entries = List::try_from(taken).unwrap_or_default();
        }
        let here = head(&step.db, &delta.set, &delta.author)?;
        let after = match follow(here, &delta) {
            Ok(after) => after,
            Err(DeltaError::Elsewhere { .. }) => return Ok(DeltaOutcome::Resync),
            Err(DeltaError::Forked { .. }) => return Ok(DeltaOutcome::Forked),
            Err(DeltaError::Broken { .. }) => return Ok(DeltaOutcome::Refused(Refusal::Forged)),
        };
        let records = delta.entries.iter().filter_map(LogEntry::record);
        if !records.clone().all(is_genuine) {
            return Ok(DeltaOutcome::Refused(Refusal::Forged));
        }
        if self.quarantine_is_full(step, &delta.set, records)? {
            return Ok(DeltaOutcome::Refused(Refusal::Full));
        }
        let (set, author) = (delta.set, delta.author);
        step.db.put(Table::Heads, &key::head(&set, &author), &after)?;
        for entry in delta.entries.into_vec() {
            match entry {
                LogEntry::Live(record) => {
                    self.admit(step, *record, true)?;
                }
                LogEntry::Replaced { seq, chain } => log_at(step, set, author, seq, chain, Place::Replaced)?,
            }
        }
        self.dirty.insert(set);
        Ok(DeltaOutcome::Taken(after))
    }

    /// Begins a new life if one of the records is of a past that this device does not remember. Whether it does.
    pub(crate) fn begin_anew_if_restored<'r>(
        &mut self,
        step: &mut Step<'_>,
        records: impl Iterator<Item = &'r Record>,
    ) -> Stepped<bool> {
        for record in records {
            if self.is_forgotten(step, record)? {
                self.be_reborn(step, &[record.body.author.incarnation])?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a record is this device's own by its signature, and not by its memory.
    fn is_forgotten(&self, step: &Step<'_>, record: &Record) -> Stepped<bool> {
        let body = &record.body;
        let life = body.author.incarnation;
        if body.author.device != self.device.device || self.device.past_lives.contains(&life) || !is_genuine(record) {
            return Ok(false);
        }
        let known = chain_at(&step.db, &body.set, &body.author, body.seq)?;
        Ok(life != self.device.life || known != Some(body.chain))
    }

    /// Whether a record may be taken: its author is on the list of the set's owner, or wrote it before it was removed.
    pub(crate) fn may_be_written(&self, step: &Step<'_>, set: &SetId, author: &Author, seq: u64) -> Stepped<bool> {
        Ok(self.is_listed(set, author) || seq <= self.taken_up_to(step, set, &author.device, author.incarnation)?)
    }

    /// Whether a device may write into a set: it is on the list of the set's owner.
    pub(crate) fn is_listed(&self, set: &SetId, author: &Author) -> bool {
        self.people.get(owner_of(set)).is_some_and(|owner| owner.list.device(&author.device).is_some())
    }
}

/// Whether a record is signed by the device it names.
pub(crate) fn is_genuine(record: &Record) -> bool {
    verify(record, record.body.author.device.as_bytes()).is_ok()
}

/// The piece of an author's log that follows `after`, as much as fits into one frame; `None` if nothing follows, or
/// not what comes next: a set that was taken whole has heads without a log up to them.
pub(crate) fn delta_after(db: &impl Read, set: &SetId, author: &Author, after: Head) -> Stepped<Option<Delta>> {
    let from = key::log(set, author, after.seq);
    let rows = db.scan(Table::Log, &key::head(set, author), Some(&from), Order::Up, DELTA_RECORDS)?;
    let mut entries = List::new();
    let mut size = 0_usize;
    let mut last = after.seq;
    for (log_key, value) in rows {
        let row: LogRow = decode(Table::Log, &value)?;
        let seq = key::number_of(&log_key).ok_or(ReadError::Corrupt { table: Table::Log })?;
        if seq != last.saturating_add(1) {
            break;
        }
        last = seq;
        let entry = entry_at(db, set, seq, row)?;
        if let LogEntry::Live(record) = &entry {
            size = size.saturating_add(record.body.sealed.len()).saturating_add(limits::RECORD_FRAME_BYTES);
        }
        if (size > limits::DELTA_BYTES && !entries.is_empty()) || entries.push(entry).is_err() {
            break;
        }
    }
    if entries.is_empty() {
        return Ok(None);
    }
    Ok(Some(Delta { set: *set, author: *author, after, entries }))
}

fn entry_at(db: &impl Read, set: &SetId, seq: u64, row: LogRow) -> Stepped<LogEntry> {
    let record = match row.place {
        Place::Replaced => None,
        Place::Record(field) => stored(db, set, field)?.map(|stored| stored.record),
        Place::Waiting(key) => db.row::<Waiting>(Table::Quarantine, &key)?.map(|waiting| waiting.record),
    };
    Ok(match record {
        Some(record) if record.body.chain == row.chain => LogEntry::Live(Box::new(record)),
        _ => LogEntry::Replaced { seq, chain: row.chain },
    })
}

/// Whether what another replica says about this device's own log shows that this one was restored from a backup.
pub(crate) fn shows_my_future(db: &impl Read, set: &SetId, me: &Author, theirs: Head) -> Stepped<bool> {
    let mine = head(db, set, me)?;
    lamplit_sync::plan::is_from_my_future(mine, theirs, |seq| chain_at(db, set, me, seq))
}
