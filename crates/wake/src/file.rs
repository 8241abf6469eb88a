//! Files that hold keys of the operator.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use zeroize::Zeroizing;

use crate::{ConfigError, limits};

/// What is in it. It leaves the memory when dropped.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    let failed = |why: io::Error| ConfigError::File { path: path.to_path_buf(), why: why.to_string() };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.permissions().mode() & 0o007 != 0 {
        return Err(ConfigError::Open(path.to_path_buf()));
    }
    // With room for all of it from the beginning: what moves leaves a trace.
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * usize::try_from(limits::FILE_BYTES).unwrap_or(0)));
    file.take(limits::FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limits::FILE_BYTES {
        return Err(failed(io::Error::other("it is too long")));
    }
    Ok(bytes)
}
