//! Cards: what all records about a contact say together, kept in `Contacts` and `ContactKeys` for quick reading.
//!
//! The records are the truth; a card is made from them as they come in. It is never written but from here and from the
//! pairing that first makes it.

use lamplit_identity::{MergeOutcome, VerifiedList};
use lamplit_types::{AccountId, AudienceId, Name, Text};
use lamplit_wire::{
    Entry, Kind, Record, SetId, Value,
    credential::{DeviceList, RootHash},
};
use serde::{Deserialize, Serialize};

use crate::{
    Node,
    audience::{AudienceKeyValue, BEACON_FIELD, KEY_FIELD},
    db::Typed,
    io::Event,
    replica::{Change, OWN_DATA, OWN_SECRETS, owner_of, set_of},
    rows::{Contact, ContactKeys, PairRow, key},
    step::{Step, Stepped},
    table::{Read, Table},
};

/// Fields of a contact in own-data.
pub(crate) mod contact_field {
    pub(crate) const TRUST: u8 = 1;
    pub(crate) const ALIAS: u8 = 2;
    pub(crate) const NOTE: u8 = 3;
}

/// Fields of a contact's keys in own-secrets.
pub(crate) mod keys_field {
    pub(crate) const PAIR: u8 = 1;
    pub(crate) const BEACON: u8 = 2;
}

/// Fields of a profile.
pub(crate) mod profile_field {
    pub(crate) const NAME: u8 = 1;
}

/// How a contact is recognised, as the account's devices tell it to one another.
#[derive(Serialize, Deserialize)]
pub(crate) struct Trust {
    pub(crate) root: RootHash,
    pub(crate) list: DeviceList,
    /// What they called themselves when they were met.
    pub(crate) name: Name,
}

impl Node {
    /// A field of a set changed: brings the card up to it.
    pub(crate) fn show(&mut self, step: &mut Step<'_>, set: &SetId, entry: &Entry) -> Stepped {
        let account = AccountId::from_bytes(entry.entity);
        let own = owner_of(set) == self.device.account;
        match (entry.kind, set.audience) {
            (Kind::Contact, OWN_DATA) if own => self.show_contact(step, account, entry),
            (Kind::ContactKeys, OWN_SECRETS) if own => self.show_contact_keys(step, account, entry),
            (Kind::AudienceKey, OWN_SECRETS) if own => self.show_audience_key(step, entry),
            (Kind::Setting, OWN_SECRETS) if own => match (entry.field, &entry.value) {
                (BEACON_FIELD, Value::Set(key)) => match key.as_array() {
                    Some(key) => self.take_beacon_key(step, *key),
                    None => Ok(()),
                },
                _ => Ok(()),
            },
            (Kind::Profile, _) if own => self.show_own_profile(step, entry),
            (Kind::Profile, _) if account == owner_of(set) => self.show_profile(step, account, entry),
            _ => Ok(()),
        }
    }

    /// A record is gone that the others had forgotten.
    pub(crate) fn hide(&mut self, step: &mut Step<'_>, set: &SetId, record: &Record) -> Stepped {
        let Some(plaintext) = crate::replica::open(&self.key_ring(), &step.db, record)? else { return Ok(()) };
        let Ok(entry) = postcard::from_bytes::<Entry>(&plaintext) else { return Ok(()) };
        let whole_contact = entry.kind == Kind::Contact && entry.field == contact_field::TRUST;
        if whole_contact && owner_of(set) == self.device.account {
            return self.forget_contact(step, AccountId::from_bytes(entry.entity));
        }
        if entry.kind == Kind::ContactKeys && entry.field == keys_field::PAIR && owner_of(set) == self.device.account {
            step.db.remove(Table::ContactKeys, &entry.entity);
            return self.load_person(step, AccountId::from_bytes(entry.entity));
        }
        Ok(())
    }

    fn show_contact(&mut self, step: &mut Step<'_>, account: AccountId, entry: &Entry) -> Stepped {
        let card: Option<Contact> = step.db.row(Table::Contacts, account.as_bytes())?;
        let Value::Set(value) = &entry.value else {
            // They may have been met again since: then only what was known of them before is gone.
            return match card {
                Some(mut card) if self.lives(step, OWN_DATA, Kind::Contact, account, contact_field::TRUST)? => {
                    self.gather(step, account, &mut card)?;
                    self.put_card(step, account, &card)
                }
                _ => self.forget_contact(step, account),
            };
        };
        match (entry.field, card) {
            (contact_field::TRUST, card) => self.show_trust(step, account, card, value),
            (contact_field::ALIAS, Some(mut card)) => {
                card.alias = core::str::from_utf8(value).ok().and_then(|text| Name::parse(text).ok());
                self.put_card(step, account, &card)
            }
            (contact_field::NOTE, Some(mut card)) => {
                card.note = core::str::from_utf8(value).ok().and_then(|text| Text::parse(text).ok());
                self.put_card(step, account, &card)
            }
            _ => Ok(()),
        }
    }

