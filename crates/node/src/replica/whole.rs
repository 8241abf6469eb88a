//! Whole sets: sent when two logs do not fit together, or when a replica was away so long that deletions it never
//! heard of have been forgotten.

use std::collections::{BTreeMap, BTreeSet};

use lamplit_sync::horizon::was_seen;
use lamplit_types::{Author, limits::DELTA_RECORDS};
use lamplit_wire::{Head, Kind, Record, SetId, Whole, bounded::List};

use super::{GONE, head, heads, is_genuine, merge::leave_log, stored, stored_of_entity};
use crate::{
    Node,
    db::{Typed, decode},
    limits,
    rows::{FieldKey, SetRow, Stored, Waiting, key},
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

/// What came so far of a set that is taken anew.
#[derive(Default)]
pub(crate) struct Anew {
    /// Fields that the other has.
    received: BTreeSet<FieldKey>,
    /// Entities that the other has, and that were deleted here.
    dead: BTreeSet<(Kind, [u8; 16])>,
    /// Entities of which something waits here for its time, once the first part came.
    waiting: Option<BTreeSet<(Kind, [u8; 16])>>,
}

impl Anew {
    /// How much it is.
    pub(crate) fn len(&self) -> usize {
        self.received.len().saturating_add(self.dead.len())
    }
}

/// Whether a stored field is no deletion.
fn lives((field, _): &(FieldKey, Stored)) -> bool {
    field.field != GONE
}

/// Where the sender of a whole set is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cursor {
    /// Whose records; `None`: everybody's.
    pub(crate) author: Option<Author>,
    /// Whether those that count are all sent, and those that wait are next.
    waiting: bool,
    /// The last row that was sent.
    after: Option<Vec<u8>>,
    /// Whether the other shall send its own in turn.
    pub(crate) wants_reply: bool,
    /// Up to where the other has the author's log already, if it is to go on from there.
    beyond: Option<u64>,
}

impl Cursor {
    /// The records of one author.
    pub(crate) const fn of(author: Author, wants_reply: bool) -> Self {
        Self { author: Some(author), waiting: false, after: None, wants_reply, beyond: None }
    }

    /// What counts of an author's log beyond a place, where the log itself is not here any more.
    pub(crate) fn beyond(author: Author, seq: u64) -> Self {
        Self { beyond: Some(seq), ..Self::of(author, false) }
    }

    /// Whether a record is one of those that are sent.
    fn is_due(&self, set: &SetId, record: &Record) -> bool {
        let body = &record.body;
        let due = self.author.is_none_or(|author| author == body.author);
        due && body.set == *set && self.beyond.is_none_or(|beyond| body.seq > beyond)
    }

    /// The next rows, of those that count or those that wait. Others of the same tables are among them.
    fn rows(&self, db: &impl Read, set: &SetId) -> Stepped<Vec<(Vec<u8>, Record)>> {
        let after = self.after.as_deref();
        if self.waiting {
            let rows = db.scan(Table::Quarantine, &[], after, Order::Up, DELTA_RECORDS)?;
            let decoded = rows
                .into_iter()
                .map(|(at, value)| decode::<Waiting>(Table::Quarantine, &value).map(|waiting| (at, waiting.record)));
            return decoded.collect();
        }
        let rows = db.scan(Table::Records, &key::set(set), after, Order::Up, DELTA_RECORDS)?;
        let decoded = rows
            .into_iter()
            .map(|(at, value)| decode::<Stored>(Table::Records, &value).map(|stored| (at, stored.record)));
        decoded.collect()
    }
}

/// The next part of a whole set. The cursor moves on; the part says whether it is the last.
pub(crate) fn next_part(db: &impl Read, set: &SetId, cursor: &mut Cursor) -> Stepped<Whole> {
    let mut records = List::new();
    let mut size = 0_usize;
    let mut last = true;
    'rows: loop {
        let rows = cursor.rows(db, set)?;
        if rows.is_empty() {
            if cursor.waiting {
                break;
            }
            cursor.waiting = true;
            cursor.after = None;
        }
        for (at, record) in rows {
            if cursor.is_due(set, &record) {
                size = size.saturating_add(record.body.sealed.len()).saturating_add(limits::RECORD_FRAME_BYTES);
                if (size > limits::DELTA_BYTES && !records.is_empty()) || records.push(record).is_err() {
                    last = false;
                    break 'rows;
                }
            }
            cursor.after = Some(at);
        }
    }
    let set_row: SetRow = db.row(Table::Sets, &key::set(set))?.unwrap_or_default();
    let mut all_heads = List::new();
    if last && (cursor.author.is_none() || cursor.beyond.is_some()) {
        for head in heads(db, set)?.into_iter().filter(|(of, _)| cursor.author.is_none_or(|author| author == *of)) {
            // The table holds no more authors than the list does.
            let _ = all_heads.push(head);
        }
    }
    Ok(Whole {
        set: *set,
        author: cursor.author,
        records,
        heads: all_heads,
        last,
        wants_reply: cursor.wants_reply,
        horizon: set_row.horizon,
    })
}

