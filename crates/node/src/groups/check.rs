//! Whether what came of a group is what those it names have signed.

use std::collections::{BTreeMap, BTreeSet};

use lamplit_identity::{MergeOutcome, VerifiedList, group_id, verify};
use lamplit_sync::charter::Statement;
use lamplit_types::{AccountId, DeviceId};
use lamplit_wire::{
    Badge, GroupName, Rank,
    credential::{RootHash, Signable, Signed},
};

use super::{Coming, Group};

/// Something was signed by nobody: whoever sent it is not to be talked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Forged;

/// What holds of what came.
pub(super) struct Checked {
    pub(super) statements: Vec<Statement>,
    pub(super) names: Vec<Signed<GroupName>>,
    pub(super) badges: Vec<Signed<Badge>>,
    pub(super) lists: BTreeMap<AccountId, VerifiedList>,
    /// Of whom two roots are told, or two histories of their devices.
    pub(super) in_conflict: BTreeSet<AccountId>,
}

/// Roots and lists as far as they are believed. Each is believed on the word of somebody who was before.
struct Believed<'a> {
    known: &'a Group,
    roots: BTreeMap<AccountId, RootHash>,
    shown: BTreeMap<AccountId, VerifiedList>,
    lists: BTreeMap<AccountId, VerifiedList>,
    in_conflict: BTreeSet<AccountId>,
}

/// Checks what came, beside what is known. `pinned` has the roots of contacts and of the owner.
pub(super) fn check(
    known: &Group,
    pinned: impl Fn(AccountId) -> Option<RootHash>,
    coming: Coming,
) -> Result<Checked, Forged> {
    if group_id(&coming.founding) != coming.group {
        return Err(Forged);
    }
    let founder = coming.founding.founder;
    let mut shown = BTreeMap::new();
    for list in coming.lists {
        // What is known is not checked again: a group may have many lists.
        let known = known.lists.get(&list.generation.body.account).filter(|known| *known.wire() == list);
        let list = match known {
            Some(known) => known.clone(),
            None => VerifiedList::verify(list, None).map_err(|_| Forged)?,
        };
        shown.entry(list.account()).or_insert(list);
    }
    let mut roots = BTreeMap::from([(founder, coming.founding.root)]);
    let people = known.charter.people().map(|standing| (standing.account, standing.root));
    roots.extend(people.filter(|(account, _)| *account != founder));
    let mentioned = coming.statements.iter().map(|statement| statement.account);
    for account in mentioned.collect::<BTreeSet<_>>() {
        if let Some(root) = pinned(account) {
            roots.insert(account, root);
        }
    }
    let mut believed = Believed { known, roots, shown, lists: BTreeMap::new(), in_conflict: BTreeSet::new() };
    // First the founder's word, then that of the admins it names, then everybody's about themselves.
    let (first, rest): (Vec<_>, Vec<_>) = coming.statements.into_iter().partition(|one| one.by == founder);
    let (last, second): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|one| one.by == one.account && one.rank == Rank::Out);
    let mut statements = Vec::new();
    for statement in first.into_iter().chain(second).chain(last) {
        if statement.group == coming.group && believed.statement(&statement)? {
            statements.push(statement);
        }
    }
    let names = believed.all_signed(coming.names, |name| (name.group, name.by, name.device), coming.group)?;
    let badges =
        believed.all_signed(coming.badges, |badge| (badge.group, badge.account, badge.device), coming.group)?;
    // Lists of those who have signed nothing yet.
    for account in believed.shown.keys().copied().collect::<Vec<_>>() {
        believed.list(account);
    }
    let Believed { lists, in_conflict, .. } = believed;
    Ok(Checked { statements, names, badges, lists, in_conflict })
}

impl Believed<'_> {
    /// Takes in a statement, if it is signed and about whom it says.
    fn statement(&mut self, statement: &Statement) -> Result<bool, Forged> {
        let is_known = self.known.charter.statements().any(|known| known == statement);
        if !is_known && !self.is_signed(statement, statement.by, statement.device)? {
            return Ok(false);
        }
        let root = *self.roots.entry(statement.account).or_insert(statement.root);
        if root != statement.root {
            self.in_conflict.insert(statement.account);
        }
        Ok(root == statement.root)
    }

    fn all_signed<B: Signable + Clone>(
        &mut self,
        all: Vec<Signed<B>>,
        who: impl Fn(&B) -> (lamplit_types::GroupId, AccountId, DeviceId),
        group: lamplit_types::GroupId,
    ) -> Result<Vec<Signed<B>>, Forged> {
        let mut signed = Vec::new();
        for one in all {
            let (of, by, device) = who(&one.body);
            if of == group && self.is_signed(&one, by, device)? {
                signed.push(one);
            }
        }
        Ok(signed)
    }

    /// Whether something is signed by a device of whom it says. If the device is not known it is passed over: somebody else
    /// may be ahead with a list.
    fn is_signed<B: Signable>(&mut self, signed: &Signed<B>, by: AccountId, device: DeviceId) -> Result<bool, Forged> {
        let Some(list) = self.list(by) else { return Ok(false) };
        if list.device(&device).is_none() {
            return Ok(false);
        }
        verify(signed, device.as_bytes()).map(|_| true).map_err(|_| Forged)
    }

    /// Somebody's devices: what was known, with what was shown.
    fn list(&mut self, account: AccountId) -> Option<&VerifiedList> {
        if !self.lists.contains_key(&account) {
            let root = self.roots.get(&account)?;
            let known = self.known.lists.get(&account).filter(|list| list.root_hash() == *root);
            let shown = self.shown.get(&account).filter(|list| list.root_hash() == *root);
            let list = match (known, shown) {
                (Some(known), Some(shown)) => match known.merge(shown) {
                    Ok(MergeOutcome::Grew(list) | MergeOutcome::Newer(list)) => list,
                    Ok(MergeOutcome::Same | MergeOutcome::Older) => known.clone(),
                    Err(_) => {
                        self.in_conflict.insert(account);
                        known.clone()
                    }
                },
                (Some(one), None) | (None, Some(one)) => one.clone(),
                (None, None) => return None,
            };
            self.lists.insert(account, list);
        }
        self.lists.get(&account)
    }
}
