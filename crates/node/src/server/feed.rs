//! What comes from the server: mail, in order. A part is collected once all of it is committed here.

use lamplit_types::AccountId;
use lamplit_wire::{
    bounded::List,
    server::{Delivery, Feed, Item, Up},
};

use super::{Flow, letters::Word};
use crate::{
    Node,
    inbox::{Sender, Taken},
    io::{Event, Warning},
    limits,
    rows::key,
    step::{Step, Stepped},
    table::Table,
};

/// How far a part of the feed was taken in.
enum Progress {
    /// All of it.
    Done,
    /// Up to what comes from a device that is not known yet: the list of its account is asked for.
    Waits(AccountId, Vec<Item>),
    /// This device begins anew: the server will send it again.
    Given,
}

impl Node {
    /// A part of the feed.
    pub(super) fn feed_came(&mut self, step: &mut Step<'_>, feed: Feed) -> Stepped<Flow> {
        let Some(line) = &mut self.server.line else { return Ok(Flow::Go) };
        if line.stalled.len() >= limits::FEED_PARTS {
            return Ok(Flow::End);
        }
        line.stalled.push_back(feed);
        if line.awaited.is_none() { self.take_feed(step, None) } else { Ok(Flow::Go) }
    }

    /// The list that the feed waited for is here, or there is none.
    pub(super) fn list_answered(&mut self, step: &mut Step<'_>, account: AccountId) -> Stepped<Flow> {
        for device in self.people.devices_of(account) {
            self.try_way_again(&device);
            self.post_by_server(step, device)?;
        }
        let Some(line) = &mut self.server.line else { return Ok(Flow::Go) };
        if line.awaited != Some(account) {
            return Ok(Flow::Go);
        }
        line.awaited = None;
        self.take_feed(step, Some(account))
    }

    /// Takes in the parts that are here. The list of `asked` was asked for: what is still not known by it will not be.
    fn take_feed(&mut self, step: &mut Step<'_>, mut asked: Option<AccountId>) -> Stepped<Flow> {
        while let Some(part) = self.server.line.as_mut().and_then(|line| line.stalled.pop_front()) {
            let Feed { items, cursor, last, gap } = part;
            if gap {
                self.seek_all(step)?;
            }
            match self.take_items(step, items.into_vec(), asked.take())? {
                Progress::Done => {}
                Progress::Given => return Ok(Flow::End),
                Progress::Waits(account, rest) => {
                    let items = List::try_from(rest).unwrap_or_default();
                    if let Some(line) = &mut self.server.line {
                        line.stalled.push_front(Feed { items, cursor, last, gap: false });
                        line.awaited = Some(account);
                    }
                    self.up(step, &Up::WantList(account));
                    return Ok(Flow::Go);
                }
            }
            if let Some(place) = &mut self.server.place {
                place.cursor = Some(cursor);
                step.db.put(Table::Device, key::SERVER, place)?;
            }
            self.up(step, &Up::Collected(cursor));
        }
        Ok(Flow::Go)
    }

    fn take_items(&mut self, step: &mut Step<'_>, items: Vec<Item>, asked: Option<AccountId>) -> Stepped<Progress> {
        let mut items = items.into_iter();
        while let Some(item) = items.next() {
            let delivery = match &item {
                Item::Envelope(delivery) => delivery,
                Item::Piece(piece) => {
                    self.piece_came(step, piece)?;
                    if self.reborn {
                        return Ok(Progress::Given);
                    }
                    continue;
                }
                Item::Set(set) => {
                    self.seek(step, *set)?;
                    continue;
                }
            };
            let Delivery { account, device, .. } = **delivery;
            let is_known =
                self.people.account_of(&device) == Some(account) && self.people.is_valid(&device, step.now.wall);
            if !is_known && asked != Some(account) && self.people.get(account).is_some() {
                let rest = core::iter::once(item).chain(items).collect();
                return Ok(Progress::Waits(account, rest));
            }
            if is_known {
                self.take_delivery(step, delivery)?;
            } else if self.people.account_of(&device) == Some(account) {
                // Its certificate does not count by this clock: one of the two is put right some time.
                step.tell(Event::Warning(Warning::CertificateExpired(device)));
                self.owe(step, device, Word::NotTaken(delivery.envelope.id))?;
            }
            if self.reborn {
                return Ok(Progress::Given);
            }
        }
        Ok(Progress::Done)
    }

    fn take_delivery(&mut self, step: &mut Step<'_>, delivery: &Delivery) -> Stepped {
        let Delivery { account, device, envelope } = delivery;
        if envelope.to != self.device.device {
            return Ok(());
        }
        let from = Sender { account: *account, device: *device };
        match self.take_envelope(step, from, envelope)? {
            Taken::Letter => Ok(()),
            Taken::Yes => self.owe(step, *device, Word::Heard),
            Taken::Unreadable => {
                // What follows in the sessions that failed is not read either, or it would overtake this. All of it comes again.
                if self.server.line.as_ref().is_some_and(|line| !line.fresh.contains(device)) {
                    self.forget_sessions(step, device);
                }
                self.owe(step, *device, Word::Unreadable(envelope.id))
            }
            Taken::No => self.owe(step, *device, Word::NotTaken(envelope.id)),
        }
    }
}
