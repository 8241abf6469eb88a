//! Which sets of others an account may have, as their owners named it: so that a device that comes is told at once who is on what. What
//! is here is a hint, and whether it still holds is looked up where the owner keeps it.

use lamplit_types::{AccountId, AudienceId, SpaceId};
use lamplit_wire::SetId;

use crate::{
    limits::{GRANTED, TRIES},
    members,
    rows::{self, key},
    service::Failed,
    sets,
    store::{ApplyError, Batch, Change, Expect, Partition, Store},
};

/// A set, by its owner.
pub(crate) type Granted = (AccountId, AudienceId);

/// The sets that an account may have, the least first.
pub(crate) async fn of(store: &impl Store, account: AccountId) -> Result<Vec<Granted>, Failed> {
    let row = store.get(&Partition::Account(account), key::GRANTED).await?;
    Ok(row.map(|row| rows::read(&row)).transpose()?.unwrap_or_default())
}

/// Notes that an account may have a set. If it may have too many, what does not hold any more goes; and if all do, this one is left out.
pub(crate) async fn note(store: &impl Store, account: AccountId, set: &SetId) -> Result<(), Failed> {
    let partition = Partition::Account(account);
    let SpaceId::Account(owner) = set.space;
    if owner == account {
        return Ok(());
    }
    let new = (owner, set.audience);
    for _ in 0..TRIES {
        let before = store.get(&partition, key::GRANTED).await?;
        let mut all: Vec<Granted> = before.as_deref().map(rows::read).transpose()?.unwrap_or_default();
        if all.binary_search(&new).is_ok() {
            return Ok(());
        }
        if all.len() >= GRANTED {
            all = holding(store, account, all).await?;
        }
        let Err(at) = all.binary_search(&new) else { return Ok(()) };
        if all.len() >= GRANTED {
            return Ok(());
        }
        all.insert(at, new);
        let changes = vec![Change::Put { key: key::GRANTED.to_vec(), value: rows::write(&all)? }];
        let expects = vec![Expect::Row { key: key::GRANTED.to_vec(), value: before }];
        match store.apply(Batch { partition, expects, changes }).await {
            Ok(_) => return Ok(()),
            Err(ApplyError::Unexpected(_)) => {}
            Err(error) => return Err(Failed::Write(error)),
        }
    }
    Err(Failed::Contended)
}

/// Those that the account still may have.
pub(crate) async fn holding(
    store: &impl Store,
    account: AccountId,
    sets: Vec<Granted>,
) -> Result<Vec<Granted>, Failed> {
    let mut holding = Vec::new();
    for (owner, audience) in sets {
        if members::may_have(store, account, &sets::own(owner, audience)).await? {
            holding.push((owner, audience));
        }
    }
    Ok(holding)
}

#[cfg(test)]
mod tests;
