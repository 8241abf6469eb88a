//! What a device is sent, in the order it came: its mail, and word of records for its account.

use std::collections::BTreeMap;

use lamplit_types::{AccountId, DeviceId, Wall, limits::FEED_ITEMS};
use lamplit_wire::{
    SetId,
    server::{Delivery, Item},
};

use crate::{
    limits::{FEED_BYTES, FEED_FRAME_BYTES},
    members,
    rows::{self, Mail, Update, key},
    service::Failed,
    sets,
    store::{Partition, Store, StoreError, number_of, numbered},
};

/// What follows in a feed.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    /// The place after them.
    pub(crate) place: u64,
    /// Whether there may be more.
    pub(crate) more: bool,
    /// How much word of records is before that place, also if it is not for this device.
    pub(crate) updates: usize,
}

/// What follows a place in a device's feed.
pub(crate) async fn feed(
    store: &impl Store,
    (account, device): (AccountId, DeviceId),
    after: u64,
    now: Wall,
) -> Result<Page, Failed> {
    let partition = Partition::Account(account);
    let mut rows = Vec::new();
    for (prefix, is_mail) in [(key::mail(&device), true), (key::UPDATES.to_vec(), false)] {
        // One more than there is room for tells whether there are more.
        for (at, value) in store.scan(&partition, &prefix, Some(&numbered(&prefix, after)), FEED_ITEMS + 1).await? {
            rows.push((number_of(&at).ok_or(StoreError::Corrupt)?, is_mail, value));
        }
    }
    rows.sort_unstable_by_key(|(number, ..)| *number);
    // Beyond these there may be rows that were not read.
    rows.truncate(FEED_ITEMS + 1);
    let mut reader = Reader { store, account, device, now, may_have: BTreeMap::new() };
    let mut page = Page { place: after, more: rows.len() > FEED_ITEMS, ..Page::default() };
    let mut bytes = 0_usize;
    for (number, is_mail, value) in rows {
        if bytes > FEED_BYTES || page.items.len() == FEED_ITEMS {
            page.more = true;
            break;
        }
        let (items, size) = if is_mail { reader.mail(&value)? } else { reader.news(&value).await? };
        let is_too_much =
            bytes.saturating_add(size) > FEED_FRAME_BYTES || page.items.len().saturating_add(items.len()) > FEED_ITEMS;
        if is_too_much && !page.items.is_empty() {
            page.more = true;
            break;
        }
        page.place = number;
        page.updates = page.updates.saturating_add(usize::from(!is_mail));
        page.items.extend(items);
        bytes = bytes.saturating_add(size);
    }
    Ok(page)
}

/// What a row says to a device, and how many bytes that are.
type Said = (Vec<Item>, usize);

/// Whose feed it is.
struct Reader<'s, S> {
    store: &'s S,
    account: AccountId,
    device: DeviceId,
    now: Wall,
    /// Whether it may have a set, as was found for this page.
    may_have: BTreeMap<SetId, bool>,
}

impl<S: Store> Reader<'_, S> {
    fn mail(&self, row: &[u8]) -> Result<Said, Failed> {
        let Mail { account, device, until, envelope } = rows::read(row)?;
        if until <= self.now {
            return Ok((Vec::new(), 0));
        }
        Ok((vec![Item::Envelope(Box::new(Delivery { account, device, envelope }))], row.len()))
    }

    async fn news(&mut self, row: &[u8]) -> Result<Said, Failed> {
        let update: Update = rows::read(row)?;
        match self.update(update).await {
            // What is damaged at somebody else keeps nobody from their feed.
            Err(Failed::Read(StoreError::Corrupt)) => Ok((Vec::new(), 0)),
            said => said,
        }
    }

    async fn update(&mut self, update: Update) -> Result<Said, Failed> {
        let set = match update {
            Update::Added(added) if added.by == self.device => return Ok((Vec::new(), 0)),
            Update::Added(added) => added.set,
            Update::Set(set) => set,
        };
        if !self.may_have(set).await? {
            return Ok((Vec::new(), 0));
        }
        let pieces = match update {
            Update::Added(added) => sets::added(self.store, &added).await?,
            Update::Set(_) => None,
        };
        let Some(pieces) = pieces else { return Ok((vec![Item::Set(set)], ITEM_BYTES)) };
        let size = pieces.iter().map(|(_, bytes)| bytes).sum();
        Ok((pieces.into_iter().map(|(piece, _)| Item::Piece(Box::new(piece))).collect(), size))
    }

    async fn may_have(&mut self, set: SetId) -> Result<bool, Failed> {
        if let Some(known) = self.may_have.get(&set) {
            return Ok(*known);
        }
        let may = members::may_have(self.store, self.account, &set).await?;
        self.may_have.insert(set, may);
        Ok(may)
    }
}

/// Bytes of an item that names a set.
const ITEM_BYTES: usize = 64;

#[cfg(test)]
mod tests;
