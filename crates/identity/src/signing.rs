//! Ed25519 signatures over labelled bodies.

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use lamplit_wire::credential::{EncodeError, Signable, Signature, Signed, signing_bytes};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// A signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not by the key it should be by, or what it covers was changed")]
pub struct SignatureError;

/// Checks the signature of a body and gives back the body.
///
/// Verification is strict (ed25519-dalek's `verify_strict`): keys and points of small order are refused, so that
/// no signature holds for two bodies or under two keys.
pub fn verify<'a, B: Signable>(signed: &'a Signed<B>, key: &[u8; 32]) -> Result<&'a B, SignatureError> {
    verify_detached(&signed.body, &signed.signature, key)?;
    Ok(&signed.body)
}

/// Checks a signature that is not kept beside its body; strict as [`verify`] is.
pub fn verify_detached<B: Signable + ?Sized>(
    body: &B,
    signature: &Signature,
    key: &[u8; 32],
) -> Result<(), SignatureError> {
    // A body that cannot be written cannot have been signed.
    let bytes = signing_bytes(body).map_err(|_| SignatureError)?;
    verify_bytes(&bytes, signature, key)
}

pub(crate) fn verify_bytes(bytes: &[u8], signature: &Signature, key: &[u8; 32]) -> Result<(), SignatureError> {
    let key = VerifyingKey::from_bytes(key).map_err(|_| SignatureError)?;
    let signature = ed25519_dalek::Signature::from_components(signature.r, signature.s);
    key.verify_strict(bytes, &signature).map_err(|_| SignatureError)
}

/// An Ed25519 private key; zeroised when dropped.
pub(crate) struct Signer(SigningKey);

impl Signer {
    pub(crate) fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut_slice());
        Self::from_seed(&seed)
    }

    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    pub(crate) fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub(crate) fn sign<B: Signable>(&self, body: B) -> Result<Signed<B>, EncodeError> {
        let signature = self.sign_detached(&body)?;
        Ok(Signed { body, signature })
    }

    pub(crate) fn sign_detached<B: Signable + ?Sized>(&self, body: &B) -> Result<Signature, EncodeError> {
        Ok(self.sign_bytes(&signing_bytes(body)?))
    }

    pub(crate) fn sign_bytes(&self, bytes: &[u8]) -> Signature {
        let signature = self.0.sign(bytes);
        Signature { r: *signature.r_bytes(), s: *signature.s_bytes() }
    }
}

#[cfg(test)]
mod tests;
