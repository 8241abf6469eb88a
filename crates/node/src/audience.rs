//! The keys of sets and of presence: the account's own two, the audience of all contacts, and those of others this
//! account belongs to.
//!
//! An audience's key has generations. The high half of a generation's number counts the turns that were taken because a
//! member left; the low half is drawn, so that two devices which take a turn apart make two generations and not one of
//! two keys. The greatest is in use. Whoever is handed its key is handed a key to the beacons of that turn with it.

use lamplit_identity::BeaconKey;
use lamplit_seal::{AudienceKey, StorageKey};
use lamplit_types::{AccountId, AudienceId, DeviceId, Wall, limits::GRANTS};
use lamplit_wire::{AudienceGrant, Body, Entry, GrantHead, KeyId, Kind, RecordBody, SetId, Value};
use serde::{Deserialize, Serialize};

use crate::{
    Node,
    db::{Typed, open_row},
    limits,
    line::Stage,
    mail::Mail,
    people::own_beacons,
    replica::{Change, OWN_DATA, OWN_SECRETS, own_key_id, owner_of, set_of},
    rows::{AccountKeys, Audience, Contact, GenerationKey, Outgoing},
    step::{Step, Stepped},
    table::{Order, Read, ReadError, Table},
};

/// The field of an audience-key entity that holds the key.
const KEY_FIELD: u8 = 1;

/// An audience key as the account's devices tell it to one another.
#[derive(Serialize, Deserialize)]
struct AudienceKeyValue {
    owner: AccountId,
    audience: AudienceId,
    key: GenerationKey,
}

/// What became of a key that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// It is here already, or is not wanted.
    Nothing,
    /// It is kept. If there were too many, this generation was let go of.
    New { dropped: Option<u32> },
}

/// How often members had left when a generation began.
pub(crate) fn turn_of(generation: u32) -> u16 {
    u16::try_from(generation >> 16).unwrap_or(u16::MAX)
}

/// Whether what is held opens what is to be opened. A few days more or less are no matter: both let go of old days, each
/// by its own clock.
fn covers(held: KeyId, wanted: KeyId) -> bool {
    held.generation == wanted.generation && held.day <= wanted.day.saturating_add(limits::GRANT_DAYS)
}

/// The name of the record of a generation's key. The owner is part of it, since owners choose the rest.
fn entity(owner: AccountId, audience: AudienceId, generation: u32) -> [u8; 16] {
    let mut hash = blake3::Hasher::new();
    hash.update(b"lamplit/1/audience-key\0").update(owner.as_bytes()).update(audience.as_bytes());
    hash.update(&generation.to_le_bytes());
    let mut entity = [0; 16];
    hash.finalize_xof().fill(&mut entity);
    entity
}

/// Finds the key that a record or a presence is sealed with.
pub(crate) struct KeyRing<'a> {
    pub(crate) account: AccountId,
    pub(crate) keys: &'a AccountKeys,
    pub(crate) vault: &'a StorageKey,
}

impl KeyRing<'_> {
    /// The key, if this device has it.
    pub(crate) fn find(&self, db: &impl Read, set: &SetId, id: KeyId) -> Stepped<Option<AudienceKey>> {
        let own = owner_of(set) == self.account;
        let fixed = match set.audience {
            OWN_DATA if own => Some(self.keys.data),
            OWN_SECRETS if own => Some(self.keys.secrets),
            _ => None,
        };
        if let Some(key) = fixed {
            let known = id == own_key_id(self.keys.generation);
            return Ok(known.then(|| AudienceKey::from_parts(id.generation, id.day, key)));
        }
        let row: Option<Audience> = db.sealed(self.vault, Table::Audiences, set.audience.as_bytes())?;
        Ok(row.filter(|row| row.owner == owner_of(set)).and_then(|row| row.at(id)))
    }
}

impl Audience {
    /// The key of one generation and day.
    fn at(&self, id: KeyId) -> Option<AudienceKey> {
        let held = self.keys.iter().find(|key| key.generation == id.generation)?;
        AudienceKey::from_parts(held.generation, held.day, held.key).at_day(id.day).ok()
    }

    /// The key that is used on `day`.
    pub(crate) fn present(&self, day: u32) -> Option<AudienceKey> {
        let held = self.keys.last()?;
        // A device whose clock is behind seals with the first key it has.
        AudienceKey::from_parts(held.generation, held.day, held.key).at_day(day.max(held.day)).ok()
    }

