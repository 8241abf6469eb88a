//! Writing into a set: seal, sign, append to this device's log.

use lamplit_seal::AudienceKey;
use lamplit_sync::merge::Stamp;
use lamplit_types::{Author, DeviceId, Hlc, limits::RECORD_BYTES};
use lamplit_wire::{Chain, Entry, Head, KeyId, Kind, Record, RecordBody, SetId, Tag, Value, bounded::Bytes, chain};

use super::{GONE, context, head, owner_of, stored_of_entity};
use crate::{
    Node,
    rows::{FieldKey, Stored, key},
    step::{Step, Stepped},
    table::{ReadError, Table},
};

/// A change of one field, or the end of an entity.
pub(crate) struct Change {
    pub(crate) kind: Kind,
    pub(crate) entity: [u8; 16],
    pub(crate) what: What,
}

/// What changes.
pub(crate) enum What {
    /// A field gets a value.
    Set { field: u8, value: Vec<u8> },
    /// The entity goes.
    Delete,
}

impl Change {
    pub(crate) fn set(kind: Kind, entity: [u8; 16], field: u8, value: Vec<u8>) -> Self {
        Self { kind, entity, what: What::Set { field, value } }
    }

    pub(crate) fn delete(kind: Kind, entity: [u8; 16]) -> Self {
        Self { kind, entity, what: What::Delete }
    }
}

/// A value with the marks that every copy of it keeps.
struct Copy<'a> {
    set: SetId,
    field: FieldKey,
    clock: Hlc,
    origin: DeviceId,
    plaintext: &'a [u8],
}

impl Node {
    /// Writes a change into one of this account's sets.
    pub(crate) fn write(&mut self, step: &mut Step<'_>, set: SetId, change: Change) -> Stepped {
        let clock = self.tick(step)?;
        // What the user changes is later than what the user saw, also if this device's clock is behind.
        let clock = match latest(step, &set, change.kind, &change.entity)? {
            Some(latest) if latest >= clock => latest.tick(clock.wall),
            _ => clock,
        };
        let (field, value) = match change.what {
            What::Set { field, value } => (field, Value::Set(fit(value)?)),
            What::Delete => (GONE, Value::Gone),
        };
        let born = match value {
            Value::Gone => clock,
            Value::Set(_) => birth(step, &set, change.kind, &change.entity)?.unwrap_or(clock),
        };
        let field = FieldKey { kind: change.kind, entity: change.entity, field };
        let entry = Entry { kind: field.kind, entity: field.entity, field: field.field, born, value };
        let plaintext = zeroize::Zeroizing::new(crate::db::encode(&entry, Table::Records)?);
        let origin = self.device.device;
        let stamp = Stamp { born, clock, origin, hash: *blake3::hash(&plaintext).as_bytes() };
        let record = self.append(step, &Copy { set, field, clock, origin, plaintext: &plaintext })?;
        self.place(step, Stored { record, stamp, since: step.now.wall }, &entry, true)?;
        Ok(())
    }

    /// Writes down anew, in this device's log and under the present key, what is stored; its clock and origin stay.
    pub(crate) fn seal_again(&mut self, step: &mut Step<'_>, set: &SetId, field: FieldKey) -> Stepped {
        let Some(stored) = super::stored(&step.db, set, field)? else { return Ok(()) };
        let Some(plaintext) = super::open(&self.key_ring(), &step.db, &stored.record)? else { return Ok(()) };
        let Ok(entry) = postcard::from_bytes::<Entry>(&plaintext) else { return Ok(()) };
        let (clock, origin) = (stored.record.body.clock, stored.record.body.origin);
        let record = self.append(step, &Copy { set: *set, field, clock, origin, plaintext: &plaintext })?;
        self.place(step, Stored { record, ..stored }, &entry, true)?;
        Ok(())
    }

    fn append(&mut self, step: &mut Step<'_>, copy: &Copy<'_>) -> Stepped<Record> {
        let author = self.author();
        let before = head(&step.db, &copy.set, &author)?;
        let (key_id, key) = self.sealing_key(step, &copy.set)?;
        let tag = self.tag(&copy.set, copy.field);
        let body_context = context(&copy.set, key_id, tag, copy.clock, copy.origin);
        let sealed = seal(&key, step, &body_context, copy.plaintext)?;
        let chain: Chain = chain(before.chain, tag, copy.clock, copy.origin, &sealed);
        let seq = before.seq.saturating_add(1);
        let body = RecordBody {
            set: copy.set,
            key: key_id,
            tag,
            author,
            seq,
            chain,
            clock: copy.clock,
            origin: copy.origin,
            sealed: Bytes::try_from(sealed).map_err(|_| ReadError::Unwritable { table: Table::Records })?,
        };
        step.db.put(Table::Heads, &key::head(&copy.set, &author), &Head { seq, chain })?;
        self.dirty.insert(copy.set);
        self.sign(body).ok_or(ReadError::Unwritable { table: Table::Records })
    }

    /// Names a record without telling what it is about.
    fn tag(&self, set: &SetId, field: FieldKey) -> Tag {
        debug_assert_eq!(owner_of(set), self.device.account, "only the owner can name records");
        let mut hash = blake3::Hasher::new_keyed(&self.keys.index);
        hash.update(set.audience.as_bytes());
        hash.update(&[key::kind_number(field.kind)]);
        hash.update(&field.entity);
        hash.update(&[field.field]);
        let mut tag = [0; 16];
        hash.finalize_xof().fill(&mut tag);
        Tag(tag)
    }

    /// This device's next clock reading.
    pub(crate) fn tick(&mut self, step: &mut Step<'_>) -> Stepped<Hlc> {
        let now = step.now.wall;
        // A clock that was set back by more than drift is believed, or nothing written until then would ever count.
        let last = if self.device.clock.is_ahead_of(now) { Hlc::default() } else { self.device.clock };
        self.device.clock = last.tick(now);
        step.db.put(Table::Device, key::DEVICE, &self.device)?;
        Ok(self.device.clock)
    }

    /// Who writes.
    pub(crate) const fn author(&self) -> Author {
        Author { device: self.device.device, incarnation: self.device.life }
    }
}

fn fit(value: Vec<u8>) -> Stepped<Bytes<RECORD_BYTES>> {
    Bytes::try_from(value).map_err(|_| ReadError::Unwritable { table: Table::Records })
}

fn seal(key: &AudienceKey, step: &mut Step<'_>, context: &[u8], plaintext: &[u8]) -> Stepped<Vec<u8>> {
    key.seal(step.rng, context, plaintext).map_err(|_| ReadError::Unwritable { table: Table::Records })
}

/// The latest clock in what is stored of an entity.
fn latest(step: &Step<'_>, set: &SetId, kind: Kind, entity: &[u8; 16]) -> Stepped<Option<Hlc>> {
    let stored = stored_of_entity(&step.db, set, kind, entity)?;
    Ok(stored.iter().map(|(_, stored)| stored.stamp.clock.max(stored.stamp.born)).max())
}

/// When a living entity was born.
fn birth(step: &Step<'_>, set: &SetId, kind: Kind, entity: &[u8; 16]) -> Stepped<Option<Hlc>> {
    let stored = stored_of_entity(&step.db, set, kind, entity)?;
    Ok(stored.iter().filter(|(field, _)| field.field != GONE).map(|(_, stored)| stored.stamp.born).max())
}

/// The id of the key that own sets are sealed with: theirs do not ratchet.
pub(crate) const fn own_key_id(generation: u32) -> KeyId {
    KeyId { generation, day: 0 }
}
