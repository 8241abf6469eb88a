//! A removed device's *cut-offs*: how far its records of each set are taken. The start of the generation that removes it
//! names the hash of all of them.
//!
//! What the removing device has and cannot read is not taken: the key to it may have been known to the removed device
//! alone, and then none of the account's own devices would ever show what all of its contacts see.

use lamplit_types::{AudienceId, Author, DeviceId, Incarnation};
use lamplit_wire::{Entry, Head, Kind, Record, RecordBody, SetId, Value};
use serde::{Deserialize, Serialize};

use crate::{
    Node,
    db::{decode, encode},
    devices::entity,
    limits,
    replica::{Change, OWN_DATA, OWN_SECRETS, heads, open, owner_of, set_of, stored},
    rows::{FieldKey, LogRow, Stored, Waiting, key},
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

/// The field of a cut-off entity that holds it.
const HEADS_FIELD: u8 = 1;

/// How far a device's records of each of the account's sets are taken.
pub(super) struct CutOffs(Vec<(SetId, CutOff)>);

impl CutOffs {
    /// What the generation's start names.
    pub(super) fn hash(&self) -> [u8; 32] {
        hash_of(&self.each())
    }

    fn each(&self) -> Vec<[u8; 32]> {
        self.0.iter().map(|(set, cut_off)| cut_off.hash(set.audience)).collect()
    }
}

/// How far a removed device's records of one set reach.
#[derive(Serialize, Deserialize)]
struct CutOff {
    device: DeviceId,
    /// The last record that is taken of each of its lives.
    heads: Vec<(Incarnation, Head)>,
    /// The hashes of the cut-offs of all of the account's sets, of which this one is one.
    all: Vec<[u8; 32]>,
}

impl CutOff {
    /// Whether a record of the set is taken.
    fn takes(&self, body: &RecordBody) -> bool {
        let mut heads = self.heads.iter();
        body.author.device != self.device
            || heads.any(|(life, head)| *life == body.author.incarnation && body.seq <= head.seq)
    }

    fn hash(&self, audience: AudienceId) -> [u8; 32] {
        let mut hash = blake3::Hasher::new();
        hash.update(b"lamplit/1/cut-off\0").update(audience.as_bytes()).update(self.device.as_bytes());
        for (life, head) in &self.heads {
            hash.update(&life.0.to_le_bytes()).update(&head.seq.to_le_bytes()).update(&head.chain.0);
        }
        *hash.finalize().as_bytes()
    }
}

/// What a generation's start names.
fn hash_of(all: &[[u8; 32]]) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    hash.update(b"lamplit/1/cut-offs\0");
    for one in all {
        hash.update(one);
    }
    *hash.finalize().as_bytes()
}

impl Node {
    /// How far a device's records reach in each of the account's sets, as far as they are known here and can be read.
    pub(super) fn cut_offs(&self, step: &Step<'_>, device: DeviceId) -> Stepped<CutOffs> {
        let mut cut_offs = Vec::new();
        for audience in [OWN_DATA, OWN_SECRETS, self.device.friends] {
            let set = set_of(self.device.account, audience);
            let mut reach = Vec::new();
            for (author, head) in heads(&step.db, &set)? {
                if author.device == device {
                    let last = self.last_readable(step, &set, &author, head)?;
                    reach.extend((last.seq > 0).then_some((author.incarnation, last)));
                }
            }
            cut_offs.push((set, CutOff { device, heads: reach, all: Vec::new() }));
        }
        Ok(CutOffs(cut_offs))
    }

    /// The last record of an author before the first that waits and cannot be opened.
    fn last_readable(&self, step: &Step<'_>, set: &SetId, author: &Author, head: Head) -> Stepped<Head> {
        let mut first = u64::MAX;
        for (_, value) in step.db.scan(Table::Quarantine, &[], None, Order::Up, limits::ALL_QUARANTINE)? {
            let Waiting { record, logged } = decode(Table::Quarantine, &value)?;
            let body = &record.body;
            // What only waits for its time, or for a version that knows its kind, will be read.
            if logged
                && body.set == *set
                && body.author == *author
                && body.seq < first
                && open(&self.key_ring(), &step.db, &record)?.is_none()
            {
                first = body.seq;
            }
        }
        if first > head.seq {
            return Ok(head);
        }
        let log = key::head(set, author);
        let end = key::log(set, author, first);
        let before = step.db.scan(Table::Log, &log, Some(&end), Order::Down, 1)?;
        let Some((at, row)) = before.first() else { return Ok(Head::default()) };
        let row: LogRow = decode(Table::Log, row)?;
        Ok(Head { seq: key::number_of(at).unwrap_or(0), chain: row.chain })
    }

