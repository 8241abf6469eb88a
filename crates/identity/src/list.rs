//! A device list of which every signature holds.

mod merge;

use lamplit_types::{AccountId, DeviceId, Wall, limits};
use lamplit_wire::credential::{
    Certificate, DeviceClaim, DeviceList, EncodeError, Generation, ListHead, RootHash, Signed,
};

use crate::account::CERTIFICATE_MS;
use crate::date::Date;
use crate::keys::root_hash;
use crate::signing::{self, SignatureError};

pub use merge::{MergeError, MergeOutcome};

/// How far in the future a certificate may have been signed, since clocks differ and somebody's is wrong. One from
/// further ahead does not count yet.
const NOT_BEFORE_GRACE_MS: u64 = limits::DAY_MS;

/// A [`DeviceList`] of which every signature holds, in canonical order. Time is not looked at until a device is
/// asked for, so a list stays verified while its certificates expire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedList {
    list: DeviceList,
    head: ListHead,
}

/// Why a device list is not believed. Nothing of such a list is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Signed under another root than the pinned one.
    #[error(
        "this list is signed under root {found:?}, but {pinned:?} is known for the account: somebody else shows it, or the account was made anew; compare safety codes"
    )]
    WrongRoot {
        /// What is pinned.
        pinned: RootHash,
        /// The root of the list.
        found: RootHash,
    },
    /// The root's signature does not hold.
    #[error("the start of generation {number} is not signed by the account's root key")]
    RootSignature {
        /// The generation.
        number: u32,
    },
    /// Generation 0, a first generation that follows another, or a later one that follows none.
    #[error("generation {number} does not say rightly what it follows")]
    Chain {
        /// The generation.
        number: u32,
    },
    /// Not ordered by device, or a device twice.
    #[error("the list is not ordered by device, each once")]
    Order,
    /// A certificate that does not belong.
    #[error("the certificate of {device:?} {fault}")]
    Certificate {
        /// Whose.
        device: DeviceId,
        /// What is wrong with it.
        fault: CertificateFault,
    },
    /// The list could not be written to take its hash.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// Not the list key's signature.
    #[error("is not signed by the list key of its generation")]
    ListSignature,
    /// Not the device's signature.
    #[error("names a device that did not sign that it belongs to the account")]
    ClaimSignature,
    /// It is for another account.
    #[error("is for another account")]
    OtherAccount,
    /// It is of another generation.
    #[error("is of another generation")]
    OtherGeneration,
    /// The generation began with the removal of this very device.
    #[error("lists a device that this generation removed")]
    Removed,
    /// It lasts no time at all or longer than any may.
    #[error("lasts longer than a certificate may, or ends before it begins")]
    Lifetime,
}

/// Why a device cannot be spoken to as one of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// Not on the list.
    #[error("{0:?} is not on the account's device list")]
    Unknown(DeviceId),
    /// Removed by the owner.
    #[error("{0:?} was removed from the account by its owner")]
    Removed(DeviceId),
    /// Its certificate is past its end.
    #[error(
        "the certificate of {device:?} expired on {at}: it renews it by itself once it runs with a right clock; if the date is wrong, set the clock"
    )]
    Expired {
        /// Whose.
        device: DeviceId,
        /// When.
        at: Date,
    },
    /// Its certificate is of a time to come.
    #[error(
        "the certificate of {device:?} was signed on {from}, which is still to come: one of the two clocks is wrong, set it"
    )]
    NotYetValid {
        /// Whose.
        device: DeviceId,
        /// When.
        from: Date,
    },
}

impl VerifiedList {
    /// Checks every signature of `list`. Without a pinned root any root is taken, and the caller pins
    /// [`Self::root_hash`] from then on.
    pub fn verify(list: DeviceList, pinned: Option<RootHash>) -> Result<Self, ListError> {
        let found = root_hash(&list.root);
        if let Some(pinned) = pinned.filter(|&pinned| pinned != found) {
            return Err(ListError::WrongRoot { pinned, found });
        }
        check_generation(&list)?;
        let devices = list.additions.iter().map(|certificate| certificate.device);
        if !devices.is_sorted_by(|a, b| a < b) {
            return Err(ListError::Order);
        }
        for certificate in &list.additions {
            check_certificate(certificate, &list.generation)
                .map_err(|fault| ListError::Certificate { device: certificate.device, fault })?;
        }
        Ok(Self::signed_here(list)?)
    }

