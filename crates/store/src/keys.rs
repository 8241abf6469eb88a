//! The device's secret keys at rest: in the OS keyring where there is one, else in an owner-only file.
//!
//! Either way `device.key` in the data directory is where to look. It holds one line, `lamplit-key-1`, then `file` and
//! the secret or `keyring` and the name of the entry, then a checksum of the secret, all in lower-case hexadecimal.
//! Every device gets an entry of its own under a random name, so that making one never overwrites another's keys.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::dir::DataDir;
use crate::files;
use crate::keyring::{self, KeyringError};

/// The longest secret in bytes. A longer one is refused.
pub const SECRET_MAX: usize = 256;

/// The longest `device.key` in bytes. A longer file is not one.
const FILE_MAX: u64 = 1024;

const HEADER: &str = "lamplit-key-1";
const CHECKSUM_CONTEXT: &str = "lamplit 2026-11 device.key checksum";

/// Where the user wants the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyringChoice {
    /// In the keyring if one answers, else in a file.
    #[default]
    Auto,
    /// In the keyring or nowhere.
    Always,
    /// In a file; the keyring is not asked.
    Never,
}

/// Where the keys are. Its text ends the sentence "the device's keys are kept in …".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The OS keyring.
    Keyring,
    /// A file that only its owner may read.
    File(PathBuf),
}

/// Why keys could not be kept or found. Keys that were kept before are still there.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no key file.
    #[error("the device's key {} is missing: restore it from a backup, together with the database", .0.display())]
    Missing(PathBuf),
    /// Others may read the key file.
    #[error("other users may read or change the device's key {} (mode {mode:03o}): close it with `chmod 600 {}`", .path.display(), .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file, or the entry it names, is not what was stored.
    #[error("the device's key {} is damaged: restore it from a backup", .0.display())]
    Damaged(PathBuf),
    /// The secret is longer than [`SECRET_MAX`].
    #[error("a secret of {0} bytes is too long to keep: {SECRET_MAX} are the most")]
    TooLong(usize),
    /// The keyring was asked for and cannot be used.
    #[error(
        "the OS keyring cannot keep the device's key ({0}): unlock or start it, or use --keyring never for an owner-only file"
    )]
    NoKeyring(String),
    /// The keys are in the keyring, which does not give them.
    #[error("the device's key is in the OS keyring, and that does not give it ({0}): unlock or start it and try again")]
    KeyringSilent(String),
    /// The keys are in the keyring no longer.
    #[error(
        "the device's key is gone from the OS keyring: restore the keyring from a backup, or move the data directory away and link this device anew"
    )]
    KeyringForgot,
    /// The file could not be written or read.
    #[error("the device's key {} cannot be used: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
}

/// Finds the secret that [`init`](crate::init()) kept for the device in `dir`.
///
/// May wait about a minute for somebody to unlock the keyring.
///
/// # Errors
/// [`KeyError`].
pub fn load(dir: &DataDir) -> Result<(Zeroizing<Vec<u8>>, Kept), KeyError> {
    let path = dir.key();
    let Line { place, checksum: expected } = read(&path)?;
    let (secret, kept) = match place {
        Place::File(secret) => (secret, Kept::File(path.clone())),
        Place::Keyring(entry) => (keyring::load(&entry).map_err(lost)?, Kept::Keyring),
    };
    if checksum(&secret) == expected { Ok((secret, kept)) } else { Err(KeyError::Damaged(path)) }
}

/// Keeps `secret`, in place of the one that was kept for this directory before, and returns once it was read back.
pub(crate) fn keep(dir: &DataDir, choice: KeyringChoice, secret: &[u8]) -> Result<Kept, KeyError> {
    if secret.len() > SECRET_MAX {
        return Err(KeyError::TooLong(secret.len()));
    }
    match choice {
        KeyringChoice::Never => keep_in_file(dir, secret),
        KeyringChoice::Always => keep_in_keyring(dir, secret),
        KeyringChoice::Auto => match keep_in_keyring(dir, secret) {
            Err(KeyError::NoKeyring(why)) => {
                tracing::info!(why, "no OS keyring");
                keep_in_file(dir, secret)
            }
            other => other,
        },
    }
}

