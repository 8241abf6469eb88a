//! Derived keys and authentication codes, each under a label of its own.

use blake3::Hash;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// HKDF-SHA256 (RFC 5869) for one block of 32 bytes: `label` is the salt, `secret` the input key material.
///
/// For one block, the RFC's expand step is HMAC(PRK, info ‖ 1), which is the extract step once more with PRK as salt.
/// Written so, no output length has to be given that could be wrong.
pub(crate) fn derive(label: &str, secret: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    derive_salted(label.as_bytes(), secret, info)
}

fn derive_salted(salt: &[u8], secret: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut prk = Zeroizing::new([0; 32]);
    prk.copy_from_slice(&Hkdf::<Sha256>::extract(Some(salt), secret).0);
    let mut block = info.to_vec();
    block.push(1);
    let mut out = Zeroizing::new([0; 32]);
    out.copy_from_slice(&Hkdf::<Sha256>::extract(Some(prk.as_slice()), &block).0);
    out
}

/// Keyed BLAKE3 over the label, a zero byte and the parts. All parts but the last must be of fixed length. Equality
/// of two [`Hash`]es takes the same time wherever they differ.
pub(crate) fn mac(key: &[u8; 32], label: &str, parts: &[&[u8]]) -> Hash {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(label.as_bytes()).update(&[0]);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}

/// The first eight bytes.
pub(crate) fn first8(hash: &Hash) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests;
