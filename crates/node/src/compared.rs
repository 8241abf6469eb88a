//! What came of comparing the safety code with a contact: a field of the contact's record, so that all of the account's devices
//! have it, and nobody else. It names the root that was compared and counts for no other.

use lamplit_types::AccountId;
use lamplit_wire::{Kind, credential::RootHash};

use crate::{
    Node,
    card::contact_field,
    db::{Typed, encode},
    io::{Answer, CommandError, Compared, Event},
    replica::{OWN_DATA, set_of},
    rows::Comparison,
    step::{Step, Stepped},
    table::{Read, Table},
};

/// What came of comparing the safety code with a contact that has this root.
pub(crate) fn compared(read: &impl Read, account: AccountId, root: RootHash) -> Stepped<Compared> {
    let kept: Option<Comparison> = read.row(Table::Comparisons, account.as_bytes())?;
    Ok(match kept.filter(|kept| kept.root == root) {
        None => Compared::NotYet,
        Some(Comparison { same: true, .. }) => Compared::Same,
        Some(Comparison { same: false, .. }) => Compared::Different,
    })
}

impl Node {
    /// Keeps what came of comparing the safety code with a contact, on all devices of the account.
    pub(crate) fn keep_compared(
        &mut self,
        step: &mut Step<'_>,
        contact: AccountId,
        root: RootHash,
        compared: Compared,
    ) -> Stepped<Result<Answer, CommandError>> {
        let Some(person) = self.people.contact(contact) else { return Ok(Err(CommandError::UnknownContact)) };
        // They may have been removed and met anew while the code was on a screen.
        if person.list.root_hash() != root {
            return Ok(Err(CommandError::CodesDiffer));
        }
        let value = match compared {
            Compared::NotYet => Vec::new(),
            Compared::Same => encode(&Comparison { root, same: true }, Table::Comparisons)?,
            Compared::Different => encode(&Comparison { root, same: false }, Table::Comparisons)?,
        };
        self.edit_contact(step, contact, contact_field::COMPARED, value)
    }

    /// Brings what is kept of a contact's safety code up to the record. Who is no contact has none.
    pub(crate) fn show_compared(&mut self, step: &mut Step<'_>, account: AccountId) -> Stepped {
        if step.db.get(Table::Contacts, account.as_bytes())?.is_none() {
            return Ok(());
        }
        let set = set_of(self.device.account, OWN_DATA);
        let value = self.value_of(step, &set, Kind::Contact, account, contact_field::COMPARED)?;
        let told: Option<Comparison> = value.and_then(|value| postcard::from_bytes(&value).ok());
        let kept: Option<Comparison> = step.db.row(Table::Comparisons, account.as_bytes())?;
        if told == kept {
            return Ok(());
        }
        match told {
            Some(told) => step.db.put(Table::Comparisons, account.as_bytes(), &told)?,
            None => step.db.remove(Table::Comparisons, account.as_bytes()),
        }
        step.tell(Event::ContactChanged(account));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
