//! What is in an account's rows. `docs/storage.md` lists them; a change of any shape is a migration.

use lamplit_types::{AccountId, DeviceId, Wall};
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