    /// Adds a key; of one generation the earlier day stays, since the later ones follow from it.
    fn add(&mut self, new: GenerationKey) -> Kept {
        match self.keys.binary_search_by_key(&new.generation, |key| key.generation) {
            Ok(at) => match self.keys.get_mut(at) {
                Some(held) if new.day < held.day => {
                    *held = new;
                    Kept::New { dropped: None }
                }
                _ => Kept::Nothing,
            },
            Err(0) if self.keys.len() >= limits::GENERATIONS => Kept::Nothing,
            Err(at) => {
                self.keys.insert(at, new);
                let too_many = self.keys.len() > limits::GENERATIONS;
                Kept::New { dropped: too_many.then(|| self.keys.remove(0).generation) }
            }
        }
    }

    /// The latest generation.
    pub(crate) fn generation(&self) -> u32 {
        self.keys.last().map_or(0, |key| key.generation)
    }
}

/// The keys to seal and to open with on one day, beside whose they are.
pub(crate) fn present_key(
    db: &impl Read,
    vault: &StorageKey,
    audience: AudienceId,
    day: u32,
) -> Stepped<Option<AudienceKey>> {
    let row: Option<Audience> = db.sealed(vault, Table::Audiences, audience.as_bytes())?;
    Ok(row.and_then(|row| row.present(day)))
}

