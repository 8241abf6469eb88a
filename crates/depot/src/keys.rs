//! The keys of the rows on the disk: the partition, then what is kept of it.

use lamplit_service::Partition;
use lamplit_types::{AccountId, PhoneNumber};

/// What a key of an account's partition begins with.
const ACCOUNT: u8 = 1;
/// What a key of a number's partition begins with.
const OF_NUMBER: u8 = 2;

/// What follows the partition: its last number, or one of its rows. [`BEYOND`] is greater than both.
const NUMBER: u8 = 0;
const ROW: u8 = 1;
const BEYOND: u8 = 2;

/// What a key on the disk leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held<'k> {
    /// The partition's last number.
    Number,
    /// The row of that key.
    Row(&'k [u8]),
}

/// Where a partition's last number lies.
pub(crate) fn number(partition: &Partition) -> Vec<u8> {
    under(partition, NUMBER, b"")
}

/// Where a row lies. Those of one partition lie in the order of their keys.
pub(crate) fn row(partition: &Partition, key: &[u8]) -> Vec<u8> {
    under(partition, ROW, key)
}

/// Greater than every key of the partition, and smaller than those of the next.
pub(crate) fn beyond(partition: &Partition) -> Vec<u8> {
    under(partition, BEYOND, b"")
}

/// Greater than every row's key that begins with `prefix`, and smaller than or equal to the next one.
pub(crate) fn beyond_prefix(partition: &Partition, prefix: &[u8]) -> Vec<u8> {
    let mut end = row(partition, prefix);
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            break;
        }
    }
    end
}

/// Takes a key apart; `None`: this version made no such key.
pub(crate) fn split(key: &[u8]) -> Option<(Partition, Held<'_>)> {
    let (partition, rest) = match key.split_first()? {
        (&ACCOUNT, rest) => {
            let (account, rest) = rest.split_first_chunk::<16>()?;
            (Partition::Account(AccountId::from_bytes(*account)), rest)
        }
        (&OF_NUMBER, rest) => {
            let (number, rest) = rest.split_first_chunk::<8>()?;
            (Partition::Number(PhoneNumber::from_value(u64::from_be_bytes(*number))?), rest)
        }
        _ => return None,
    };
    let held = match rest.split_first()? {
        (&NUMBER, []) => Held::Number,
        (&ROW, key) => Held::Row(key),
        _ => return None,
    };
    Some((partition, held))
}

fn under(partition: &Partition, what: u8, key: &[u8]) -> Vec<u8> {
    match partition {
        Partition::Account(account) => [&[ACCOUNT], account.as_bytes().as_slice(), &[what], key].concat(),
        Partition::Number(number) => [&[OF_NUMBER], number.value().to_be_bytes().as_slice(), &[what], key].concat(),
    }
}

#[cfg(test)]
mod tests;
