use core::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use ed25519_dalek::{Signer as _, SigningKey as SecretKey};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};
use zeroize::Zeroizing;

/// What precedes the 32 bytes of an Ed25519 public key in its SubjectPublicKeyInfo (RFC 8410 4).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0];

/// Whoever holds an Ed25519 private key and signs handshakes with it.
///
/// What is signed is the content of TLS 1.3's CertificateVerify (RFC 8446 4.4.3): it begins with 64 spaces and then names
/// its purpose, so a holder that signs under labels of its own can tell it from everything else.
pub trait Identity: Send + Sync {
    /// The public key.
    fn public(&self) -> [u8; 32];

    /// The signature (RFC 8032) of `message`.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// A private key that is kept here; zeroised when dropped.
pub struct KeyPair(SecretKey);

impl KeyPair {
    /// Draws a key.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice())?;
        Ok(Self::from_seed(&seed))
    }

    /// The key of a seed (RFC 8032 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SecretKey::from_bytes(seed))
    }

    /// A secret for one purpose, which tells nothing of the key: HMAC is a pseudorandom function (RFC 2104).
    pub fn secret_for(&self, purpose: &[u8]) -> Zeroizing<[u8; 32]> {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.seed().as_slice()), purpose);
        let mut secret = Zeroizing::new([0; 32]);
        secret.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
        secret
    }

    /// Its seed, to be kept in a safe place.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }
}

impl Identity for KeyPair {
    fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(…)")
    }
}

/// The raw Ed25519 key that the other end of a connection proved to hold. None if it showed none.
pub fn peer_key(connection: &quinn::Connection) -> Option<[u8; 32]> {
    let shown = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    match shown.as_slice() {
        [key] => raw_key(key),
        _ => None,
    }
}

/// The key in a SubjectPublicKeyInfo, if it is one of Ed25519 and nothing else.
pub(crate) fn raw_key(shown: &CertificateDer<'_>) -> Option<[u8; 32]> {
    shown.as_ref().strip_prefix(&SPKI)?.try_into().ok()
}

/// As rustls wants it.
pub(crate) fn certified(identity: Arc<dyn Identity>) -> Arc<CertifiedKey> {
    let shown = [SPKI.as_slice(), &identity.public()].concat();
    Arc::new(CertifiedKey::new(vec![CertificateDer::from(shown)], Arc::new(Held(identity))))
}

/// A key that is held elsewhere.
#[derive(Clone)]
struct Held(Arc<dyn Identity>);

impl SigningKey for Held {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        if offered.contains(&SignatureScheme::ED25519) { Some(Box::new(self.clone())) } else { None }
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        Some([SPKI.as_slice(), &self.0.public()].concat().into())
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for Held {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.sign(message).to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held(…)")
    }
}
