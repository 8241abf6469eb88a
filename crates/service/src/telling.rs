//! Telling members what is new in an account's sets.
//!
//! What is owed to members lies in the owner's partition, written together with what it is about. From there it is put into each
//! member's queue, and removed once all have it. What breaks off in between is done again: a member may be told twice, and never not at
//! all.
//!
//! Members did not ask to be some, and each word is a row of theirs: so an account has so many words and no more, and so many for any
//! one of them. What there are none for waits, and is put together, so that it stays small however much is brought: of each set no more is told than that it has to be
//! asked for.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use lamplit_types::{AccountId, AudienceId, DeviceId, Mono};

use crate::{
    limits::{OWED_ACCOUNTS, OWED_ROWS, TOLD_AT_ONCE},
    members,
    rates::{Asker, Rates, What},
    rows::{self, Added, Owed, Update, key},
    service::Failed,
    sets,
    store::{ApplyError, Batch, Change, Expect, Partition, Row, Store, StoreError},
    updates,
};

/// An account that has something to tell.
#[derive(Debug)]
pub(crate) struct Teller<'s, S> {
    pub(crate) store: &'s S,
    /// In which its words are counted.
    pub(crate) rates: &'s Rates,
    pub(crate) account: AccountId,
    pub(crate) now: Mono,
}

/// The keys of rows, and what they say is owed.
type Debt = (Vec<Vec<u8>>, Owed);

