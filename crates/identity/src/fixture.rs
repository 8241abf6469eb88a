#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

//! People for the tests.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use lamplit_types::{AccountId, Name, Wall};
use lamplit_wire::credential::{DeviceClaim, Signed};

use crate::{Cost, DeviceKeys, ListKey, Phrase, RootKey, VerifiedList, create_account};

/// 2027-01-15 08:00 UTC.
pub(crate) const NOW: Wall = Wall(1_800_000_000_000);
/// The least that Argon2id takes.
pub(crate) const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

pub(crate) fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

pub(crate) struct Person {
    pub(crate) account: AccountId,
    pub(crate) root: RootKey,
    pub(crate) first: DeviceKeys,
    pub(crate) list: VerifiedList,
    pub(crate) list_key: ListKey,
}

pub(crate) fn root(seed: u8) -> RootKey {
    Phrase::generate(&mut rng(seed)).unwrap().root_key(CHEAP).unwrap()
}

pub(crate) fn device(seed: u8) -> DeviceKeys {
    DeviceKeys::generate(&mut rng(seed))
}

pub(crate) fn name(text: &str) -> Option<Name> {
    Some(Name::parse(text).unwrap())
}

/// Somebody with one device.
pub(crate) fn person(seed: u8) -> Person {
    let account = AccountId::from_random([seed; 16]);
    let first = device(seed.wrapping_add(100));
    let root = root(seed);
    let claim = first.claim(account, [seed; 32]).unwrap();
    let made = create_account(&mut rng(seed.wrapping_add(50)), &root, claim, name("first"), NOW).unwrap();
    Person { account, root, first, list: made.list, list_key: made.list_key }
}

impl Person {
    pub(crate) fn claim(&self, seed: u8) -> Signed<DeviceClaim> {
        device(seed).claim(self.account, [seed; 32]).unwrap()
    }

    /// The person's list with one more device.
    pub(crate) fn with(&self, list: &VerifiedList, seed: u8) -> VerifiedList {
        crate::add_device(list, &self.list_key, self.claim(seed), name("another"), NOW).unwrap()
    }
}
