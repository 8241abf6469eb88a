//! Which key opens or seals what.

use lamplit_seal::{AudienceKey, StorageKey};
use lamplit_types::{AccountId, AudienceId};
use lamplit_wire::{KeyId, SetId};

use super::Kept;
use crate::{
    Node,
    db::Typed,
    limits,
    replica::{OWN_DATA, OWN_SECRETS, own_key_id, owner_of},
    rows::{AccountKeys, Audience, GenerationKey},
    step::{Step, Stepped},
    table::{Read, ReadError, Table},
};

/// Finds the key that a record or a presence is sealed with.
pub(crate) struct KeyRing<'a> {
    pub(crate) account: AccountId,
    pub(crate) keys: &'a AccountKeys,
    pub(crate) former: &'a [AccountKeys],
    pub(crate) vault: &'a StorageKey,
}

impl KeyRing<'_> {
    /// The key, if this device has it.
    pub(crate) fn find(&self, db: &impl Read, set: &SetId, id: KeyId) -> Stepped<Option<AudienceKey>> {
        let own = owner_of(set) == self.account;
        if own && matches!(set.audience, OWN_DATA | OWN_SECRETS) {
            let mut all = core::iter::once(self.keys).chain(self.former.iter().rev());
            let keys = all.find(|keys| own_key_id(keys.generation) == id);
            let key = keys.map(|keys| if set.audience == OWN_DATA { keys.data } else { keys.secrets });
            return Ok(key.map(|key| AudienceKey::from_parts(id.generation, id.day, key)));
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
        let held = AudienceKey::from_parts(held.generation, held.day, held.key);
        // A clock that is years ahead of it, or was when it was drawn, leads nowhere: then the first one is used too.
        held.at_day(day.max(held.day())).ok().or(Some(held))
    }

    /// Adds a key; of one generation the earlier day stays, since the later ones follow from it.
    pub(super) fn add(&mut self, new: GenerationKey) -> Kept {
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
        KeyRing { account: self.device.account, keys: &self.keys, former: &self.former, vault: &self.secrets.vault }
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
}
