//! What opens the account on an empty device: its kit, sealed to the recovery key of the generation, so that the phrase alone opens it.
//!
//! It holds what a device that is linked is told. All else is records, and comes as to any other device. `server/kit.rs` brings it to
//! the server, [`crate::reopening`] opens it.

use lamplit_seal::{OpenError, SealToError, open_fixed_with, seal_fixed_to};
use lamplit_types::{AccountId, limits::KIT_BYTES};
use lamplit_wire::{
    bounded::Bytes,
    server::{Kit, KitContent, KitVersion},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

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

/// Seals a kit to a generation's recovery key. All are of one length: it tells neither how long the name is nor how many keys there are.
pub(crate) fn seal(
    rng: &mut dyn CryptoRng,
    recovery_key: &[u8; 32],
    (account, version): (AccountId, KitVersion),
    content: &KitContent,
) -> Result<Bytes<KIT_BYTES>, KitError> {
    // Room for all of it at once: growing would leave copies behind that nobody zeroises.
    let plain = Vec::with_capacity(KIT_BYTES);
    let plain = Zeroizing::new(postcard::to_extend(content, plain).map_err(|_| KitError::TooLong)?);
    let sealed = seal_fixed_to(rng, recovery_key, &context(account, version), &plain, KIT_BYTES)?;
    Bytes::try_from(sealed).map_err(|_| KitError::TooLong)
}

/// Opens one with the recovery key of its generation.
pub(crate) fn open(secret: &[u8; 32], kit: &Kit) -> Result<KitContent, OpenError> {
    let plain = open_fixed_with(secret, &context(kit.account, kit.version), &kit.sealed)?;
    postcard::from_bytes(&plain).map_err(|_| OpenError)
}

#[cfg(test)]
mod tests;