    fn show_trust(&mut self, step: &mut Step<'_>, account: AccountId, card: Option<Contact>, value: &[u8]) -> Stepped {
        let Ok(trust) = postcard::from_bytes::<Trust>(value) else { return Ok(()) };
        let Ok(list) = VerifiedList::verify(trust.list, Some(trust.root)) else { return Ok(()) };
        let list = match self.people.get(account) {
            Some(person) => newest(&person.list, list),
            None => list,
        };
        let new = card.is_none();
        let mut card = match card {
            Some(card) => Contact { list: list.wire().clone(), ..card },
            None => Contact {
                root: trust.root,
                list: list.wire().clone(),
                name: trust.name,
                alias: None,
                note: None,
                since: step.now.wall,
            },
        };
        if new {
            self.gather(step, account, &mut card)?;
            step.tell(Event::ContactAdded(account));
        }
        self.put_card(step, account, &card)?;
        self.load_person(step, account)
    }

    /// Fields of a contact may come before the one that makes its card.
    fn gather(&self, step: &Step<'_>, account: AccountId, card: &mut Contact) -> Stepped {
        let set = set_of(self.device.account, OWN_DATA);
        let text = |field| self.text_field(step, &set, Kind::Contact, account, field);
        card.alias = text(contact_field::ALIAS)?.and_then(|text| Name::parse(&text).ok());
        card.note = text(contact_field::NOTE)?.and_then(|text| Text::parse(text).ok());
        Ok(())
    }

    /// Whether a field of a contact is stored.
    fn lives(&self, step: &Step<'_>, audience: AudienceId, kind: Kind, account: AccountId, field: u8) -> Stepped<bool> {
        let name = crate::rows::FieldKey { kind, entity: *account.as_bytes(), field };
        Ok(crate::replica::stored(&step.db, &set_of(self.device.account, audience), name)?.is_some())
    }

    fn text_field(
        &self,
        step: &Step<'_>,
        set: &SetId,
        kind: Kind,
        account: AccountId,
        field: u8,
    ) -> Stepped<Option<String>> {
        let name = crate::rows::FieldKey { kind, entity: *account.as_bytes(), field };
        let Some(stored) = crate::replica::stored(&step.db, set, name)? else { return Ok(None) };
        let plaintext = crate::replica::open(&self.key_ring(), &step.db, &stored.record)?;
        let entry = plaintext.and_then(|plain| postcard::from_bytes::<Entry>(&plain).ok());
        Ok(entry.and_then(|entry| match entry.value {
            Value::Set(bytes) => String::from_utf8(bytes.into_vec()).ok(),
            Value::Gone => None,
        }))
    }

    fn show_contact_keys(&mut self, step: &mut Step<'_>, account: AccountId, entry: &Entry) -> Stepped {
        let vault = &self.secrets.vault;
        let at = account.as_bytes();
        let Value::Set(value) = &entry.value else {
            if self.lives(step, OWN_SECRETS, Kind::ContactKeys, account, keys_field::PAIR)? {
                return Ok(());
            }
            step.db.remove(Table::ContactKeys, at);
            return self.load_person(step, account);
        };
        let old: Option<ContactKeys> = step.db.sealed(vault, Table::ContactKeys, at)?;
        let keys = match (entry.field, old) {
            (keys_field::PAIR, old) => {
                let Ok(pair) = postcard::from_bytes::<PairRow>(value) else { return Ok(()) };
                with_pair(old, pair)
            }
            (keys_field::BEACON, Some(old)) => ContactKeys { beacon: value.as_array().copied(), ..old },
            // The beacon key came first; it is found when the pair secret comes.
            _ => return Ok(()),
        };
        let keys = match keys.beacon {
            Some(_) => keys,
            None => ContactKeys { beacon: self.stored_beacon(step, account)?, ..keys },
        };
        step.db.put_sealed(vault, step.rng, Table::ContactKeys, at, &keys)?;
        self.load_person(step, account)
    }