impl Node {
    /// Takes in a part of a whole set.
    pub(crate) fn take_whole(&mut self, step: &mut Step<'_>, whole: Whole, anew: Option<&mut Anew>) -> Stepped<bool> {
        let mut whole = whole;
        let mut records = List::new();
        for record in whole.records.into_vec() {
            let body = &record.body;
            if body.set != whole.set || !is_genuine(&record) {
                return Ok(false);
            }
            // What a removed device wrote later is left out.
            if self.may_be_written(step, &whole.set, &body.author, body.seq)? {
                // They are no more than there were.
                let _ = records.push(record);
            }
        }
        whole.records = records;
        if self.quarantine_is_full(step, &whole.set, whole.records.iter())? {
            return Ok(false);
        }
        let Some(anew) = anew else {
            for record in whole.records.into_vec() {
                self.admit(step, record, false)?;
            }
            self.dirty.insert(whole.set);
            return Ok(true);
        };
        if anew.waiting.is_none() {
            anew.waiting = Some(self.waiting_entities(step, &whole.set)?);
        }
        for record in whole.records.into_vec() {
            if self.is_wanted(step, &record, anew)? {
                self.admit(step, record, false)?;
            }
        }
        if whole.last {
            self.forget_the_forgotten(step, &whole.set, &anew.received, &whole.heads)?;
            self.adopt_heads(step, &whole.set, &whole.heads)?;
            // What the other has forgotten is forgotten here now, so others must fear it of this device too.
            let row_key = key::set(&whole.set);
            let row: SetRow = step.db.row(Table::Sets, &row_key)?.unwrap_or_default();
            let horizon = row.horizon.max(whole.horizon);
            step.db.put(Table::Sets, &row_key, &SetRow { horizon, ..row })?;
        }
        self.dirty.insert(whole.set);
        Ok(true)
    }

    /// Whether a record of a set that is taken anew is to be taken in. What was seen here already need not, and if nothing
    /// of its entity is stored and nothing waits it was deleted, perhaps so long ago that nothing tells, and all that was said of it since.
    fn is_wanted(&self, step: &Step<'_>, record: &Record, anew: &mut Anew) -> Stepped<bool> {
        let body = &record.body;
        let seen = was_seen(body.seq, head(&step.db, &body.set, &body.author)?.seq);
        let Some(field) = self.name_of(step, record)? else { return Ok(!seen) };
        let entity = (field.kind, field.entity);
        let held = stored(&step.db, &body.set, field)?.is_some();
        let waits = anew.waiting.as_ref().is_some_and(|waiting| waiting.contains(&entity));
        let lives = || Ok(waits || stored_of_entity(&step.db, &body.set, field.kind, &field.entity)?.iter().any(lives));
        if anew.dead.contains(&entity) || (seen && !held && !lives()?) {
            anew.dead.insert(entity);
            return Ok(false);
        }
        anew.received.insert(field);
        Ok(!seen)
    }

    /// Which field a stored record is about.
    pub(crate) fn field_of(&self, step: &Step<'_>, stored: &Stored) -> Stepped<Option<FieldKey>> {
        self.name_of(step, &stored.record)
    }

    fn name_of(&self, step: &Step<'_>, record: &Record) -> Stepped<Option<FieldKey>> {
        let plaintext = super::open(&self.key_ring(), &step.db, record)?;
        let entry = plaintext.and_then(|plain| postcard::from_bytes::<lamplit_wire::Entry>(&plain).ok());
        Ok(entry.map(|entry| FieldKey { kind: entry.kind, entity: entry.entity, field: entry.field }))
    }

    /// Drops what the others deleted while this replica was away and have since forgotten: what they have seen and do
    /// not have, with all that was said since of the same things.
    fn forget_the_forgotten(
        &mut self,
        step: &mut Step<'_>,
        set: &SetId,
        received: &BTreeSet<FieldKey>,
        theirs: &[(Author, Head)],
    ) -> Stepped {
        let theirs: BTreeMap<Author, u64> = theirs.iter().map(|(author, head)| (*author, head.seq)).collect();
        let seen = |record: &Record| {
            let body = &record.body;
            theirs.get(&body.author).is_some_and(|head| was_seen(body.seq, *head))
        };
        let alive: BTreeSet<_> = received.iter().map(|field| (field.kind, field.entity)).collect();
        let mut dead = BTreeSet::new();
        let mut missing = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = step.db.scan(Table::Records, &key::set(set), after.as_deref(), Order::Up, DELTA_RECORDS)?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(last.clone());
            for (at, value) in rows {
                let stored: Stored = decode(Table::Records, &value)?;
                let Some(field) = self.name_of(step, &stored.record)? else { continue };
                if received.contains(&field) {
                    continue;
                }
                let seen = seen(&stored.record);
                if seen && !alive.contains(&(field.kind, field.entity)) {
                    dead.insert((field.kind, field.entity));
                }
                missing.push((at, field, stored.record, seen));
            }
        }
        for (at, field, record, seen) in missing {
            if seen || dead.contains(&(field.kind, field.entity)) {
                leave_log(step, &record)?;
                step.db.remove(Table::Records, &at);
                self.hide(step, set, &record)?;
            }
        }
        self.forget_waiting(step, set, seen, |field| received.contains(field))
    }

    /// How far others are is how far this replica is, now that it has what they have.
    pub(crate) fn adopt_heads(&self, step: &mut Step<'_>, set: &SetId, theirs: &[(Author, Head)]) -> Stepped {
        for (author, their_head) in theirs {
            let ahead = their_head.seq > head(&step.db, set, author)?.seq;
            let listed = self.may_be_written(step, set, author, their_head.seq)?;
            if ahead && author.device != self.device.device && listed {
                step.db.put(Table::Heads, &key::head(set, author), their_head)?;
            }
        }
        Ok(())
    }
}
