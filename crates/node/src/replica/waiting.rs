//! Quarantine: records whose time, key or meaning has not come yet. None is dropped; each is tried again.

use std::collections::BTreeSet;

use lamplit_sync::{
    merge::Stamp,
    quarantine::{Time, time_of},
};
use lamplit_types::{Author, Hlc, Wall};
use lamplit_wire::{Entry, Kind, Record, SetId};

use super::{Changed, GONE, merge::log, owner_of, set_of, stored};
use crate::{
    Node,
    db::decode,
    limits,
    rows::{FieldKey, Place, Stored, Waiting, key},
    sabotage::Sabotage,
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

/// Records without a time of their own wait under this one.
const UNTIL_KEY: Wall = Wall(u64::MAX);

impl Node {
    /// Takes in a record whose signature is good, or lets it wait.
    pub(crate) fn admit(&mut self, step: &mut Step<'_>, record: Record, logged: bool) -> Stepped<Changed> {
        if let Time::NotBefore(due) = time_of(record.body.clock, step.now.wall)
            && !self.has_bug(Sabotage::NoQuarantine)
            && !self.is_cut_off(step, &record)?
        {
            // What is dead already need not wait, and must not: its deletion may be forgotten by the time it is due.
            if !self.is_void(step, &record)? {
                return self.wait(step, due, record, logged);
            }
            if logged {
                log(step, &record, Place::Replaced)?;
            }
            return Ok(Changed::Nothing);
        }
        let Some(plaintext) = super::open(&self.key_ring(), &step.db, &record)? else {
            return self.wait(step, UNTIL_KEY, record, logged);
        };
        // A kind that this version does not know waits for the version that does.
        let Ok(entry) = postcard::from_bytes::<Entry>(&plaintext) else {
            return self.wait(step, UNTIL_KEY, record, logged);
        };
        self.device.clock = self.device.clock.witness(record.body.clock);
        let stamp = Stamp::of(&record.body, &entry, &plaintext);
        let (set, author, generation) = (record.body.set, record.body.author, record.body.key.generation);
        let field = FieldKey { kind: entry.kind, entity: entry.entity, field: entry.field };
        let changed = self.place(step, Stored { record, stamp, since: step.now.wall }, &entry, logged)?;
        let mine_from_before = author.device == self.device.device && author.incarnation != self.device.life;
        if changed != Changed::Nothing && (mine_from_before || self.is_left_behind(step, &set, &author, generation)?) {
            self.seal_again(step, &set, field)?;
        }
        Ok(changed)
    }

    /// Whether what counts only now is of a removed device, and under a key that whoever became a contact since has not
    /// got: nobody else seals it anew.
    fn is_left_behind(&self, step: &Step<'_>, set: &SetId, author: &Author, generation: u32) -> Stepped<bool> {
        let friends = set_of(self.device.account, self.device.friends);
        Ok(*set == friends && !self.is_listed(set, author) && generation < self.friends_generation(step)?)
    }

    /// Whether some records cannot be taken because those that have to wait find no room. The account's own sets have room
    /// of their own, and each set of somebody else has its share.
    pub(crate) fn quarantine_is_full<'r>(
        &self,
        step: &Step<'_>,
        set: &SetId,
        records: impl Iterator<Item = &'r Record>,
    ) -> Stepped<bool> {
        let mut coming = 0_usize;
        for record in records {
            coming = coming.saturating_add(usize::from(self.has_to_wait(step, record)?));
        }
        let me = self.device.account;
        let all = |own: bool| {
            let sets = self.waiting.iter().filter(|(set, _)| (owner_of(set) == me) == own);
            sets.map(|(_, count)| *count).sum::<usize>().saturating_add(coming)
        };
        if owner_of(set) == me {
            return Ok(all(true) > limits::QUARANTINE);
        }
        let of_set = self.waiting.get(set).copied().unwrap_or(0).saturating_add(coming);
        Ok(of_set > limits::QUARANTINE_OF_ONE || all(false) > limits::QUARANTINE)
    }

    /// Whether a record waits for its time, or for a key.
    fn has_to_wait(&self, step: &Step<'_>, record: &Record) -> Stepped<bool> {
        let body = &record.body;
        let early = matches!(time_of(body.clock, step.now.wall), Time::NotBefore(_));
        Ok(early || self.key_ring().find(&step.db, &body.set, body.key)?.is_none())
    }

    fn wait(&mut self, step: &mut Step<'_>, due: Wall, record: Record, logged: bool) -> Stepped<Changed> {
        let bytes = crate::db::encode(&record, Table::Quarantine)?;
        let body = &record.body;
        let key = key::waiting(due, &body.set, &body.author, body.seq, blake3::hash(&bytes).as_bytes());
        if logged {
            log(step, &record, Place::Waiting(key.clone()))?;
        }
        if step.db.get(Table::Quarantine, &key)?.is_none() {
            let count = self.waiting.entry(record.body.set).or_default();
            *count = count.saturating_add(1);
        }
        step.db.put(Table::Quarantine, &key, &Waiting { record, logged })?;
        self.next_due = self.next_due.min(due);
        Ok(Changed::Nothing)
    }

    /// Whether a record's entity was deleted after it was born.
    fn is_void(&self, step: &Step<'_>, record: &Record) -> Stepped<bool> {
        let Some(entry) = self.entry_of(step, record)? else { return Ok(false) };
        if entry.field == GONE {
            return Ok(false);
        }
        let grave = FieldKey { kind: entry.kind, entity: entry.entity, field: GONE };
        let grave = stored(&step.db, &record.body.set, grave)?;
        Ok(grave.is_some_and(|grave| entry.born <= grave.stamp.clock))
    }

    /// Whether a record is a cut-off. Those do not wait for their time: what takes the place of what they cut off is older.
    fn is_cut_off(&self, step: &Step<'_>, record: &Record) -> Stepped<bool> {
        Ok(self.entry_of(step, record)?.is_some_and(|entry| entry.kind == Kind::CutOff))
    }

    fn entry_of(&self, step: &Step<'_>, record: &Record) -> Stepped<Option<Entry>> {
        let plaintext = super::open(&self.key_ring(), &step.db, record)?;
        Ok(plaintext.and_then(|plain| postcard::from_bytes(&plain).ok()))
    }

    /// Drops what waits of an entity that was deleted after it was born.
    pub(super) fn bury_waiting(&mut self, step: &mut Step<'_>, set: &SetId, deletion: FieldKey, grave: Hlc) -> Stepped {
        for (key, value) in step.db.scan(Table::Quarantine, &[], None, Order::Up, limits::ALL_QUARANTINE)? {
            let waiting: Waiting = decode(Table::Quarantine, &value)?;
            if waiting.record.body.set != *set {
                continue;
            }
            let Some(entry) = self.entry_of(step, &waiting.record)? else { continue };
            let same = entry.kind == deletion.kind && entry.entity == deletion.entity;
            if same && entry.field != GONE && entry.born <= grave {
                self.drop_waiting(step, &key, &waiting.record);
                if waiting.logged {
                    log(step, &waiting.record, Place::Replaced)?;
                }
            }
        }
        Ok(())
    }

    /// Drops what waits in a set and is not to be taken after all. Its place in the log is the caller's to clear.
    pub(crate) fn drop_waiting_unless(
        &mut self,
        step: &mut Step<'_>,
        set: &SetId,
        wanted: impl Fn(&Record) -> bool,
    ) -> Stepped {
        for (key, value) in step.db.scan(Table::Quarantine, &[], None, Order::Up, limits::ALL_QUARANTINE)? {
            let waiting: Waiting = decode(Table::Quarantine, &value)?;
            if waiting.record.body.set == *set && !wanted(&waiting.record) {
                self.drop_waiting(step, &key, &waiting.record);
            }
        }
        Ok(())
    }

    /// The entities of which something waits in a set that does not end them.
    pub(super) fn waiting_entities(&self, step: &Step<'_>, set: &SetId) -> Stepped<BTreeSet<(Kind, [u8; 16])>> {
        let mut entities = BTreeSet::new();
        for (_, value) in step.db.scan(Table::Quarantine, &[], None, Order::Up, limits::ALL_QUARANTINE)? {
            let waiting: Waiting = decode(Table::Quarantine, &value)?;
            if waiting.record.body.set == *set
                && let Some(entry) = self.entry_of(step, &waiting.record)?
                && entry.field != GONE
            {
                entities.insert((entry.kind, entry.entity));
            }
        }
        Ok(entities)
    }

    /// Drops what waits in a set, has been `seen` by another replica and is not among what that one `has`: it ended there,
    /// and what ended it may be forgotten by the time it is due here.
    pub(super) fn forget_waiting(
        &mut self,
        step: &mut Step<'_>,
        set: &SetId,
        seen: impl Fn(&Record) -> bool,
        has: impl Fn(&FieldKey) -> bool,
    ) -> Stepped {
        for (key, value) in step.db.scan(Table::Quarantine, &[], None, Order::Up, limits::ALL_QUARANTINE)? {
            let waiting: Waiting = decode(Table::Quarantine, &value)?;
            if waiting.record.body.set != *set || !seen(&waiting.record) {
                continue;
            }
            let Some(entry) = self.entry_of(step, &waiting.record)? else { continue };
            if !has(&FieldKey { kind: entry.kind, entity: entry.entity, field: entry.field }) {
                self.drop_waiting(step, &key, &waiting.record);
                if waiting.logged {
                    log(step, &waiting.record, Place::Replaced)?;
                }
            }
        }
        Ok(())
    }

    fn drop_waiting(&mut self, step: &mut Step<'_>, key: &[u8], record: &Record) {
        step.db.remove(Table::Quarantine, key);
        if let Some(count) = self.waiting.get_mut(&record.body.set) {
            *count = count.saturating_sub(1);
        }
        self.waiting.retain(|_, count| *count > 0);
    }

    /// Tries again the records whose time has come.
    pub(crate) fn release_due(&mut self, step: &mut Step<'_>) -> Stepped {
        self.next_due = UNTIL_KEY;
        for (key, value) in step.db.scan(Table::Quarantine, &[], None, Order::Up, limits::RELEASED)? {
            let due = key.first_chunk::<8>().map_or(UNTIL_KEY, |bytes| Wall(u64::from_be_bytes(*bytes)));
            if due > step.now.wall {
                self.next_due = due;
                break;
            }
            self.release(step, &key, &value)?;
            self.next_due = step.now.wall;
        }
        Ok(())
    }

    /// Tries again the records that waited for a key.
    pub(crate) fn release_for_key(&mut self, step: &mut Step<'_>) -> Stepped {
        // Without its key a cut-off could not be told from what waits for its time.
        for (key, value) in step.db.scan(Table::Quarantine, &[], None, Order::Up, limits::ALL_QUARANTINE)? {
            let waiting: Waiting = decode(Table::Quarantine, &value)?;
            if self.is_cut_off(step, &waiting.record)? {
                self.release(step, &key, &value)?;
            }
        }
        let prefix = UNTIL_KEY.0.to_be_bytes();
        // In the order in which they were written: a cut-off goes before what takes the place of what it cuts off.
        for (key, value) in step.db.scan(Table::Quarantine, &prefix, None, Order::Up, limits::ALL_QUARANTINE)? {
            self.release(step, &key, &value)?;
        }
        Ok(())
    }

    fn release(&mut self, step: &mut Step<'_>, key: &[u8], value: &[u8]) -> Stepped {
        // One that was let through before it may have ended it.
        if step.db.get(Table::Quarantine, key)?.is_none() {
            return Ok(());
        }
        let waiting: Waiting = decode(Table::Quarantine, value)?;
        self.drop_waiting(step, key, &waiting.record);
        let set = waiting.record.body.set;
        self.admit(step, waiting.record, waiting.logged)?;
        self.dirty.insert(set);
        Ok(())
    }
}
