//! What is in an account's rows. `docs/storage.md` lists them; a change of any shape is a migration.

use lamplit_types::{AccountId, DeviceId, PhoneNumber, Wall};
use lamplit_wire::{
    Envelope,
    credential::{ListHead, RootHash},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::store::StoreError;

/// An account in short, as every request needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// The root that its first list was signed under, for good.
    pub(crate) root: RootHash,
    pub(crate) head: ListHead,
    pub(crate) devices: Vec<DeviceId>,
}

impl Account {
    pub(crate) fn has(&self, device: &DeviceId) -> bool {
        self.devices.contains(device)
    }
}

/// An envelope that waits for a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mail {
    /// Whose device brought it.
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    /// Then it is dropped.
    pub(crate) until: Wall,
    pub(crate) envelope: Envelope,
}

/// What an account has and wants of numbers, as it believes: each number's partition says whose it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wish {
    pub(crate) held: Option<PhoneNumber>,
    /// It was shown that the account has it. Once it is the account's, the one before is free.
    pub(crate) wanted: Option<PhoneNumber>,
}

/// Whose a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub(crate) account: AccountId,
    /// Another account showed that it has it.
    pub(crate) claim: Option<Claim>,
}

/// A number is to be another account's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) account: AccountId,
    pub(crate) from: Wall,
}

/// Codes that were sent to a number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Codes {
    /// How many lately.
    pub(crate) sent: u32,
    /// When the last one was.
    pub(crate) last: Wall,
    /// Those that can be shown, the oldest first.
    pub(crate) open: Vec<OpenCode>,
}

/// A code that can be shown. What it is, is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenCode {
    /// By this device alone.
    pub(crate) device: DeviceId,
    /// Until then.
    pub(crate) until: Wall,
    /// How often a wrong one was shown.
    pub(crate) tries: u8,
}

pub(crate) fn write<T: Serialize>(row: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_allocvec(row).map_err(|_| StoreError::Corrupt)
}

pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|_| StoreError::Corrupt)
}

/// Keys of rows. Each begins with a byte that tells what it is.
pub(crate) mod key {
    use lamplit_types::{AccountId, DeviceId, EnvelopeId};
    use lamplit_wire::server::Epoch;

    /// → [`super::Account`].
    pub(crate) const ACCOUNT: &[u8] = b"A";
    /// → the account's `DeviceList`.
    pub(crate) const LIST: &[u8] = b"L";
    /// → [`super::Wish`].
    pub(crate) const WISH: &[u8] = b"N";

    /// Of a number: → [`super::Holder`].
    pub(crate) const HOLDER: &[u8] = b"H";
    /// Of a number: → [`super::Codes`].
    pub(crate) const CODES: &[u8] = b"C";

    /// `M ‖ device ‖ number` → [`super::Mail`]: what waits for a device.
    pub(crate) fn mail(device: &DeviceId) -> Vec<u8> {
        of(b"M", device)
    }

    /// → nothing: an envelope that waits for a device. So it is kept once.
    pub(crate) fn known(device: &DeviceId, envelope: &EnvelopeId) -> Vec<u8> {
        [of(b"I", device).as_slice(), envelope.as_bytes()].concat()
    }

    /// → a count: bytes that wait for a device.
    pub(crate) fn weight(device: &DeviceId) -> Vec<u8> {
        of(b"Q", device)
    }

    /// `S ‖ device ‖ account` → a count: those of them that an account's devices brought.
    pub(crate) fn share(device: &DeviceId, sender: &AccountId) -> Vec<u8> {
        [of(b"S", device).as_slice(), sender.as_bytes()].concat()
    }

    /// `K ‖ device ‖ epoch ‖ number` → a signed one-time key. Those of an earlier life of the store may have been handed out since
    /// the backup was made.
    pub(crate) fn one_time(device: &DeviceId, epoch: Epoch) -> Vec<u8> {
        [one_times(device).as_slice(), &epoch.0].concat()
    }

    /// The same of all lives.
    pub(crate) fn one_times(device: &DeviceId) -> Vec<u8> {
        of(b"K", device)
    }

    /// `F ‖ device ‖ epoch` → a signed key for when there are no others.
    pub(crate) fn fallback(device: &DeviceId, epoch: Epoch) -> Vec<u8> {
        [fallbacks(device).as_slice(), &epoch.0].concat()
    }

    /// The same of all lives.
    pub(crate) fn fallbacks(device: &DeviceId) -> Vec<u8> {
        of(b"F", device)
    }

    /// How the keys of rows begin that are a device's.
    pub(crate) const KINDS: [&[u8]; 6] = [b"M", b"I", b"Q", b"S", b"K", b"F"];

    /// The same for one device.
    pub(crate) fn all_of(device: &DeviceId) -> [Vec<u8>; 6] {
        KINDS.map(|kind| of(kind, device))
    }

    fn of(kind: &[u8], device: &DeviceId) -> Vec<u8> {
        [kind, device.as_bytes()].concat()
    }
}
