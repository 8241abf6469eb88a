//! Accounts: who may speak for one, and which devices it has. What is not signed by its root is not believed.

use lamplit_identity::{MergeOutcome, VerifiedList};
use lamplit_types::{AccountId, DeviceId, Wall};
use lamplit_wire::{
    Removed,
    credential::{Certificate, DeviceList, ListHead},
    server::Goodbye,
};

use crate::{
    limits::{TIDY_ROWS, TRIES},
    rows::{self, Account, key},
    service::Failed,
    store::{ApplyError, Batch, Change, Expect, Partition, Store},
};

/// An account and its list, as they are here.
pub(crate) struct Known {
    row: Vec<u8>,
    pub(crate) account: Account,
    pub(crate) list: VerifiedList,
}

/// What became of a list that was shown.
#[derive(Debug)]
pub(crate) enum Shown {
    /// This is the list now.
    Taken {
        /// The list.
        list: Box<VerifiedList>,
        /// Devices that are on it, or were just before.
        concerned: Vec<DeviceId>,
    },
    /// It is refused, or the device that showed it.
    Refused(Refused),
}

/// Why a device may not speak for an account.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Not now.
    For(Goodbye),
    /// It is of the account no more.
    Removed(Box<Removed>),
}

/// The account, if it is here.
pub(crate) async fn find(store: &impl Store, account: AccountId) -> Result<Option<Known>, Failed> {
    let partition = Partition::Account(account);
    let Some(row) = store.get(&partition, key::ACCOUNT).await? else { return Ok(None) };
    let account: Account = rows::read(&row)?;
    let list = store.get(&partition, key::LIST).await?.ok_or(crate::StoreError::Corrupt)?;
    let list = VerifiedList::verify(rows::read(&list)?, Some(account.root)).map_err(|_| crate::StoreError::Corrupt)?;
    Ok(Some(Known { row, account, list }))
}

/// The account's list as it lies here, if it is here. It was verified before it was kept, and whoever it is told verifies it too: that
/// is not done again for each who asks.
pub(crate) async fn list(store: &impl Store, account: AccountId) -> Result<Option<DeviceList>, Failed> {
    let row = store.get(&Partition::Account(account), key::LIST).await?;
    Ok(row.map(|row| rows::read(&row)).transpose()?)
}

/// The account's devices, if it is here.
pub(crate) async fn devices(store: &impl Store, account: AccountId) -> Result<Vec<DeviceId>, Failed> {
    let row = store.get(&Partition::Account(account), key::ACCOUNT).await?;
    Ok(row.map(|row| rows::read::<Account>(&row)).transpose()?.map(|account| account.devices).unwrap_or_default())
}

/// The head of the account's list, if it is here.
pub(crate) async fn head(store: &impl Store, account: AccountId) -> Result<Option<ListHead>, Failed> {
    let row = store.get(&Partition::Account(account), key::ACCOUNT).await?;
    Ok(row.map(|row| rows::read::<Account>(&row)).transpose()?.map(|account| account.head))
}

/// Whether a device may speak for the account now.
pub(crate) fn admits(list: &VerifiedList, device: &DeviceId, now: Wall) -> Result<(), Refused> {
    if list.has_removed(device) {
        let wire = list.wire();
        return Err(Refused::Removed(Box::new(Removed { root: wire.root, generation: wire.generation.clone() })));
    }
    list.valid_device(device, now).map(|_| ()).map_err(|_| Refused::For(Goodbye::NotListed))
}

/// Takes in the list that a device shows of its account. The first one opens the account, if it may.
pub(crate) async fn show(
    store: &impl Store,
    (account, device): (AccountId, DeviceId),
    list: DeviceList,
    open: bool,
    now: Wall,
) -> Result<Shown, Failed> {
    let refused = || Ok(Shown::Refused(Refused::For(Goodbye::ListRefused)));
    for _ in 0..TRIES {
        let before = find(store, account).await?;
        let pinned = before.as_ref().map(|known| known.account.root);
        let Ok(shown) = VerifiedList::verify(list.clone(), pinned) else { return refused() };
        if shown.account() != account {
            return refused();
        }
        let merged = match &before {
            None if open => shown,
            None => return Ok(Shown::Refused(Refused::For(Goodbye::Closed))),
            Some(known) => match known.list.merge(&shown) {
                Ok(MergeOutcome::Grew(list) | MergeOutcome::Newer(list)) => list,
                Ok(MergeOutcome::Same | MergeOutcome::Older) => known.list.clone(),
                Err(_) => return refused(),
            },
        };
        if let Err(refused) = admits(&merged, &device, now) {
            return Ok(Shown::Refused(refused));
        }
        if before.as_ref().is_some_and(|known| known.list.head() == merged.head()) {
            return Ok(Shown::Taken { list: Box::new(merged), concerned: Vec::new() });
        }
        match keep(store, account, before.as_ref(), &merged).await {
            Ok(()) => {
                let before: Vec<DeviceId> = before.iter().flat_map(|known| known.list.devices()).map(id).collect();
                for gone in before.iter().filter(|device| merged.device(device).is_none()) {
                    // The list holds, whatever becomes of this. What stays is dropped when the server tidies up.
                    let _ = forget(store, account, gone).await;
                }
                let concerned = merged.devices().map(id).chain(before).collect();
                return Ok(Shown::Taken { list: Box::new(merged), concerned });
            }
            Err(ApplyError::Unexpected(_)) => {}
            Err(error) => return Err(Failed::Write(error)),
        }
    }
    Err(Failed::Contended)
}

fn id(certificate: &Certificate) -> DeviceId {
    certificate.device
}

async fn keep(
    store: &impl Store,
    account: AccountId,
    before: Option<&Known>,
    list: &VerifiedList,
) -> Result<(), ApplyError> {
    let row = Account { root: list.root_hash(), head: list.head(), devices: list.devices().map(id).collect() };
    let unwritable = |_| ApplyError::Refused("a row cannot be written".to_owned());
    let expects = vec![Expect::Row { key: key::ACCOUNT.to_vec(), value: before.map(|known| known.row.clone()) }];
    let changes = vec![
        Change::Put { key: key::ACCOUNT.to_vec(), value: rows::write(&row).map_err(unwritable)? },
        Change::Put { key: key::LIST.to_vec(), value: rows::write(list.wire()).map_err(unwritable)? },
    ];
    store.apply(Batch { partition: Partition::Account(account), expects, changes }).await.map(|_| ())
}

/// Drops all that waits for a device that is of its account no more.
pub(crate) async fn forget(store: &impl Store, account: AccountId, device: &DeviceId) -> Result<(), Failed> {
    let partition = Partition::Account(account);
    for prefix in key::all_of(device) {
        loop {
            let found = store.scan(&partition, &prefix, None, TIDY_ROWS).await?;
            if found.is_empty() {
                break;
            }
            let changes = found.into_iter().map(|(key, _)| Change::Remove { key }).collect();
            store.apply(Batch { partition, expects: Vec::new(), changes }).await.map_err(Failed::Write)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
