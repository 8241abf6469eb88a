//! Envelopes on their way: kept once, dropped once they are collected or past their time. `feed.rs` hands them out.

use std::collections::BTreeMap;

use lamplit_types::{AccountId, DeviceId, Wall};
use lamplit_wire::{
    credential::ListHead,
    server::{Outcome, Post},
};

use crate::{
    limits::{KEPT_MS, MAILBOX_BYTES, SENDER_BYTES, TIDY_ROWS, TRIES},
    rows::{self, Account, Mail, key, weight},
    service::Failed,
    store::{ApplyError, Batch, Change, Expect, Partition, Store, number_of},
};

/// What became of an envelope, and the list of its addressee's account.
pub(crate) type Kept = (Outcome, Option<ListHead>);

/// Keeps an envelope for its addressee.
pub(crate) async fn post(store: &impl Store, from: (AccountId, DeviceId), post: Post, now: Wall) -> Kept {
    if post.envelope.expires <= now {
        return (Outcome::Expired, None);
    }
    keep(store, from, post, now).await.unwrap_or((Outcome::Failed, None))
}

async fn keep(
    store: &impl Store,
    (account, device): (AccountId, DeviceId),
    Post { account: to, envelope, .. }: Post,
    now: Wall,
) -> Result<Kept, Failed> {
    let partition = Partition::Account(to);
    let addressee = envelope.to;
    let (known, share) = (key::known(&addressee, &envelope.id), key::share(&addressee, &account));
    let until = envelope.expires.min(now.plus(KEPT_MS));
    let mail = rows::write(&Mail { account, device, until, envelope })?;
    let cost = weight(&mail);
    for _ in 0..TRIES {
        let Some(row) = store.get(&partition, key::ACCOUNT).await? else { return Ok((Outcome::Nobody, None)) };
        let account: Account = rows::read(&row)?;
        let head = Some(account.head);
        if !account.has(&addressee) {
            return Ok((Outcome::Nobody, head));
        }
        let batch = Batch {
            partition,
            expects: vec![
                Expect::Row { key: key::ACCOUNT.to_vec(), value: Some(row) },
                Expect::Row { key: known.clone(), value: None },
                Expect::AtMost { key: key::weight(&addressee), limit: MAILBOX_BYTES.saturating_sub(cost) },
                Expect::AtMost { key: share.clone(), limit: SENDER_BYTES.saturating_sub(cost) },
            ],
            changes: vec![
                Change::Append { prefix: key::mail(&addressee), value: mail.clone() },
                Change::Put { key: known.clone(), value: Vec::new() },
                Change::Add { key: key::weight(&addressee), by: cost },
                Change::Add { key: share.clone(), by: cost },
            ],
        };
        match store.apply(batch).await {
            // It is there already: whoever brought it did not hear so.
            Ok(_) | Err(ApplyError::Unexpected(1)) => return Ok((Outcome::Kept, head)),
            Err(ApplyError::Unexpected(0)) => {}
            Err(ApplyError::Unexpected(_)) => return Ok((Outcome::Full, head)),
            Err(error) => return Err(Failed::Write(error)),
        }
    }
    Err(Failed::Contended)
}

/// A device has committed all of its feed up to a place.
pub(crate) async fn collected(
    store: &impl Store,
    (account, device): (AccountId, DeviceId),
    place: u64,
) -> Result<(), Failed> {
    drop_mail(store, Partition::Account(account), &device, |number, _| number <= place).await.map(|_| ())
}

/// Drops what is past its time from a device's mailbox. What comes in order expires about in order, so the first that is
/// good ends the search.
pub(crate) async fn drop_expired(
    store: &impl Store,
    partition: Partition,
    device: &DeviceId,
    now: Wall,
) -> Result<usize, Failed> {
    drop_mail(store, partition, device, |_, mail| mail.until <= now).await
}

/// Drops mail from the beginning of a device's mailbox, as long as it is unwanted.
async fn drop_mail(
    store: &impl Store,
    partition: Partition,
    device: &DeviceId,
    unwanted: impl Fn(u64, &Mail) -> bool,
) -> Result<usize, Failed> {
    let prefix = key::mail(device);
    let (mut dropped, mut tries) = (0_usize, 0);
    while tries < TRIES {
        let found = store.scan(&partition, &prefix, None, TIDY_ROWS).await?;
        let (mut expects, mut changes) = (Vec::new(), Vec::new());
        let mut freed = BTreeMap::<AccountId, i64>::new();
        for (at, value) in &found {
            let mail: Mail = rows::read(value)?;
            if !unwanted(number_of(at).ok_or(crate::StoreError::Corrupt)?, &mail) {
                break;
            }
            // Whoever drops some of it begins with the first: so the count is kept right.
            if expects.is_empty() {
                expects.push(Expect::Row { key: at.clone(), value: Some(value.clone()) });
            }
            changes.push(Change::Remove { key: at.clone() });
            changes.push(Change::Remove { key: key::known(device, &mail.envelope.id) });
            let of_sender = freed.entry(mail.account).or_default();
            *of_sender = of_sender.saturating_add(weight(value));
        }
        let rows = changes.len() / 2;
        if rows == 0 {
            return Ok(dropped);
        }
        for (sender, bytes) in freed {
            changes.push(Change::Add { key: key::weight(device), by: bytes.saturating_neg() });
            changes.push(Change::Add { key: key::share(device, &sender), by: bytes.saturating_neg() });
        }
        match store.apply(Batch { partition, expects, changes }).await {
            Ok(_) => dropped = dropped.saturating_add(rows),
            // Somebody else dropped the first: there may be more.
            Err(ApplyError::Unexpected(_)) => {
                tries += 1;
                continue;
            }
            Err(error) => return Err(Failed::Write(error)),
        }
        if rows < found.len() {
            return Ok(dropped);
        }
    }
    Err(Failed::Contended)
}

#[cfg(test)]
mod tests;
