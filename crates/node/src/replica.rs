//! The replicated sets this device holds: writing into them, taking in what others wrote.
//!
//! A record is kept under its true name (kind, entity, field) in `Records`. `Log` remembers for every author where each
//! record it ever wrote has gone, so that a delta is complete and a second history is noticed. Field 0 of an entity is
//! its deletion.

mod delta;
mod merge;
mod waiting;
mod whole;
mod write;

use std::collections::BTreeMap;

use lamplit_types::{AccountId, AudienceId, Author, SpaceId};
use lamplit_wire::{Chain, Head, KeyId, Record, RecordBody, SetId, Tag};

use crate::{
    audience::KeyRing,
    db::Typed,
    limits,
    rows::{self, FieldKey, LogRow, key},
    step::Stepped,
    table::{Order, Read, Table},
};

pub(crate) use delta::{DeltaOutcome, Refusal, delta_after, is_genuine, shows_my_future};
pub(crate) use merge::{Changed, leave_log};
pub(crate) use whole::{Anew, Cursor, next_part};
pub(crate) use write::{Change, own_key_id};

/// The owner's own two audiences have names that everybody knows, since their tags and keys tell nothing.
pub(crate) const OWN_DATA: AudienceId = AudienceId::from_bytes(*b"own-data\0\0\0\0\0\0\0\0");
/// What a device that only keeps records, such as a browser, never gets.
pub(crate) const OWN_SECRETS: AudienceId = AudienceId::from_bytes(*b"own-secrets\0\0\0\0\0");

/// The field that is an entity's deletion.
pub(crate) const GONE: u8 = 0;

/// A set of an account.
pub(crate) const fn set_of(owner: AccountId, audience: AudienceId) -> SetId {
    SetId { space: SpaceId::Account(owner), audience }
}

/// Whose a set is.
pub(crate) const fn owner_of(set: &SetId) -> AccountId {
    let SpaceId::Account(owner) = set.space;
    owner
}

/// How far this replica has come in a set.
pub(crate) fn heads(db: &impl Read, set: &SetId) -> Stepped<BTreeMap<Author, Head>> {
    let mut heads = BTreeMap::new();
    let rows = db.scan(Table::Heads, &key::set(set), None, Order::Up, lamplit_types::limits::VECTOR_AUTHORS)?;
    for (key, value) in rows {
        if let Some(author) = key::author_of_head(&key) {
            heads.insert(author, crate::db::decode(Table::Heads, &value)?);
        }
    }
    Ok(heads)
}

/// How far this replica has come in one author's log.
pub(crate) fn head(db: &impl Read, set: &SetId, author: &Author) -> Stepped<Head> {
    Ok(db.row(Table::Heads, &key::head(set, author))?.unwrap_or_default())
}

/// The chain of an author's log at a place this replica knows.
pub(crate) fn chain_at(db: &impl Read, set: &SetId, author: &Author, seq: u64) -> Stepped<Option<Chain>> {
    let row: Option<LogRow> = db.row(Table::Log, &key::log(set, author, seq))?;
    if let Some(row) = row {
        return Ok(Some(row.chain));
    }
    // A set that was taken whole has a head without a log below it.
    let head = head(db, set, author)?;
    Ok((head.seq == seq).then_some(head.chain))
}

/// The stored record of a field.
pub(crate) fn stored(db: &impl Read, set: &SetId, field: FieldKey) -> Stepped<Option<rows::Stored>> {
    db.row(Table::Records, &key::field(set, field))
}

/// All stored records of an entity, its deletion included.
pub(crate) fn stored_of_entity(
    db: &impl Read,
    set: &SetId,
    kind: lamplit_wire::Kind,
    entity: &[u8; 16],
) -> Stepped<Vec<(FieldKey, rows::Stored)>> {
    let rows = db.scan(Table::Records, &key::entity(set, kind, entity), None, Order::Up, limits::FIELDS)?;
    rows.into_iter()
        .filter_map(|(key, value)| key.last().map(|&field| (FieldKey { kind, entity: *entity, field }, value)))
        .map(|(field, value)| Ok((field, crate::db::decode(Table::Records, &value)?)))
        .collect()
}

/// What a sealed body is bound to: everything of the record that does not change when it is sealed anew by another
/// author.
fn context(
    set: &SetId,
    key: KeyId,
    tag: Tag,
    body_clock: lamplit_types::Hlc,
    origin: lamplit_types::DeviceId,
) -> Vec<u8> {
    let mut context = b"lamplit/1/record-body\0".to_vec();
    context.extend(key::set(set));
    context.extend(key.generation.to_le_bytes());
    context.extend(key.day.to_le_bytes());
    context.extend(tag.0);
    context.extend(body_clock.wall.0.to_le_bytes());
    context.extend(body_clock.count.to_le_bytes());
    context.extend(origin.as_bytes());
    context
}

/// Opens a record's body; `None` if its key is not here or does not fit.
pub(crate) fn open(
    keys: &KeyRing<'_>,
    db: &impl Read,
    record: &Record,
) -> Stepped<Option<zeroize::Zeroizing<Vec<u8>>>> {
    let body: &RecordBody = &record.body;
    let context = context(&body.set, body.key, body.tag, body.clock, body.origin);
    Ok(keys.find(db, &body.set, body.key)?.and_then(|key| key.open(&context, &body.sealed).ok()))
}
