//! One session of two devices.

use core::fmt;

use sha2::{Digest, Sha256};
use vodozemac::olm::{DecryptionError, EncryptionError, Session, SessionPickle};
use zeroize::Zeroizing;

use super::OlmMessage;
use crate::{
    limits::{MESSAGE_GAP, PADDED_BYTES, TooLong, check},
    saved::{RestoreError, SaveError, restore, save},
};

#[cfg(test)]
mod tests;

/// One Olm session: a double ratchet. Messages may come late, out of order or never, as far as
/// [`crate::limits::MESSAGE_GAP`], [`crate::limits::SKIPPED_KEYS`] and [`crate::limits::RECEIVING_CHAINS`] go.
///
/// A session that has encrypted or decrypted has changed. Store it before the message is sent or acknowledged: a key
/// that encrypts twice is a key given away.
pub struct OlmSession(Session);

/// Why nothing was encrypted. The session is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    /// More than [`PADDED_BYTES`].
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// There is no session with the device.
    #[error("there is no session with the device: start one with a one-time key of it")]
    NoSession,
    /// The other side's last ratchet key has small order: everybody would know the secret.
    #[error("the other device has spoilt the session: start a new one with a one-time key of it")]
    WeakKey,
}

/// Why a message did not open. The session is as it was. A later kind says more than an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum DecryptError {
    /// There is no session it could belong to.
    #[error("there is no session that the message belongs to: ask its sender to start a new one")]
    NoSession,
    /// It was altered, is of another session, or of a chain that this one no longer keeps: Olm cannot tell which.
    #[error("the message does not open in this session: have it sealed anew, and if that fails too, in a new session")]
    Forged,
    /// Too many before it are missing.
    #[error(
        "{missing} messages before this one are missing, more than {MESSAGE_GAP}: ask its sender to start a new session"
    )]
    Gap {
        /// How many.
        missing: u64,
    },
    /// Its key was used, or forgotten because too many messages came before it.
    #[error("message {index} of its chain came twice or too late: if it was never read, have it sealed anew")]
    Spent {
        /// Its place in its chain.
        index: u64,
    },
}

impl OlmSession {
    /// The same on both sides, and different for every session: SHA-256 over the three public keys it began with.
    pub fn id(&self) -> [u8; 32] {
        let keys = self.0.session_keys();
        Sha256::new()
            .chain_update(keys.identity_key.as_bytes())
            .chain_update(keys.base_key.as_bytes())
            .chain_update(keys.one_time_key.as_bytes())
            .finalize()
            .into()
    }

    /// Whether `message` is a pre-key message of this very session.
    pub fn matches(&self, message: &OlmMessage) -> bool {
        message.pre_key().is_some_and(|message| message.session_keys() == self.0.session_keys())
    }

    /// Encrypts a padded `plaintext` of at most [`PADDED_BYTES`].
    pub fn encrypt(&mut self, plaintext: &[u8]) -> Result<OlmMessage, EncryptError> {
        check(plaintext.len(), PADDED_BYTES)?;
        self.0.encrypt(plaintext).map(OlmMessage::from).map_err(|error| match error {
            EncryptionError::NonContributoryKey => EncryptError::WeakKey,
        })
    }

    /// Decrypts a message of this session.
    pub fn decrypt(&mut self, message: &OlmMessage) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        // On a copy: vodozemac begins a sending chain for a message of an unknown chain, even if that does not open.
        let mut next = Session::from_pickle(self.0.pickle());
        let plaintext = next.decrypt(message.inner())?;
        self.0 = next;
        Ok(Zeroizing::new(plaintext))
    }

    /// The ratchet, to be stored sealed.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SaveError> {
        save(&self.pickle())
    }

    /// The session that [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RestoreError> {
        restore(bytes).map(Self::from_pickle)
    }

    pub(crate) fn copy(&self) -> Self {
        Self::from_pickle(self.pickle())
    }

    pub(crate) fn pickle(&self) -> SessionPickle {
        self.0.pickle()
    }

    pub(crate) fn from_pickle(pickle: SessionPickle) -> Self {
        Self(pickle.into())
    }
}

impl From<Session> for OlmSession {
    fn from(session: Session) -> Self {
        Self(session)
    }
}

impl From<DecryptionError> for DecryptError {
    fn from(error: DecryptionError) -> Self {
        match error {
            DecryptionError::MissingMessageKey(index) => Self::Spent { index },
            DecryptionError::TooBigMessageGap(missing, _) => Self::Gap { missing },
            DecryptionError::InvalidMAC(_)
            | DecryptionError::InvalidMACLength(..)
            | DecryptionError::InvalidPadding(_)
            | DecryptionError::NonContributoryKey => Self::Forged,
        }
    }
}

impl fmt::Debug for OlmSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OlmSession(…)")
    }
}