    /// A list whose every signature was checked or made a moment ago.
    pub(crate) fn signed_here(list: DeviceList) -> Result<Self, EncodeError> {
        let head = list.head()?;
        Ok(Self { list, head })
    }

    /// The list as it travels.
    pub fn wire(&self) -> &DeviceList {
        &self.list
    }

    /// The account.
    pub fn account(&self) -> AccountId {
        self.list.generation.account
    }

    /// What to pin.
    pub fn root_hash(&self) -> RootHash {
        root_hash(&self.list.root)
    }

    /// The start of the list's generation.
    pub fn generation(&self) -> &Generation {
        &self.list.generation
    }

    /// The list in short.
    pub fn head(&self) -> ListHead {
        self.head
    }

    /// All certificates, also expired ones, ordered by device.
    pub fn devices(&self) -> impl ExactSizeIterator<Item = &Certificate> {
        self.list.additions.iter()
    }

    /// The certificate of a device, even if it has expired.
    pub fn device(&self, device: &DeviceId) -> Option<&Certificate> {
        self.devices().find(|certificate| certificate.device == *device)
    }

    /// The certificate of a device that counts at `now`.
    pub fn valid_device(&self, device: &DeviceId, now: Wall) -> Result<&Certificate, DeviceError> {
        let device = *device;
        if self.has_removed(&device) {
            return Err(DeviceError::Removed(device));
        }
        let certificate = self.device(&device).ok_or(DeviceError::Unknown(device))?;
        if now >= certificate.expires {
            return Err(DeviceError::Expired { device, at: Date(certificate.expires) });
        }
        if is_of_the_future(certificate, now) {
            return Err(DeviceError::NotYetValid { device, from: Date(certificate.issued) });
        }
        Ok(certificate)
    }

    /// Whether this generation began with the removal of a device.
    pub fn has_removed(&self, device: &DeviceId) -> bool {
        removed(self.generation(), device)
    }

    /// Whether whoever holds the list key should renew a device's certificate: less than half of it is left, or it is of a
    /// time to come, because the clock was wrong when it was signed.
    pub fn renewal_due(&self, device: &DeviceId, now: Wall) -> bool {
        self.device(device).is_some_and(|certificate| {
            certificate.expires.since(now) < CERTIFICATE_MS / 2 || is_of_the_future(certificate, now)
        })
    }
}

fn is_of_the_future(certificate: &Certificate, now: Wall) -> bool {
    certificate.issued > now.plus(NOT_BEFORE_GRACE_MS)
}

/// Checks what a device says of itself.
pub(crate) fn check_claim(claim: &Signed<DeviceClaim>) -> Result<(), SignatureError> {
    signing::verify(claim, claim.device.as_bytes()).map(|_| ())
}

pub(crate) fn removed(generation: &Generation, device: &DeviceId) -> bool {
    generation.removals.iter().any(|removal| removal.device == *device)
}

fn check_generation(list: &DeviceList) -> Result<(), ListError> {
    let number = list.generation.number;
    let follows_rightly = number >= 1 && (number == 1) == list.generation.previous.is_none();
    if !follows_rightly {
        return Err(ListError::Chain { number });
    }
    signing::verify(&list.generation, &list.root).map(|_| ()).map_err(|_| ListError::RootSignature { number })
}

fn check_certificate(certificate: &Certificate, generation: &Generation) -> Result<(), CertificateFault> {
    if certificate.account != generation.account {
        return Err(CertificateFault::OtherAccount);
    }
    if certificate.generation != generation.number {
        return Err(CertificateFault::OtherGeneration);
    }
    if removed(generation, &certificate.device) {
        return Err(CertificateFault::Removed);
    }
    let lifetime = certificate.expires.since(certificate.issued);
    if lifetime == 0 || lifetime > CERTIFICATE_MS {
        return Err(CertificateFault::Lifetime);
    }
    signing::verify(certificate, &generation.list_key).map_err(|_| CertificateFault::ListSignature)?;
    let device = certificate.device.as_bytes();
    signing::verify_detached(&certificate.claim, &certificate.claim_signature, device)
        .map_err(|_| CertificateFault::ClaimSignature)
}

#[cfg(test)]
mod tests;