impl Node {
    pub(crate) fn key_ring(&self) -> KeyRing<'_> {
        KeyRing { account: self.device.account, keys: &self.keys, vault: &self.secrets.vault }
    }

    /// The key that a set of this account is sealed with today.
    pub(crate) fn sealing_key(&self, step: &Step<'_>, set: &SetId) -> Stepped<(KeyId, AudienceKey)> {
        let day = step.now.wall.day();
        let key = match set.audience {
            OWN_DATA | OWN_SECRETS => {
                let id = own_key_id(self.keys.generation);
                self.key_ring().find(&step.db, set, id)?
            }
            audience => present_key(&step.db, &self.secrets.vault, audience, day)?,
        };
        let key = key.ok_or(ReadError::Corrupt { table: Table::Audiences })?;
        Ok((KeyId { generation: key.generation(), day: key.day() }, key))
    }

    fn friends(&self, step: &Step<'_>) -> Stepped<Audience> {
        let row = step.db.sealed(&self.secrets.vault, Table::Audiences, self.device.friends.as_bytes())?;
        row.ok_or(ReadError::Corrupt { table: Table::Audiences })
    }

    /// The generation of the audience of all contacts that is in use.
    pub(crate) fn friends_generation(&self, step: &Step<'_>) -> Stepped<u32> {
        Ok(self.friends(step)?.generation())
    }

    /// Which of an account's keys this device holds.
    pub(crate) fn grants_of(&self, step: &Step<'_>, account: AccountId) -> Stepped<Vec<GrantHead>> {
        let mut grants = Vec::new();
        for (audience, _) in self.memberships.iter().filter(|(_, owner)| **owner == account) {
            let row: Option<Audience> = step.db.sealed(&self.secrets.vault, Table::Audiences, audience.as_bytes())?;
            let keys = row.iter().flat_map(|row| row.keys.iter().rev());
            grants.extend(keys.map(|key| {
                let key = KeyId { generation: key.generation, day: key.day };
                GrantHead { audience: *audience, key }
            }));
        }
        grants.truncate(GRANTS);
        Ok(grants)
    }

    /// Hands a contact's device the key to the audience of all contacts, if it does not hold the one in use.
    pub(crate) fn grant_lacking(
        &mut self,
        step: &mut Step<'_>,
        account: AccountId,
        device: DeviceId,
        holds: &mut Vec<GrantHead>,
    ) -> Stepped {
        let friends = self.friends(step)?;
        let Some(card) = step.db.row::<Contact>(Table::Contacts, account.as_bytes())? else { return Ok(()) };
        let Some(grant) = self.grant_since(step, &friends, card.since) else { return Ok(()) };
        let key = KeyId { generation: grant.generation, day: grant.day };
        if holds.iter().any(|held| held.audience == grant.audience && covers(held.key, key)) {
            return Ok(());
        }
        holds.push(GrantHead { audience: grant.audience, key });
        if !self.is_being_granted(step, &device, &grant)? {
            let mail = Mail { conversation: account, sent: self.device.clock, body: Body::Grant(grant) };
            self.post_to(step, device, &mail)?;
        }
        let granted = card.granted.max(key.generation);
        step.db.put(Table::Contacts, account.as_bytes(), &Contact { granted, ..card })
    }

    /// The key in use, from the day on which somebody became a member, or a little before: another device of the
    /// account may be behind with its clock.
    fn grant_since(&self, step: &Step<'_>, friends: &Audience, since: Wall) -> Option<AudienceGrant> {
        let held = friends.keys.last()?;
        let day = since.day().min(step.now.wall.day()).saturating_sub(limits::GRANT_DAYS).max(held.day);
        let key = AudienceKey::from_parts(held.generation, held.day, held.key).at_day(day).ok()?;
        Some(AudienceGrant {
            audience: self.device.friends,
            generation: key.generation(),
            day: key.day(),
            key: *key.as_bytes(),
            beacon: held.beacon,
        })
    }

    /// Whether a key is on its way to a device.
    fn is_being_granted(&self, step: &Step<'_>, device: &DeviceId, wanted: &AudienceGrant) -> Stepped<bool> {
        for (at, sealed) in step.db.scan(Table::Outbox, device.as_bytes(), None, Order::Down, limits::BATCH)? {
            let outgoing: Outgoing = open_row(&self.secrets.vault, Table::Outbox, &at, &sealed)?;
            if matches!(&outgoing.body, Body::Grant(grant) if grant == wanted) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Keeps a key that was granted to this account, and tells its other devices.
    pub(crate) fn keep_grant(&mut self, step: &mut Step<'_>, owner: AccountId, grant: &AudienceGrant) -> Stepped {
        let AudienceGrant { audience, generation, day, key, beacon } = *grant;
        let value = AudienceKeyValue { owner, audience, key: GenerationKey { generation, day, key, beacon } };
        self.keep_and_tell(step, &value)
    }

    fn keep_and_tell(&mut self, step: &mut Step<'_>, value: &AudienceKeyValue) -> Stepped {
        let Kept::New { dropped } = self.keep_key(step, value)? else { return Ok(()) };
        let set = set_of(self.device.account, OWN_SECRETS);
        if let Some(generation) = dropped {
            let old = entity(value.owner, value.audience, generation);
            self.write(step, set, Change::delete(Kind::AudienceKey, old))?;
        }
        let bytes = crate::db::encode(value, Table::Audiences)?;
        let name = entity(value.owner, value.audience, value.key.generation);
        self.write(step, set, Change::set(Kind::AudienceKey, name, KEY_FIELD, bytes))
    }

    /// Keeps an audience key here.
    fn keep_key(&mut self, step: &mut Step<'_>, value: &AudienceKeyValue) -> Stepped<Kept> {
        let (vault, at) = (&self.secrets.vault, value.audience.as_bytes());
        let row: Option<Audience> = step.db.sealed(vault, Table::Audiences, at)?;
        let mut row = row.unwrap_or(Audience { owner: value.owner, keys: Vec::new() });
        // Audience ids are drawn at random: one that changes hands is an attempt to read what is another's.
        if row.owner != value.owner {
            return Ok(Kept::Nothing);
        }
        let before = row.generation();
        let kept = row.add(value.key.clone());
        if kept == Kept::Nothing {
            return Ok(kept);
        }
        step.db.put_sealed(vault, step.rng, Table::Audiences, at, &row)?;
        self.memberships.insert(value.audience, value.owner);
        // Now this device can be told what is in the set.
        self.dirty.insert(set_of(value.owner, value.audience));
        self.release_for_key(step)?;
        if value.owner != self.device.account {
            // What was sealed with it may be here since they were a contact before.
            self.show_gathered(step, value.owner)?;
            self.load_person(step, value.owner)?;
        } else if row.generation() > before {
            self.take_turn(step, row.generation())?;
        }
        Ok(kept)
    }

    /// Another device of the account tells a key.
    pub(crate) fn show_audience_key(&mut self, step: &mut Step<'_>, entry: &Entry) -> Stepped {
        let Value::Set(bytes) = &entry.value else { return self.hide_audience_key(step, entry.entity) };
        let Ok(value) = postcard::from_bytes::<AudienceKeyValue>(bytes) else { return Ok(()) };
        if entry.field == KEY_FIELD && entity(value.owner, value.audience, value.key.generation) == entry.entity {
            self.keep_key(step, &value)?;
        }
        Ok(())
    }

    /// The account's devices let go of a key.
    pub(crate) fn hide_audience_key(&mut self, step: &mut Step<'_>, gone: [u8; 16]) -> Stepped {
        for (audience, owner) in self.memberships.clone() {
            let (vault, at) = (&self.secrets.vault, audience.as_bytes());
            let Some(mut row) = step.db.sealed::<Audience>(vault, Table::Audiences, at)? else { continue };
            let before = row.keys.len();
            row.keys.retain(|key| entity(owner, audience, key.generation) != gone);
            if row.keys.len() == before || (owner == self.device.account && row.keys.is_empty()) {
                continue;
            }
            if row.keys.is_empty() {
                self.memberships.remove(&audience);
                step.db.remove(Table::Audiences, at);
            } else {
                step.db.put_sealed(vault, step.rng, Table::Audiences, at, &row)?;
            }
            return self.load_person(step, owner);
        }
        Ok(())
    }

    /// Lets go of all keys of somebody who is to be a contact no more, on all devices of the account.
    pub(crate) fn end_memberships(&mut self, step: &mut Step<'_>, owner: AccountId) -> Stepped {
        for head in self.grants_of(step, owner)? {
            let name = entity(owner, head.audience, head.key.generation);
            let set = set_of(self.device.account, OWN_SECRETS);
            self.write(step, set, Change::delete(Kind::AudienceKey, name))?;
        }
        Ok(())
    }

    /// A member left: a new key, told to all who stay, and everything sealed anew under it.
    pub(crate) fn rekey_friends(&mut self, step: &mut Step<'_>) -> Stepped {
        let audience = self.device.friends;
        let owner = self.device.account;
        let friends = self.friends(step)?;
        let turn = turn_of(friends.generation()).saturating_add(1);
        // Not before the one it follows, also by a clock that is behind: the contacts get it from when they were met.
        let day = friends.keys.last().map_or(0, |last| last.day).max(step.now.wall.day());
        let generation = (u32::from(turn) << 16) | u32::from(u16::from_le_bytes(step.random()));
        let key = AudienceKey::draw(step.rng, generation, day);
        let beacon = *BeaconKey::of_turn(&self.keys.own, owner, turn).as_bytes();
        let key = GenerationKey { generation, day: key.day(), key: *key.as_bytes(), beacon };
        self.keep_and_tell(step, &AudienceKeyValue { owner, audience, key })?;
        self.reseal(step, set_of(owner, audience))
    }

    /// Another generation is in use: the device's beacon changes, what it wrote is sealed with the new key, and the
    /// contacts that are near are handed it. Those who are not get it when they greet.
    fn take_turn(&mut self, step: &mut Step<'_>, generation: u32) -> Stepped {
        self.people.set_own_beacons(own_beacons(&self.keys, self.device.account, generation));
        self.advertise(step)?;
        let author = self.author();
        self.reseal_if(step, set_of(self.device.account, self.device.friends), |body| {
            body.author == author && body.key.generation < generation
        })?;
        for link in self.near.values().copied().collect::<Vec<_>>() {
            let Some(mut line) = self.links.remove(&link) else { continue };
            if let Stage::Known(talk) = &mut line.stage
                && talk.heard
                && !talk.expired
            {
                self.grant_lacking(step, talk.account, talk.device, &mut talk.grants)?;
            }
            self.links.insert(link, line);
        }
        Ok(())
    }

    /// Seals all of a set anew under today's key.
    pub(crate) fn reseal(&mut self, step: &mut Step<'_>, set: SetId) -> Stepped {
        self.reseal_if(step, set, |_| true)
    }

    /// Seals some of a set anew under today's key.
    fn reseal_if(&mut self, step: &mut Step<'_>, set: SetId, which: impl Fn(&RecordBody) -> bool) -> Stepped {
        let prefix = crate::rows::key::set(&set);
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = step.db.scan(Table::Records, &prefix, after.as_deref(), Order::Up, limits::RESEALED)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = Some(last.clone());
            for (_, value) in rows {
                let stored: crate::rows::Stored = crate::db::decode(Table::Records, &value)?;
                if which(&stored.record.body)
                    && let Some(field) = self.field_of(step, &stored)?
                {
                    self.seal_again(step, &set, field)?;
                }
            }
        }
    }

    /// Lets go of keys of days that nobody needs any more: what is still under way is at most so old.
    pub(crate) fn forget_old_keys(&mut self, step: &mut Step<'_>) -> Stepped {
        let today = step.now.wall.day();
        // Well before their key goes, so that the others have the new copies by then.
        let friends = set_of(self.device.account, self.device.friends);
        let (generation, oldest) = (self.friends_generation(step)?, today.saturating_sub(limits::RESEAL_DAYS));
        self.reseal_if(step, friends, |body| body.key.generation < generation || body.key.day < oldest)?;
        let needed = today.saturating_sub(limits::KEY_DAYS);
        for audience in self.memberships.keys().copied().collect::<Vec<_>>() {
            let vault = &self.secrets.vault;
            let Some(mut row) = step.db.sealed::<Audience>(vault, Table::Audiences, audience.as_bytes())? else {
                continue;
            };
            let mut changed = false;
            for held in row.keys.iter_mut().filter(|held| held.day < needed) {
                let old = AudienceKey::from_parts(held.generation, held.day, held.key);
                if let Ok(later) = old.at_day(needed) {
                    *held = GenerationKey { day: later.day(), key: *later.as_bytes(), ..held.clone() };
                    changed = true;
                }
            }
            if changed {
                step.db.put_sealed(vault, step.rng, Table::Audiences, audience.as_bytes(), &row)?;
            }
        }
        Ok(())
    }
}
