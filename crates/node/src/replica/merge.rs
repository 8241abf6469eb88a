//! Taking one record in: what it replaces, what it ends, what it leaves behind in the logs.

use lamplit_sync::merge::{self, Existing, Verdict};
use lamplit_wire::{Chain, Entry, Record, SetId};

use super::{GONE, owner_of, stored, stored_of_entity};
use crate::{
    Node,
    db::Typed,
    rows::{FieldKey, LogRow, Place, Stored, key},
    sabotage::Sabotage,
    step::{Step, Stepped},
    table::Table,
};

/// What taking a record in did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Nothing that anybody would see.
    Nothing,
    /// This replica now holds another value, or another copy of the same.
    Copy,
    /// A field has a new value, or an entity is gone.
    Value,
}

impl Node {
    /// Takes in an opened record. `logged`: it has a place in its author's log here.
    pub(crate) fn place(&mut self, step: &mut Step<'_>, new: Stored, entry: &Entry, logged: bool) -> Stepped<Changed> {
        let set = new.record.body.set;
        let field = FieldKey { kind: entry.kind, entity: entry.entity, field: entry.field };
        let old = stored(&step.db, &set, field)?;
        let verdict = if merge::is_deletion(entry) {
            merge::deletion(old.as_ref().map(existing), existing(&new))
        } else {
            let grave = stored(&step.db, &set, FieldKey { field: GONE, ..field })?;
            let grave = grave.filter(|_| !self.has_bug(Sabotage::ForgetTombstone));
            merge::field(old.as_ref().map(existing), grave.map(|grave| grave.stamp.clock), existing(&new))
        };
        let taken = matches!(verdict, Verdict::Take | Verdict::Reseal);
        if logged {
            // It may be here already, from a set that was told whole.
            let counts = taken || old.as_ref().is_some_and(|old| is_same(&old.record, &new.record));
            let place = if counts { Place::Record(field) } else { Place::Replaced };
            log(step, &new.record, place)?;
        }
        if !taken {
            return Ok(Changed::Nothing);
        }
        if let Some(old) = old {
            leave_log(step, &old.record)?;
        }
        step.db.put(Table::Records, &key::field(&set, field), &new)?;
        if verdict == Verdict::Reseal {
            // The copy before may have been under a key that is here no more.
            if owner_of(&set) != self.device.account {
                self.show(step, &set, entry)?;
            }
            return Ok(Changed::Copy);
        }
        if merge::is_deletion(entry) {
            bury(step, &set, field, &new)?;
            self.bury_waiting(step, &set, field, new.stamp.clock)?;
        }
        self.show(step, &set, entry)?;
        Ok(Changed::Value)
    }
}

/// Whether two records are one place in one log.
fn is_same(one: &Record, other: &Record) -> bool {
    let (one, other) = (&one.body, &other.body);
    (one.author, one.seq, one.chain) == (other.author, other.seq, other.chain)
}

const fn existing(stored: &Stored) -> Existing {
    Existing { stamp: stored.stamp, key: stored.record.body.key, author: stored.record.body.author }
}

/// Ends all fields that were born before a deletion.
fn bury(step: &mut Step<'_>, set: &SetId, deletion: FieldKey, grave: &Stored) -> Stepped {
    for (field, old) in stored_of_entity(&step.db, set, deletion.kind, &deletion.entity)? {
        if field.field != GONE && old.stamp.born <= grave.stamp.clock {
            leave_log(step, &old.record)?;
            step.db.remove(Table::Records, &key::field(set, field));
        }
    }
    Ok(())
}

/// Writes down where a record of an author's log has gone.
pub(super) fn log(step: &mut Step<'_>, record: &Record, place: Place) -> Stepped {
    let body = &record.body;
    log_at(step, body.set, body.author, body.seq, body.chain, place)
}

pub(super) fn log_at(
    step: &mut Step<'_>,
    set: SetId,
    author: lamplit_types::Author,
    seq: u64,
    chain: Chain,
    place: Place,
) -> Stepped {
    step.db.put(Table::Log, &key::log(&set, &author, seq), &LogRow { chain, place })
}

/// A record no longer counts: only its place in the chain stays. A record that came outside its author's log has none.
pub(crate) fn leave_log(step: &mut Step<'_>, record: &Record) -> Stepped {
    let body = &record.body;
    let row: Option<LogRow> = step.db.row(Table::Log, &key::log(&body.set, &body.author, body.seq))?;
    match row {
        Some(row) if row.chain == body.chain => log(step, record, Place::Replaced),
        _ => Ok(()),
    }
}
