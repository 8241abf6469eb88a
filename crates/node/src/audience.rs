//! The keys of sets and of presence: the account's own two, the audience of all contacts, and those of others this
//! account belongs to.
//!
//! An audience's key has generations. The high half of a generation's number counts the turns that were taken because a
//! member left; the low half is drawn, so that two devices which take a turn apart make two generations and not one of
//! two keys. The greatest is in use. Whoever is handed its key is handed a key to the beacons of that turn with it.

mod grant;
mod reseal;
mod ring;

use lamplit_identity::BeaconKey;
use lamplit_seal::AudienceKey;
use lamplit_types::{AccountId, AudienceId};
use lamplit_wire::{Entry, Kind, Value};
use serde::{Deserialize, Serialize};

use crate::{
    Node,
    db::{Typed, encode},
    limits,
    line::Stage,
    replica::{Change, OWN_SECRETS, set_of},
    rows::{AccountKeys, Audience, GenerationKey},
    step::{Step, Stepped},
    table::{ReadError, Table},
};

pub(crate) use ring::{KeyRing, present_key};

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

/// The name of the record of a generation's key. The owner is part of it, since owners choose the rest.
fn entity(owner: AccountId, audience: AudienceId, generation: u32) -> [u8; 16] {
    let mut hash = blake3::Hasher::new();
    hash.update(b"lamplit/1/audience-key\0").update(owner.as_bytes()).update(audience.as_bytes());
    hash.update(&generation.to_le_bytes());
    let mut entity = [0; 16];
    hash.finalize_xof().fill(&mut entity);
    entity
}

impl Node {
    pub(crate) fn friends(&self, step: &Step<'_>) -> Stepped<Audience> {
        let row = step.db.sealed(&self.secrets.vault, Table::Audiences, self.device.friends.as_bytes())?;
        row.ok_or(ReadError::Corrupt { table: Table::Audiences })
    }

    /// The generation of the audience of all contacts that is in use.
    pub(crate) fn friends_generation(&self, step: &Step<'_>) -> Stepped<u32> {
        Ok(self.friends(step)?.generation())
    }

    /// The key to the beacons that this account's devices show now: the one that was handed to the contacts.
    pub(crate) fn beacon_key(&self, step: &Step<'_>) -> Stepped<[u8; 32]> {
        let friends = self.friends(step)?;
        friends.keys.last().map(|key| key.beacon).ok_or(ReadError::Corrupt { table: Table::Audiences })
    }

    fn keep_and_tell(&mut self, step: &mut Step<'_>, value: &AudienceKeyValue) -> Stepped {
        let Kept::New { dropped } = self.keep_key(step, value)? else { return Ok(()) };
        let set = set_of(self.device.account, OWN_SECRETS);
        if let Some(generation) = dropped {
            let old = entity(value.owner, value.audience, generation);
            self.write(step, set, Change::delete(Kind::AudienceKey, old))?;
        }
        let bytes = encode(value, Table::Audiences)?;
        let name = entity(value.owner, value.audience, value.key.generation);
        self.write(step, set, Change::set(Kind::AudienceKey, name, KEY_FIELD, bytes))
    }

    /// Keeps an audience key here.
    fn keep_key(&mut self, step: &mut Step<'_>, value: &AudienceKeyValue) -> Stepped<Kept> {
        let (vault, at) = (&self.secrets.vault, value.audience.as_bytes());
        let row: Option<Audience> = step.db.sealed(vault, Table::Audiences, at)?;
        let theirs = self.memberships.values().filter(|owner| **owner == value.owner).count();
        if row.is_none() && theirs >= limits::AUDIENCES_OF_ONE {
            return Ok(Kept::Nothing);
        }
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
        let is_new = self.memberships.insert(value.audience, value.owner).is_none();
        if is_new && value.owner != self.device.account {
            self.seek(step, set_of(value.owner, value.audience))?;
        }
        // Now this device can be told what is in the set.
        self.dirty.insert(set_of(value.owner, value.audience));
        self.release_for_key(step)?;
        if value.owner != self.device.account {
            // What was sealed with it may be here since they were a contact before.
            self.show_gathered(step, value.owner)?;
            self.load_person(step, value.owner)?;
        } else if row.generation() > before {
            self.take_turn(step, row.generation())?;
            if self.is_of_former_keys(&row) {
                self.rekey_friends(step)?;
            }
        }
        Ok(kept)
    }

    /// Whether the key in use was drawn by a device that had not heard yet of a removal: then the removed one may have it.
    fn is_of_former_keys(&self, audience: &Audience) -> bool {
        let turn = turn_of(audience.generation());
        let of = |keys: &AccountKeys| *BeaconKey::of_turn(&keys.own, audience.owner, turn).as_bytes();
        audience.keys.last().is_some_and(|key| self.former.iter().any(|keys| of(keys) == key.beacon))
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
    /// contacts that are near are handed it. Those who are not get it when they greet, or through the server.
    fn take_turn(&mut self, step: &mut Step<'_>, generation: u32) -> Stepped {
        self.kit_is_new = true;
        self.people.set_own_beacons(self.beacons_at(generation));
        self.familiar.clear();
        self.advertise(step)?;
        self.show_badges(step)?;
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
        // They would not recognise this device by its next beacon.
        self.wake_all(step.now.mono);
        if self.has_server() { self.grant_apart(step) } else { Ok(()) }
    }
}
