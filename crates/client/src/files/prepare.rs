use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use lamplit_blob::{Layout, TreeBuilder};
use lamplit_node::NewFile;
use lamplit_types::{BlobId, FileName, FileSize, FileSizeError, Text};
use lamplit_wire::{FileCard, Media};

use super::{Doing, Folder, Transfers, serve::read_piece};

/// Why a file cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// Nothing there.
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    /// A folder, a device, a pipe.
    #[error("{} is not a file: pack a folder into one first, for example with `tar`", .0.display())]
    NotAFile(PathBuf),
    /// A path that is no text.
    #[error("the path of {} is no UTF-8 text: rename what is not, and send it again", .0.display())]
    Path(PathBuf),
    /// Too large.
    #[error(transparent)]
    Size(#[from] FileSizeError),
    /// It changed while it was read.
    #[error("{} changed while it was read: send it again when it is finished", .0.display())]
    Changed(PathBuf),
    /// The system does not let us.
    #[error("{} cannot be read: {source}", .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The operating system gives no randomness.
    #[error("the operating system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

/// A file that is ready to be sent.
pub type Prepared = NewFile;

/// Reads a file through, so that whoever fetches it can prove each piece. Waits for the disk.
///
/// # Errors
/// See [`PrepareError`].
pub fn prepare(
    path: &Path,
    caption: Option<Text>,
    folder: &Folder,
    transfers: &Transfers,
) -> Result<Prepared, PrepareError> {
    let fault = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => PrepareError::Missing(path.to_path_buf()),
        _ => PrepareError::Io { path: path.to_path_buf(), source },
    };
    let place = std::fs::canonicalize(path).map_err(fault)?;
    // Looked at before it is opened: to open a pipe would wait for its other end.
    let before = std::fs::metadata(&place).map_err(fault)?;
    if !before.is_file() {
        return Err(PrepareError::NotAFile(path.to_path_buf()));
    }
    let place = place.into_os_string().into_string().map_err(|_| PrepareError::Path(path.to_path_buf()))?;
    let file = File::open(&place).map_err(fault)?;
    let layout = Layout::new(FileSize::new(before.len())?);
    let (mut key, mut blob) = ([0; 32], [0; 16]);
    getrandom::fill(&mut key)?;
    getrandom::fill(&mut blob)?;
    let blob = BlobId::from_bytes(blob);

    let changed = || PrepareError::Changed(path.to_path_buf());
    let meter = transfers.begin(blob, Doing::Reading, before.len());
    let mut tree = TreeBuilder::new(layout);
    for piece in 0..layout.pieces() {
        let bytes = read_piece(&file, layout, piece).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => changed(),
            _ => fault(error),
        })?;
        tree.push(&bytes);
        meter.add(bytes.len());
    }
    let after = file.metadata().map_err(fault)?;
    if (after.len(), after.modified().ok()) != (before.len(), before.modified().ok()) {
        return Err(changed());
    }
    let tree = tree.finish().map_err(|_| changed())?;
    folder.keep_tree(blob, &tree).map_err(fault)?;
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let card = FileCard {
        blob,
        key,
        hash: tree.root(),
        size: layout.size(),
        name: FileName::tamed(&name),
        media: Media::Other,
        preview: Default::default(),
        caption,
    };
    Ok(NewFile { card: Box::new(card), place })
}
