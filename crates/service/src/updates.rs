//! Word of records that waits for an account's devices. All of them read one queue, each from where it has come: what was added to a
//! log, of the account's own sets or of those it may have, waits here as the numbers it has, and is read where it lies when it is sent.
//!
//! A queue has its bound, for a device may never come again. What is dropped then is told as a gap, and asked for set by set.

use lamplit_types::{AccountId, DeviceId};

use crate::{
    limits::{TIDY_ROWS, TRIES, UPDATES},
    rows::{self, Account, Update, key},
    service::Failed,
    store::{ApplyError, Batch, Change, Expect, Partition, Row, Store, StoreError, number_of, numbered},
};

/// What must hold for a further word to have room.
pub(crate) fn room() -> Expect {
    Expect::AtMost { key: key::UPDATE_COUNT.to_vec(), limit: UPDATES.saturating_sub(1) }
}

/// The changes that put a word at the end of a queue.
pub(crate) fn putting(update: &Update) -> Result<[Change; 2], Failed> {
    Ok([
        Change::Append { prefix: key::UPDATES.to_vec(), value: rows::write(update)? },
        Change::Add { key: key::UPDATE_COUNT.to_vec(), by: 1 },
    ])
}

/// Puts a word at the end of an account's queue, if the account is here. Its devices are to hear of it.
pub(crate) async fn put(store: &impl Store, account: AccountId, update: &Update) -> Result<Vec<DeviceId>, Failed> {
    let partition = Partition::Account(account);
    let Some(row) = store.get(&partition, key::ACCOUNT).await? else { return Ok(Vec::new()) };
    let devices = rows::read::<Account>(&row)?.devices;
    for _ in 0..TRIES {
        let batch = Batch { partition, expects: vec![room()], changes: putting(update)?.into() };
        match store.apply(batch).await {
            Ok(_) => return Ok(devices),
            Err(ApplyError::Unexpected(_)) => make_room(store, account, UPDATES).await?,
            Err(error) => return Err(Failed::Write(error)),
        }
    }
    Err(Failed::Contended)
}

/// Drops the oldest of a queue, so that there are fewer than `most`: a sixty-fourth of them at a time, since each time costs a commit.
pub(crate) async fn make_room(store: &impl Store, account: AccountId, most: i64) -> Result<(), Failed> {
    let partition = Partition::Account(account);
    for _ in 0..TRIES {
        let too_many = count(store, &partition).await?.saturating_sub(most).saturating_add(1);
        let Ok(too_many @ 1..) = usize::try_from(too_many) else { return Ok(()) };
        let share = usize::try_from(most / 64).unwrap_or(0);
        let many = too_many.max(share).min(TIDY_ROWS);
        let oldest = store.scan(&partition, key::UPDATES, None, many).await?;
        let last = oldest.last().and_then(|(at, _)| number_of(at)).ok_or(StoreError::Corrupt)?;
        let dropped = Change::Put { key: key::DROPPED.to_vec(), value: last.to_be_bytes().to_vec() };
        // Somebody else may have dropped them: then it is counted anew.
        drop_rows(store, partition, oldest, Some(dropped)).await?;
    }
    Err(Failed::Contended)
}

/// Up to where word was dropped that not all devices had.
pub(crate) async fn dropped(store: &impl Store, account: AccountId) -> Result<u64, Failed> {
    number(store, &Partition::Account(account), key::DROPPED).await
}

/// A device has committed all up to a place.
pub(crate) async fn collected(
    store: &impl Store,
    (account, device): (AccountId, DeviceId),
    place: u64,
) -> Result<(), Failed> {
    let changes = vec![Change::Put { key: key::collected(&device), value: place.to_be_bytes().to_vec() }];
    let batch = Batch { partition: Partition::Account(account), expects: Vec::new(), changes };
    store.apply(batch).await.map(|_| ()).map_err(Failed::Write)
}

/// A device comes with the place up to which it has committed all. Up to where it had said so before: behind its place, it was
/// restored from a backup, and what lies between may be gone.
pub(crate) async fn resumed(store: &impl Store, who: (AccountId, DeviceId), place: Option<u64>) -> Result<u64, Failed> {
    let partition = Partition::Account(who.0);
    let before = number(store, &partition, &key::collected(&who.1)).await?;
    if let Some(place) = place.filter(|place| *place > before) {
        let next = store.scan(&partition, key::UPDATES, Some(&numbered(key::UPDATES, before)), 1).await?;
        if next.first().and_then(|(at, _)| number_of(at)).is_some_and(|next| next <= place) {
            collected(store, who, place).await?;
        }
    }
    Ok(before)
}

/// Drops what all of the account's devices have collected.
pub(crate) async fn drop_collected(
    store: &impl Store,
    partition: Partition,
    devices: &[DeviceId],
) -> Result<(), Failed> {
    let mut least = u64::MAX;
    for device in devices {
        least = least.min(number(store, &partition, &key::collected(device)).await?);
    }
    for _ in 0..=UPDATES {
        let mut oldest = store.scan(&partition, key::UPDATES, None, TIDY_ROWS).await?;
        oldest.retain(|(at, _)| number_of(at).is_some_and(|number| number <= least));
        if oldest.is_empty() {
            return Ok(());
        }
        drop_rows(store, partition, oldest, None).await?;
    }
    Err(Failed::Contended)
}

/// Drops rows from the beginning of a queue, unless somebody else was faster.
async fn drop_rows(
    store: &impl Store,
    partition: Partition,
    rows: Vec<Row>,
    also: Option<Change>,
) -> Result<(), Failed> {
    let by = i64::try_from(rows.len()).unwrap_or(i64::MAX).saturating_neg();
    // Whoever drops some of it begins with the first: so the count is kept right.
    let first = rows.first().map(|(key, value)| Expect::Row { key: key.clone(), value: Some(value.clone()) });
    let mut changes: Vec<Change> = rows.into_iter().map(|(key, _)| Change::Remove { key }).collect();
    changes.push(Change::Add { key: key::UPDATE_COUNT.to_vec(), by });
    changes.extend(also);
    match store.apply(Batch { partition, expects: first.into_iter().collect(), changes }).await {
        Ok(_) | Err(ApplyError::Unexpected(_)) => Ok(()),
        Err(error) => Err(Failed::Write(error)),
    }
}

async fn count(store: &impl Store, partition: &Partition) -> Result<i64, Failed> {
    let Some(row) = store.get(partition, key::UPDATE_COUNT).await? else { return Ok(0) };
    Ok(row.as_slice().try_into().map(i64::from_be_bytes).map_err(|_| StoreError::Corrupt)?)
}

async fn number(store: &impl Store, partition: &Partition, key: &[u8]) -> Result<u64, Failed> {
    let Some(row) = store.get(partition, key).await? else { return Ok(0) };
    Ok(row.as_slice().try_into().map(u64::from_be_bytes).map_err(|_| StoreError::Corrupt)?)
}

#[cfg(test)]
mod tests;
