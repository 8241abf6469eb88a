//! What is done from time to time, account by account and number by number: what nobody came for is dropped.

use std::collections::BTreeSet;

use lamplit_types::{AccountId, DeviceId, Wall};

use crate::{
    accounts, mail, members, numbers,
    rows::{self, Account, key},
    service::Failed,
    sets,
    store::{ApplyError, Partition, Store, StoreError},
    updates,
};

/// What was found of an account or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tidied {
    /// Whose rows. The next one is behind it.
    pub partition: Partition,
    /// They make no sense, and what is left of them stays.
    pub is_damaged: bool,
}

/// Drops what is past its time from the account or number behind `after`, or from the first; `None` if there is none.
///
/// # Errors
/// When the store fails.
pub async fn tidy(store: &impl Store, after: Option<Partition>, now: Wall) -> Result<Option<Tidied>, TidyError> {
    let mut found = store.partitions(after.as_ref(), 1).await.map_err(Failed::from)?;
    let Some(partition) = found.pop() else { return Ok(None) };
    let is_damaged = match one(store, partition, now).await {
        // One that others change all the time has its turn again.
        Ok(()) | Err(Failed::Contended) => false,
        // The others are tidied all the same.
        Err(Failed::Read(StoreError::Corrupt) | Failed::Write(ApplyError::Refused(_))) => true,
        Err(error) => return Err(error.into()),
    };
    Ok(Some(Tidied { partition, is_damaged }))
}

/// Tidying failed; it may be tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct TidyError(#[from] Failed);

async fn one(store: &impl Store, partition: Partition, now: Wall) -> Result<(), Failed> {
    match partition {
        Partition::Account(account) => account_of(store, account, now).await,
        Partition::Number(number) => numbers::tidy(store, number, now).await,
    }
}

async fn account_of(store: &impl Store, account: AccountId, now: Wall) -> Result<(), Failed> {
    let partition = Partition::Account(account);
    numbers::settle(store, account, now).await?;
    let Some(row) = store.get(&partition, key::ACCOUNT).await? else { return Ok(()) };
    let listed: Account = rows::read(&row)?;
    for device in &listed.devices {
        mail::drop_expired(store, partition, device, now).await?;
    }
    // The power may have gone between a removal and what follows from it.
    for device in with_rows(store, partition).await? {
        if !listed.has(&device) {
            accounts::forget(store, account, &device).await?;
        }
    }
    updates::drop_collected(store, partition, &listed.devices).await?;
    sets::tidy(store, account).await?;
    // Who is told and has a connection finds it when the next mail comes.
    members::tell(store, account, &mut BTreeSet::new()).await
}

/// Devices that anything is kept for.
async fn with_rows(store: &impl Store, partition: Partition) -> Result<Vec<DeviceId>, Failed> {
    let mut devices = Vec::new();
    for kind in key::KINDS {
        let mut after: Option<Vec<u8>> = None;
        while let Some((at, _)) = store.scan(&partition, kind, after.as_deref(), 1).await?.pop() {
            let device = at.get(kind.len()..).and_then(|rest| rest.first_chunk::<32>());
            let device = device.map(|bytes| DeviceId::from_bytes(*bytes)).ok_or(StoreError::Corrupt)?;
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
