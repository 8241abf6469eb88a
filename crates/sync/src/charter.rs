//! Which of a group's statements count, whoever made them and in whatever order they came.
//!
//! Authority flows one way, so that what counts never goes round in a circle. The founder's word about anybody, and
//! anybody's own word that they leave, are **firm**: of these the latest counts, and they alone say who is an admin. An
//! admin's word that somebody is a member, or is one no more, counts about everybody who is no admin, for as long as the
//! admin is one. Who loses that right keeps of what they had signed what the one who took it had seen: its hashes stand
//! in the statement that took it, and a statement made later, whatever version it claims, is not among them.
//!
//! What does not count is dropped, so a charter stays as small as a group is. Whoever still needs it gets it from those
//! for whom it counts: [`Charter::merge`] is the same for all who have seen the same.

use std::collections::BTreeMap;

use lamplit_types::{AccountId, limits::GROUP_PEOPLE};
use lamplit_wire::{GroupName, Rank, Standing, StatementHash, credential::Signed};

/// Of which every signature was checked.
pub type Statement = Signed<Standing>;

/// All that counts of what is known about a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charter {
    founder: AccountId,
    /// The latest firm word about each.
    firm: BTreeMap<AccountId, Statement>,
    /// Where each stands.
    standings: BTreeMap<AccountId, Statement>,
    name: Option<Signed<GroupName>>,
}

/// What somebody may not do in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Only members may.
    #[error("only a member of the group can do that")]
    NotAMember,
    /// Only admins and the founder may.
    #[error("only an admin of the group can do that")]
    NotAnAdmin,
    /// Only the founder may.
    #[error("only who founded the group can do that")]
    NotTheFounder,
}

impl Charter {
    /// An empty one, of a group that `founder` founds.
    pub const fn new(founder: AccountId) -> Self {
        Self { founder, firm: BTreeMap::new(), standings: BTreeMap::new(), name: None }
    }

    /// What counts of all that is here and all that came.
    #[must_use]
    pub fn merge(
        &self,
        statements: impl IntoIterator<Item = Statement>,
        names: impl IntoIterator<Item = Signed<GroupName>>,
    ) -> Self {
        let all: Vec<Statement> = self.statements().cloned().chain(statements).collect();
        let mut merged = Self::new(self.founder);
        let (firm, others): (Vec<&Statement>, Vec<&Statement>) = all.iter().partition(|one| merged.is_firm(one));
        for statement in firm {
            keep_later(&mut merged.firm, statement);
        }
        let mut standings = merged.firm.clone();
        for statement in others.into_iter().filter(|one| merged.counts(one)) {
            keep_later(&mut standings, statement);
        }
        merged.standings = standings;
        while merged.standings.len() > GROUP_PEOPLE {
            let Some(last) = merged.standings.keys().rfind(|account| **account != merged.founder).copied() else {
                break;
            };
            merged.standings.remove(&last);
            merged.firm.remove(&last);
        }
        let names = self.name.iter().cloned().chain(names).filter(|name| merged.may_name(name));
        merged.name = names.max_by(|a, b| order_of_name(a).cmp(&order_of_name(b)));
        merged
    }

    /// The founder's word about anybody, or anybody's that they leave.
    fn is_firm(&self, statement: &Standing) -> bool {
        let leaves = statement.by == statement.account && statement.rank == Rank::Out;
        statement.by == self.founder || (leaves && statement.account != self.founder)
    }

    /// An admin's word about somebody who is none.
    fn counts(&self, statement: &Standing) -> bool {
        let Standing { account, by, rank, .. } = statement;
        *account != self.founder
            && *rank != Rank::Admin
            && !self.is_admin(*account)
            && (self.is_admin(*by) || keeps(self.firm.get(by), statement.hash()))
    }

    fn may_name(&self, name: &GroupName) -> bool {
        self.is_member(name.by) || keeps(self.standings.get(&name.by), name.hash())
    }

    /// Whose group it is.
    pub const fn founder(&self) -> AccountId {
        self.founder
    }

    /// Everybody who is in it, or was.
    pub fn people(&self) -> impl Iterator<Item = &Standing> {
        self.standings.values().map(|statement| &statement.body)
    }

