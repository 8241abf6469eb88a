//! Whose a number is. The number's partition says it, for one account at a time; an account's partition says what the account wants and
//! believes to have, and is written first: so what breaks off in between is finished when the account is looked at again.
//!
//! Whoever shows a code has a number that is free at once, and one that is another account's after [`NUMBER_HELD_MS`], unless that
//! account shows a code too. The old account is opened by neither.

use std::collections::BTreeSet;

use lamplit_types::{AccountId, DeviceId, PhoneNumber, SmsCode, Wall};
use lamplit_wire::server::{ComingNumber, HeldNumber, Numbers, Verdict};

use crate::{
    codes::CodeKey,
    limits::{NUMBER_HELD_MS, TRIES},
    rows::{self, Claim, Codes, Holder, Wish, key},
    service::Failed,
    store::{ApplyError, Batch, Change, Expect, Partition, Store},
};

/// What came of a code that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) verdict: Verdict,
    /// Other accounts that are to be told: they have the number, or were to have it.
    pub(crate) others: Vec<AccountId>,
}

/// How an account stands with numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    pub(crate) numbers: Numbers,
    /// Other accounts that are to be told: they have a number by this, or keep one.
    pub(crate) others: Vec<AccountId>,
}

/// A code is to be sent to a number, or so many milliseconds have to pass before.
pub(crate) async fn ask(
    store: &impl Store,
    key: &CodeKey,
    (number, device): (PhoneNumber, DeviceId),
    now: Wall,
) -> Result<Result<SmsCode, u64>, Failed> {
    for _ in 0..TRIES {
        let before = row(store, number, key::CODES).await?;
        let mut codes: Codes = parsed(before.as_deref())?;
        let wait = codes.wait(now);
        if wait > 0 {
            return Ok(Err(wait));
        }
        let code = codes.open(key, number, device, now);
        let (expect, change) = replacing(key::CODES, before, Some(&codes))?;
        if applied(store, Partition::Number(number), vec![expect], vec![change]).await? {
            return Ok(Ok(code));
        }
    }
    Err(Failed::Contended)
}

/// How long a number has to wait for its next code, in milliseconds.
pub(crate) async fn wait(store: &impl Store, number: PhoneNumber, now: Wall) -> Result<u64, Failed> {
    let codes: Codes = parsed(row(store, number, key::CODES).await?.as_deref())?;
    Ok(codes.wait(now))
}

/// A device of an account shows a code that came to a number.
pub(crate) async fn show(
    store: &impl Store,
    key: &CodeKey,
    (account, device): (AccountId, DeviceId),
    (number, code): (PhoneNumber, SmsCode),
    now: Wall,
) -> Result<Shown, Failed> {
    let mut others = BTreeSet::new();
    for _ in 0..TRIES {
        let codes_before = row(store, number, key::CODES).await?;
        let mut codes: Codes = parsed(codes_before.as_deref())?;
        let verdict = codes.show(key, number, device, code, now);
        if verdict == Verdict::Gone {
            // Of a number that nobody asked a code for nothing is kept.
            return Ok(Shown { verdict, others: Vec::new() });
        }
        let (expect_codes, change_codes) = replacing(key::CODES, codes_before, Some(&codes))?;
        let (mut expects, mut changes) = (vec![expect_codes], vec![change_codes]);
        if verdict == Verdict::Right {
            // First what the account wants: if it goes no further, nobody's number changed.
            others.extend(wish(store, account, number, now).await?);
            let before = row(store, number, key::HOLDER).await?;
            let holder: Option<Holder> = before.as_deref().map(rows::read).transpose()?;
            let next = holder_after(holder, account, now);
            let concerned = holder.map(|holder| (holder.account, holder.claim.map(|claim| claim.account)));
            let concerned = concerned.into_iter().flat_map(|(holds, claims)| [Some(holds), claims]).flatten();
            others.extend(concerned);
            let (expect, change) = replacing(key::HOLDER, before, Some(&next))?;
            expects.push(expect);
            changes.push(change);
        }
        if applied(store, Partition::Number(number), expects, changes).await? {
            if verdict == Verdict::Right {
                // Whoever looked at the account in between found that it has no such number, and that it wants none.
                others.extend(wish(store, account, number, now).await?);
            }
            others.remove(&account);
            return Ok(Shown { verdict, others: others.into_iter().collect() });
        }
    }
    Err(Failed::Contended)
}

