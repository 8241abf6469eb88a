//! A device's Olm keys, from which its sessions begin.

use core::fmt;
use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use vodozemac::{
    Curve25519PublicKey,
    olm::{Account, AccountPickle, InboundCreationResult, SessionCreationError},
};
use zeroize::Zeroizing;

use super::{OlmMessage, OlmSession, config};
use crate::{
    limits::ONE_TIME_KEYS,
    saved::{RestoreError, SaveError, restore, save},
};

#[cfg(test)]
mod tests;

/// The Olm keys of this device: its identity key, the one-time keys it gave out, and a fallback key for when none
/// is to be had. (vodozemac's account also has an Ed25519 key, which nothing here uses: the device's own key signs.)
///
/// Whatever changes it must be stored before what it gave out is sent, or a one-time key could be given out that is
/// not there when it is used.
pub struct OlmAccount {
    account: Account,
    fallback: Curve25519PublicKey,
    /// One-time keys given out and not used, the oldest first. vodozemac forgets the oldest only at its own, much
    /// higher limit.
    handed_out: VecDeque<Curve25519PublicKey>,
}

/// How an account is stored.
#[derive(Serialize, Deserialize)]
struct SavedAccount {
    account: AccountPickle,
    fallback: Curve25519PublicKey,
    handed_out: VecDeque<Curve25519PublicKey>,
}

/// Why no session could be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A point of small order: everybody would know the secret (RFC 7748, 6.1).
    #[error(
        "the other device's keys are not ones that anybody could have made honestly: ask it for another one-time key"
    )]
    WeakKey,
}

/// Why a message opened no new session. The account is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// It is of an open session.
    #[error("the message belongs to a session that this device does not have: ask its sender to start a new one")]
    NotPreKey,
    /// It names another sender.
    #[error("the message names another sender than the one it came from: refuse it")]
    WrongIdentity,
    /// Its one-time key was used before, is too old, or was never ours; or this device was restored from a backup.
    #[error("the message uses a one-time key that this device no longer has: give its sender another one")]
    UnknownOneTimeKey,
    /// Its sender does not have the keys it names, or it was altered.
    #[error("the message does not open with the keys it names: refuse it")]
    Forged,
}

impl OlmAccount {
    /// Makes new keys, a fallback key among them, from the operating system's randomness.
    pub fn new() -> Self {
        let mut account = Account::new();
        account.generate_fallback_key();
        let fallback = only(account.fallback_key().into_values());
        account.mark_keys_as_published();
        Self { account, fallback, handed_out: VecDeque::new() }
    }

    /// The Curve25519 identity key, which the device's certificate covers.
    pub fn identity_key(&self) -> [u8; 32] {
        self.account.curve25519_key().to_bytes()
    }

    /// Makes one key with which one other device can start one session. At [`ONE_TIME_KEYS`] the oldest that was
    /// given out and not used is forgotten.
    pub fn one_time_key(&mut self) -> [u8; 32] {
        if self.handed_out.len() >= ONE_TIME_KEYS
            && let Some(oldest) = self.handed_out.pop_front()
        {
            self.account.remove_one_time_key(oldest);
        }
        let key = only(self.account.generate_one_time_keys(1).created);
        self.account.mark_keys_as_published();
        self.handed_out.push_back(key);
        key.to_bytes()
    }

    /// The key with which others start sessions when they have no one-time key. It serves many times, so a first
    /// message under it may be replayed once its session is gone: know envelopes by their ids.
    pub fn fallback_key(&self) -> [u8; 32] {
        self.fallback.to_bytes()
    }

    /// Makes a new fallback key and returns it. The previous one still opens sessions, the one before no longer.
    pub fn rotate_fallback_key(&mut self) -> [u8; 32] {
        self.account.generate_fallback_key();
        self.fallback = only(self.account.fallback_key().into_values());
        self.account.mark_keys_as_published();
        self.fallback_key()
    }

    /// Starts a session with the device that has `their_identity` and gave out `their_one_time_key` (or fallback
    /// key). Check first that both are signed by it.
    pub fn start(&self, their_identity: [u8; 32], their_one_time_key: [u8; 32]) -> Result<OlmSession, StartError> {
        self.account
            .create_outbound_session(config(), their_identity.into(), their_one_time_key.into())
            .map(OlmSession::from)
            .map_err(|_| StartError::WeakKey)
    }

    /// Opens the session that a pre-key message from the device with the identity key `sender_identity` begins, and
    /// the message. Its one-time key is used up.
    pub fn accept(
        &mut self,
        sender_identity: [u8; 32],
        message: &OlmMessage,
    ) -> Result<(OlmSession, Zeroizing<Vec<u8>>), AcceptError> {
        let message = message.pre_key().ok_or(AcceptError::NotPreKey)?;
        let InboundCreationResult { session, plaintext } =
            self.account.create_inbound_session(config(), sender_identity.into(), message)?;
        self.handed_out.retain(|key| *key != message.one_time_key());
        Ok((session.into(), Zeroizing::new(plaintext)))
    }

    /// All keys, to be stored sealed.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SaveError> {
        save(&SavedAccount {
            account: self.account.pickle(),
            fallback: self.fallback,
            handed_out: self.handed_out.clone(),
        })
    }

    /// The account that [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RestoreError> {
        let SavedAccount { account, fallback, handed_out } = restore(bytes)?;
        Ok(Self { account: account.into(), fallback, handed_out })
    }
}

/// The one key in `keys`. vodozemac yields exactly one here. If it ever yielded none, the point zero stands in:
/// no session starts with it ([`StartError::WeakKey`]), so no secret can come to hang on it.
fn only(keys: impl IntoIterator<Item = Curve25519PublicKey>) -> Curve25519PublicKey {
    keys.into_iter().next().unwrap_or(Curve25519PublicKey::from_bytes([0; 32]))
}

impl From<SessionCreationError> for AcceptError {
    fn from(error: SessionCreationError) -> Self {
        match error {
            SessionCreationError::MissingOneTimeKey(_) => Self::UnknownOneTimeKey,
            SessionCreationError::MismatchedIdentityKey(..) => Self::WrongIdentity,
            SessionCreationError::MismatchedSessionConfig { .. }
            | SessionCreationError::Decryption(_)
            | SessionCreationError::NonContributoryKey => Self::Forged,
        }
    }
}

impl Default for OlmAccount {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for OlmAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OlmAccount").field("handed_out", &self.handed_out.len()).finish_non_exhaustive()
    }
}
