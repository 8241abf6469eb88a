//! Who else may have an account's sets, and telling them of what is new there.
//!
//! What is owed to members lies in the owner's partition, written together with what it is about. From there it is put into each
//! member's queue, and removed once all have it. What breaks off in between is done again: a member may be told twice, and never not at
//! all.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use lamplit_types::{AccountId, AudienceId, DeviceId, SpaceId};
use lamplit_wire::SetId;

use crate::{
    limits::{OWED_ROWS, SETS, TOLD_AT_ONCE, TRIES},
    rows::{self, Added, Owed, Update, key},
    service::Failed,
    sets,
    store::{ApplyError, Batch, Change, Expect, Partition, Store, StoreError},
    updates,
};

/// Who may have one of the account's sets beside the account, the least first.
pub(crate) async fn of(
    store: &impl Store,
    account: AccountId,
    audience: &AudienceId,
) -> Result<Vec<AccountId>, Failed> {
    let row = store.get(&Partition::Account(account), &key::members(audience)).await?;
    Ok(row.map(|row| rows::read(&row)).transpose()?.unwrap_or_default())
}

/// Whether an account may have a set: it is its own, or its owner named the account.
pub(crate) async fn may_have(store: &impl Store, account: AccountId, set: &SetId) -> Result<bool, Failed> {
    let SpaceId::Account(owner) = set.space;
    Ok(owner == account || of(store, owner, &set.audience).await?.binary_search(&account).is_ok())
}

/// Takes a list of members, the least first. Whether somebody is to be told; `None` if the account has too many sets.
pub(crate) async fn put(
    store: &impl Store,
    account: AccountId,
    audience: AudienceId,
    accounts: Vec<AccountId>,
) -> Result<Option<bool>, Failed> {
    let partition = Partition::Account(account);
    let key = key::members(&audience);
    for _ in 0..TRIES {
        let before = store.get(&partition, &key).await?;
        let known: Vec<AccountId> = before.as_deref().map(rows::read).transpose()?.unwrap_or_default();
        if known == accounts {
            return Ok(Some(false));
        }
        if before.is_none() && sets::audiences(store, &partition, key::MEMBERS).await? >= SETS {
            return Ok(None);
        }
        let new: Vec<AccountId> = accounts.iter().filter(|one| known.binary_search(one).is_err()).copied().collect();
        let owes = !new.is_empty();
        let mut changes = vec![match accounts.is_empty() {
            true => Change::Remove { key: key.clone() },
            false => Change::Put { key: key.clone(), value: rows::write(&accounts)? },
        }];
        if owes {
            changes.push(owing(&Owed::New { audience, accounts: new })?);
        }
        let expects = vec![Expect::Row { key: key.clone(), value: before }];
        match store.apply(Batch { partition, expects, changes }).await {
            Ok(_) => return Ok(Some(owes)),
            Err(ApplyError::Unexpected(_)) => {}
            Err(error) => return Err(Failed::Write(error)),
        }
    }
    Err(Failed::Contended)
}

/// The change by which something is owed from then on.
pub(crate) fn owing(owed: &Owed) -> Result<Change, Failed> {
    Ok(Change::Append { prefix: key::OWED.to_vec(), value: rows::write(owed)? })
}

/// Tells members what they are owed, the oldest first, a bounded part of it. Devices that have something new then are put to `told`,
/// also if it fails further on.
pub(crate) async fn tell(store: &impl Store, account: AccountId, told: &mut BTreeSet<DeviceId>) -> Result<(), Failed> {
    let partition = Partition::Account(account);
    let mut done = Vec::new();
    let mut result = Ok(());
    for (keys, owed) in joined(store.scan(&partition, key::OWED, None, OWED_ROWS).await?)? {
        match tell_one(store, account, owed).await {
            Ok(devices) => told.extend(devices),
            Err(error) => {
                result = Err(error);
                break;
            }
        }
        done.extend(keys.into_iter().map(|key| Change::Remove { key }));
    }
    if !done.is_empty() {
        let batch = Batch { partition, expects: Vec::new(), changes: done };
        store.apply(batch).await.map_err(Failed::Write)?;
    }
    result
}

