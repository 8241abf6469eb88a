//! What is done from time to time, account by account: what nobody came for is dropped.

use lamplit_types::{DeviceId, Wall};

use crate::{
    accounts, mail,
    rows::{self, Account, key},
    service::Failed,
    store::{Partition, Store},
};

/// Accounts that are looked at in one go.
const ACCOUNTS: usize = 64;

/// Drops what is past its time from some accounts, beginning behind `after`; the last one that was looked at, or `None` once there
/// are no more.
///
/// # Errors
/// When the store fails.
pub async fn tidy(store: &impl Store, after: Option<Partition>, now: Wall) -> Result<Option<Partition>, TidyError> {
    let partitions = store.partitions(after.as_ref(), ACCOUNTS).await.map_err(Failed::from)?;
    for partition in &partitions {
        one(store, *partition, now).await?;
    }
    Ok(if partitions.len() < ACCOUNTS { None } else { partitions.last().copied() })
}

/// Tidying failed; it may be tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct TidyError(#[from] Failed);

async fn one(store: &impl Store, partition: Partition, now: Wall) -> Result<(), Failed> {
    let Partition::Account(account) = partition;
    let Some(row) = store.get(&partition, key::ACCOUNT).await? else { return Ok(()) };
    let listed: Account = rows::read(&row)?;
    for (device, _) in &listed.devices {
        mail::drop_expired(store, partition, device, now).await?;
    }
    // The power may have gone between a removal and what follows from it.
    for device in with_rows(store, partition).await? {
        if !listed.has(&device) {
            accounts::forget(store, account, &device).await?;
        }
    }
    Ok(())
}

/// Devices that anything is kept for.
async fn with_rows(store: &impl Store, partition: Partition) -> Result<Vec<DeviceId>, Failed> {
    let mut devices = Vec::new();
    for kind in key::KINDS {
        let mut after: Option<Vec<u8>> = None;
        while let Some((at, _)) = store.scan(&partition, kind, after.as_deref(), 1).await?.pop() {
            let device = at.get(kind.len()..).and_then(|rest| rest.first_chunk::<32>());
            let device = device.map(|bytes| DeviceId::from_bytes(*bytes)).ok_or(crate::StoreError::Corrupt)?;
            // Beyond all rows of that device.
            after = Some([kind, device.as_bytes(), &[0xFF; 64]].concat());
            devices.push(device);
        }
    }
    devices.sort_unstable();
    devices.dedup();
    Ok(devices)
}

#[cfg(test)]
mod tests;
