//! Signed words to push services (RFC 7515, compact; RFC 7519).

use aws_lc_rs::{
    error::Unspecified,
    rand::SystemRandom,
    rsa,
    signature::{EcdsaKeyPair, RSA_PKCS1_SHA256},
};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;

/// Signed with ECDSA on P-256 (RFC 7518, section 3.4).
pub(crate) fn es256(
    key: &EcdsaKeyPair,
    header: &impl Serialize,
    claims: &impl Serialize,
) -> Result<String, Unspecified> {
    let mut token = unsigned(header, claims)?;
    let signature = key.sign(&SystemRandom::new(), token.as_bytes())?;
    put(&mut token, signature.as_ref());
    Ok(token)
}

/// Signed with RSA (RFC 7518, section 3.3).
pub(crate) fn rs256(
    key: &rsa::KeyPair,
    header: &impl Serialize,
    claims: &impl Serialize,
) -> Result<String, Unspecified> {
    let mut token = unsigned(header, claims)?;
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)?;
    put(&mut token, &signature);
    Ok(token)
}

fn unsigned(header: &impl Serialize, claims: &impl Serialize) -> Result<String, Unspecified> {
    let mut token = BASE64URL_NOPAD.encode(&serde_json::to_vec(header).map_err(|_| Unspecified)?);
    put(&mut token, &serde_json::to_vec(claims).map_err(|_| Unspecified)?);
    Ok(token)
}

fn put(token: &mut String, part: &[u8]) {
    token.push('.');
    BASE64URL_NOPAD.encode_append(part, token);
}
