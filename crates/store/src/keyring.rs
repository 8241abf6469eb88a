//! The OS keyring: the Secret Service on Linux, the Keychain on macOS. Anything about it can be slow, missing or
//! waiting for a person, so everything is asked on a thread of its own and given up in time.

use std::sync::mpsc;
use std::time::Duration;

use ::keyring::{Entry, Error};
use zeroize::Zeroizing;

/// How long the keyring may take to answer at all. Past it, there is none.
const REACH: Duration = Duration::from_secs(5);

/// How long an answer may take: somebody may have to type a password first. Past it, the answer is no.
const ANSWER: Duration = Duration::from_secs(60);

const SERVICE: &str = "lamplit";

/// Why the keyring did not do it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyringError {
    /// It is there, but has no such entry.
    #[error("the keyring has no such entry")]
    NoEntry,
    /// It is not there, is locked, or does not answer.
    #[error("{0}")]
    Unavailable(String),
}

/// Stores `secret` under `entry`, reads it back, and returns once both agree.
pub(crate) fn store(entry: &str, secret: &[u8]) -> Result<(), KeyringError> {
    reach()?;
    let (name, secret) = (entry.to_owned(), Zeroizing::new(secret.to_vec()));
    within(ANSWER, move || {
        Entry::new(SERVICE, &name)?.set_secret(&secret)?;
        let stored = Zeroizing::new(Entry::new(SERVICE, &name)?.get_secret()?);
        Ok(stored == secret)
    })
    .and_then(|same| if same { Ok(()) } else { Err(unavailable("it gave back something else than was stored")) })
}

/// What is stored under `entry`.
pub(crate) fn load(entry: &str) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    reach()?;
    let name = entry.to_owned();
    within(ANSWER, move || Ok(Zeroizing::new(Entry::new(SERVICE, &name)?.get_secret()?)))
}

fn reach() -> Result<(), KeyringError> {
    within(REACH, || Ok(Entry::store_status().as_ref().map_err(ToString::to_string).cloned()))?
        .map_err(KeyringError::Unavailable)
}

/// Runs `job` on a thread of its own, and leaves it behind if it takes longer than `patience`.
fn within<T: Send + 'static>(
    patience: Duration,
    job: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, KeyringError> {
    let (done, answer) = mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name("keyring".to_owned());
    thread.spawn(move || done.send(job())).map_err(unavailable)?;
    match answer.recv_timeout(patience) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Error::NoEntry)) => Err(KeyringError::NoEntry),
        Ok(Err(error)) => Err(unavailable(error)),
        Err(_) => Err(unavailable(format!("it did not answer within {} s", patience.as_secs()))),
    }
}

fn unavailable(why: impl ToString) -> KeyringError {
    KeyringError::Unavailable(why.to_string())
}

#[cfg(test)]
mod tests;
