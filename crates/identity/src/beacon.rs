//! Beacons: what a device shows to those nearby, known again only by those who hold its beacon key.

use core::fmt;

use lamplit_types::{AccountId, Beacon, DeviceId};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::kdf;
use crate::table::Table;

/// Whoever holds it recognises the device's beacons. Zeroised when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct BeaconKey([u8; 32]);

/// Recognises the beacons of many devices around one epoch. Made anew when the epoch changes.
pub struct BeaconTable(Table<Beacon, (AccountId, DeviceId)>);

/// What a device shows in one epoch ([`lamplit_types::Wall::epoch`]): the first 8 bytes of a keyed BLAKE3 over device
/// and epoch. To others it is noise, and says nothing of the beacon before or after it.
pub fn beacon(key: &BeaconKey, device: &DeviceId, epoch: u64) -> Beacon {
    let mac = kdf::mac(&key.0, "lamplit/1/beacon", &[device.as_bytes(), &epoch.to_be_bytes()]);
    Beacon::from_bytes(kdf::first8(&mac))
}

impl BeaconKey {
    /// The key that an account's devices show in one turn, made from the secret that they share. All of them make the
    /// same, so two that took a turn apart know each other again; who knows the key of one turn knows no other.
    pub fn of_turn(own: &[u8; 32], account: AccountId, turn: u16) -> Self {
        Self(*kdf::mac(own, "lamplit/1/beacon-key", &[account.as_bytes(), &turn.to_be_bytes()]).as_bytes())
    }

    /// Takes a key that was stored or received.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key, to be stored or sealed for those who may see the device nearby.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl BeaconTable {
    /// A table of these devices for `epoch`, the one before and the one after. At most [`crate::RECOGNISED`] devices.
    pub fn new<'a>(devices: impl IntoIterator<Item = (AccountId, DeviceId, &'a BeaconKey)>, epoch: u64) -> Self {
        let items = devices
            .into_iter()
            .map(|(account, device, key)| ((account, device), move |epoch| beacon(key, &device, epoch)));
        Self(Table::new(items, epoch))
    }

    /// Whose beacon it may be. A hint and never a proof: anyone can repeat a beacon they heard.
    pub fn recognise(&self, seen: Beacon) -> Option<(AccountId, DeviceId)> {
        self.0.get(seen).next().copied()
    }

    /// Devices for which there was no room.
    pub fn left_out(&self) -> usize {
        self.0.left_out()
    }
}

impl fmt::Debug for BeaconKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BeaconKey(…)")
    }
}

#[cfg(test)]
mod tests;
