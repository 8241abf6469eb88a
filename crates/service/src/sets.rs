//! The logs of an account's sets, piece by piece as its devices bring them. What is in a record nobody can read here, but whose it is
//! and what it follows: a log that is kept is one that a device of the account vouches for, whoever brought it.

use std::collections::BTreeMap;

use lamplit_identity::verify;
use lamplit_sync::log::{DeltaError, follow};
use lamplit_types::{
    AccountId, AudienceId, Author, DeviceId, SpaceId,
    limits::{FEED_ITEMS, PIECE_BYTES, VECTOR_AUTHORS},
};
use lamplit_wire::{
    Head, LogEntry, Record, SetId,
    server::{Piece, Tally, WantSet, live},
};

use crate::{
    limits::{FEED_FRAME_BYTES, RECORDS_BYTES, SETS, TIDY_ROWS, TRIES, UPDATES, WANT_PIECES},
    members,
    rows::{self, Account, Added, Log, Owed, Update, key, weight},
    service::Failed,
    store::{ApplyError, Batch, Change, Expect, Partition, Row, Store, StoreError, number_of, numbered},
    updates,
};

/// What became of a piece, with the head of its log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is kept.
    Kept {
        head: Head,
        /// Devices that have something new.
        siblings: Vec<DeviceId>,
        /// Whether others are to be told.
        owes: bool,
    },
    /// It does not begin where the log ends.
    Elsewhere(Head),
    /// There is no room.
    Full(Head),
    /// It is none that may be brought.
    Refused,
}

/// Takes a piece of a log of one of the account's sets, brought by one of its devices.
pub(crate) async fn append(
    store: &impl Store,
    (account, device): (AccountId, DeviceId),
    piece: &Piece,
) -> Result<Taken, Failed> {
    let (set, author, partition) = (piece.delta.set, piece.delta.author, Partition::Account(account));
    let value = rows::write(piece)?;
    let is_own = set.space == SpaceId::Account(account);
    if !is_own || piece.delta.entries.is_empty() || value.len() > PIECE_BYTES || !is_genuine(piece) {
        return Ok(Taken::Refused);
    }
    for _ in 0..TRIES {
        let listed = store.get(&partition, key::ACCOUNT).await?.ok_or(StoreError::Corrupt)?;
        let devices = rows::read::<Account>(&listed)?.devices;
        let before = store.get(&partition, &key::head(&set.audience, &author)).await?;
        let log: Log = before.as_deref().map(rows::read).transpose()?.unwrap_or_default();
        let to = match follow(log.head, &piece.delta) {
            Ok(to) => to,
            Err(DeltaError::Broken { .. }) => return Ok(Taken::Refused),
            Err(_) => return Ok(Taken::Elsewhere(log.head)),
        };
        if !is_vouched_for(piece, to, &devices) {
            return Ok(Taken::Refused);
        }
        if before.is_none() && !has_room(store, &partition, &set.audience).await? {
            return Ok(Taken::Full(log.head));
        }
        if before.is_some() && log.head.seq == 0 {
            clear(store, account, &set.audience, &author).await?;
        }
        let news = news(store, (account, device), piece, (log, to), &devices).await?;
        let cost = weight(&value);
        let mut expects = vec![
            Expect::AtMost { key: key::RECORDS.to_vec(), limit: RECORDS_BYTES.saturating_sub(cost) },
            Expect::Row { key: key::head(&set.audience, &author), value: before },
            Expect::Row { key: key::ACCOUNT.to_vec(), value: Some(listed) },
        ];
        expects.extend(news.expects);
        let place = numbered(&key::pieces(&set.audience, &author), to.seq);
        let next = Log { head: to, told: log.told.max(to.seq) };
        let mut changes = vec![
            Change::Put { key: place, value: value.clone() },
            Change::Put { key: key::head(&set.audience, &author), value: rows::write(&next)? },
            Change::Add { key: key::RECORDS.to_vec(), by: cost },
        ];
        changes.extend(news.changes);
        match store.apply(Batch { partition, expects, changes }).await {
            Ok(_) => return Ok(Taken::Kept { head: to, siblings: news.siblings, owes: news.owes }),
            Err(ApplyError::Unexpected(0)) => return Ok(Taken::Full(log.head)),
            // Somebody was faster, or the account's own queue is full.
            Err(ApplyError::Unexpected(_)) => updates::make_room(store, account, UPDATES).await?,
            Err(error) => return Err(Failed::Write(error)),
        }
    }
    Err(Failed::Contended)
}

