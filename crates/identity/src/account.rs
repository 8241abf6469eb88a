//! Making an account and changing its devices.

use lamplit_types::{DeviceId, Name, Wall, limits};
use lamplit_wire::bounded::List;
use lamplit_wire::credential::{
    Certificate, CertificateBody, DeviceClaim, DeviceList, EncodeError, Generation, Removal, Signed,
};
use rand_core::CryptoRng;

use crate::keys::{ListKey, RootKey};
use crate::list::{VerifiedList, check_claim, removed};
use crate::signing::SignatureError;

/// How long a certificate lasts, and so how long a removal that reaches nobody can go unnoticed.
pub const CERTIFICATE_MS: u64 = 365 * limits::DAY_MS;

/// A generation that was just started: the list to show and the key to extend it with.
#[derive(Debug)]
pub struct NewGeneration {
    /// The list.
    pub list: VerifiedList,
    /// The list key, for the account's own secrets.
    pub list_key: ListKey,
}

/// Why an account could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetUpError {
    /// The first device did not sign its claim.
    #[error("the first device's claim: {0}")]
    Claim(#[from] SignatureError),
    /// Something could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Why a device could not be added or renewed. The list stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddError {
    /// The device did not sign its claim.
    #[error("the new device's claim: {0}")]
    Claim(#[from] SignatureError),
    /// The claim is for another account.
    #[error("the new device asks to join another account than this one")]
    OtherAccount,
    /// The list key is of another generation.
    #[error("this list key is not the one of generation {generation}: fetch the account's own secrets first")]
    WrongListKey {
        /// Whose list key is needed.
        generation: u32,
    },
    /// Removed devices stay out for this generation.
    #[error("{0:?} was removed from the account: set the device up anew, with new keys")]
    Removed(DeviceId),
    /// Nothing to renew.
    #[error("{0:?} is not on the device list")]
    Unknown(DeviceId),
    /// No room.
    #[error("an account has at most {max} devices: remove one first", max = limits::DEVICES)]
    Full,
    /// Something could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Why devices could not be removed. The list stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoveError {
    /// The phrase gave another account's root key.
    #[error("this recovery phrase is not the one of this account")]
    WrongRoot,
    /// Nothing to remove.
    #[error("no device was named to be removed")]
    Nothing,
    /// Not on the list.
    #[error("{0:?} is not on the device list")]
    Unknown(DeviceId),
    /// Named twice.
    #[error("{0:?} is named twice")]
    Twice(DeviceId),
    /// Nobody would be left.
    #[error("no device would be left on the account: add the new device first")]
    NobodyLeft,
    /// 2³² generations.
    #[error("the account has had as many generations as there are numbers for")]
    LastGeneration,
    /// Something could not be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Starts an account with its first device: generation 1. The account is the one the claim names.
pub fn create_account(
    rng: &mut dyn CryptoRng,
    root: &RootKey,
    first: Signed<DeviceClaim>,
    device_name: Option<Name>,
    now: Wall,
) -> Result<NewGeneration, SetUpError> {
    check_claim(&first)?;
    let list_key = ListKey::generate(rng);
    let generation = Generation {
        account: first.account,
        number: 1,
        list_key: list_key.public(),
        recovery_key: root.recovery_key(1).public(),
        previous: None,
        removals: List::new(),
    };
    let additions = List::one(certify(&list_key, 1, 1, first, device_name, now)?);
    let list = DeviceList { root: root.public(), generation: root.sign(generation)?, additions };
    Ok(NewGeneration { list: VerifiedList::signed_here(list)?, list_key })
}

/// Adds a device within the list's generation, or gives a device that is already there a new certificate.
pub fn add_device(
    list: &VerifiedList,
    list_key: &ListKey,
    claim: Signed<DeviceClaim>,
    device_name: Option<Name>,
    now: Wall,
) -> Result<VerifiedList, AddError> {
    let generation = list.generation();
    if list_key.public() != generation.list_key {
        return Err(AddError::WrongListKey { generation: generation.number });
    }
    if claim.account != list.account() {
        return Err(AddError::OtherAccount);
    }
    if removed(generation, &claim.device) {
        return Err(AddError::Removed(claim.device));
    }
    check_claim(&claim)?;
    let device = claim.device;
    let serial = list.device(&device).map_or(1, |old| old.serial.saturating_add(1));
    let new = certify(list_key, generation.number, serial, claim, device_name, now)?;

    let mut certificates: Vec<Certificate> = list.devices().filter(|old| old.device != device).cloned().collect();
    certificates.push(new);
    certificates.sort_by_key(|certificate| certificate.device);
    let additions = certificates.try_into().map_err(|_| AddError::Full)?;
    Ok(VerifiedList::signed_here(DeviceList { additions, ..list.wire().clone() })?)
}

/// Gives a device a new certificate over the same keys, for another [`CERTIFICATE_MS`].
pub fn renew_device(
    list: &VerifiedList,
    list_key: &ListKey,
    device: &DeviceId,
    now: Wall,
) -> Result<VerifiedList, AddError> {
    let old = list.device(device).ok_or(AddError::Unknown(*device))?;
    add_device(list, list_key, claim_of(old), old.device_name.clone(), now)
}

/// Removes devices: starts the next generation, with a new list key that signs the others anew. What the old
/// generation's keys protected must be given new keys by the caller.
pub fn remove_devices(
    rng: &mut dyn CryptoRng,
    list: &VerifiedList,
    root: &RootKey,
    removals: List<Removal, { limits::DEVICES }>,
    now: Wall,
) -> Result<NewGeneration, RemoveError> {
    let old = list.generation();
    check_removals(list, root, &removals)?;
    let number = old.number.checked_add(1).ok_or(RemoveError::LastGeneration)?;
    let list_key = ListKey::generate(rng);
    let generation = Generation {
        account: old.account,
        number,
        list_key: list_key.public(),
        recovery_key: root.recovery_key(number).public(),
        previous: Some(old.hash()?),
        removals,
    };
    let additions = list.wire().additions.try_filter_map(|kept| {
        if removed(&generation, &kept.device) {
            return Ok(None);
        }
        let serial = kept.serial.saturating_add(1);
        certify(&list_key, number, serial, claim_of(kept), kept.device_name.clone(), now).map(Some)
    })?;
    let list = DeviceList { root: root.public(), generation: root.sign(generation)?, additions };
    Ok(NewGeneration { list: VerifiedList::signed_here(list)?, list_key })
}

/// Takes the place of two lists of one account that do not go together: without the devices that either of them removed, and
/// `removals`. Its number leaves a gap, so that it is nobody's false successor.
pub fn settle_fork(
    rng: &mut dyn CryptoRng,
    ours: &VerifiedList,
    other: &DeviceList,
    root: &RootKey,
    removals: &[Removal],
    now: Wall,
) -> Result<NewGeneration, RemoveError> {
    check_removals(ours, root, removals)?;
    let other = VerifiedList::verify(other.clone(), Some(ours.root_hash())).map_err(|_| RemoveError::WrongRoot)?;
    let mut gone: Vec<Removal> = removals.to_vec();
    for earlier in ours.generation().removals.iter().chain(other.generation().removals.iter()) {
        if !gone.iter().any(|removal| removal.device == earlier.device) {
            gone.push(*earlier);
        }
    }
    let latest = ours.generation().number.max(other.generation().number);
    let number = latest.checked_add(2).ok_or(RemoveError::LastGeneration)?;
    let list_key = ListKey::generate(rng);
    let generation = Generation {
        account: ours.account(),
        number,
        list_key: list_key.public(),
        recovery_key: root.recovery_key(number).public(),
        previous: Some(ours.generation().hash()?),
        removals: gone.try_into().map_err(|_| RemoveError::LastGeneration)?,
    };
    let mut stay: Vec<&Certificate> = ours.devices().chain(other.devices()).collect();
    stay.sort_by_key(|certificate| (certificate.device, core::cmp::Reverse(certificate.serial)));
    stay.dedup_by_key(|certificate| certificate.device);
    let mut additions = List::new();
    for kept in stay.into_iter().filter(|kept| !removed(&generation, &kept.device)) {
        let serial = kept.serial.saturating_add(1);
        let new = certify(&list_key, number, serial, claim_of(kept), kept.device_name.clone(), now)?;
        additions.push(new).map_err(|_| RemoveError::LastGeneration)?;
    }
    if additions.is_empty() {
        return Err(RemoveError::NobodyLeft);
    }
    let list = DeviceList { root: root.public(), generation: root.sign(generation)?, additions };
    Ok(NewGeneration { list: VerifiedList::signed_here(list)?, list_key })
}

fn check_removals(list: &VerifiedList, root: &RootKey, removals: &[Removal]) -> Result<(), RemoveError> {
    if root.public() != list.wire().root {
        return Err(RemoveError::WrongRoot);
    }
    if removals.is_empty() {
        return Err(RemoveError::Nothing);
    }
    for (index, removal) in removals.iter().enumerate() {
        let device = removal.device;
        if list.device(&device).is_none() {
            return Err(RemoveError::Unknown(device));
        }
        if removals.iter().take(index).any(|earlier| earlier.device == device) {
            return Err(RemoveError::Twice(device));
        }
    }
    if removals.len() == list.devices().len() { Err(RemoveError::NobodyLeft) } else { Ok(()) }
}

fn claim_of(certificate: &Certificate) -> Signed<DeviceClaim> {
    Signed { body: certificate.claim, signature: certificate.claim_signature }
}

fn certify(
    list_key: &ListKey,
    generation: u32,
    serial: u32,
    claim: Signed<DeviceClaim>,
    device_name: Option<Name>,
    issued: Wall,
) -> Result<Certificate, EncodeError> {
    list_key.sign(CertificateBody {
        claim: claim.body,
        claim_signature: claim.signature,
        generation,
        serial,
        issued,
        expires: issued.plus(CERTIFICATE_MS),
        device_name,
    })
}

#[cfg(test)]
mod tests;
