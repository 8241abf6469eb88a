//! What is done from time to time, account by account and number by number: what nobody came for is dropped.

use std::collections::BTreeSet;

use lamplit_types::{AccountId, DeviceId, Now, Wall};

use crate::{
    accounts, mail, numbers,
    rates::Rates,
    rows::{self, Account, key},
    service::{Failed, Service},
    sets,
    store::{ApplyError, Partition, Store, StoreError},
    telling::Teller,
    updates,
};

/// What was found of an account or a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tidied {
    /// Whose rows. The next one is behind it.
    pub partition: Partition,
    /// They make no sense, and what is left of them stays.
    pub is_damaged: bool,
    /// Devices for which there is something new: their sessions are to be pumped.
    pub wake: BTreeSet<DeviceId>,
}

/// Drops what is past its time from the account or number behind `after`, or from the first; `None` if there is none. Members are told what
/// was left over, by the same count of words as what devices bring.
///
/// # Errors
/// When the store fails.
pub async fn tidy<S: Store>(
    service: &Service<S>,
    after: Option<Partition>,
    now: Now,
) -> Result<Option<Tidied>, TidyError> {
    next(service.store(), service.rates(), after, now).await
}

/// The same by parts.
pub(crate) async fn next(
    store: &impl Store,
    rates: &Rates,
    after: Option<Partition>,
    now: Now,
) -> Result<Option<Tidied>, TidyError> {
    let mut found = store.partitions(after.as_ref(), 1).await.map_err(Failed::from)?;
    let Some(partition) = found.pop() else { return Ok(None) };
    let mut wake = BTreeSet::new();
    let is_damaged = match one((store, rates), partition, now, &mut wake).await {
        // One that others change all the time has its turn again.
        Ok(()) | Err(Failed::Contended) => false,
        // The others are tidied all the same.
        Err(Failed::Read(StoreError::Corrupt) | Failed::Write(ApplyError::Refused(_))) => true,
        Err(error) => return Err(error.into()),
    };
    Ok(Some(Tidied { partition, is_damaged, wake }))
}

/// Tidying failed; it may be tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct TidyError(#[from] Failed);

async fn one(
    (store, rates): (&impl Store, &Rates),
    partition: Partition,
    now: Now,
    wake: &mut BTreeSet<DeviceId>,
) -> Result<(), Failed> {
    match partition {
        Partition::Account(account) => {
            account_of(store, account, now.wall, wake).await?;
            // What it does not tell now is told when the account brings something, or the next time.
            Teller { store, rates, account, now: now.mono }.tell(wake).await.map(|_| ())
        }
        Partition::Number(number) => numbers::tidy(store, number, now.wall).await,
    }
}

async fn account_of(
    store: &impl Store,
    account: AccountId,
    now: Wall,
    wake: &mut BTreeSet<DeviceId>,
) -> Result<(), Failed> {
    let partition = Partition::Account(account);
    let settled = numbers::settle(store, account, now).await?;
    for other in settled.others {
        wake.extend(accounts::devices(store, other).await?);
    }
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
    sets::tidy(store, account).await
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