/// Who hears of a piece, as part of the batch that keeps it.
#[derive(Default)]
struct News {
    expects: Vec<Expect>,
    changes: Vec<Change>,
    siblings: Vec<DeviceId>,
    owes: bool,
}

async fn news(
    store: &impl Store,
    (account, device): (AccountId, DeviceId),
    piece: &Piece,
    (log, to): (Log, Head),
    devices: &[DeviceId],
) -> Result<News, Failed> {
    let (set, mut news) = (piece.delta.set, News::default());
    if log.head.seq < log.told && log.told <= to.seq {
        news.changes.push(members::owing(&Owed::Whole(set.audience))?);
        news.owes = true;
    }
    if to.seq <= log.told {
        return Ok(news);
    }
    let added = Added { set, author: piece.delta.author, after: log.told, to: to.seq, by: device };
    // A device that is added later asks for all there is.
    news.siblings.extend(devices.iter().filter(|other| **other != device));
    if !news.siblings.is_empty() {
        news.expects.push(updates::room());
        news.changes.extend(updates::putting(&Update::Added(added))?);
    }
    let key = key::members(&set.audience);
    match store.get(&Partition::Account(account), &key).await? {
        Some(_) => {
            news.changes.push(members::owing(&Owed::Added(added))?);
            news.owes = true;
        }
        // Whoever becomes a member meanwhile asks for the set perhaps before this is there.
        None => news.expects.push(Expect::Row { key, value: None }),
    }
    Ok(news)
}

/// Whether each record is signed by the device that the piece names.
fn is_genuine(piece: &Piece) -> bool {
    let author = &piece.delta.author;
    let is_genuine = |record: &Record| {
        record.body.set == piece.delta.set
            && record.body.author == *author
            && verify(record, author.device.as_bytes()).is_ok()
    };
    piece.delta.entries.iter().filter_map(LogEntry::record).all(is_genuine)
}

/// Whether a device of the account says that what is missing of a piece counts no more.
fn is_vouched_for(piece: &Piece, to: Head, devices: &[DeviceId]) -> bool {
    let delta = &piece.delta;
    let Some(tally) = &piece.tally else { return delta.entries.iter().all(|entry| entry.record().is_some()) };
    let device = tally.device;
    let expected = Tally { set: delta.set, author: delta.author, after: delta.after, to, live: live(delta), device };
    tally.body == expected && devices.contains(&device) && verify(tally, device.as_bytes()).is_ok()
}

/// Whether an account may have a log more.
async fn has_room(store: &impl Store, partition: &Partition, audience: &AudienceId) -> Result<bool, Failed> {
    match store.scan(partition, &key::heads(audience), None, VECTOR_AUTHORS).await?.len() {
        0 => Ok(audiences(store, partition, key::HEADS).await? < SETS),
        authors => Ok(authors < VECTOR_AUTHORS),
    }
}

/// How many audiences there are rows of, at most [`SETS`].
pub(crate) async fn audiences(store: &impl Store, partition: &Partition, kind: &[u8]) -> Result<usize, Failed> {
    let mut after: Option<Vec<u8>> = None;
    for found in 0..SETS {
        let Some((at, _)) = store.scan(partition, kind, after.as_deref(), 1).await?.pop() else { return Ok(found) };
        let audience = at.get(..kind.len().saturating_add(16)).ok_or(StoreError::Corrupt)?;
        // Beyond all rows of that audience.
        after = Some([audience, &[0xFF; 64]].concat());
    }
    Ok(SETS)
}

/// What is here of a set that a device asks for.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) pieces: Vec<Piece>,
    /// Of them.
    pub(crate) bytes: usize,
    pub(crate) heads: Vec<(Author, Head)>,
    /// Whether there are more pieces.
    pub(crate) more: bool,
}

