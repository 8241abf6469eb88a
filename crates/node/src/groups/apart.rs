//! Groups among those who are not near: what one of them says of a group goes in messages, in their order, so that whoever gets
//! what is said in it knows already who may.
//!
//! Each device tells what it said itself, and those who come to the group all of it. Two writers are in no order to each other:
//! a message for which the group has no place yet waits, and its writer is asked for what they know.

use lamplit_types::{AccountId, ConversationId, DeviceId, GroupId, Hlc};
use lamplit_wire::{Body, GroupPart};

use super::{
    Coming, Group,
    exchange::{Item, Relation, in_parts, items_of, notice},
};
use crate::{
    Node,
    db::open_row,
    inbox::Sender,
    limits,
    mail::Mail,
    rows::{Held, Said, key},
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

impl Node {
    /// A group is not what it was: what this device said of it goes to those who are not near.
    pub(super) fn post_group(&mut self, step: &mut Step<'_>, id: GroupId, before: Option<&Group>) -> Stepped {
        let Some(group) = self.groups.get(&id).filter(|_| self.has_server()).cloned() else { return Ok(()) };
        let (me, own) = (self.device.account, self.device.device);
        let mut known = Vec::new();
        for item in before.into_iter().flat_map(items_of) {
            known.push(item.hash()?);
        }
        let (mut said, mut about) = (Vec::new(), vec![me]);
        for item in items_of(&group).filter(|item| item.said_by() == Some(own)) {
            if !known.contains(&item.hash()?) {
                about.extend(item.about());
                said.push(item);
            }
        }
        if said.is_empty() {
            return Ok(());
        }
        let lists =
            group.lists.iter().filter(|(account, _)| about.contains(account)).map(|(_, list)| Item::List(list.wire()));
        let news = in_parts(id, &group, lists.chain(said))?;
        for standing in group.charter.people() {
            let account = standing.account;
            let was_in = before.is_some_and(|before| before.charter.is_member(account));
            let parts = match (was_in, group.charter.is_member(account)) {
                _ if account == me => news.clone(),
                (false, true) if about.contains(&account) => in_parts(id, &group, items_of(&group))?,
                (_, true) => news.clone(),
                (true, false) => notice(id, &group, [me, account]),
                (false, false) => continue,
            };
            for device in self.people.devices_of(account) {
                if device != own && self.link_to(&device).is_none() {
                    self.post_parts(step, device, id, &parts)?;
                }
            }
        }
        Ok(())
    }

    fn post_parts(&mut self, step: &mut Step<'_>, to: DeviceId, group: GroupId, parts: &[GroupPart]) -> Stepped {
        for part in parts {
            let body = Body::Group(Box::new(part.clone()));
            self.post_to(step, to, &Mail { conversation: group.into(), sent: self.device.clock, body })?;
        }
        Ok(())
    }

    /// A message that has no place in its group yet waits for it.
    pub(crate) fn wait_for_group(
        &mut self,
        step: &mut Step<'_>,
        from: Sender,
        group: GroupId,
        sent: Hlc,
        body: Body,
    ) -> Stepped {
        let waits = self.early_of(step, from.device)?;
        let is_first = !waits.iter().any(|(_, held)| held.conversation == group.into() && !held.is_part());
        self.keep_early(step, from, group, (sent, body))?;
        if is_first && self.has_room_for(step, from.account)? {
            let ask = Mail { conversation: group.into(), sent: self.device.clock, body: Body::GroupWanted };
            self.post_to(step, from.device, &ask)?;
        }
        Ok(())
    }

    fn keep_early(&self, step: &mut Step<'_>, from: Sender, group: GroupId, (sent, body): (Hlc, Body)) -> Stepped {
        let rows = step.db.scan(Table::Early, from.device.as_bytes(), None, Order::Up, limits::EARLY)?;
        if let (limits::EARLY.., Some((oldest, _))) = (rows.len(), rows.first()) {
            step.db.remove(Table::Early, oldest);
        }
        let last = rows.last().and_then(|(at, _)| key::number_of(at)).unwrap_or_default();
        let expires = step.now.wall.plus(limits::ENVELOPE_MS);
        let held = Held { account: from.account, expires, conversation: group.into(), sent, said: Said::Now(body) };
        let at = key::numbered(from.device.as_bytes(), last.saturating_add(1));
        step.db.put_sealed(&self.secrets.vault, step.rng, Table::Early, &at, &held)
    }

    fn early_of(&self, step: &Step<'_>, device: DeviceId) -> Stepped<Vec<(Vec<u8>, Held)>> {
        let rows = step.db.scan(Table::Early, device.as_bytes(), None, Order::Up, limits::EARLY)?;
        let open = |(at, sealed): (Vec<u8>, Vec<u8>)| {
            let held = open_row(&self.secrets.vault, Table::Early, &at, &sealed)?;
            Ok((at, held))
        };
        rows.into_iter().map(open).collect()
    }

    /// A part of what a device that is not near knows of a group: with the last, all of them count.
    pub(crate) fn group_posted(
        &mut self,
        step: &mut Step<'_>,
        from: Sender,
        conversation: ConversationId,
        sent: Hlc,
        part: GroupPart,
    ) -> Stepped {
        if conversation != part.group.into() {
            return Ok(());
        }
        if part.head.is_none() {
            return self.keep_early(step, from, part.group, (sent, Body::Group(Box::new(part))));
        }
        let mut coming = Coming::new(&part);
        let mut fits = true;
        for (at, held) in self.early_of(step, from.device)? {
            if let Said::Now(Body::Group(earlier)) = held.said
                && held.conversation == conversation
            {
                step.db.remove(Table::Early, &at);
                fits &= coming.add(&earlier);
            }
        }
        if !fits || !coming.add(&part) {
            return Ok(());
        }
        // There is no link to end for one who forges.
        self.merge_group(step, from.account, coming).map(|_| ())
    }

    /// A device has a message of this one that waits for its group.
    pub(crate) fn group_wanted(&mut self, step: &mut Step<'_>, from: Sender, conversation: ConversationId) -> Stepped {
        let ConversationId::Group(id) = conversation else { return Ok(()) };
        let Some(group) = self.groups.get(&id) else { return Ok(()) };
        let parts = match self.relation(group, from.account) {
            Relation::Both => in_parts(id, group, items_of(group))?,
            Relation::Parted => notice(id, group, [self.device.account, from.account]),
            Relation::None => return Ok(()),
        };
        if !self.has_room_for(step, from.account)? {
            return Ok(());
        }
        self.post_parts(step, from.device, id, &parts)
    }

    /// What waited for a place in a group, and has one now.
    pub(super) fn deliver_early(&mut self, step: &mut Step<'_>, group: GroupId) -> Stepped {
        for account in self.others_in_group(group).unwrap_or_default() {
            for device in self.people.devices_of(account) {
                for (at, held) in self.early_of(step, device)? {
                    if held.conversation != group.into() || held.is_part() {
                        continue;
                    }
                    step.db.remove(Table::Early, &at);
                    if let Said::Now(body) = held.said {
                        let from = Sender { account: held.account, device };
                        self.deliver(step, from, held.conversation, held.sent, body)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Gives up what has waited in vain.
    pub(crate) fn expire_early(&self, step: &mut Step<'_>) -> Stepped {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = step.db.scan(Table::Early, &[], after.as_deref(), Order::Up, limits::BATCH)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = Some(last.clone());
            for (at, sealed) in rows {
                let held: Held = open_row(&self.secrets.vault, Table::Early, &at, &sealed)?;
                if held.expires <= step.now.wall {
                    step.db.remove(Table::Early, &at);
                }
            }
        }
    }
}

impl Held {
    /// Whether it is a part of what its sender knows of a group, and no message in it.
    const fn is_part(&self) -> bool {
        matches!(self.said, Said::Now(Body::Group(_)))
    }
}

impl Item<'_> {
    /// Which device said it.
    const fn said_by(&self) -> Option<DeviceId> {
        match self {
            Self::List(_) => None,
            Self::Standing(standing) => Some(standing.body.device),
            Self::Name(name) => Some(name.body.device),
            Self::Badge(badge) => Some(badge.body.device),
        }
    }

    /// Whom it is about, if that is one of its people.
    const fn about(&self) -> Option<AccountId> {
        match self {
            Self::Standing(standing) => Some(standing.body.account),
            Self::List(_) | Self::Name(_) | Self::Badge(_) => None,
        }
    }
}