impl<S: Store> Teller<'_, S> {
    /// Tells members what they are owed, the oldest first, as far as there are words for it: in how many milliseconds there are for the
    /// next, or 0 if nothing is left. Devices that have something new then are put to `told`, also if it fails further on.
    pub(crate) async fn tell(&self, told: &mut BTreeSet<DeviceId>) -> Result<u64, Failed> {
        let partition = Partition::Account(self.account);
        loop {
            let found = self.store.scan(&partition, key::OWED, None, OWED_ROWS).await?;
            let is_all = found.len() < OWED_ROWS;
            let (mut changes, mut left) = (Vec::new(), Vec::new());
            let mut result: Result<u64, Failed> = Ok(0);
            for (keys, owed) in joined(found)? {
                // In order: of what was not put together, who waits for many words is not passed by those who need few.
                if result == Ok(0) {
                    result = self.tell_one(&owed, told).await;
                }
                match result {
                    Ok(0) => changes.extend(removing(keys)),
                    _ => left.push((keys, owed)),
                }
            }
            if result.is_ok() {
                changes.extend(gathered(left)?);
            }
            if !changes.is_empty() {
                let batch = Batch { partition, expects: Vec::new(), changes };
                self.store.apply(batch).await.map_err(Failed::Write)?;
            }
            let wait = result?;
            if wait > 0 || is_all {
                return Ok(wait);
            }
        }
    }

    /// In how many milliseconds there are words for so many in so many rounds. If at once they are used.
    fn words(&self, many: usize, rounds: u32) -> u64 {
        let many = u32::try_from(many).unwrap_or(u32::MAX);
        self.rates.wait_for(Asker::Account(self.account), &[(rounds, What::Round), (many, What::Word)], self.now)
    }

    /// Says it if there are words for it, and else when there are.
    async fn tell_one(&self, owed: &Owed, told: &mut BTreeSet<DeviceId>) -> Result<u64, Failed> {
        let whole = |audience: &AudienceId| Update::Set(sets::own(self.account, *audience));
        let (audience, update) = match owed {
            Owed::Added(added) => (&added.set.audience, Update::Added(*added)),
            Owed::New { audience, .. } | Owed::Set(audience) => (audience, whole(audience)),
            Owed::Whole(audience) => return self.tell_waiting(audience, whole(audience), told).await,
        };
        let mut accounts = members::of(self.store, self.account, audience).await?;
        if let Owed::New { accounts: new, .. } = owed {
            accounts.retain(|one| new.binary_search(one).is_ok());
        }
        if accounts.is_empty() {
            return Ok(0);
        }
        let wait = self.words(accounts.len(), 1);
        if wait == 0 {
            self.tell_all(&accounts, &update, told).await?;
        }
        Ok(wait)
    }

    /// Tells whoever asked for a set that they may ask again.
    async fn tell_waiting(
        &self,
        audience: &AudienceId,
        update: Update,
        told: &mut BTreeSet<DeviceId>,
    ) -> Result<u64, Failed> {
        let (partition, prefix) = (Partition::Account(self.account), key::waiting(audience));
        let mut after: Option<Vec<u8>> = None;
        loop {
            let found = self.store.scan(&partition, &prefix, after.as_deref(), TOLD_AT_ONCE).await?;
            let Some((last, _)) = found.last() else { return Ok(0) };
            after = Some(last.clone());
            let accounts = found.iter().map(|(at, _)| at.last_chunk().map(|bytes| AccountId::from_bytes(*bytes)));
            let accounts = accounts.collect::<Option<Vec<_>>>().ok_or(StoreError::Corrupt)?;
            // They asked for it.
            let wait = self.words(accounts.len(), 0);
            if wait > 0 {
                return Ok(wait);
            }
            self.tell_all(&accounts, &update, told).await?;
            self.drop_told(found).await?;
        }
    }

    /// Removes the rows of who was told. Who asked again meanwhile waits again, and is told when the log is there once more.
    async fn drop_told(&self, mut rows: Vec<Row>) -> Result<(), Failed> {
        while !rows.is_empty() {
            let expects = rows.iter().map(|(key, value)| Expect::Row { key: key.clone(), value: Some(value.clone()) });
            let expects = expects.collect();
            let changes = removing(rows.iter().map(|(key, _)| key.clone())).collect();
            match self.store.apply(Batch { partition: Partition::Account(self.account), expects, changes }).await {
                Ok(_) => return Ok(()),
                Err(ApplyError::Unexpected(at)) if at < rows.len() => drop(rows.remove(at)),
                Err(error) => return Err(Failed::Write(error)),
            }
        }
        Ok(())
    }

    /// Puts one word into the queues of many accounts, several at a time so that they are committed together.
    async fn tell_all(
        &self,
        accounts: &[AccountId],
        update: &Update,
        told: &mut BTreeSet<DeviceId>,
    ) -> Result<(), Failed> {
        for some in accounts.chunks(TOLD_AT_ONCE) {
            for result in join_all(some.iter().map(|account| updates::put(self.store, *account, update))).await {
                match result {
                    Ok(devices) => told.extend(devices),
                    // What is damaged there keeps nobody else from hearing of it.
                    Err(Failed::Read(StoreError::Corrupt) | Failed::Write(ApplyError::Refused(_))) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

fn removing(keys: impl IntoIterator<Item = Vec<u8>>) -> impl Iterator<Item = Change> {
    keys.into_iter().map(|key| Change::Remove { key })
}

/// What is owed: what follows one another in one log is one thing to tell.
fn joined(found: Vec<Row>) -> Result<Vec<Debt>, Failed> {
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

/// Puts together what waits, so that at most two rows are left for each set. A row that is there never gets another value, but goes for a
/// new one: whoever else is telling what it said removes it by its key afterwards.
fn gathered(left: Vec<Debt>) -> Result<Vec<Change>, Failed> {
    let mut sets: BTreeMap<(AudienceId, bool), Vec<Debt>> = BTreeMap::new();
    for (keys, owed) in left {
        let of = match &owed {
            Owed::Added(added) => (added.set.audience, false),
            Owed::New { audience, .. } | Owed::Set(audience) => (*audience, false),
            Owed::Whole(audience) => (*audience, true),
        };
        sets.entry(of).or_default().push((keys, owed));
    }
    let mut changes = Vec::new();
    for ((audience, is_whole), debts) in sets {
        let owed = match debts.as_slice() {
            [(keys, owed)] if keys.len() == 1 && !is_large(owed) => continue,
            [(_, owed @ Owed::Added(_))] => owed.clone(),
            _ if is_whole => Owed::Whole(audience),
            _ => Owed::Set(audience),
        };
        changes.extend(removing(debts.into_iter().flat_map(|(keys, _)| keys)));
        changes.push(members::owing(&owed)?);
    }
    Ok(changes)
}

fn is_large(owed: &Owed) -> bool {
    matches!(owed, Owed::New { accounts, .. } if accounts.len() > OWED_ACCOUNTS)
}

#[cfg(test)]
mod tests;
