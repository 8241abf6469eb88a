//! A browser, as a push service of the web and a server see it.

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey},
    error::Unspecified,
    hmac::{HMAC_SHA256, Key, sign},
};

use super::SetupError;
use crate::{Endpoint, TargetError, WebPush};

/// A device with a subscription.
pub struct Device {
    pub(super) key: PrivateKey,
    public: Vec<u8>,
    auth: [u8; 16],
}

impl Device {
    /// A new one.
    ///
    /// # Errors
    /// If no key can be drawn.
    pub fn new() -> Result<Self, SetupError> {
        let mut auth = [0; 16];
        getrandom::fill(&mut auth).map_err(|error| error.to_string())?;
        Self::of(PrivateKey::generate(&ECDH_P256)?, auth)
    }

    /// One with these keys.
    ///
    /// # Errors
    /// If they are none.
    pub fn of(key: PrivateKey, auth: [u8; 16]) -> Result<Self, SetupError> {
        let public = key.compute_public_key()?.as_ref().to_vec();
        Ok(Self { key, public, auth })
    }

    /// What it tells a server.
    ///
    /// # Errors
    /// If the endpoint is none.
    pub fn target(&self, endpoint: &str) -> Result<WebPush, TargetError> {
        Endpoint::parse(endpoint)?;
        WebPush::parse(endpoint, &self.public, &self.auth)
    }

    /// Its public key and its secret.
    pub fn keys(&self) -> (&[u8], [u8; 16]) {
        (&self.public, self.auth)
    }

    /// Opens what came, step by step as RFC 8291 tells it in section 3.4.
    ///
    /// # Errors
    /// If it is not for this device, or is nothing of the kind.
    pub fn open(&self, body: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let (salt, rest) = body.split_at_checked(16).ok_or(Unspecified)?;
        let (size, rest) = rest.split_at_checked(4).ok_or(Unspecified)?;
        let (length, rest) = rest.split_first().ok_or(Unspecified)?;
        let (theirs, record) = rest.split_at_checked(usize::from(*length)).ok_or(Unspecified)?;
        let size = u32::from_be_bytes(size.try_into().map_err(|_| Unspecified)?);
        // A single record, and no larger than a record is.
        if theirs.len() != 65 || record.len() < 18 || record.len() > usize::try_from(size).unwrap_or(0) {
            return Err(Unspecified);
        }
        let peer = UnparsedPublicKey::new(&ECDH_P256, theirs);
        let shared = agreement::agree(&self.key, peer, Unspecified, |shared| Ok(shared.to_vec()))?;
        let prk_key = hmac(&self.auth, &[&shared]);
        let ikm = hmac(&prk_key, &[b"WebPush: info\0", &self.public, theirs, &[1]]);
        let prk = hmac(salt, &[&ikm]);
        let key = hmac(&prk, &[b"Content-Encoding: aes128gcm\0", &[1]]);
        let nonce = hmac(&prk, &[b"Content-Encoding: nonce\0", &[1]]);
        let key = UnboundKey::new(&AES_128_GCM, key.get(..16).ok_or(Unspecified)?)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce.get(..12).ok_or(Unspecified)?)?;
        let mut record = record.to_vec();
        let said = LessSafeKey::new(key).open_in_place(nonce, Aad::empty(), &mut record)?;
        let end = said.iter().rposition(|byte| *byte != 0).ok_or(Unspecified)?;
        match said.split_at_checked(end) {
            Some((said, [2, ..])) => Ok(said.to_vec()),
            _ => Err(Unspecified),
        }
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    sign(&Key::new(HMAC_SHA256, key), &parts.concat()).as_ref().to_vec()
}
