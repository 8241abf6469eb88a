//! The sessions of one pair of devices.

use core::fmt;

use vodozemac::olm::SessionPickle;
use zeroize::Zeroizing;

use crate::{
    limits::SESSIONS,
    olm::{AcceptError, DecryptError, EncryptError, OlmAccount, OlmKind, OlmMessage, OlmSession},
    saved::{RestoreError, SaveError, restore, save},
};

#[cfg(test)]
mod tests;

/// All sessions with one other device, at most [`SESSIONS`].
///
/// There can be more than one: both sides may start at once, or one may start anew because it lost something. Each
/// encrypts with the session that last opened a message, so once both have heard each other's latest they use
/// the same one, and the others, which may still be needed for late messages, fall off the end.
#[derive(Default)]
pub struct Sessions {
    /// The one that was of use last comes first.
    sessions: Vec<OlmSession>,
}

/// A message that was opened. Store the sessions with it, and the account too if it changed, in one commit.
pub struct Received {
    /// What it says, padded.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// Whether it began a new session, so that the account changed too.
    pub account_changed: bool,
}

/// Why a message from the other device did not open. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// It would begin a new session.
    #[error(transparent)]
    Accept(#[from] AcceptError),
    /// It is of an open session.
    #[error(transparent)]
    Decrypt(#[from] DecryptError),
}

impl Sessions {
    /// None yet.
    pub const fn new() -> Self {
        Self { sessions: Vec::new() }
    }

    /// Whether there is no session, so that one must be started.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// The id of the session that encrypts next.
    pub fn preferred(&self) -> Option<[u8; 32]> {
        self.sessions.first().map(OlmSession::id)
    }

    /// Adds a session that was just started or accepted; it encrypts next.
    pub fn add(&mut self, session: OlmSession) {
        self.sessions.insert(0, session);
        self.sessions.truncate(SESSIONS);
    }

    /// Encrypts a padded `plaintext` for the other device.
    pub fn encrypt(&mut self, plaintext: &[u8]) -> Result<OlmMessage, EncryptError> {
        self.sessions.first_mut().ok_or(EncryptError::NoSession)?.encrypt(plaintext)
    }

    /// Decrypts a message of one of these sessions: for a pre-key message the one it names, otherwise whichever can.
    pub fn decrypt(&mut self, message: &OlmMessage) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
        let mut reason = DecryptError::NoSession;
        for (index, session) in self.sessions.iter_mut().enumerate() {
            if message.kind() == OlmKind::PreKey && !session.matches(message) {
                continue;
            }
            match session.decrypt(message) {
                Ok(plaintext) => {
                    self.prefer(index);
                    return Ok(plaintext);
                }
                Err(error) => reason = reason.max(error),
            }
        }
        Err(reason)
    }

    /// Opens any message from the device with the identity key `sender_identity`, the first of a new session too.
    pub fn receive(
        &mut self,
        account: &mut OlmAccount,
        sender_identity: [u8; 32],
        message: &OlmMessage,
    ) -> Result<Received, ReceiveError> {
        // Only a session that is not there yet can begin: under a fallback key a replay could open it twice.
        let begins = message.kind() == OlmKind::PreKey && !self.sessions.iter().any(|session| session.matches(message));
        if begins {
            let (session, plaintext) = account.accept(sender_identity, message)?;
            self.add(session);
            return Ok(Received { plaintext, account_changed: true });
        }
        let plaintext = self.decrypt(message)?;
        Ok(Received { plaintext, account_changed: false })
    }

    /// Forgets all sessions. A device that came back from a backup does, since going on with an old ratchet
    /// would use keys twice.
    pub fn drop_all(&mut self) {
        self.sessions.clear();
    }

    /// The same, to try something on.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { sessions: self.sessions.iter().map(OlmSession::copy).collect() }
    }

    /// All ratchets, to be stored sealed.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SaveError> {
        save(&self.sessions.iter().map(OlmSession::pickle).collect::<Vec<_>>())
    }

    /// The sessions that [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RestoreError> {
        let pickles: Vec<SessionPickle> = restore(bytes)?;
        Ok(Self { sessions: pickles.into_iter().take(SESSIONS).map(OlmSession::from_pickle).collect() })
    }

    /// Puts the session at `index` first.
    fn prefer(&mut self, index: usize) {
        if let Some(sessions) = self.sessions.get_mut(..=index) {
            sessions.rotate_right(1);
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").field("account_changed", &self.account_changed).finish_non_exhaustive()
    }
}
