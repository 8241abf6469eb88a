//! Whole sets: sent when two logs do not fit together, or when a replica was away so long that deletions it never
//! heard of have been forgotten.

use std::collections::BTreeSet;

use lamplit_sync::horizon::outlives_absence;
use lamplit_types::{Author, limits::DELTA_RECORDS};
use lamplit_wire::{Record, SetId, Whole, bounded::List};

use super::{head, heads, is_genuine, merge::leave_log};
use crate::{
    Node,
    db::{Typed, decode},
    limits,
    rows::{FieldKey, SetRow, Stored, key},
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

/// Where the sender of a whole set is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cursor {
    /// Whose records; `None`: everybody's.
    pub(crate) author: Option<Author>,
    /// The last row that was sent.
    pub(crate) after: Option<Vec<u8>>,
    /// Whether the other shall send its own in turn.
    pub(crate) wants_reply: bool,
}

/// The next part of a whole set. The cursor moves on; the part says whether it is the last.
pub(crate) fn next_part(db: &impl Read, set: &SetId, cursor: &mut Cursor) -> Stepped<Whole> {
    let mut records = List::new();
    let mut size = 0_usize;
    let mut last = true;
    'rows: loop {
        let rows = db.scan(Table::Records, &key::set(set), cursor.after.as_deref(), Order::Up, DELTA_RECORDS)?;
        let more = rows.len() == DELTA_RECORDS;
        for (at, value) in rows {
            let stored: Stored = decode(Table::Records, &value)?;
            if cursor.author.is_none_or(|author| author == stored.record.body.author) {
                size = size.saturating_add(stored.record.body.sealed.len()).saturating_add(limits::RECORD_FRAME_BYTES);
                if (size > limits::DELTA_BYTES && !records.is_empty()) || records.push(stored.record).is_err() {
                    last = false;
                    break 'rows;
                }
            }
            cursor.after = Some(at);
        }
        if !more {
            break;
        }
    }
    let set_row: SetRow = db.row(Table::Sets, &key::set(set))?.unwrap_or_default();
    let mut all_heads = List::new();
    if last && cursor.author.is_none() {
        for head in heads(db, set)? {
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
    /// Takes in a part of a whole set. `received` gathers the fields of a set that is taken anew.
    pub(crate) fn take_whole(
        &mut self,
        step: &mut Step<'_>,
        whole: Whole,
        received: Option<&mut BTreeSet<FieldKey>>,
    ) -> Stepped<bool> {
        let good = |record: &Record| {
            record.body.set == whole.set && self.may_write(&whole.set, &record.body.author) && is_genuine(record)
        };
        if !whole.records.iter().all(good) || self.quarantine_is_full(whole.records.len()) {
            return Ok(false);
        }
        let anew = received.is_some();
        let mut names = BTreeSet::new();
        for record in whole.records.into_vec() {
            if anew && let Some(field) = self.name_of(step, &record)? {
                names.insert(field);
            }
            self.admit(step, record, false)?;
        }
        if let Some(received) = received {
            received.append(&mut names);
            if whole.last {
                self.forget_the_forgotten(step, &whole.set, received, whole.horizon)?;
                self.adopt_heads(step, &whole.set, &whole.heads)?;
            }
        }
        self.dirty.insert(whole.set);
        Ok(true)
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

    /// Drops what the others deleted while this replica was away and have since forgotten.
    fn forget_the_forgotten(
        &mut self,
        step: &mut Step<'_>,
        set: &SetId,
        received: &BTreeSet<FieldKey>,
        horizon: lamplit_types::Hlc,
    ) -> Stepped {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = step.db.scan(Table::Records, &key::set(set), after.as_deref(), Order::Up, DELTA_RECORDS)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = Some(last.clone());
            for (at, value) in rows {
                let stored: Stored = decode(Table::Records, &value)?;
                let kept = self.name_of(step, &stored.record)?.is_some_and(|name| received.contains(&name));
                if !kept && !outlives_absence(stored.record.body.clock, horizon) {
                    leave_log(step, &stored.record)?;
                    step.db.remove(Table::Records, &at);
                    self.hide(step, set, &stored.record)?;
                }
            }
        }
    }

    fn adopt_heads(&self, step: &mut Step<'_>, set: &SetId, theirs: &[(Author, lamplit_wire::Head)]) -> Stepped {
        for (author, their_head) in theirs {
            let ahead = their_head.seq > head(&step.db, set, author)?.seq;
            if ahead && author.device != self.device.device && self.may_write(set, author) {
                step.db.put(Table::Heads, &key::head(set, author), their_head)?;
            }
        }
        Ok(())
    }
}