/// A device of no account shows a code that came to a number. Nothing becomes of the number by it; whose it is, if the code is right.
pub(crate) async fn open(
    store: &impl Store,
    key: &CodeKey,
    device: DeviceId,
    (number, code): (PhoneNumber, SmsCode),
    now: Wall,
) -> Result<(Verdict, Option<AccountId>), Failed> {
    for _ in 0..TRIES {
        let before = row(store, number, key::CODES).await?;
        let mut codes: Codes = parsed(before.as_deref())?;
        let verdict = codes.show(key, number, device, code, now);
        if verdict == Verdict::Gone {
            return Ok((verdict, None));
        }
        let (expect, change) = replacing(key::CODES, before, Some(&codes))?;
        if applied(store, Partition::Number(number), vec![expect], vec![change]).await? {
            let is_right = verdict == Verdict::Right;
            let holder = if is_right { holder_of(store, number, now).await? } else { None };
            return Ok((verdict, holder.map(|holder| holder.account)));
        }
    }
    Err(Failed::Contended)
}

/// What an account has of numbers. What is due is done first.
pub(crate) async fn settle(store: &impl Store, account: AccountId, now: Wall) -> Result<Settled, Failed> {
    let partition = Partition::Account(account);
    let mut others = Vec::new();
    for _ in 0..TRIES {
        let Some(before) = store.get(&partition, key::WISH).await? else {
            return Ok(Settled { numbers: Numbers::default(), others });
        };
        let wish: Wish = rows::read(&before)?;
        let (mut next, mut numbers, mut free) = (wish, Numbers::default(), None);
        if let Some(number) = wish.wanted {
            match holder_of(store, number, now).await? {
                Some(holder) if holder.account == account => {
                    next = Wish { held: Some(number), wanted: None };
                    free = wish.held.filter(|held| *held != number);
                }
                Some(Holder { claim: Some(claim), .. }) if claim.account == account => {
                    numbers.coming = Some(ComingNumber { number, at: claim.from });
                }
                _ => next.wanted = None,
            }
        }
        if let Some(number) = next.held {
            match holder_of(store, number, now).await? {
                Some(holder) if holder.account == account => {
                    let leaves = holder.claim.map(|claim| claim.from);
                    numbers.held = Some(HeldNumber { number, leaves });
                }
                _ => next.held = None,
            }
        }
        if next == wish {
            return Ok(Settled { numbers, others });
        }
        if let Some(number) = free {
            others.extend(give_up(store, account, number, now).await?);
        }
        let wanted = (next != Wish::default()).then_some(&next);
        let (expect, change) = replacing(key::WISH, Some(before), wanted)?;
        if applied(store, partition, vec![expect], vec![change]).await? {
            return Ok(Settled { numbers, others });
        }
    }
    Err(Failed::Contended)
}

/// The account has no number any more, and gets none.
pub(crate) async fn free(store: &impl Store, account: AccountId, now: Wall) -> Result<Vec<AccountId>, Failed> {
    let partition = Partition::Account(account);
    for _ in 0..TRIES {
        let Some(before) = store.get(&partition, key::WISH).await? else { return Ok(Vec::new()) };
        let wish: Wish = rows::read(&before)?;
        let mut others = Vec::new();
        for number in wish.held.into_iter().chain(wish.wanted) {
            others.extend(give_up(store, account, number, now).await?);
        }
        let (expect, change) = replacing::<Wish>(key::WISH, Some(before), None)?;
        if applied(store, partition, vec![expect], vec![change]).await? {
            return Ok(others);
        }
    }
    Err(Failed::Contended)
}

/// Drops what says nothing any more of a number.
pub(crate) async fn tidy(store: &impl Store, number: PhoneNumber, now: Wall) -> Result<(), Failed> {
    holder_of(store, number, now).await?;
    let Some(before) = row(store, number, key::CODES).await? else { return Ok(()) };
    if rows::read::<Codes>(&before)?.is_over(now) {
        let (expect, change) = replacing::<Codes>(key::CODES, Some(before), None)?;
        applied(store, Partition::Number(number), vec![expect], vec![change]).await?;
    }
    Ok(())
}