/// The keys of rows, and what they say is owed.
type Debt = (Vec<Vec<u8>>, Owed);

/// What is owed: what follows one another in one log is one thing to tell.
fn joined(found: Vec<crate::Row>) -> Result<Vec<Debt>, Failed> {
    let mut all: Vec<Debt> = Vec::new();
    for (key, value) in found {
        let owed: Owed = rows::read(&value)?;
        if let (Some((keys, Owed::Added(before))), Owed::Added(next)) = (all.last_mut(), &owed)
            && *next == (Added { after: before.to, to: next.to, ..*before })
        {
            before.to = next.to;
            keys.push(key);
            continue;
        }
        all.push((vec![key], owed));
    }
    Ok(all)
}

async fn tell_one(store: &impl Store, account: AccountId, owed: Owed) -> Result<Vec<DeviceId>, Failed> {
    match owed {
        Owed::Added(added) => {
            let members = of(store, account, &added.set.audience).await?;
            tell_all(store, &members, &Update::Added(added)).await
        }
        Owed::New { audience, accounts } => {
            tell_all(store, &accounts, &Update::Set(sets::own(account, audience))).await
        }
        Owed::Whole(audience) => tell_waiting(store, account, sets::own(account, audience)).await,
    }
}

/// Tells whoever asked for a set that they may ask again.
async fn tell_waiting(store: &impl Store, account: AccountId, set: SetId) -> Result<Vec<DeviceId>, Failed> {
    let (partition, prefix) = (Partition::Account(account), key::waiting(&set.audience));
    let mut told = Vec::new();
    loop {
        let found = store.scan(&partition, &prefix, None, TOLD_AT_ONCE).await?;
        if found.is_empty() {
            return Ok(told);
        }
        let accounts = found.iter().map(|(at, _)| at.last_chunk().map(|bytes| AccountId::from_bytes(*bytes)));
        let accounts = accounts.collect::<Option<Vec<_>>>().ok_or(StoreError::Corrupt)?;
        told.extend(tell_all(store, &accounts, &Update::Set(set)).await?);
        let changes = found.into_iter().map(|(key, _)| Change::Remove { key }).collect();
        store.apply(Batch { partition, expects: Vec::new(), changes }).await.map_err(Failed::Write)?;
    }
}

/// Puts one word into the queues of many accounts, several at a time so that they are committed together.
async fn tell_all(store: &impl Store, accounts: &[AccountId], update: &Update) -> Result<Vec<DeviceId>, Failed> {
    let mut told = Vec::new();
    for some in accounts.chunks(TOLD_AT_ONCE) {
        for result in join_all(some.iter().map(|account| updates::put(store, *account, update))).await {
            match result {
                Ok(devices) => told.extend(devices),
                // What is damaged there keeps nobody else from hearing of it.
                Err(Failed::Read(StoreError::Corrupt) | Failed::Write(ApplyError::Refused(_))) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(told)
}

/// An account asked for a set of which a log is not here as far as it was. It is told once it is; `false` if the log is not what it was.
pub(crate) async fn wait(store: &impl Store, set: &SetId, account: AccountId, log: Expect) -> Result<bool, Failed> {
    let SpaceId::Account(owner) = set.space;
    let partition = Partition::Account(owner);
    let key = [key::waiting(&set.audience).as_slice(), account.as_bytes()].concat();
    if store.get(&partition, &key).await?.is_some() {
        return Ok(true);
    }
    let batch = Batch { partition, expects: vec![log], changes: vec![Change::Put { key, value: Vec::new() }] };
    match store.apply(batch).await {
        Ok(_) => Ok(true),
        Err(ApplyError::Unexpected(_)) => Ok(false),
        Err(error) => Err(Failed::Write(error)),
    }
}

#[cfg(test)]
mod tests;
