//! Whom to wake. What exists here is well formed, and short enough.

use core::fmt;
use std::net::IpAddr;

use aws_lc_rs::agreement::{ECDH_P256, ParsedPublicKey, UnparsedPublicKey};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use url::{Host, Url};

use crate::{Reach, Service, limits};

/// A device, as one push service knows it.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// By a browser's push service.
    WebPush(WebPush),
    /// By a push service that a person chose (unifiedpush.org).
    UnifiedPush(UnifiedPush),
    /// By Google's.
    Fcm(FcmToken),
    /// By Apple's.
    Apns(ApnsTarget),
}

/// An endpoint, and what is sealed for the device behind it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebPush {
    endpoint: Endpoint,
    key: [u8; 65],
    auth: [u8; 16],
}

/// An endpoint of UnifiedPush.
#[derive(Clone, PartialEq, Eq)]
pub enum UnifiedPush {
    /// As its specification of 2024 has it: Web Push.
    Sealed(WebPush),
    /// As it was before: whatever is sent comes as it is. A wake says nothing, so there is nothing to seal.
    Plain(Endpoint),
}

/// Where a push service takes what is for one device: whoever knows it can wake the device.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// A device, as Google knows it.
#[derive(Clone, PartialEq, Eq)]
pub struct FcmToken(String);

/// A device and an app, as Apple knows them.
#[derive(Clone, PartialEq, Eq)]
pub struct ApnsTarget {
    token: String,
    topic: String,
}

/// Why something is no target. It does not tell what was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No URL, or none by https, or one with a user or a fragment, or too long.
    #[error("an endpoint is a URL that begins with https://, of at most {max} bytes", max = limits::ENDPOINT_BYTES)]
    Endpoint,
    /// No key.
    #[error("p256dh is an uncompressed point on the curve P-256: 65 bytes, in base64url")]
    Key,
    /// No secret.
    #[error("auth is 16 bytes, in base64url")]
    Auth,
    /// No token of FCM.
    #[error("a token of FCM is of letters, digits, colons, hyphens and underscores, at most {max}", max = limits::FCM_TOKEN_BYTES)]
    Fcm,
    /// No token of APNs.
    #[error("a token of APNs is of hexadecimal digits, at most {max}", max = 2 * limits::APNS_TOKEN_BYTES)]
    Apns,
    /// No name of an app.
    #[error("a topic is an app's name at Apple, such as org.example.app, of at most {max} bytes", max = limits::TOPIC_BYTES)]
    Topic,
}

impl Target {
    /// Which way a wake for it goes.
    pub const fn service(&self) -> Service {
        match self {
            Self::WebPush(_) => Service::WebPush,
            Self::UnifiedPush(_) => Service::UnifiedPush,
            Self::Fcm(_) => Service::Fcm,
            Self::Apns(_) => Service::Apns,
        }
    }
}

impl WebPush {
    /// What a browser calls a subscription: its endpoint, its public key and its secret.
    ///
    /// # Errors
    /// [`TargetError`] says which of them is none.
    pub fn parse(endpoint: &str, p256dh: &[u8], auth: &[u8]) -> Result<Self, TargetError> {
        let endpoint = Endpoint::parse(endpoint)?;
        let key: [u8; 65] = p256dh.try_into().map_err(|_| TargetError::Key)?;
        // 4 begins a point that is written whole (SEC 1, section 2.3.3); whether it is on the curve is looked at, too.
        let on_curve = ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, key)).is_ok();
        if key.first() != Some(&4) || !on_curve {
            return Err(TargetError::Key);
        }
        Ok(Self { endpoint, key, auth: auth.try_into().map_err(|_| TargetError::Auth)? })
    }

    /// The same, with key and secret as browsers write them: in base64url.
    ///
    /// # Errors
    /// [`TargetError`] says which of them is none.
    pub fn parse_text(endpoint: &str, p256dh: &str, auth: &str) -> Result<Self, TargetError> {
        let bytes = |text: &str| BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes());
        Self::parse(
            endpoint,
            &bytes(p256dh).map_err(|_| TargetError::Key)?,
            &bytes(auth).map_err(|_| TargetError::Auth)?,
        )
    }

    /// Where it is asked.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) const fn key(&self) -> &[u8; 65] {
        &self.key
    }

    pub(crate) const fn auth(&self) -> &[u8; 16] {
        &self.auth
    }
}

impl UnifiedPush {
    /// Where it is asked.
    pub const fn endpoint(&self) -> &Endpoint {
        match self {
            Self::Sealed(target) => target.endpoint(),
            Self::Plain(endpoint) => endpoint,
        }
    }
}

impl Endpoint {
    /// A URL by https.
    ///
    /// # Errors
    /// [`TargetError::Endpoint`].
    pub fn parse(endpoint: &str) -> Result<Self, TargetError> {
        if endpoint.len() > limits::ENDPOINT_BYTES {
            return Err(TargetError::Endpoint);
        }
        let url = Url::parse(endpoint).map_err(|_| TargetError::Endpoint)?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        // Some letters are written as several bytes.
        let is_short = url.as_str().len() <= limits::ENDPOINT_BYTES;
        if url.scheme() != "https" || url.host().is_none() || !is_plain || !is_short {
            return Err(TargetError::Endpoint);
        }
        Ok(Self(url))
    }

    /// Whether a server that goes so far may ask there, as far as the URL itself tells: of a name it shows once it is
    /// looked up.
    pub fn is_within(&self, reach: Reach) -> bool {
        match self.0.host() {
            Some(Host::Ipv4(address)) => reach.allows(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => reach.allows(IpAddr::V6(address)),
            Some(Host::Domain(_)) => true,
            None => false,
        }
    }

    pub(crate) const fn url(&self) -> &Url {
        &self.0
    }

    /// Whose it is: what a token is made out to (RFC 8292, section 2).
    pub(crate) fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

impl FcmToken {
    /// What Google gave the device.
    ///
    /// # Errors
    /// [`TargetError::Fcm`].
    pub fn parse(token: &str) -> Result<Self, TargetError> {
        let fits = (1..=limits::FCM_TOKEN_BYTES).contains(&token.len());
        let is_token = token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'-' | b'_'));
        if fits && is_token { Ok(Self(token.to_owned())) } else { Err(TargetError::Fcm) }
    }

    pub(crate) fn token(&self) -> &str {
        &self.0
    }
}

impl ApnsTarget {
    /// What Apple gave the device, in hexadecimal digits, and the app's name.
    ///
    /// # Errors
    /// [`TargetError`] says which of them is none.
    pub fn parse(token: &str, topic: &str) -> Result<Self, TargetError> {
        let bytes = HEXLOWER_PERMISSIVE.decode(token.as_bytes()).map_err(|_| TargetError::Apns)?;
        if !(1..=limits::APNS_TOKEN_BYTES).contains(&bytes.len()) {
            return Err(TargetError::Apns);
        }
        if !is_topic(topic) {
            return Err(TargetError::Topic);
        }
        Ok(Self { token: HEXLOWER_PERMISSIVE.encode(&bytes), topic: topic.to_owned() })
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }
}

/// Whether it can be an app's name at Apple.
pub(crate) fn is_topic(topic: &str) -> bool {
    let fits = (1..=limits::TOPIC_BYTES).contains(&topic.len());
    fits && topic.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({}, …)", self.service().name())
    }
}

macro_rules! secret {
    ($($kind:ident)*) => {$(
        impl fmt::Debug for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($kind), "(…)"))
            }
        }
    )*};
}

secret! { WebPush UnifiedPush Endpoint FcmToken ApnsTarget }

#[cfg(test)]
mod tests;
