//! Receipts that wait a moment: they go with the next message, or with others of their kind.

use lamplit_types::{AccountId, DeviceId, Mono};
use lamplit_wire::{Body, bounded::List};

use crate::{
    Node,
    db::open_row,
    limits,
    mail::Mail,
    rows::Outgoing,
    step::{Step, Stepped},
    table::{Order, Read, Table},
};

impl Node {
    /// As [`Self::post`], for what may wait a moment: it goes with the next message, or with others of its kind.
    pub(crate) fn post_late(&mut self, step: &mut Step<'_>, to: AccountId, mail: &Mail) -> Stepped {
        for device in self.people.devices_of(to) {
            if device == self.device.device || self.join_receipts(step, &device, mail)? {
                continue;
            }
            self.put_outgoing_anew(step, device, mail)?;
            self.receipts.insert(device);
            self.receipts_due.get_or_insert(step.now.mono.plus(limits::RECEIPT_MS));
        }
        Ok(())
    }

    /// Adds a receipt to the one that is last in a device's outbox, if that is of its kind, has room and was never sent.
    fn join_receipts(&self, step: &mut Step<'_>, device: &DeviceId, mail: &Mail) -> Stepped<bool> {
        let Some((at, sealed)) = step.db.scan(Table::Outbox, device.as_bytes(), None, Order::Down, 1)?.pop() else {
            return Ok(false);
        };
        let mut last: Outgoing = open_row(&self.secrets.vault, Table::Outbox, &at, &sealed)?;
        let (Body::Receipt { progress, ids }, Body::Receipt { progress: new, ids: more }) =
            (&mut last.body, &mail.body)
        else {
            return Ok(false);
        };
        if last.was_sealed || progress != new || last.conversation != mail.conversation {
            return Ok(false);
        }
        let all: Vec<_> = ids.iter().chain(more.iter()).copied().collect();
        let Ok(all) = List::try_from(all) else { return Ok(false) };
        *ids = all;
        step.db.put_sealed(&self.secrets.vault, step.rng, Table::Outbox, &at, &last)?;
        Ok(true)
    }

    /// Receipts have waited long enough.
    pub(crate) fn send_receipts(&mut self, now: Mono) {
        if self.receipts_due.is_some_and(|due| due <= now) {
            self.receipts_due = None;
            self.posted.append(&mut self.receipts);
        }
    }
}