    /// Writes the cut-offs down, under the keys that are in use.
    pub(super) fn cut_off(&mut self, step: &mut Step<'_>, cut_offs: CutOffs) -> Stepped {
        let all = cut_offs.each();
        for (set, cut_off) in cut_offs.0 {
            // What can be read beyond what can not is said by this device from now on.
            self.reseal_if(step, set, |body| !cut_off.takes(body))?;
            let entity = entity(&cut_off.device);
            let value = encode(&CutOff { all: all.clone(), ..cut_off }, Table::Records)?;
            self.write(step, set, Change::set(Kind::CutOff, entity, HEADS_FIELD, value))?;
        }
        Ok(())
    }

    /// Up to which number a device's records of a set are taken that is on its owner's list no more; 0: none.
    pub(crate) fn taken_up_to(
        &self,
        step: &Step<'_>,
        set: &SetId,
        device: &DeviceId,
        life: Incarnation,
    ) -> Stepped<u64> {
        let field = FieldKey { kind: Kind::CutOff, entity: entity(device), field: HEADS_FIELD };
        let Some(found) = stored(&step.db, set, field)? else { return Ok(0) };
        let Some(cut_off) = self.cut_off_in(step, set, &found.record)? else { return Ok(0) };
        let mut heads = cut_off.heads.iter();
        Ok(heads.find(|(of, _)| *of == life).map_or(0, |(_, head)| head.seq))
    }

    fn cut_off_in(&self, step: &Step<'_>, set: &SetId, record: &Record) -> Stepped<Option<CutOff>> {
        let plaintext = open(&self.key_ring(), &step.db, record)?;
        let entry = plaintext.and_then(|plain| postcard::from_bytes::<Entry>(&plain).ok());
        Ok(entry.and_then(|entry| self.read_cut_off(set, &entry)))
    }

    /// A cut-off that fits what the generation names, if that is the present one.
    fn read_cut_off(&self, set: &SetId, entry: &Entry) -> Option<CutOff> {
        let (HEADS_FIELD, Value::Set(value)) = (entry.field, &entry.value) else { return None };
        let cut_off: CutOff = postcard::from_bytes(value).ok()?;
        let generation = self.people.get(owner_of(set))?.list.generation();
        let named = generation.removals.iter().find(|removal| removal.device == cut_off.device);
        let fits = named.is_none_or(|removal| removal.cutoff == hash_of(&cut_off.all))
            && cut_off.all.contains(&cut_off.hash(set.audience));
        (fits && entity(&cut_off.device) == entry.entity).then_some(cut_off)
    }

    /// A cut-off's record came: what that device wrote beyond it is dropped. What the others have in its place comes.
    pub(crate) fn show_cut_off(&mut self, step: &mut Step<'_>, set: &SetId, entry: &Entry) -> Stepped {
        let Some(cut_off) = self.read_cut_off(set, entry) else { return Ok(()) };
        let taken = |record: &Record| cut_off.takes(&record.body);
        let prefix = key::set(set);
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = step.db.scan(Table::Records, &prefix, after.as_deref(), Order::Up, limits::BATCH)?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(last.clone());
            for (at, value) in rows {
                let stored: Stored = decode(Table::Records, &value)?;
                if !taken(&stored.record) {
                    step.db.remove(Table::Records, &at);
                }
            }
        }
        // Nor is it taken once its time comes, or its key.
        self.drop_waiting_unless(step, set, taken)?;
        for (author, head) in heads(&step.db, set)? {
            if author.device != cut_off.device {
                continue;
            }
            let mut reached = cut_off.heads.iter().filter(|(life, _)| *life == author.incarnation);
            match reached.next() {
                Some((_, cut)) if head.seq > cut.seq => step.db.put(Table::Heads, &key::head(set, &author), cut)?,
                Some(_) => continue,
                None => step.db.remove(Table::Heads, &key::head(set, &author)),
            }
            let from = cut_off.heads.iter().find(|(life, _)| *life == author.incarnation).map_or(0, |(_, cut)| cut.seq);
            let mut after = key::log(set, &author, from);
            loop {
                let rows =
                    step.db.scan(Table::Log, &key::head(set, &author), Some(&after), Order::Up, limits::BATCH)?;
                let Some((last, _)) = rows.last() else { break };
                after.clone_from(last);
                for (at, _) in rows {
                    step.db.remove(Table::Log, &at);
                }
            }
        }
        self.dirty.insert(*set);
        Ok(())
    }
}
