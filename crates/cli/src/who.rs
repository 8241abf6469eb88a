//! Which contact or group is meant.

use std::collections::BTreeSet;

use lamplit_rpc::{
    Connection,
    api::{Contact, Group, Member},
};

use crate::{failure::Failure, output::safe};

/// How many are named when more than one could be meant.
const NAMED: usize = 8;

/// Somebody or something that can be meant by a name.
pub(crate) trait Named {
    fn id(&self) -> &str;
    fn name(&self) -> &str;
    fn kind(&self) -> Kind;
}

/// With whom a conversation is.
#[derive(Clone, Debug)]
pub(crate) enum With {
    Contact(Contact),
    Group(Group),
}

impl With {
    pub(crate) const fn unread(&self) -> u64 {
        match self {
            Self::Contact(contact) => contact.unread,
            Self::Group(group) => group.unread,
        }
    }
}

impl Named for With {
    fn id(&self) -> &str {
        match self {
            Self::Contact(contact) => &contact.id,
            Self::Group(group) => &group.id,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Contact(contact) => &contact.name,
            Self::Group(group) => &group.name,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Contact(contact) => contact.kind(),
            Self::Group(group) => group.kind(),
        }
    }
}

impl Named for Contact {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind {
        Kind::Contact
    }
}

impl Named for Group {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind {
        Kind::Group
    }
}

impl Named for Member {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind {
        Kind::Member
    }
}

/// All contacts, in the order of their ids.
pub(crate) async fn all(daemon: &mut Connection) -> Result<Vec<Contact>, Failure> {
    Ok(daemon.contacts().await?)
}

/// All groups, in the order of their ids; those that the owner is in no more too.
pub(crate) async fn all_groups(daemon: &mut Connection) -> Result<Vec<Group>, Failure> {
    Ok(daemon.groups().await?)
}

/// The contact that `wanted` means: a name, the beginning of one, an id or its beginning.
pub(crate) async fn find(daemon: &mut Connection, wanted: &str) -> Result<Contact, Failure> {
    choose(all(daemon).await?, wanted, Kind::Contact)
}

/// The group that `wanted` means. Those that the owner is in go before the others.
pub(crate) async fn find_group(daemon: &mut Connection, wanted: &str) -> Result<Group, Failure> {
    let (joined, others): (Vec<Group>, Vec<Group>) =
        all_groups(daemon).await?.into_iter().partition(|group| group.joined);
    match choose(joined, wanted, Kind::Group) {
        Err(Failure::Who(unknown)) => choose(others, wanted, Kind::Group).map_err(|_| Failure::Who(unknown)),
        found => found,
    }
}

/// The contact or group that `wanted` means.
pub(crate) async fn find_with(daemon: &mut Connection, wanted: &str) -> Result<With, Failure> {
    let contacts = all(daemon).await?.into_iter().map(With::Contact);
    let groups = all_groups(daemon).await?;
    let (joined, left): (Vec<Group>, Vec<Group>) = groups.into_iter().partition(|group| group.joined);
    match choose(contacts.chain(joined.into_iter().map(With::Group)).collect(), wanted, Kind::Any) {
        Err(Failure::Who(unknown)) => {
            let left = left.into_iter().map(With::Group).collect();
            choose(left, wanted, Kind::Any).map_err(|_| Failure::Who(unknown))
        }
        found => found,
    }
}

/// The member of a group that `wanted` means.
pub(crate) fn member(group: &Group, wanted: &str) -> Result<Member, Failure> {
    choose(group.members.clone(), wanted, Kind::Member)
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Contact,
    Group,
    Member,
    Any,
}

impl Kind {
    const fn several(self) -> &'static str {
        match self {
            Self::Contact => "contacts",
            Self::Group => "groups",
            Self::Member => "members",
            Self::Any => "contacts and groups",
        }
    }

    fn none(self, wanted: &str) -> String {
        match self {
            Self::Contact => format!("nobody among your contacts is called {wanted}: `lamplit contacts` lists them"),
            Self::Group => format!("no group of yours is called {wanted}: `lamplit group list` lists them"),
            Self::Member => format!("nobody in this group is called {wanted}: `lamplit group show` lists them"),
            Self::Any => format!(
                "nobody among your contacts and no group is called {wanted}: `lamplit contacts` and `lamplit group list` list them"
            ),
        }
    }
}

/// An exact name or id goes before a beginning, capitals before none. What fits several is refused.
fn choose<N: Named + Clone>(all: Vec<N>, wanted: &str, kind: Kind) -> Result<N, Failure> {
    let wanted = wanted.trim();
    let small = wanted.to_lowercase();
    if small.is_empty() {
        return Err(Failure::Who(format!("whom? {}", kind.none("that"))));
    }
    let fits: [&dyn Fn(&N) -> bool; 4] = [
        &|one| one.id() == small || one.name() == wanted,
        &|one| one.name().to_lowercase() == small,
        &|one| one.name().to_lowercase().starts_with(&small),
        &|one| one.id().starts_with(&small),
    ];
    for fits in fits {
        let found: Vec<&N> = all.iter().filter(|one| fits(one)).collect();
        match found.as_slice() {
            [] => {}
            [one] => return Ok((*one).clone()),
            several => return Err(Failure::Who(ambiguous(wanted, several))),
        }
    }
    Err(Failure::Who(kind.none(&safe(wanted))))
}

fn ambiguous<N: Named>(wanted: &str, several: &[&N]) -> String {
    let kinds: BTreeSet<Kind> = several.iter().map(|one| one.kind()).collect();
    let kind = kinds.first().copied().filter(|_| kinds.len() == 1).unwrap_or(Kind::Any);
    let mut message =
        format!("{} {} fit {}: use a whole name, or an id\n", several.len(), kind.several(), safe(wanted));
    for one in several.iter().take(NAMED) {
        message.push_str(&format!("  {}  {}\n", one.id(), safe(one.name())));
    }
    if several.len() > NAMED {
        message.push_str("  …\n");
    }
    message.truncate(message.trim_end().len());
    message
}

#[cfg(test)]
mod tests;
