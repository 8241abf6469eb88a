//! What a device signs to be believed: its one-time keys, and that it is at the end of a link.

use lamplit_types::DeviceId;
use lamplit_wire::credential::{Certificate, EncodeError, OneTimeKey, Signature, SignedOneTimeKey};

use crate::keys::DeviceKeys;
use crate::signing::{self, SignatureError};

/// Which end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It sent the first handshake message.
    Initiator,
    /// It answered.
    Responder,
}

/// Why a one-time key is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OneTimeKeyError {
    /// Another device's key.
    #[error("this one-time key is {found:?}'s, not {expected:?}'s")]
    OtherDevice {
        /// Whose key was wanted.
        expected: DeviceId,
        /// Whose it is.
        found: DeviceId,
    },
    /// Not signed by the device.
    #[error("the one-time key of {device:?}: {error}")]
    Signature {
        /// Whose key it says it is.
        device: DeviceId,
        /// What is wrong.
        error: SignatureError,
    },
}

/// The other end of a link is not the device it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other end of the link did not prove that it is {device:?}: close the link")]
pub struct LinkProofError {
    /// Who it says it is.
    pub device: DeviceId,
}

impl Role {
    /// The other end.
    pub const fn other(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }

    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Initiator => 0,
            Self::Responder => 1,
        }
    }
}

impl DeviceKeys {
    /// Signs the public half of a one-time key (Curve25519).
    pub fn sign_one_time_key(&self, key: [u8; 32]) -> Result<SignedOneTimeKey, EncodeError> {
        self.sign(OneTimeKey { device: self.id(), key })
    }

    /// Signs that this device is at the `role` end of the link with this handshake hash.
    pub fn sign_link(&self, handshake_hash: &[u8], role: Role) -> Signature {
        self.sign_bytes(&link_bytes(handshake_hash, role))
    }
}

/// Gives the one-time key (Curve25519, public) if `device` signed it.
pub fn verify_one_time_key(signed: &SignedOneTimeKey, device: &DeviceId) -> Result<[u8; 32], OneTimeKeyError> {
    if signed.device != *device {
        return Err(OneTimeKeyError::OtherDevice { expected: *device, found: signed.device });
    }
    signing::verify(signed, device.as_bytes())
        .map(|body| body.key)
        .map_err(|error| OneTimeKeyError::Signature { device: *device, error })
}

/// Checks that the device of a certificate is at the `role` end of the link with this handshake hash, which is how
/// strangers who met by `XX` believe each other's device lists.
pub fn verify_link(
    certificate: &Certificate,
    handshake_hash: &[u8],
    role: Role,
    signature: &Signature,
) -> Result<(), LinkProofError> {
    let device = certificate.device;
    signing::verify_bytes(&link_bytes(handshake_hash, role), signature, device.as_bytes())
        .map_err(|SignatureError| LinkProofError { device })
}

/// Label, zero byte, role, hash: as all that is signed, but with a body that never travels.
fn link_bytes(handshake_hash: &[u8], role: Role) -> Vec<u8> {
    [b"lamplit/1/link\0".as_slice(), &[role.byte()], handshake_hash].concat()
}

#[cfg(test)]
mod tests;