/// What a device of `account` lacks of a set that it may have, in `bytes` at most.
pub(crate) async fn find(
    store: &impl Store,
    account: AccountId,
    want: &WantSet,
    bytes: usize,
) -> Result<Found, Failed> {
    let SpaceId::Account(owner) = want.set.space;
    for _ in 0..TRIES {
        let logs = logs(store, owner, &want.set.audience).await?;
        let found = missing(store, want, &logs, bytes).await?;
        let Some((row, _)) = logs.into_iter().find(|(_, log)| log.head.seq < log.told) else { return Ok(found) };
        let (key, value) = row;
        // A log that begins anew comes to what it was without a word to those who had it. Who asks before has not.
        if members::wait(store, &want.set, account, Expect::Row { key, value: Some(value) }).await? {
            return Ok(found);
        }
    }
    Err(Failed::Contended)
}

async fn missing(store: &impl Store, want: &WantSet, logs: &[(Row, Log)], bytes: usize) -> Result<Found, Failed> {
    let SpaceId::Account(owner) = want.set.space;
    let has: BTreeMap<Author, u64> = want.heads.iter().map(|(author, head)| (*author, head.seq)).collect();
    let mut found = Found::default();
    for ((at, _), log) in logs.iter().filter(|(_, log)| log.head.seq > 0) {
        let (audience, author) = key::log_of(at).ok_or(StoreError::Corrupt)?;
        found.heads.push((author, log.head));
        let has = has.get(&author).copied().unwrap_or(0);
        if has >= log.head.seq || found.more {
            continue;
        }
        let (prefix, room) = (key::pieces(&audience, &author), WANT_PIECES.saturating_sub(found.pieces.len()));
        if room == 0 || found.bytes >= bytes {
            found.more = true;
            continue;
        }
        let mut last = has;
        for (at, value) in store.scan(&Partition::Account(owner), &prefix, Some(&numbered(&prefix, has)), room).await? {
            let size = found.bytes.saturating_add(value.len());
            if size > bytes {
                break;
            }
            last = number_of(&at).ok_or(StoreError::Corrupt)?;
            found.bytes = size;
            found.pieces.push(rows::read(&value)?);
        }
        found.more = last < log.head.seq;
    }
    Ok(found)
}

/// Pieces that hold what was added, with the bytes of each as an item of a feed. `None` if they are too many for a part of it, or not
/// here.
pub(crate) async fn added(store: &impl Store, added: &Added) -> Result<Option<Vec<(Piece, usize)>>, Failed> {
    let SpaceId::Account(owner) = added.set.space;
    let partition = Partition::Account(owner);
    let row = store.get(&partition, &key::head(&added.set.audience, &added.author)).await?;
    let log: Log = row.map(|row| rows::read(&row)).transpose()?.unwrap_or_default();
    if log.head.seq < added.to {
        return Ok(None);
    }
    let prefix = key::pieces(&added.set.audience, &added.author);
    let (mut pieces, mut bytes, mut last) = (Vec::new(), 0_usize, added.after);
    for (at, value) in store.scan(&partition, &prefix, Some(&numbered(&prefix, last)), FEED_ITEMS).await? {
        // As an item it has a byte before it that says what it is.
        let size = value.len().saturating_add(1);
        bytes = bytes.saturating_add(size);
        if last >= added.to || bytes > FEED_FRAME_BYTES {
            break;
        }
        last = number_of(&at).ok_or(StoreError::Corrupt)?;
        pieces.push((rows::read(&value)?, size));
    }
    Ok((last >= added.to).then_some(pieces))
}

