//! How a contact's device comes to the key of the audience of all contacts: a greeting shows which keys it holds, and it
//! is handed the one in use if that is not among them.

use lamplit_seal::AudienceKey;
use lamplit_types::{AccountId, DeviceId, Wall, limits::GRANTS};
use lamplit_wire::{AudienceGrant, Body, GrantHead, KeyId};

use super::AudienceKeyValue;
use crate::{
    Node,
    db::{Typed, open_row},
    limits,
    mail::Mail,
    replica::{OWN_SECRETS, own_key_id},
    rows::{Audience, Contact, GenerationKey, Outgoing},
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

/// Whether what is held opens what is to be opened. A few days more or less are no matter: both let go of old days, each
/// by its own clock.
fn covers(held: KeyId, wanted: KeyId) -> bool {
    held.generation == wanted.generation && held.day <= wanted.day.saturating_add(limits::GRANT_DAYS)
}

impl Node {
    /// Which of an account's keys this device holds.
    pub(crate) fn grants_of(&self, step: &Step<'_>, account: AccountId) -> Stepped<Vec<GrantHead>> {
        let mut grants = Vec::new();
        if account == self.device.account {
            // Which keys of the account: they are handed to a device that was away when they changed.
            grants.push(GrantHead { audience: OWN_SECRETS, key: own_key_id(self.keys.generation) });
        }
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
            return self.note_familiar(step, device, key.generation);
        }
        holds.push(GrantHead { audience: grant.audience, key });
        if !self.is_being_granted(step, &device, &grant)? {
            let mail = Mail { conversation: account.into(), sent: self.device.clock, body: Body::Grant(grant) };
            self.post_to(step, device, &mail)?;
        }
        let granted = card.granted.max(key.generation);
        step.db.put(Table::Contacts, account.as_bytes(), &Contact { granted, ..card })
    }

    /// Hands the key to all contacts' devices that are not near: what the server brings them is sealed with it.
    pub(super) fn grant_apart(&mut self, step: &mut Step<'_>) -> Stepped {
        for account in self.people.contacts() {
            for device in self.people.devices_of(account) {
                if !self.near.contains_key(&device) {
                    self.grant_lacking(step, account, device, &mut Vec::new())?;
                }
            }
        }
        Ok(())
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

    /// Whether the account's present keys are on their way to a device.
    pub(crate) fn is_being_handed_keys(&self, step: &Step<'_>, device: &DeviceId) -> Stepped<bool> {
        for (at, sealed) in step.db.scan(Table::Outbox, device.as_bytes(), None, Order::Down, limits::BATCH)? {
            let outgoing: Outgoing = open_row(&self.secrets.vault, Table::Outbox, &at, &sealed)?;
            if matches!(&outgoing.body, Body::Keys(keys) if keys.generation == self.keys.generation) {
                return Ok(true);
            }
        }
        Ok(false)
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
}
