//! The keys of sets and of presence: the account's own two, the audience of all contacts, and those of others this
//! account belongs to.

use lamplit_seal::{AudienceKey, StorageKey};
use lamplit_types::{AccountId, AudienceId};
use lamplit_wire::{AudienceGrant, KeyId, Kind, SetId};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    Node,
    db::Typed,
    limits,
    replica::{Change, OWN_DATA, OWN_SECRETS, own_key_id, owner_of, set_of},
    rows::{AccountKeys, Audience, GenerationKey},
    step::{Step, Stepped},
    table::{Order, Read, ReadError, Table},
};

/// The field of an audience-key entity that holds the key.
pub(crate) const KEY_FIELD: u8 = 1;

/// The field of the account's own settings that holds its beacon key.
pub(crate) const BEACON_FIELD: u8 = 1;

/// An audience key as the account's devices tell it to one another.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct AudienceKeyValue {
    #[zeroize(skip)]
    pub(crate) owner: AccountId,
    pub(crate) generation: u32,
    pub(crate) day: u32,
    pub(crate) key: [u8; 32],
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
    fn add(&mut self, new: GenerationKey) -> bool {
        match self.keys.binary_search_by_key(&new.generation, |key| key.generation) {
            Ok(at) => match self.keys.get_mut(at) {
                Some(held) if new.day < held.day => {
                    *held = new;
                    true
                }
                _ => false,
            },
            Err(at) => {
                self.keys.insert(at, new);
                if self.keys.len() > limits::GENERATIONS {
                    self.keys.remove(0);
                }
                true
            }
        }
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

    /// The key to the audience of all contacts, from today on, for a new member.
    pub(crate) fn friends_grant(&self, step: &Step<'_>) -> Stepped<AudienceGrant> {
        let audience = self.device.friends;
        let key = present_key(&step.db, &self.secrets.vault, audience, step.now.wall.day())?
            .ok_or(ReadError::Corrupt { table: Table::Audiences })?;
        Ok(AudienceGrant { audience, generation: key.generation(), day: key.day(), key: *key.as_bytes() })
    }

    /// Keeps a key that was granted to this account, and tells its other devices.
    pub(crate) fn keep_grant(&mut self, step: &mut Step<'_>, owner: AccountId, grant: &AudienceGrant) -> Stepped {
        let value = AudienceKeyValue { owner, generation: grant.generation, day: grant.day, key: grant.key };
        if self.keep_key(step, grant.audience, &value)? {
            self.write_key(step, grant.audience, &value)?;
        }
        Ok(())
    }

    /// Keeps an audience key here; whether it was news.
    pub(crate) fn keep_key(
        &mut self,
        step: &mut Step<'_>,
        audience: AudienceId,
        value: &AudienceKeyValue,
    ) -> Stepped<bool> {
        let vault = &self.secrets.vault;
        let row: Option<Audience> = step.db.sealed(vault, Table::Audiences, audience.as_bytes())?;
        let mut row = row.unwrap_or(Audience { owner: value.owner, keys: Vec::new() });
        // Audience ids are drawn at random: one that changes hands is an attempt to read what is another's.
        if row.owner != value.owner {
            return Ok(false);
        }
        let news = row.add(GenerationKey { generation: value.generation, day: value.day, key: value.key });
        if news {
            step.db.put_sealed(vault, step.rng, Table::Audiences, audience.as_bytes(), &row)?;
            self.memberships.insert(audience, value.owner);
            self.release_for_key(step)?;
        }
        Ok(news)
    }

    fn write_key(&mut self, step: &mut Step<'_>, audience: AudienceId, value: &AudienceKeyValue) -> Stepped {
        let bytes = crate::db::encode(value, Table::Audiences)?;
        let set = set_of(self.device.account, OWN_SECRETS);
        self.write(step, set, Change::set(Kind::AudienceKey, *audience.as_bytes(), KEY_FIELD, bytes))
    }

    /// A member left: a new key, told to all who stay, and everything sealed anew under it.
    pub(crate) fn rekey_friends(&mut self, step: &mut Step<'_>) -> Stepped {
        let audience = self.device.friends;
        let day = step.now.wall.day();
        let last = present_key(&step.db, &self.secrets.vault, audience, day)?.map_or(0, |key| key.generation());
        // The low half is drawn, so that two devices which do this apart make two generations and not one of two keys.
        let drawn = u32::from(u16::from_le_bytes(step.random()));
        let generation = ((last >> 16).saturating_add(1) << 16) | drawn;
        let key = AudienceKey::draw(step.rng, generation, day);
        let value = AudienceKeyValue { owner: self.device.account, generation, day, key: *key.as_bytes() };
        self.keep_key(step, audience, &value)?;
        self.write_key(step, audience, &value)?;
        self.reseal(step, set_of(self.device.account, audience))?;
        self.change_beacon_key(step)?;
        for account in self.people.contacts() {
            self.grant_friends(step, account)?;
        }
        Ok(())
    }

    /// Who left knows the beacon key: from now on the account's devices show beacons of another one.
    fn change_beacon_key(&mut self, step: &mut Step<'_>) -> Stepped {
        let key: [u8; 32] = step.random();
        let me = self.device.account;
        let change = Change::set(Kind::Setting, *me.as_bytes(), BEACON_FIELD, key.to_vec());
        self.write(step, set_of(me, OWN_SECRETS), change)
    }

    /// The account's devices agreed on another beacon key.
    pub(crate) fn take_beacon_key(&mut self, step: &mut Step<'_>, key: [u8; 32]) -> Stepped {
        if self.keys.beacon == key {
            return Ok(());
        }
        let former = core::mem::replace(&mut self.keys.beacon, key);
        self.keys.former_beacons.push(former);
        if self.keys.former_beacons.len() > limits::FORMER_BEACONS {
            self.keys.former_beacons.remove(0);
        }
        let at = crate::rows::key::ACCOUNT;
        step.db.put_sealed(&self.secrets.vault, step.rng, Table::Secrets, at, &self.keys)?;
        self.people.set_own_beacons(&self.keys);
        self.advertise(step);
        Ok(())
    }

    /// Seals all of a set anew under today's key.
    pub(crate) fn reseal(&mut self, step: &mut Step<'_>, set: SetId) -> Stepped {
        self.reseal_older(step, set, u32::MAX)
    }

    /// Seals anew what was sealed with keys of days before `day`, or of another generation.
    fn reseal_older(&mut self, step: &mut Step<'_>, set: SetId, day: u32) -> Stepped {
        let prefix = crate::rows::key::set(&set);
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = step.db.scan(Table::Records, &prefix, after.as_deref(), Order::Up, limits::RESEALED)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = Some(last.clone());
            for (_, value) in rows {
                let stored: crate::rows::Stored = crate::db::decode(Table::Records, &value)?;
                if stored.record.body.key.day < day
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
        self.reseal_older(step, friends, today.saturating_sub(limits::RESEAL_DAYS))?;
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
                    *held = GenerationKey { generation: later.generation(), day: later.day(), key: *later.as_bytes() };
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
