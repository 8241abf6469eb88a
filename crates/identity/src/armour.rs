//! How links are written as text: a prefix, then base32 (RFC 4648, without padding) of a version byte, postcard, and
//! the first four bytes of a BLAKE3 over both. Capitals and small letters mean the same, so that a QR code may hold one
//! in its dense alphanumeric mode.

use data_encoding::BASE32_NOPAD;
use lamplit_wire::credential::EncodeError;
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::invite::INVITE_LINK_CHARS;

const CHECKSUM_BYTES: usize = 4;

/// Why a text is not what it should be.
pub(crate) enum ArmourError {
    /// It does not begin with the prefix.
    Other,
    /// It is longer than any.
    TooLong,
    /// It was cut off or changed.
    Damaged,
    /// It is of a later version.
    LaterVersion(u8),
}

/// Writes a value, in small letters.
pub(crate) fn write(prefix: &str, version: u8, value: &impl Serialize) -> Result<String, EncodeError> {
    let mut bytes = Zeroizing::new(postcard::to_extend(value, vec![version])?);
    let sum = checksum(&bytes);
    bytes.extend(sum);
    let mut text = String::from(prefix);
    text.push_str(&BASE32_NOPAD.encode(&bytes).to_ascii_lowercase());
    Ok(text)
}

/// Reads a value as somebody pasted it: white space and line breaks within do no harm.
pub(crate) fn read<T: DeserializeOwned>(prefix: &str, version: u8, text: &str) -> Result<T, ArmourError> {
    if text.len() > INVITE_LINK_CHARS {
        return Err(ArmourError::TooLong);
    }
    let plain: Zeroizing<String> = Zeroizing::new(text.split_whitespace().collect());
    let (start, code) = plain.split_at_checked(prefix.len()).ok_or(ArmourError::Other)?;
    if !start.eq_ignore_ascii_case(prefix) {
        return Err(ArmourError::Other);
    }
    let code = Zeroizing::new(code.to_ascii_uppercase());
    let bytes = Zeroizing::new(BASE32_NOPAD.decode(code.as_bytes()).map_err(|_| ArmourError::Damaged)?);
    let (content, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(ArmourError::Damaged)?;
    if *sum != checksum(content) {
        return Err(ArmourError::Damaged);
    }
    let (&found, fields) = content.split_first().ok_or(ArmourError::Damaged)?;
    if found > version {
        return Err(ArmourError::LaterVersion(found));
    }
    match postcard::take_from_bytes::<T>(fields) {
        Ok((value, [])) if found == version => Ok(value),
        _ => Err(ArmourError::Damaged),
    }
}

pub(crate) fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let [a, b, c, d, ..] = *blake3::hash(bytes).as_bytes();
    [a, b, c, d]
}
