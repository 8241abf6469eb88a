//! The server's private key, in a file that only its owner may read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use data_encoding::BASE32_NOPAD;
use lamplit_tls::KeyPair;
use zeroize::Zeroizing;

/// Its name in the data directory.
const FILE: &str = "server.key";
/// Bytes of a file that holds one, at most.
const FILE_BYTES: usize = 256;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The server was never started there.
    #[error("there is no key in {}: start the server there first, or name its --data directory", .0.display())]
    Missing(PathBuf),
    /// Others may read it.
    #[error("others than its owner may read {path}: chmod 600 {path}; if they did read it, make a new key", path = .0.display())]
    Open(PathBuf),
    /// This user may not.
    #[error(
        "this user may not read {path}: give it to the user of the server, who has {dir} (chown --reference={dir} {path})",
        path = .0.display(), dir = .0.parent().unwrap_or(.0).display()
    )]
    Permission(PathBuf),
    /// It holds something else.
    #[error("{} holds no key: restore it from a backup; without it no device knows this server again", .0.display())]
    Damaged(PathBuf),
    /// The system.
    #[error("{} cannot be used: {why}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// No key could be drawn.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

/// The key in the directory `data`, if there is one. The directory is made.
pub(crate) fn look_for(data: &Path) -> Result<Option<KeyPair>, KeyError> {
    let dir = |why| KeyError::Io { path: data.to_path_buf(), why };
    DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(dir)?;
    match load(data) {
        Err(KeyError::Missing(_)) => Ok(None),
        loaded => loaded.map(Some),
    }
}

/// The key in the directory `data`.
pub(crate) fn load(data: &Path) -> Result<KeyPair, KeyError> {
    let path = data.join(FILE);
    let io = |why| KeyError::Io { path: path.clone(), why };
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(KeyError::Missing(data.to_path_buf())),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(KeyError::Permission(path)),
        opened => opened.map_err(io)?,
    };
    if file.metadata().map_err(io)?.permissions().mode() & 0o077 != 0 {
        return Err(KeyError::Open(path));
    }
    // With room for all of it from the beginning: what moves leaves a trace.
    let mut text = Zeroizing::new(Vec::with_capacity(2 * FILE_BYTES));
    file.take(FILE_BYTES as u64).read_to_end(&mut text).map_err(io)?;
    text.make_ascii_uppercase();
    seed_in(text.trim_ascii_end()).map(|seed| KeyPair::from_seed(&seed)).ok_or(KeyError::Damaged(path))
}

/// The seed of which `text` is the base32. None of it is left elsewhere in memory.
fn seed_in(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut seed = Zeroizing::new([0; 32]);
    let fits = BASE32_NOPAD.decode_len(text.len()).is_ok_and(|length| length == seed.len());
    (fits && BASE32_NOPAD.decode_mut(text, seed.as_mut_slice()).is_ok()).then_some(seed)
}

/// Makes the key in the directory `data`, where there is none.
pub(crate) fn make(data: &Path) -> Result<KeyPair, KeyError> {
    let path = data.join(FILE);
    let io = |why| KeyError::Io { path: path.clone(), why };
    let key = KeyPair::generate().map_err(|error| KeyError::Random(error.to_string()))?;
    let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES));
    BASE32_NOPAD.encode_append(key.seed().as_slice(), &mut text);
    text.make_ascii_lowercase();
    text.push('\n');
    // Under its name only once it is whole.
    let begun = data.join(format!("{FILE}.new"));
    let _ = fs::remove_file(&begun);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&begun).map_err(io)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
    fs::rename(&begun, &path).and_then(|()| File::open(data)?.sync_all()).map_err(io)?;
    Ok(key)
}

#[cfg(test)]
mod tests;
