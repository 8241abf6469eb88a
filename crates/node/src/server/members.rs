//! Who may have the set of all contacts: the server is told, so that it hands its pieces to them and to nobody else.

use lamplit_types::limits::MEMBERS_PART;
use lamplit_wire::{
    bounded::List,
    server::{Members, MembersMark, Up},
};

use crate::{
    Node,
    replica::{OWN_DATA, set_of},
    step::{Step, Stepped},
};

impl Node {
    /// Tells the server who the contacts are, if it takes others for them. First it has the records that say so: another device of
    /// the account that knows less could take it back.
    pub(super) fn tell_members(&mut self, step: &mut Step<'_>) -> Stepped {
        let me = self.device.account;
        let [data, friends] = [OWN_DATA, self.device.friends].map(|audience| set_of(me, audience));
        let Some(line) = self.server.line.as_mut().filter(|line| line.open.is_some()) else { return Ok(()) };
        let Some(told) = line.sets.members.filter(|_| line.sets.is_settled(&data) && line.sets.is_settled(&friends))
        else {
            return Ok(());
        };
        let contacts = self.people.contacts();
        let mark = MembersMark::of(&contacts);
        if mark == told {
            return Ok(());
        }
        line.sets.members = Some(mark);
        let parts = contacts.chunks(MEMBERS_PART).collect::<Vec<_>>();
        let count = parts.len().max(1);
        for part in 0..count {
            let accounts = parts.get(part).map(|accounts| accounts.to_vec()).unwrap_or_default();
            let accounts = List::try_from(accounts).unwrap_or_default();
            let (first, last) = (part == 0, part.saturating_add(1) == count);
            self.up(step, &Up::Members(Box::new(Members { audience: friends.audience, accounts, first, last })));
        }
        // Who is new there sees what this device's user is on.
        self.light_there_again(step)
    }
}
