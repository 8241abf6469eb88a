//! Files that only their owner may read, and that are wholly there or not at all after a power cut.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Read and write for the owner, nothing for anybody else.
pub(crate) const OWNER_ONLY: u32 = 0o600;

/// Makes an empty file that only the owner may read, or empties the one that is there: at no time is there none.
pub(crate) fn empty(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(OWNER_ONLY).open(path)?;
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    Ok(file)
}

/// Puts `bytes` under `path`: by way of the file `fresh` beside it, so that a power cut leaves the old or the new.
pub(crate) fn replace(path: &Path, fresh: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = create(fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    rename(fresh, path)
}

/// Renames within one directory, and returns once that would survive a power cut.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    match to.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Makes a new file that only the owner may read; what was there under that name is removed first, so that
/// nobody who held the old file open sees what is written.
fn create(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().read(true).write(true).create_new(true).mode(OWNER_ONLY).open(path)
}
