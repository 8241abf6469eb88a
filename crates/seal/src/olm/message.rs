//! What Olm puts on the wire.

use core::fmt;

use vodozemac::olm;

use crate::limits::{OLM_BYTES, PADDED_BYTES, TooLong, check};

#[cfg(test)]
mod tests;

/// The version byte of a message in a session of version 1.
const VERSION: u8 = 3;

/// One encrypted message. It travels as its kind and its body, so that the envelope around it can name the kind.
#[derive(Clone, PartialEq, Eq)]
pub struct OlmMessage(olm::OlmMessage);

/// The two kinds of Olm message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OlmKind {
    /// Carries, in the clear, the public keys that open a session, the sender's identity key among them. The side
    /// that began a session sends these until it is answered.
    PreKey,
    /// Needs a session that both sides have.
    Normal,
}

/// Why some bytes are no Olm message. They cannot become one: have the message sealed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Larger than any message we send.
    #[error("the encrypted message is too long: {0}")]
    TooLong(#[from] TooLong),
    /// Of another version of Olm.
    #[error("the message was encrypted with version {found} of Olm, this program knows {VERSION}: update it")]
    Version {
        /// The version byte.
        found: u8,
    },
    /// Anything else, bytes that mean the same as others among it: each message has one form.
    #[error("the encrypted message is damaged: have it sent again")]
    Malformed,
}

impl OlmMessage {
    /// Reads a message. That it is well-formed says nothing about where it comes from.
    pub fn parse(kind: OlmKind, body: &[u8]) -> Result<Self, ParseError> {
        check(body.len(), PADDED_BYTES + OLM_BYTES)?;
        let kind = match kind {
            OlmKind::PreKey => olm::MessageType::PreKey,
            OlmKind::Normal => olm::MessageType::Normal,
        };
        let message = olm::OlmMessage::from_parts(kind.into(), body).map_err(|_| ParseError::Malformed)?;
        let version = match &message {
            olm::OlmMessage::PreKey(message) => message.message().version(),
            olm::OlmMessage::Normal(message) => message.version(),
        };
        if version != VERSION {
            return Err(ParseError::Version { found: version });
        }
        let message = Self(message);
        // The MAC covers what was meant, not how it was encoded; so an altered encoding is caught here.
        if message.has_second_form() || message.body() != body {
            return Err(ParseError::Malformed);
        }
        Ok(message)
    }

    /// Its kind.
    pub const fn kind(&self) -> OlmKind {
        match self.0 {
            olm::OlmMessage::PreKey(_) => OlmKind::PreKey,
            olm::OlmMessage::Normal(_) => OlmKind::Normal,
        }
    }

    /// The bytes that travel beside the kind.
    pub fn body(&self) -> Vec<u8> {
        let (_, body) = self.0.to_parts();
        body
    }

    /// The Olm identity key (Curve25519) that a pre-key message says it is from. A claim, until the message opens.
    pub fn claimed_identity(&self) -> Option<[u8; 32]> {
        self.pre_key().map(|message| message.identity_key().to_bytes())
    }

    pub(super) const fn pre_key(&self) -> Option<&olm::PreKeyMessage> {
        match &self.0 {
            olm::OlmMessage::PreKey(message) => Some(message),
            olm::OlmMessage::Normal(_) => None,
        }
    }

    pub(super) const fn inner(&self) -> &olm::OlmMessage {
        &self.0
    }

    /// Whether a key of a pre-key message has its highest bit set, which Curve25519 ignores (RFC 7748, 5): no MAC covers
    /// these keys and they compare as points, so the message would open all the same, under another session id.
    fn has_second_form(&self) -> bool {
        self.pre_key().is_some_and(|message| {
            [message.one_time_key(), message.base_key(), message.identity_key()].iter().any(|key| {
                let [.., last] = key.as_bytes();
                last & 0x80 != 0
            })
        })
    }
}

impl From<olm::OlmMessage> for OlmMessage {
    fn from(message: olm::OlmMessage) -> Self {
        Self(message)
    }
}

impl fmt::Debug for OlmMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OlmMessage({:?}, …)", self.kind())
    }
}
