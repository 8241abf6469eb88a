//! What a device is sent by Web Push (RFC 8291): one record of RFC 8188, sealed with keys that only this message has.

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey},
    error::Unspecified,
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
};
use zeroize::Zeroizing;

use crate::{WebPush, limits::SEALED_BYTES};

/// What is said to every device, each time.
pub(crate) const WORD: &[u8] = b"wake";
/// The largest record that its reader has to expect (RFC 8291, section 4). Ours is smaller.
const RECORD: u32 = 4096;
/// Behind what is said in a last record (RFC 8188, section 2).
const LAST: u8 = 2;

/// The word, sealed for this device. It always has the same length, and never the same bytes.
pub(crate) fn seal(target: &WebPush) -> Result<Vec<u8>, Unspecified> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| Unspecified)?;
    let mut said = WORD.to_vec();
    said.push(LAST);
    said.resize(SEALED_BYTES, 0);
    seal_record(target, &PrivateKey::generate(&ECDH_P256)?, salt, said)
}

/// Seals a record with this key, which must be used for nothing else.
fn seal_record(
    target: &WebPush,
    key: &PrivateKey,
    salt: [u8; 16],
    mut record: Vec<u8>,
) -> Result<Vec<u8>, Unspecified> {
    let ours = key.compute_public_key()?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, target.key());
    let secret = agreement::agree(key, theirs, Unspecified, |shared| {
        let info = [b"WebPush: info\0".as_slice(), target.key().as_slice(), ours.as_ref()];
        drawn::<32>(&Salt::new(HKDF_SHA256, target.auth()).extract(shared), &info)
    })?;
    let prk = Salt::new(HKDF_SHA256, &salt).extract(secret.as_slice());
    let key = drawn::<16>(&prk, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce = drawn::<12>(&prk, &[b"Content-Encoding: nonce\0"])?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key.as_slice())?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut record)?;
    let length = u8::try_from(ours.as_ref().len()).map_err(|_| Unspecified)?;
    Ok([salt.as_slice(), &RECORD.to_be_bytes(), &[length], ours.as_ref(), record.as_slice()].concat())
}

/// A key of `N` bytes (RFC 5869, section 2.3).
fn drawn<const N: usize>(prk: &Prk, info: &[&[u8]]) -> Result<Zeroizing<[u8; N]>, Unspecified> {
    let mut key = Zeroizing::new([0; N]);
    prk.expand(info, Length(N))?.fill(key.as_mut_slice())?;
    Ok(key)
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests;
