use core::fmt;

use crate::keys::DeviceKeys;
use crate::signing::Signer;

/// How everything begins that is signed in a TLS 1.3 handshake (RFC 8446 4.4.3); then it says whose signature it is.
const BEGIN: [u8; 64] = [b' '; 64];
const CONTEXT: &[u8] = b"TLS 1.3, client CertificateVerify\0";

/// A device's signing key, for the TLS handshakes in which it calls and for nothing else.
///
/// What it signs begins with 64 spaces and TLS's own words. All else that a device signs begins with a label of ours, and none of
/// those with a space: so no handshake can be made to sign a certificate or a record, and no record is ever taken for a
/// handshake.
pub struct HandshakeKey(Signer);

impl DeviceKeys {
    /// The same signing key, for whoever makes connections for this device.
    pub fn handshake_key(&self) -> HandshakeKey {
        HandshakeKey(self.signer_copy())
    }
}

impl HandshakeKey {
    /// The Ed25519 public key, which is the device's id.
    pub fn public(&self) -> [u8; 32] {
        self.0.public()
    }

    /// The Ed25519 signature of what a TLS client signs; `None` for everything else.
    pub fn sign(&self, message: &[u8]) -> Option<[u8; 64]> {
        message.strip_prefix(&BEGIN)?.strip_prefix(CONTEXT)?;
        let signature = self.0.sign_bytes(message);
        let mut bytes = [0; 64];
        let (r, s) = bytes.split_at_mut(32);
        r.copy_from_slice(&signature.r);
        s.copy_from_slice(&signature.s);
        Some(bytes)
    }
}

impl fmt::Debug for HandshakeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandshakeKey(…)")
    }
}

#[cfg(test)]
mod tests;
