//! Who else may have an account's sets, and what is to be told to them. `telling` does that.

use lamplit_types::{AccountId, AudienceId, SpaceId};
use lamplit_wire::SetId;

use crate::{
    limits::{MEMBERS, SETS, TRIES},
    rows::{self, Owed, key},
    service::Failed,
    sets,
    store::{ApplyError, Batch, Change, Expect, Partition, Store},
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

/// Whom an account names for any of its sets, the least first. Of more than may have one set, the least.
pub(crate) async fn named(store: &impl Store, account: AccountId) -> Result<Vec<AccountId>, Failed> {
    let lists = store.scan(&Partition::Account(account), key::MEMBERS, None, SETS).await?;
    let mut named: Vec<AccountId> = Vec::new();
    for (_, list) in lists {
        named.extend(rows::read::<Vec<AccountId>>(&list)?);
        named.sort_unstable();
        named.dedup();
        named.truncate(MEMBERS);
    }
    Ok(named)
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

/// An account asked for a set of which a log is not here as far as it was. It is told once it is; `false` if the log is not what it was.
pub(crate) async fn wait(store: &impl Store, set: &SetId, account: AccountId, log: Expect) -> Result<bool, Failed> {
    let SpaceId::Account(owner) = set.space;
    let partition = Partition::Account(owner);
    let key = [key::waiting(&set.audience).as_slice(), account.as_bytes()].concat();
    let before = store.get(&partition, &key).await?;
    // Another number each time: whoever was just told and asks again is not taken for told.
    let asked = before.as_deref().and_then(|row| rows::read::<u64>(row).ok()).unwrap_or(0).wrapping_add(1);
    let expects = vec![log, Expect::Row { key: key.clone(), value: before }];
    let batch = Batch { partition, expects, changes: vec![Change::Put { key, value: rows::write(&asked)? }] };
    match store.apply(batch).await {
        Ok(_) => Ok(true),
        Err(ApplyError::Unexpected(_)) => Ok(false),
        Err(error) => Err(Failed::Write(error)),
    }
}

#[cfg(test)]
mod tests;