fn keep_in_keyring(dir: &DataDir, secret: &[u8]) -> Result<Kept, KeyError> {
    let entry = random_name().map_err(|source| KeyError::Io { path: dir.key(), source })?;
    keyring::store(&entry, secret).map_err(|error| KeyError::NoKeyring(error.to_string()))?;
    write(dir, &format!("{HEADER} keyring {entry} {}\n", checksum(secret)))?;
    verify(dir, secret, Kept::Keyring)
}

fn keep_in_file(dir: &DataDir, secret: &[u8]) -> Result<Kept, KeyError> {
    let hex = Zeroizing::new(HEXLOWER.encode(secret));
    let line = Zeroizing::new(format!("{HEADER} file {} {}\n", hex.as_str(), checksum(secret)));
    write(dir, &line)?;
    verify(dir, secret, Kept::File(dir.key()))
}

/// What is kept from now on must be found the way it will be looked for.
fn verify(dir: &DataDir, secret: &[u8], kept: Kept) -> Result<Kept, KeyError> {
    let (found, place) = load(dir)?;
    if found.as_slice() == secret && place == kept { Ok(kept) } else { Err(KeyError::Damaged(dir.key())) }
}

fn write(dir: &DataDir, line: &str) -> Result<(), KeyError> {
    let written = files::replace(&dir.key(), &dir.fresh_key(), line.as_bytes());
    written.map_err(|source| KeyError::Io { path: dir.key(), source })
}

/// What `device.key` says.
struct Line {
    place: Place,
    checksum: String,
}

enum Place {
    File(Zeroizing<Vec<u8>>),
    Keyring(String),
}

fn read(path: &Path) -> Result<Line, KeyError> {
    let fault = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyError::Missing(path.to_path_buf()),
        io::ErrorKind::InvalidData => KeyError::Damaged(path.to_path_buf()),
        _ => KeyError::Io { path: path.to_path_buf(), source },
    };
    let file = File::open(path).map_err(fault)?;
    let mode = file.metadata().map_err(fault)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Open { path: path.to_path_buf(), mode });
    }
    // As long as it can be, or a growing string would leave parts of the secret behind in memory.
    let mut text = Zeroizing::new(String::with_capacity(FILE_MAX as usize));
    file.take(FILE_MAX).read_to_string(&mut text).map_err(fault)?;
    parse(&text).ok_or_else(|| KeyError::Damaged(path.to_path_buf()))
}

fn parse(text: &str) -> Option<Line> {
    let mut words = text.strip_suffix('\n')?.split(' ');
    let (header, place, value, checksum) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if header != HEADER || words.next().is_some() {
        return None;
    }
    let place = match place {
        "file" => Place::File(Zeroizing::new(HEXLOWER.decode(value.as_bytes()).ok()?)),
        "keyring" => Place::Keyring(value.to_owned()),
        _ => return None,
    };
    Some(Line { place, checksum: checksum.to_owned() })
}

/// Tells a damaged secret from a whole one; the secret is random, so it tells nothing else.
fn checksum(secret: &[u8]) -> String {
    let hash = blake3::derive_key(CHECKSUM_CONTEXT, secret);
    HEXLOWER.encode(&hash).chars().take(16).collect()
}

fn random_name() -> io::Result<String> {
    let mut name = [0; 16];
    getrandom::fill(&mut name).map_err(io::Error::other)?;
    Ok(HEXLOWER.encode(&name))
}

fn lost(error: KeyringError) -> KeyError {
    match error {
        KeyringError::NoEntry => KeyError::KeyringForgot,
        KeyringError::Unavailable(why) => KeyError::KeyringSilent(why),
    }
}

impl FromStr for KeyringChoice {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            other => Err(format!("{other:?} is none of auto, always, never")),
        }
    }
}

impl fmt::Display for KeyringChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        })
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyring => f.write_str("the OS keyring"),
            Self::File(path) => write!(f, "{}, which only its owner may read", path.display()),
        }
    }
}

#[cfg(test)]
mod tests;
