//! Who wakes: a server shows push services of the web that all its wakes come from one place (RFC 8292).

use core::{fmt, str::FromStr};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    encoding::AsBigEndian,
    error::Unspecified,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::{Endpoint, jwt, limits};

/// The server's key towards push services of the web. A subscription is made for one key and takes wakes of no other, so it is kept
/// as long as the server is.
pub struct VapidKey {
    pair: EcdsaKeyPair,
    public: [u8; 65],
}

/// There is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// These bytes are none.
    #[error("these 32 bytes are no private key on P-256")]
    Bytes,
    /// None could be drawn.
    #[error("the system gives no random numbers")]
    Random,
}

/// How a push service reaches the operator: `mailto:` or `https:` (RFC 8292, section 2.1).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Subject(String);

/// Something that is no [`Subject`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("vapid_subject under [wake] must be like \"mailto:push@example.org\" or \"https://example.org/contact\"")]
pub struct SubjectError;

/// In the order of RFC 8292's example.
#[derive(Serialize)]
struct Header {
    typ: &'static str,
    alg: &'static str,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
}

impl VapidKey {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate() -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| KeyError::Random)?;
        Self::of(pair).ok_or(KeyError::Random)
    }

    /// The key with this private number, as big-endian bytes.
    ///
    /// # Errors
    /// [`KeyError::Bytes`].
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let private = PrivateKey::from_private_key(&ECDH_P256, bytes).map_err(|_| KeyError::Bytes)?;
        let public = private.compute_public_key().map_err(|_| KeyError::Bytes)?;
        let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(signing, bytes, public.as_ref());
        pair.ok().and_then(Self::of).ok_or(KeyError::Bytes)
    }

    /// What [`Self::from_bytes`] takes.
    ///
    /// # Errors
    /// [`KeyError::Bytes`] if the library does not give them.
    pub fn to_bytes(&self) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let private = self.pair.private_key().as_be_bytes().map_err(|_| KeyError::Bytes)?;
        let mut bytes = Zeroizing::new([0; 32]);
        if private.as_ref().len() != bytes.len() {
            return Err(KeyError::Bytes);
        }
        bytes.copy_from_slice(private.as_ref());
        Ok(bytes)
    }

    /// What devices subscribe with (`applicationServerKey`): a point that is written whole.
    pub const fn public(&self) -> &[u8; 65] {
        &self.public
    }

    fn of(pair: EcdsaKeyPair) -> Option<Self> {
        let public = pair.public_key().as_ref().try_into().ok()?;
        Some(Self { pair, public })
    }

    /// What stands under `Authorization` (RFC 8292, section 3).
    pub(crate) fn authorization(
        &self,
        endpoint: &Endpoint,
        subject: Option<&Subject>,
        now: SystemTime,
    ) -> Result<Zeroizing<String>, Unspecified> {
        let now = now.duration_since(UNIX_EPOCH).map_err(|_| Unspecified)?;
        let exp = now.saturating_add(limits::VAPID_GOOD).as_secs();
        let claims = Claims { aud: &endpoint.origin(), exp, sub: subject.map(|subject| subject.0.as_str()) };
        let token = jwt::es256(&self.pair, &Header { typ: "JWT", alg: "ES256" }, &claims)?;
        Ok(Zeroizing::new(format!("vapid t={token}, k={}", BASE64URL_NOPAD.encode(&self.public))))
    }
}

impl fmt::Debug for VapidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VapidKey(…)")
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let url = Url::parse(text).map_err(|_| SubjectError)?;
        let is_reachable = match url.scheme() {
            "mailto" => url.path().split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()),
            "https" => url.host().is_some(),
            _ => false,
        };
        let fits = text.len() <= limits::SUBJECT_BYTES && text.is_ascii();
        if is_reachable && fits { Ok(Self(text.to_owned())) } else { Err(SubjectError) }
    }
}

impl TryFrom<String> for Subject {
    type Error = SubjectError;

    fn try_from(text: String) -> Result<Self, SubjectError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests;
