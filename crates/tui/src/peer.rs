//! Somebody to talk with: a contact, or a group.

use lamplit_rpc::api::{Compared, Contact, Group, LitApp, Member};

use crate::text::{tame, tame_line};

/// What is shown of a contact or a group, made harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) note: Option<String>,
    /// Whether the safety code with a contact was compared.
    pub(crate) compared: Compared,
    pub(crate) unread: u64,
    /// Of a group never: who of it is near is told of each alone.
    pub(crate) near: bool,
    pub(crate) lit: Vec<LitApp>,
    pub(crate) circle: Option<Circle>,
}

/// What a group has and a contact has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Circle {
    pub(crate) members: Vec<Member>,
    /// Whether the owner is in it.
    pub(crate) joined: bool,
}

impl Peer {
    /// Whether it is a group that the owner is in no more.
    pub(crate) fn is_left(&self) -> bool {
        self.circle.as_ref().is_some_and(|circle| !circle.joined)
    }
}

impl Circle {
    /// The members that `wanted` may mean, by their names.
    pub(crate) fn named(&self, wanted: &str) -> Result<&Member, String> {
        meant(self.members.iter().map(|member| (member.name.as_str(), member)), wanted)
    }
}

/// The one whom a name means: it alone is called so, or else it alone is called something that begins so. Otherwise why not.
pub(crate) fn meant<'a, T>(all: impl Iterator<Item = (&'a str, T)> + Clone, wanted: &str) -> Result<T, String> {
    let small = wanted.trim().to_lowercase();
    let whole = |name: &str| name.to_lowercase() == small;
    let begins = |name: &str| name.to_lowercase().starts_with(&small);
    let fits: [&dyn Fn(&str) -> bool; 2] = [&whole, &begins];
    for fits in fits {
        let mut found = all.clone().filter(|(name, _)| fits(name));
        match (found.next(), found.next()) {
            (Some((_, one)), None) => return Ok(one),
            (Some(_), Some(_)) => return Err(format!("Several are called {wanted}: type more of the name")),
            (None, _) => {}
        }
    }
    Err(format!("Nobody here is called {wanted}"))
}

impl From<Contact> for Peer {
    fn from(contact: Contact) -> Self {
        Self {
            id: contact.id,
            name: tame_line(&contact.name),
            note: contact.note.as_deref().map(tame),
            compared: contact.compared,
            unread: contact.unread,
            near: contact.near,
            lit: tamed_apps(contact.lit),
            circle: None,
        }
    }
}

impl From<Group> for Peer {
    fn from(group: Group) -> Self {
        let tamed = |member: Member| Member { name: tame_line(&member.name), ..member };
        let mut members: Vec<Member> = group.members.into_iter().map(tamed).collect();
        members.sort_by_cached_key(|member| (!member.me, member.name.to_lowercase(), member.id.clone()));
        Self {
            id: group.id,
            name: tame_line(&group.name),
            note: None,
            compared: Compared::NotYet,
            unread: group.unread,
            near: false,
            lit: Vec::new(),
            circle: Some(Circle { members, joined: group.joined }),
        }
    }
}

pub(crate) fn tamed_apps(lit: Vec<LitApp>) -> Vec<LitApp> {
    let tamed = |app: LitApp| LitApp { app: tame_line(&app.app), source: tame_line(&app.source), ..app };
    lit.into_iter().map(tamed).collect()
}

#[cfg(test)]
mod tests;