    fn stored_beacon(&self, step: &Step<'_>, account: AccountId) -> Stepped<Option<[u8; 32]>> {
        let set = set_of(self.device.account, OWN_SECRETS);
        let name =
            crate::rows::FieldKey { kind: Kind::ContactKeys, entity: *account.as_bytes(), field: keys_field::BEACON };
        let Some(stored) = crate::replica::stored(&step.db, &set, name)? else { return Ok(None) };
        let plaintext = crate::replica::open(&self.key_ring(), &step.db, &stored.record)?;
        let entry = plaintext.and_then(|plain| postcard::from_bytes::<Entry>(&plain).ok());
        Ok(entry.and_then(|entry| match &entry.value {
            Value::Set(bytes) => bytes.as_array().copied(),
            Value::Gone => None,
        }))
    }

    fn show_audience_key(&mut self, step: &mut Step<'_>, entry: &Entry) -> Stepped {
        let (KEY_FIELD, Value::Set(value)) = (entry.field, &entry.value) else { return Ok(()) };
        let Ok(value) = postcard::from_bytes::<AudienceKeyValue>(value) else { return Ok(()) };
        self.keep_key(step, AudienceId::from_bytes(entry.entity), &value)?;
        Ok(())
    }

    fn show_own_profile(&mut self, step: &mut Step<'_>, entry: &Entry) -> Stepped {
        if let Some(name) = name_in(entry) {
            self.device.name = name;
            step.db.put(Table::Device, key::DEVICE, &self.device)?;
        }
        Ok(())
    }

    fn show_profile(&mut self, step: &mut Step<'_>, account: AccountId, entry: &Entry) -> Stepped {
        let card: Option<Contact> = step.db.row(Table::Contacts, account.as_bytes())?;
        let (Some(card), Some(name)) = (card, name_in(entry)) else { return Ok(()) };
        self.put_card(step, account, &Contact { name, ..card })
    }

    fn put_card(&mut self, step: &mut Step<'_>, account: AccountId, card: &Contact) -> Stepped {
        step.db.put(Table::Contacts, account.as_bytes(), card)?;
        step.tell(Event::ContactChanged(account));
        Ok(())
    }

    fn forget_contact(&mut self, step: &mut Step<'_>, account: AccountId) -> Stepped {
        if step.db.get(Table::Contacts, account.as_bytes())?.is_none() {
            return Ok(());
        }
        // Their keys are in another set and go with their own deletion: there may be new ones already.
        step.db.remove(Table::Contacts, account.as_bytes());
        self.drop_person(step, account)?;
        step.tell(Event::ContactRemoved(account));
        Ok(())
    }

    /// A contact's device list grew: the account's other devices hear of it.
    pub(crate) fn save_list(&mut self, step: &mut Step<'_>, account: AccountId, list: &VerifiedList) -> Stepped {
        let Some(card) = step.db.row::<Contact>(Table::Contacts, account.as_bytes())? else { return Ok(()) };
        let trust = Trust { root: card.root, list: list.wire().clone(), name: card.name.clone() };
        let value = crate::db::encode(&trust, Table::Contacts)?;
        let set = set_of(self.device.account, OWN_DATA);
        self.put_card(step, account, &Contact { list: trust.list, ..card })?;
        self.write(step, set, Change::set(Kind::Contact, *account.as_bytes(), contact_field::TRUST, value))
    }
}

fn name_in(entry: &Entry) -> Option<Name> {
    let (profile_field::NAME, Value::Set(value)) = (entry.field, &entry.value) else { return None };
    core::str::from_utf8(value).ok().and_then(|text| Name::parse(text).ok())
}

/// The pair secret that was written last is in force, and the one before it is accepted for a while.
fn with_pair(old: Option<ContactKeys>, new: PairRow) -> ContactKeys {
    match old {
        None => ContactKeys { pair: new, previous: None, beacon: None },
        Some(old) if old.pair == new => old,
        Some(old) => ContactKeys { pair: new, previous: Some(old.pair), beacon: old.beacon },
    }
}

/// Both lists together, or the one that is known if they do not go together.
fn newest(known: &VerifiedList, other: VerifiedList) -> VerifiedList {
    match known.merge(&other) {
        Ok(MergeOutcome::Grew(list) | MergeOutcome::Newer(list)) => list,
        Ok(MergeOutcome::Same | MergeOutcome::Older) | Err(_) => known.clone(),
    }
}
