//! Which contact is meant.

use lamplit_rpc::{Connection, api::Contact};

use crate::{failure::Failure, output::safe};

/// How many are named when more than one could be meant.
const NAMED: usize = 8;

/// All contacts, in the order of their ids.
pub(crate) async fn all(daemon: &mut Connection) -> Result<Vec<Contact>, Failure> {
    Ok(daemon.contacts().await?)
}

/// The contact that `wanted` means: a name, the beginning of one, an id or its beginning.
pub(crate) async fn find(daemon: &mut Connection, wanted: &str) -> Result<Contact, Failure> {
    choose(all(daemon).await?, wanted)
}

/// An exact name or id goes before a beginning, capitals before none. What fits several is refused.
fn choose(contacts: Vec<Contact>, wanted: &str) -> Result<Contact, Failure> {
    let wanted = wanted.trim();
    let small = wanted.to_lowercase();
    if small.is_empty() {
        return Err(Failure::Who("whom? `lamplit contacts` lists names and ids".to_owned()));
    }
    let fits: [&dyn Fn(&Contact) -> bool; 4] = [
        &|contact| contact.id == small || contact.name == wanted,
        &|contact| contact.name.to_lowercase() == small,
        &|contact| contact.name.to_lowercase().starts_with(&small),
        &|contact| contact.id.starts_with(&small),
    ];
    for fits in fits {
        let found: Vec<&Contact> = contacts.iter().filter(|contact| fits(contact)).collect();
        match found.as_slice() {
            [] => {}
            [one] => return Ok((*one).clone()),
            several => return Err(Failure::Who(ambiguous(wanted, several))),
        }
    }
    let wanted = safe(wanted);
    Err(Failure::Who(format!("nobody among your contacts is called {wanted}: `lamplit contacts` lists them")))
}

fn ambiguous(wanted: &str, several: &[&Contact]) -> String {
    let mut message = format!("{} contacts fit {}: use a whole name, or an id\n", several.len(), safe(wanted));
    for contact in several.iter().take(NAMED) {
        message.push_str(&format!("  {}  {}\n", contact.id, safe(&contact.name)));
    }
    if several.len() > NAMED {
        message.push_str("  …\n");
    }
    message.truncate(message.trim_end().len());
    message
}

#[cfg(test)]
mod tests;
