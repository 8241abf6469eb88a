//! What opens an account on an empty device: one row of each account, which its devices replace whenever what is in it changes.
//!
//! It cannot be read here. It is handed to whoever shows the code that came to the account's number, with the account's list: without
//! the recovery phrase neither is of use to them.

use lamplit_identity::verify;
use lamplit_types::{AccountId, DeviceId};
use lamplit_wire::{
    credential::Signed,
    server::{Kit, KitVersion, Opening},
};

use crate::{
    accounts,
    limits::TRIES,
    rows::{self, Account, key},
    service::Failed,
    store::{ApplyError, Batch, Change, Expect, Partition, Store},
};

/// What became of a kit that was brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// This is how new the one is that is here: the one that was brought, or one that is no older.
    Here(Option<KitVersion>),
    /// It is not the device's own, or of another account.
    Refused,
}

/// The account's kit, if one is here.
pub(crate) async fn find(store: &impl Store, account: AccountId) -> Result<Option<Signed<Kit>>, Failed> {
    let row = store.get(&Partition::Account(account), key::KIT).await?;
    Ok(row.map(|row| rows::read(&row)).transpose()?)
}

/// A device brings a kit of its account. It takes the place of an older one, if it is sealed to the generation that is here.
pub(crate) async fn put(
    store: &impl Store,
    (account, device): (AccountId, DeviceId),
    kit: &Signed<Kit>,
) -> Result<Put, Failed> {
    if kit.account != account || kit.device != device || verify(kit, device.as_bytes()).is_err() {
        return Ok(Put::Refused);
    }
    let partition = Partition::Account(account);
    for _ in 0..TRIES {
        let Some(listed) = store.get(&partition, key::ACCOUNT).await? else { return Ok(Put::Refused) };
        let Account { head, devices, .. } = rows::read(&listed)?;
        if !devices.contains(&device) {
            return Ok(Put::Refused);
        }
        let before = store.get(&partition, key::KIT).await?;
        let here: Option<Signed<Kit>> = before.as_deref().map(rows::read).transpose()?;
        let here = here.map(|here| here.version);
        // One of a generation that is past would not open what follows; one of a generation to come goes with no list that is here.
        if kit.version.generation != head.generation || here.is_some_and(|here| here >= kit.version) {
            return Ok(Put::Here(here));
        }
        // The list too: the device may be removed just now.
        let expects = vec![
            Expect::Row { key: key::ACCOUNT.to_vec(), value: Some(listed) },
            Expect::Row { key: key::KIT.to_vec(), value: before },
        ];
        let changes = vec![Change::Put { key: key::KIT.to_vec(), value: rows::write(kit)? }];
        match store.apply(Batch { partition, expects, changes }).await {
            Ok(_) => return Ok(Put::Here(Some(kit.version))),
            Err(ApplyError::Unexpected(_)) => {}
            Err(error) => return Err(Failed::Write(error)),
        }
    }
    Err(Failed::Contended)
}

/// What opens an account, if it is here and left it.
pub(crate) async fn opening(store: &impl Store, account: AccountId) -> Result<Option<Opening>, Failed> {
    let (Some(kit), Some(list)) = (find(store, account).await?, accounts::list(store, account).await?) else {
        return Ok(None);
    };
    Ok(Some(Opening { kit, list }))
}

#[cfg(test)]
mod tests;
