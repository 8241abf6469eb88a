//! How two who know the token show it to each other without saying it.
//!
//! Each draws a nonce. A proof is an HMAC-SHA256 under the token over who shows it, the port and both nonces. So whoever
//! listens on a port that the daemon has left, or asks the daemon on behalf of a program that came to the wrong port,
//! learns nothing that opens anything.

use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Bytes of a token and of a nonce.
const BYTES: usize = 32;

/// What whoever may use the daemon's WebSocket knows: 256 random bits, new at each start.
#[derive(Clone)]
pub(crate) struct Token(String);

/// A number used once, against repeating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nonce(String);

/// Who shows that it knows the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The daemon, to whoever came.
    Daemon,
    /// The program, to the daemon.
    Program,
}

/// One meeting of the two.
#[derive(Clone, Debug)]
pub(crate) struct Meeting {
    /// The port that the program dialled, and the daemon listens on.
    pub(crate) port: u16,
    /// What the program drew.
    pub(crate) program: Nonce,
    /// What the daemon drew.
    pub(crate) daemon: Nonce,
}

impl Token {
    /// A new one.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        random().map(Self)
    }

    /// One that was written down: 64 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        hexadecimal(text).map(Self)
    }

    /// To be written down where its owner alone can read it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// What shows that `side` knows it.
    pub(crate) fn prove(&self, side: Side, meeting: &Meeting) -> Option<String> {
        Some(HEXLOWER.encode(&self.mac(side, meeting)?.finalize().into_bytes()))
    }

    /// Whether `proof` shows that `side` knows it. Takes as long whatever is wrong with it.
    pub(crate) fn holds(&self, side: Side, meeting: &Meeting, proof: &str) -> bool {
        let Ok(proof) = HEXLOWER.decode(proof.as_bytes()) else { return false };
        self.mac(side, meeting).is_some_and(|mac| mac.verify_slice(&proof).is_ok())
    }

    fn mac(&self, side: Side, Meeting { port, program, daemon }: &Meeting) -> Option<Hmac<Sha256>> {
        let side = match side {
            Side::Daemon => "daemon",
            Side::Program => "program",
        };
        // HMAC takes a key of any length, so this never fails.
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).ok()?;
        mac.update(format!("lamplit 1 {side} {port} {} {}", program.0, daemon.0).as_bytes());
        Some(mac)
    }
}

impl core::fmt::Debug for Token {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Nonce {
    /// A new one.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        random().map(Self)
    }

    /// The other side's: 64 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        hexadecimal(text).map(Self)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(HEXLOWER.encode(&bytes))
}

fn hexadecimal(text: &str) -> Option<String> {
    let bytes = HEXLOWER.decode(text.as_bytes()).ok()?;
    (bytes.len() == BYTES).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
