//! Two devices for the tests.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use rand_core::SeedableRng;

use crate::{OlmAccount, OlmMessage, ReceiveError, Received, Sessions};

/// One device, and its sessions with the other.
pub(crate) struct Device {
    pub(crate) account: OlmAccount,
    pub(crate) sessions: Sessions,
}

impl Device {
    pub(crate) fn new() -> Self {
        Self { account: OlmAccount::new(), sessions: Sessions::new() }
    }

    /// Starts a session with a one-time key of `other`.
    pub(crate) fn start(&mut self, other: &mut Self) {
        let key = other.account.one_time_key();
        self.sessions.add(self.account.start(other.account.identity_key(), key).unwrap());
    }

    pub(crate) fn send(&mut self, text: &str) -> OlmMessage {
        self.sessions.encrypt(text.as_bytes()).unwrap()
    }

    pub(crate) fn receive(&mut self, from: &Self, message: &OlmMessage) -> Result<Received, ReceiveError> {
        self.sessions.receive(&mut self.account, from.account.identity_key(), message)
    }

    /// Receives what must open, as text.
    pub(crate) fn read(&mut self, from: &Self, message: &OlmMessage) -> String {
        String::from_utf8(self.receive(from, message).unwrap().plaintext.to_vec()).unwrap()
    }

    /// Everything it would store.
    pub(crate) fn state(&self) -> Vec<u8> {
        [self.account.to_bytes().unwrap().as_slice(), &self.sessions.to_bytes().unwrap()].concat()
    }

    /// Stored and loaded again.
    pub(crate) fn restarted(&self) -> Self {
        Self {
            account: OlmAccount::from_bytes(&self.account.to_bytes().unwrap()).unwrap(),
            sessions: Sessions::from_bytes(&self.sessions.to_bytes().unwrap()).unwrap(),
        }
    }
}

/// Alice and Bob with one session that both have used.
pub(crate) fn met() -> (Device, Device) {
    let (mut alice, mut bob) = (Device::new(), Device::new());
    alice.start(&mut bob);
    let hello = alice.send("hello");
    assert_eq!(bob.read(&alice, &hello), "hello");
    let answer = bob.send("hello yourself");
    assert_eq!(alice.read(&bob, &answer), "hello yourself");
    (alice, bob)
}

/// A generator that yields the same in every run.
pub(crate) fn rng() -> impl rand_core::CryptoRng {
    chacha20::ChaCha20Rng::seed_from_u64(7)
}

/// Bytes from their hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(digits.as_bytes()).unwrap()
}