    /// Everybody who is in it.
    pub fn members(&self) -> impl Iterator<Item = &Standing> {
        self.people().filter(|standing| standing.rank != Rank::Out)
    }

    /// Where somebody stands.
    pub fn standing(&self, account: AccountId) -> Option<&Standing> {
        self.standings.get(&account).map(|statement| &statement.body)
    }

    /// Whether somebody is in it.
    pub fn is_member(&self, account: AccountId) -> bool {
        self.standing(account).is_some_and(|standing| standing.rank != Rank::Out)
    }

    /// Whether somebody may add and remove members.
    pub fn is_admin(&self, account: AccountId) -> bool {
        self.firm.get(&account).is_some_and(|standing| standing.rank == Rank::Admin)
    }

    /// What it is called.
    pub fn name(&self) -> Option<&Signed<GroupName>> {
        self.name.as_ref()
    }

    /// All statements that others need to come to the same.
    pub fn statements(&self) -> impl Iterator<Item = &Statement> {
        let same = |firm: &&Statement| self.standings.get(&firm.account) != Some(*firm);
        self.standings.values().chain(self.firm.values().filter(same))
    }

    /// The version of a new statement about somebody.
    pub fn next_version(&self, account: AccountId) -> u32 {
        let known = [self.standings.get(&account), self.firm.get(&account)];
        known.into_iter().flatten().map(|standing| standing.version).max().unwrap_or(0).saturating_add(1)
    }

    /// Of what somebody signed, all that counts: what they keep if they may sign no more.
    pub fn signed_by(&self, account: AccountId) -> Vec<StatementHash> {
        let standings = self.statements().filter(|standing| standing.by == account && standing.account != account);
        let name = self.name.iter().filter(|name| name.by == account).map(|name| name.hash());
        standings.map(|standing| standing.hash()).chain(name).take(GROUP_PEOPLE).collect()
    }

    /// Whether `by` may add somebody.
    ///
    /// # Errors
    /// [`Denied`] says who may.
    pub fn may_add(&self, by: AccountId) -> Result<(), Denied> {
        if self.is_admin(by) { Ok(()) } else { Err(self.denied(by, Denied::NotAnAdmin)) }
    }

    /// Whether `by` may remove somebody.
    ///
    /// # Errors
    /// [`Denied`] says who may.
    pub fn may_remove(&self, by: AccountId, account: AccountId) -> Result<(), Denied> {
        self.may_add(by)?;
        if by != self.founder && (account == self.founder || self.is_admin(account)) {
            return Err(Denied::NotTheFounder);
        }
        Ok(())
    }

    /// Whether `by` may make admins.
    ///
    /// # Errors
    /// [`Denied`] says who may.
    pub fn may_name_admins(&self, by: AccountId) -> Result<(), Denied> {
        if by == self.founder && self.is_admin(by) { Ok(()) } else { Err(self.denied(by, Denied::NotTheFounder)) }
    }

    fn denied(&self, by: AccountId, denied: Denied) -> Denied {
        if self.is_member(by) { denied } else { Denied::NotAMember }
    }
}

fn keeps(standing: Option<&Statement>, hash: StatementHash) -> bool {
    standing.is_some_and(|standing| standing.keeps.contains(&hash))
}

fn keep_later(into: &mut BTreeMap<AccountId, Statement>, statement: &Statement) {
    match into.get(&statement.account) {
        Some(known) if is_later_or_same(known, statement) => {}
        _ => {
            into.insert(statement.account, statement.clone());
        }
    }
}

/// Whether a statement about somebody is the later of two, or the same. Only of those made apart the hash decides.
fn is_later_or_same(one: &Statement, other: &Statement) -> bool {
    let first = |statement: &Statement| (statement.version, statement.rank);
    let rest = |statement: &Statement| (statement.body.hash(), statement.device, statement.signature);
    first(one).cmp(&first(other)).then_with(|| rest(one).cmp(&rest(other))).is_ge()
}

fn order_of_name(name: &Signed<GroupName>) -> impl Ord + use<> {
    (name.version, name.body.hash(), name.device, name.signature)
}

#[cfg(test)]
mod tests;
