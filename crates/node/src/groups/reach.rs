//! The conversation of a group: who hears what is said, and how far it has come with each.

use lamplit_types::{AccountId, ConversationId, GroupId, MessageId, limits::GROUP_PEOPLE};
use lamplit_wire::Progress;

use crate::{
    Node,
    db::{Typed, decode},
    rows::Reached,
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

/// The row of one member's receipts for one message.
fn row(id: MessageId, account: AccountId) -> Vec<u8> {
    [id.as_bytes().as_slice(), account.as_bytes()].concat()
}

/// How far a message has come with each who was to get it.
pub(crate) fn reach_of(read: &impl Read, id: MessageId) -> Stepped<Vec<Option<Progress>>> {
    let rows = read.scan(Table::Reach, id.as_bytes(), None, Order::Up, GROUP_PEOPLE)?;
    rows.iter().map(|(_, value)| decode::<Reached>(Table::Reach, value).map(|reached| reached.0)).collect()
}

impl Node {
    /// The other members of a group, if the owner is one.
    pub(crate) fn others_in_group(&self, group: GroupId) -> Option<Vec<AccountId>> {
        let me = self.device.account;
        let group = self.groups.get(&group).filter(|group| group.charter.is_member(me))?;
        Some(group.charter.members().map(|member| member.account).filter(|account| *account != me).collect())
    }

    /// Whether what somebody says in a group is for the owner to hear.
    pub(crate) fn hears_in_group(&self, group: GroupId, from: AccountId) -> bool {
        let Some(group) = self.groups.get(&group) else { return false };
        group.charter.is_member(self.device.account) && group.charter.is_member(from)
    }

    /// A message to a group is on its way to all who are in it now.
    pub(crate) fn expect_reach(&self, step: &mut Step<'_>, with: ConversationId, id: MessageId) -> Stepped {
        let ConversationId::Group(group) = with else { return Ok(()) };
        for account in self.others_in_group(group).unwrap_or_default() {
            step.db.put(Table::Reach, &row(id, account), &Reached(None))?;
        }
        Ok(())
    }

    /// A member tells how far a message has come with them: how far it has then come with all. `None` if that is nothing
    /// new, or they were not to get it.
    pub(crate) fn reached(
        &self,
        step: &mut Step<'_>,
        id: MessageId,
        by: AccountId,
        progress: Progress,
    ) -> Stepped<Option<Option<Progress>>> {
        let at = row(id, by);
        let before: Option<Reached> = step.db.row(Table::Reach, &at)?;
        if before.is_none_or(|before| before.0 >= Some(progress)) {
            return Ok(None);
        }
        step.db.put(Table::Reach, &at, &Reached(Some(progress)))?;
        Ok(Some(reach_of(&step.db, id)?.into_iter().min().flatten()))
    }
}
