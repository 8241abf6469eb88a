//! What a device leaves on every message, for itself: whoever received the message can show it back, and so prove to the
//! device what it has sent, also when the device itself has come back from a backup and does not remember.

use lamplit_types::{DeviceId, Incarnation};
use lamplit_wire::Mark;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::kdf;
use crate::keys::DeviceKeys;

impl DeviceKeys {
    /// The mark of the message of that number to `to`, sent in that life. `salt` is drawn for the message, so that two messages
    /// which were given one number have different marks.
    pub fn mark(&self, to: &DeviceId, life: Incarnation, seq: u64, salt: [u8; 8]) -> Mark {
        let key: Zeroizing<[u8; 32]> = kdf::derive("lamplit/1/mark-key", self.noise_private().as_slice(), &[]);
        let parts: [&[u8]; 4] = [to.as_bytes(), &life.0.to_be_bytes(), &seq.to_be_bytes(), &salt];
        let hash = kdf::mac(&key, "lamplit/1/mark", &parts);
        let mut mark = [0; 16];
        for (into, from) in mark.iter_mut().zip(salt.iter().chain(hash.as_bytes())) {
            *into = *from;
        }
        Mark(mark)
    }

    /// Whether a mark is this device's own. Takes the same time wherever it differs.
    pub fn is_mark(&self, to: &DeviceId, life: Incarnation, seq: u64, mark: &Mark) -> bool {
        let [salt @ .., _, _, _, _, _, _, _, _] = mark.0;
        self.mark(to, life, seq, salt).0.ct_eq(&mark.0).into()
    }
}

#[cfg(test)]
mod tests;