/// An account wants a number: that is written before the number is its own. Who is to be told of what it lets go of.
async fn wish(
    store: &impl Store,
    account: AccountId,
    number: PhoneNumber,
    now: Wall,
) -> Result<Vec<AccountId>, Failed> {
    let partition = Partition::Account(account);
    let mut others = Vec::new();
    for _ in 0..TRIES {
        // What it believes to have may be another's by now.
        others.extend(settle(store, account, now).await?.others);
        let before = store.get(&partition, key::WISH).await?;
        let wish: Wish = parsed(before.as_deref())?;
        if wish.held == Some(number) || wish.wanted == Some(number) {
            return Ok(others);
        }
        if let Some(earlier) = wish.wanted {
            others.extend(give_up(store, account, earlier, now).await?);
        }
        let next = Wish { wanted: Some(number), ..wish };
        let (expect, change) = replacing(key::WISH, before, Some(&next))?;
        if applied(store, partition, vec![expect], vec![change]).await? {
            return Ok(others);
        }
    }
    Err(Failed::Contended)
}

/// Whose a number is once this account showed that it has it.
fn holder_after(holder: Option<Holder>, account: AccountId, now: Wall) -> Holder {
    match holder.map(|holder| holder.at(now)) {
        Some(holder) if holder.account != account => {
            // Whoever shows it again waits no longer than before.
            let earlier = holder.claim.filter(|claim| claim.account == account);
            let claim = earlier.unwrap_or(Claim { account, from: now.plus(NUMBER_HELD_MS) });
            Holder { claim: Some(claim), ..holder }
        }
        _ => Holder { account, claim: None },
    }
}

/// Whose a number is now.
async fn holder_of(store: &impl Store, number: PhoneNumber, now: Wall) -> Result<Option<Holder>, Failed> {
    for _ in 0..TRIES {
        let Some(before) = row(store, number, key::HOLDER).await? else { return Ok(None) };
        let found: Holder = rows::read(&before)?;
        let holder = found.at(now);
        if holder == found {
            return Ok(Some(holder));
        }
        let (expect, change) = replacing(key::HOLDER, Some(before), Some(&holder))?;
        if applied(store, Partition::Number(number), vec![expect], vec![change]).await? {
            return Ok(Some(holder));
        }
    }
    Err(Failed::Contended)
}

/// An account lets go of a number, or of its claim to it. Whoever gets it by that, or keeps it, is to be told.
async fn give_up(
    store: &impl Store,
    account: AccountId,
    number: PhoneNumber,
    now: Wall,
) -> Result<Option<AccountId>, Failed> {
    for _ in 0..TRIES {
        let Some(before) = row(store, number, key::HOLDER).await? else { return Ok(None) };
        let holder = rows::read::<Holder>(&before)?.at(now);
        let next = match holder {
            Holder { account: holds, claim } if holds == account => {
                claim.map(|claim| Holder { account: claim.account, claim: None })
            }
            Holder { account: holds, claim: Some(claim) } if claim.account == account => {
                Some(Holder { account: holds, claim: None })
            }
            _ => return Ok(None),
        };
        let (expect, change) = replacing(key::HOLDER, Some(before), next.as_ref())?;
        if applied(store, Partition::Number(number), vec![expect], vec![change]).await? {
            return Ok(next.map(|next| next.account));
        }
    }
    Err(Failed::Contended)
}

impl Holder {
    /// The same once a claim has waited long enough.
    fn at(self, now: Wall) -> Self {
        match self.claim {
            Some(claim) if claim.from <= now => Self { account: claim.account, claim: None },
            _ => self,
        }
    }
}

async fn row(store: &impl Store, number: PhoneNumber, key: &[u8]) -> Result<Option<Vec<u8>>, Failed> {
    Ok(store.get(&Partition::Number(number), key).await?)
}

fn parsed<T: serde::de::DeserializeOwned + Default>(row: Option<&[u8]>) -> Result<T, Failed> {
    Ok(row.map(rows::read).transpose()?.unwrap_or_default())
}

/// A row that is to be another one, or gone, if it still is what it was.
fn replacing<T: serde::Serialize>(
    key: &[u8],
    before: Option<Vec<u8>>,
    next: Option<&T>,
) -> Result<(Expect, Change), Failed> {
    let change = match next {
        Some(next) => Change::Put { key: key.to_vec(), value: rows::write(next)? },
        None => Change::Remove { key: key.to_vec() },
    };
    Ok((Expect::Row { key: key.to_vec(), value: before }, change))
}

/// Whether the changes were made: not, if others were faster.
async fn applied(
    store: &impl Store,
    partition: Partition,
    expects: Vec<Expect>,
    changes: Vec<Change>,
) -> Result<bool, Failed> {
    match store.apply(Batch { partition, expects, changes }).await {
        Ok(_) => Ok(true),
        Err(ApplyError::Unexpected(_)) => Ok(false),
        Err(error) => Err(Failed::Write(error)),
    }
}

#[cfg(test)]
mod tests;