/// Removes the logs of a set: they are brought anew, from their beginning. Nobody is told twice of what comes again.
///
/// The heads go first. What is left of the pieces then counts for nothing, and goes before a log begins again.
pub(crate) async fn begin_anew(store: &impl Store, account: AccountId, audience: &AudienceId) -> Result<(), Failed> {
    let partition = Partition::Account(account);
    for _ in 0..TRIES {
        let logs = logs(store, account, audience).await?;
        let (mut expects, mut changes) = (Vec::new(), Vec::new());
        for ((key, value), log) in logs.iter().filter(|(_, log)| log.head.seq > 0) {
            expects.push(Expect::Row { key: key.clone(), value: Some(value.clone()) });
            let empty = Log { head: Head::default(), ..*log };
            changes.push(Change::Put { key: key.clone(), value: rows::write(&empty)? });
        }
        if !changes.is_empty() {
            match store.apply(Batch { partition, expects, changes }).await {
                Ok(_) => {}
                Err(ApplyError::Unexpected(_)) => continue,
                Err(error) => return Err(Failed::Write(error)),
            }
        }
        for ((at, _), _) in logs {
            let (_, author) = key::log_of(&at).ok_or(StoreError::Corrupt)?;
            clear(store, account, audience, &author).await?;
        }
        return Ok(());
    }
    Err(Failed::Contended)
}

/// Removes what is left of logs that are to begin anew. One that did not come to what it was, such as that of a device which is gone, counts
/// as it is from then on: whoever asked meanwhile may ask again, and all are told of what it gets later.
pub(crate) async fn tidy(store: &impl Store, account: AccountId) -> Result<(), Failed> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let found = store.scan(&Partition::Account(account), key::HEADS, after.as_deref(), TIDY_ROWS).await?;
        let Some((last, _)) = found.last() else { return Ok(()) };
        after = Some(last.clone());
        for (at, value) in found {
            let log: Log = rows::read(&value)?;
            let (audience, author) = key::log_of(&at).ok_or(StoreError::Corrupt)?;
            if log.head.seq == 0 {
                clear(store, account, &audience, &author).await?;
            }
            if log.head.seq < log.told {
                let shorter = rows::write(&Log { told: log.head.seq, ..log })?;
                let expects = vec![Expect::Row { key: at.clone(), value: Some(value) }];
                let changes = vec![Change::Put { key: at, value: shorter }, members::owing(&Owed::Whole(audience))?];
                match store.apply(Batch { partition: Partition::Account(account), expects, changes }).await {
                    // It is being brought: it is looked at again the next time.
                    Ok(_) | Err(ApplyError::Unexpected(_)) => {}
                    Err(error) => return Err(Failed::Write(error)),
                }
            }
        }
    }
}

/// Removes the pieces of a log that has none by its head.
async fn clear(store: &impl Store, account: AccountId, audience: &AudienceId, author: &Author) -> Result<(), Failed> {
    let partition = Partition::Account(account);
    let at = key::head(audience, author);
    loop {
        let row = store.get(&partition, &at).await?;
        let log: Log = row.as_deref().map(rows::read).transpose()?.unwrap_or_default();
        let left = store.scan(&partition, &key::pieces(audience, author), None, TIDY_ROWS).await?;
        let Some(first) = left.first().filter(|_| log.head.seq == 0) else { return Ok(()) };
        let first = Expect::Row { key: first.0.clone(), value: Some(first.1.clone()) };
        // Once the log begins again, its pieces stay.
        let expects = vec![Expect::Row { key: at.clone(), value: row }, first];
        let freed = left.iter().map(|(_, value)| weight(value)).fold(0, i64::saturating_add);
        let mut changes: Vec<Change> = left.into_iter().map(|(key, _)| Change::Remove { key }).collect();
        changes.push(Change::Add { key: key::RECORDS.to_vec(), by: freed.saturating_neg() });
        match store.apply(Batch { partition, expects, changes }).await {
            Ok(_) | Err(ApplyError::Unexpected(_)) => {}
            Err(error) => return Err(Failed::Write(error)),
        }
    }
}

/// The logs of a set, with their rows.
async fn logs(store: &impl Store, owner: AccountId, audience: &AudienceId) -> Result<Vec<(Row, Log)>, Failed> {
    let found = store.scan(&Partition::Account(owner), &key::heads(audience), None, VECTOR_AUTHORS).await?;
    found.into_iter().map(|row| Ok((row.clone(), rows::read(&row.1)?))).collect()
}

/// The set of one of the account's audiences.
pub(crate) const fn own(account: AccountId, audience: AudienceId) -> SetId {
    SetId { space: SpaceId::Account(account), audience }
}

#[cfg(test)]
mod tests;
