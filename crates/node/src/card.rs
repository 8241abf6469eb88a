//! Cards: what all records about a contact say together, kept in `Contacts` for quick reading.
//!
//! The records are the truth; a card is made from them as they come in. It is never written but from here and from the
//! pairing that first makes it.

use lamplit_identity::{MergeOutcome, VerifiedList};
use lamplit_types::{AccountId, Name, PhoneNumber, Text};
use lamplit_wire::{
    Entry, Kind, Record, SetId, Value,
    credential::{DeviceList, RootHash},
};
use serde::{Deserialize, Serialize};

use crate::{
    Node,
    db::Typed,
    io::Event,
    replica::{Change, OWN_DATA, OWN_SECRETS, owner_of, set_of},
    rows::{Contact, key},
    server::number::{number_in, read_number},
    step::{Step, Stepped},
    table::Table,
};

/// Fields of a contact in own-data.
pub(crate) mod contact_field {
    pub(crate) const TRUST: u8 = 1;
    pub(crate) const ALIAS: u8 = 2;
    pub(crate) const NOTE: u8 = 3;
    pub(crate) const COMPARED: u8 = 4;
}

/// Fields of a profile.
pub(crate) mod profile_field {
    pub(crate) const NAME: u8 = 1;
    pub(crate) const NUMBER: u8 = 2;
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
            (Kind::PairSecret, OWN_SECRETS) if own => self.show_pair(step, entry),
            (Kind::AudienceKey, OWN_SECRETS) if own => self.show_audience_key(step, entry),
            (Kind::CutOff, _) => self.show_cut_off(step, set, entry),
            (Kind::Device, OWN_DATA) if own => self.show_device(step, entry),
            (Kind::Server, OWN_DATA) if own => self.show_server(step, entry),
            (Kind::Profile, _) if own => self.show_own_profile(step, entry),
            (Kind::Profile, _) if account == owner_of(set) => self.show_profile(step, account, entry),
            _ => Ok(()),
        }
    }

    /// A record is gone that the others had forgotten.
    pub(crate) fn hide(&mut self, step: &mut Step<'_>, set: &SetId, record: &Record) -> Stepped {
        let Some(plaintext) = crate::replica::open(&self.key_ring(), &step.db, record)? else { return Ok(()) };
        let Ok(entry) = postcard::from_bytes::<Entry>(&plaintext) else { return Ok(()) };
        let own = owner_of(set) == self.device.account;
        match (entry.kind, entry.field) {
            (Kind::Contact, contact_field::TRUST) if own => {
                self.forget_contact(step, AccountId::from_bytes(entry.entity))
            }
            (Kind::Contact, contact_field::COMPARED) if own => {
                self.show_compared(step, AccountId::from_bytes(entry.entity))
            }
            (Kind::Contact, _) if own => self.show_gathered(step, AccountId::from_bytes(entry.entity)),
            (Kind::PairSecret, _) if own => self.hide_pair(step, entry.entity),
            (Kind::AudienceKey, _) if own => self.hide_audience_key(step, entry.entity),
            _ => Ok(()),
        }
    }

    fn show_contact(&mut self, step: &mut Step<'_>, account: AccountId, entry: &Entry) -> Stepped {
        let card: Option<Contact> = step.db.row(Table::Contacts, account.as_bytes())?;
        let Value::Set(value) = &entry.value else {
            // They may have been met again since: then only what was known of them before is gone.
            return match self.lives(step, account)? {
                true => {
                    self.show_compared(step, account)?;
                    self.show_gathered(step, account)
                }
                false => self.forget_contact(step, account),
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
            (contact_field::COMPARED, Some(_)) => self.show_compared(step, account),
            _ => Ok(()),
        }
    }

    fn show_trust(&mut self, step: &mut Step<'_>, account: AccountId, card: Option<Contact>, value: &[u8]) -> Stepped {
        let Ok(trust) = postcard::from_bytes::<Trust>(value) else { return Ok(()) };
        let Ok(list) = VerifiedList::verify(trust.list, Some(trust.root)) else { return Ok(()) };
        let list = match self.people.contact(account) {
            Some(person) => newest(&person.list, list),
            None => list,
        };
        let is_new = card.is_none();
        let mut card = match card {
            Some(card) => Contact { list: list.wire().clone(), ..card },
            None => Contact {
                root: trust.root,
                list: list.wire().clone(),
                name: trust.name,
                alias: None,
                note: None,
                number: None,
                since: step.now.wall,
                granted: 0,
            },
        };
        self.gather(step, account, &mut card)?;
        if is_new {
            // Who was a companion in a group is greeted anew, as a contact.
            for device in self.people.devices_of(account) {
                self.end_link_to(step, device)?;
            }
            // What they write may have been refused: until now it could not be told who they are.
            let theirs = self.memberships.iter().filter(|(_, owner)| **owner == account);
            self.dirty.extend(theirs.map(|(audience, owner)| set_of(*owner, *audience)));
            step.tell(Event::ContactAdded(account));
        }
        self.put_card(step, account, &card)?;
        self.show_compared(step, account)?;
        let before = self.people.devices_of(account);
        let old = self.people.get(account).map(|person| person.list.clone());
        self.load_person(step, account)?;
        let new = self.people.get(account).map(|person| person.list.clone());
        if let (Some(old), Some(new)) = (old, new) {
            self.remember_departed(step, &old, &new)?;
        }
        self.part_with_devices(step, account, &before)?;
        self.greet_devices(step, account, &before)
    }

    /// Makes a contact's card what the records say, where more than one of them changed.
    pub(crate) fn show_gathered(&mut self, step: &mut Step<'_>, account: AccountId) -> Stepped {
        let Some(before) = step.db.row::<Contact>(Table::Contacts, account.as_bytes())? else { return Ok(()) };
        let mut card = before.clone();
        self.gather(step, account, &mut card)?;
        if card == before {
            return Ok(());
        }
        self.put_card(step, account, &card)
    }

    /// Fields of a contact may come before the one that makes its card.
    fn gather(&self, step: &Step<'_>, account: AccountId, card: &mut Contact) -> Stepped {
        let set = set_of(self.device.account, OWN_DATA);
        let text = |field| self.text_field(step, &set, Kind::Contact, account, field);
        card.alias = text(contact_field::ALIAS)?.and_then(|text| Name::parse(&text).ok());
        card.note = text(contact_field::NOTE)?.and_then(|text| Text::parse(text).ok());
        if let Some(name) = self.name_of_contact(step, account)? {
            card.name = name;
        }
        card.number = self.number_of_contact(step, account)?;
        Ok(())
    }

    /// What a contact calls themselves: what their profile says, or what they said when they were met.
    fn name_of_contact(&self, step: &Step<'_>, account: AccountId) -> Stepped<Option<Name>> {
        for (audience, _) in self.memberships.iter().filter(|(_, owner)| **owner == account) {
            let set = set_of(account, *audience);
            let text = self.text_field(step, &set, Kind::Profile, account, profile_field::NAME)?;
            if let Some(name) = text.and_then(|text| Name::parse(&text).ok()) {
                return Ok(Some(name));
            }
        }
        let own = set_of(self.device.account, OWN_DATA);
        let trust = self.value_of(step, &own, Kind::Contact, account, contact_field::TRUST)?;
        Ok(trust.and_then(|value| postcard::from_bytes::<Trust>(&value).ok()).map(|trust| trust.name))
    }

    fn number_of_contact(&self, step: &Step<'_>, account: AccountId) -> Stepped<Option<PhoneNumber>> {
        for (audience, _) in self.memberships.iter().filter(|(_, owner)| **owner == account) {
            let set = set_of(account, *audience);
            let value = self.value_of(step, &set, Kind::Profile, account, profile_field::NUMBER)?;
            if let Some(value) = value {
                return Ok(read_number(&value));
            }
        }
        Ok(None)
    }

    /// Whether a contact's first field is stored.
    fn lives(&self, step: &Step<'_>, account: AccountId) -> Stepped<bool> {
        let name =
            crate::rows::FieldKey { kind: Kind::Contact, entity: *account.as_bytes(), field: contact_field::TRUST };
        Ok(crate::replica::stored(&step.db, &set_of(self.device.account, OWN_DATA), name)?.is_some())
    }

    fn text_field(
        &self,
        step: &Step<'_>,
        set: &SetId,
        kind: Kind,
        account: AccountId,
        field: u8,
    ) -> Stepped<Option<String>> {
        let value = self.value_of(step, set, kind, account, field)?;
        Ok(value.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    pub(crate) fn value_of(
        &self,
        step: &Step<'_>,
        set: &SetId,
        kind: Kind,
        account: AccountId,
        field: u8,
    ) -> Stepped<Option<Vec<u8>>> {
        let name = crate::rows::FieldKey { kind, entity: *account.as_bytes(), field };
        let Some(stored) = crate::replica::stored(&step.db, set, name)? else { return Ok(None) };
        let plaintext = crate::replica::open(&self.key_ring(), &step.db, &stored.record)?;
        let entry = plaintext.and_then(|plain| postcard::from_bytes::<Entry>(&plain).ok());
        Ok(entry.and_then(|entry| match entry.value {
            Value::Set(bytes) => Some(bytes.into_vec()),
            Value::Gone => None,
        }))
    }

    fn show_own_profile(&mut self, step: &mut Step<'_>, entry: &Entry) -> Stepped {
        if let Some(name) = name_in(entry) {
            self.device.name = name;
            step.db.put(Table::Device, key::DEVICE, &self.device)?;
            self.show_badges(step)?;
        }
        Ok(())
    }

    fn show_profile(&mut self, step: &mut Step<'_>, account: AccountId, entry: &Entry) -> Stepped {
        let card: Option<Contact> = step.db.row(Table::Contacts, account.as_bytes())?;
        let Some(before) = card else { return Ok(()) };
        let mut card = before.clone();
        if let Some(name) = name_in(entry) {
            card.name = name;
        }
        if let Some(number) = number_in(entry) {
            card.number = number;
        }
        if card == before { Ok(()) } else { self.put_card(step, account, &card) }
    }

    fn put_card(&mut self, step: &mut Step<'_>, account: AccountId, card: &Contact) -> Stepped {
        step.db.put(Table::Contacts, account.as_bytes(), card)?;
        step.tell(Event::ContactChanged(account));
        Ok(())
    }

    fn forget_contact(&mut self, step: &mut Step<'_>, account: AccountId) -> Stepped {
        let Some(card) = step.db.row::<Contact>(Table::Contacts, account.as_bytes())? else { return Ok(()) };
        // Their keys are in another set and go with their own deletion: there may be new ones already.
        step.db.remove(Table::Contacts, account.as_bytes());
        step.db.remove(Table::Comparisons, account.as_bytes());
        self.drop_person(step, account)?;
        step.tell(Event::ContactRemoved(account));
        // Whoever removed them changed the key that was known there: this device may have handed them a later one.
        if card.granted >= self.friends_generation(step)? {
            self.rekey_friends(step)?;
        }
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

/// Both lists together, or the one that is known if they do not go together.
fn newest(known: &VerifiedList, other: VerifiedList) -> VerifiedList {
    match known.merge(&other) {
        Ok(MergeOutcome::Grew(list) | MergeOutcome::Newer(list)) => list,
        Ok(MergeOutcome::Same | MergeOutcome::Older) | Err(_) => known.clone(),
    }
}
