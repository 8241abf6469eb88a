use core::fmt;
use core::str::FromStr;

use data_encoding::BASE32_NOPAD;

/// Characters of a [`ServerKey`] as text.
pub const SERVER_KEY_CHARS: usize = 52;

/// The Ed25519 public key of a server, by which those who use it know it again. As text it is base32 (RFC 4648) in small
/// letters without padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerKey(pub [u8; 32]);

/// A text is no server's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a server's key is {SERVER_KEY_CHARS} small letters and digits from 2 to 7: copy the whole address anew")]
pub struct ServerKeyError;

impl FromStr for ServerKey {
    type Err = ServerKeyError;

    fn from_str(text: &str) -> Result<Self, ServerKeyError> {
        // One key has one text, so that two addresses are the same only if they look so.
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(ServerKeyError);
        }
        let bytes = BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).map_err(|_| ServerKeyError)?;
        bytes.try_into().map(Self).map_err(|_| ServerKeyError)
    }
}

impl fmt::Display for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey(…)")
    }
}

#[cfg(test)]
mod tests;
