//! What opens the account on an empty device: its kit, which a device leaves at the server whenever what is in it changes.
//!
//! It is sealed to the recovery key of the generation, so that the phrase alone opens it, and holds what a device that is linked is
//! told. All else is records, and comes as to any other device. [`crate::reopening`] is the other end.

use lamplit_seal::{OpenError, SealToError, open_with, padding, seal_to};
use lamplit_types::{AccountId, limits::KIT_BYTES};
use lamplit_wire::{
    AccountSecrets, GenerationSecret,
    bounded::{Bytes, List},
    server::{Kit, KitContent, KitVersion, Up},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    Node,
    step::{Step, Stepped},
};

/// Why a kit could not be made. None of it can be, of an account whose list was verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KitError {
    #[error(transparent)]
    Seal(#[from] SealToError),
    #[error("what is in the kit is longer than it may be")]
    TooLong,
}

/// Where a kit belongs: one that is moved to another account or passed off as a newer one does not open.
fn context(account: AccountId, version: KitVersion) -> Vec<u8> {
    let KitVersion { generation, friends } = version;
    [b"lamplit/1/kit\0".as_slice(), account.as_bytes(), &generation.to_be_bytes(), &friends.to_be_bytes()].concat()
}

/// Seals a kit to a generation's recovery key, padded, so that its length tells neither how long the name is nor how many keys there are.
pub(crate) fn seal(
    rng: &mut dyn CryptoRng,
    recovery_key: &[u8; 32],
    (account, version): (AccountId, KitVersion),
    content: &KitContent,
) -> Result<Bytes<KIT_BYTES>, KitError> {
    // Room for all of it at once: growing would leave copies behind that nobody zeroises.
    let plain = Vec::with_capacity(KIT_BYTES);
    let plain = Zeroizing::new(postcard::to_extend(content, plain).map_err(|_| KitError::TooLong)?);
    let padded = padding::pad(&plain).map_err(|_| KitError::TooLong)?;
    let sealed = seal_to(rng, recovery_key, &context(account, version), &padded)?;
    Bytes::try_from(sealed).map_err(|_| KitError::TooLong)
}

/// Opens one with the recovery key of its generation.
pub(crate) fn open(secret: &[u8; 32], kit: &Kit) -> Result<KitContent, OpenError> {
    let padded = open_with(secret, &context(kit.account, kit.version), &kit.sealed)?;
    let plain = padding::unpad(&padded).map_err(|_| OpenError)?;
    postcard::from_bytes(plain).map_err(|_| OpenError)
}

impl Node {
    /// How new a kit is that this device would make; `None` while it waits for the keys of a generation that began elsewhere.
    fn kit_version(&self, step: &Step<'_>) -> Stepped<Option<KitVersion>> {
        let generation = self.people.me().list.generation().number;
        if self.keys.generation != generation {
            return Ok(None);
        }
        Ok(Some(KitVersion { generation, friends: self.friends_generation(step)? }))
    }

    /// Brings the server a kit, if the one that is `there` is older than what this device would make.
    pub(crate) fn bring_kit(&self, step: &mut Step<'_>, there: Option<KitVersion>) -> Stepped {
        let version = if self.is_welcome() { self.kit_version(step)? } else { None };
        let Some(version) = version.filter(|version| there.is_none_or(|there| there < *version)) else { return Ok(()) };
        let friends_keys: Vec<_> = self.friends(step)?.keys.iter().map(GenerationSecret::from).collect();
        let content = KitContent {
            keys: AccountSecrets::from(&self.keys),
            name: self.device.name.clone(),
            friends: self.device.friends,
            // Kept are no more than fit.
            friends_keys: List::try_from(friends_keys).unwrap_or_default(),
        };
        let (account, device) = (self.device.account, self.device.device);
        let recovery_key = self.people.me().list.generation().recovery_key;
        let Ok(sealed) = seal(step.rng, &recovery_key, (account, version), &content) else { return Ok(()) };
        if let Ok(kit) = self.secrets.keys.sign(Kit { account, version, device, sealed }) {
            self.say_to_server(step, &Up::Kit(Box::new(kit)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
