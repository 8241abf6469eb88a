//! One-time keys that devices leave here, for others to start sessions with.

use std::collections::BTreeSet;

use lamplit_identity::verify_one_time_key;
use lamplit_types::{AccountId, DeviceId};
use lamplit_wire::{
    credential::SignedOneTimeKey,
    server::{Found, Stock, WantKey},
};

use crate::{
    limits::{STOCK, TRIES},
    rows::{self, Account, key},
    service::Failed,
    store::{ApplyError, Batch, Change, Expect, Partition, Store},
};

/// How many one-time keys of a device are here.
pub(crate) async fn count(store: &impl Store, (account, device): (AccountId, DeviceId)) -> Result<usize, Failed> {
    let found = store.scan(&Partition::Account(account), &key::one_time(&device, store.epoch()), None, STOCK).await?;
    Ok(found.len())
}

/// Takes keys in, as many as there is room for; how many there are then. `None` if one is not the device's own.
pub(crate) async fn put(
    store: &impl Store,
    (account, device): (AccountId, DeviceId),
    stock: &Stock,
) -> Result<Option<usize>, Failed> {
    let is_own = |key: &SignedOneTimeKey| verify_one_time_key(key, &device).is_ok();
    if !stock.one_time.iter().chain(&stock.fallback).all(is_own) {
        return Ok(None);
    }
    let present = key::one_time(&device, store.epoch());
    let before = store.scan(&Partition::Account(account), &present, None, STOCK).await?;
    let room = STOCK.saturating_sub(before.len());
    let mut known: BTreeSet<Vec<u8>> = before.into_iter().map(|(_, value)| value).collect();
    let mut changes = Vec::new();
    for one_time in stock.one_time.iter() {
        // What is brought twice is handed out once.
        let value = rows::write(one_time)?;
        if changes.len() >= room || !known.insert(value.clone()) {
            continue;
        }
        changes.push(Change::Append { prefix: present.clone(), value });
    }
    if let Some(fallback) = &stock.fallback {
        // It comes with the first stock in each life of the store: what is there of earlier ones is of no use.
        let partition = Partition::Account(account);
        let mut all = store.scan(&partition, &key::one_times(&device), None, 2 * STOCK).await?;
        all.extend(store.scan(&partition, &key::fallbacks(&device), None, STOCK).await?);
        let stale = all.into_iter().filter(|(at, _)| !at.starts_with(&present));
        changes.extend(stale.map(|(key, _)| Change::Remove { key }));
        changes.push(Change::Put { key: key::fallback(&device, store.epoch()), value: rows::write(fallback)? });
    }
    if !changes.is_empty() {
        let batch = Batch { partition: Partition::Account(account), expects: Vec::new(), changes };
        store.apply(batch).await.map_err(Failed::Write)?;
    }
    count(store, (account, device)).await.map(Some)
}

/// A key handed out, and how many are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handed {
    pub(crate) found: Found,
    pub(crate) left: usize,
}

/// Hands out a key of a device: a one-time key once, and the fallback key when there are none.
pub(crate) async fn take(store: &impl Store, WantKey { account, device }: WantKey) -> Result<Handed, Failed> {
    let partition = Partition::Account(account);
    let nothing = Handed { found: Found::Nothing, left: STOCK };
    let Some(row) = store.get(&partition, key::ACCOUNT).await? else { return Ok(nothing) };
    if !rows::read::<Account>(&row)?.has(&device) {
        return Ok(nothing);
    }
    for _ in 0..TRIES {
        let found = store.scan(&partition, &key::one_time(&device, store.epoch()), None, STOCK).await?;
        let left = found.len().saturating_sub(1);
        let Some((at, value)) = found.into_iter().next() else {
            let fallback = store.get(&partition, &key::fallback(&device, store.epoch())).await?;
            let Some(fallback) = fallback else { return Ok(nothing) };
            return Ok(Handed { found: Found::Key(rows::read(&fallback)?), left });
        };
        let found = Found::Key(rows::read(&value)?);
        let expects = vec![Expect::Row { key: at.clone(), value: Some(value) }];
        let batch = Batch { partition, expects, changes: vec![Change::Remove { key: at }] };
        match store.apply(batch).await {
            Ok(_) => return Ok(Handed { found, left }),
            // Somebody else got it.
            Err(ApplyError::Unexpected(_)) => {}
            Err(error) => return Err(Failed::Write(error)),
        }
    }
    Err(Failed::Contended)
}

#[cfg(test)]
mod tests;
