use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    thread,
};

use lamplit_blob::{HASH_BYTES, Layout, Tree, hash_piece};
use lamplit_node::NewFile;
use lamplit_picture::{Format, StripError, likeness, limits::HEAD_BYTES, limits::PICTURE_BYTES, strip};
use lamplit_types::{BlobId, FileName, FileSize, FileSizeError, Text, limits::PREVIEW_BYTES};
use lamplit_wire::{FileCard, Media};

use super::{Doing, Folder, Transfers, background::give_way, folder::create, progress::Meter, serve::read_piece};
use crate::limits;

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
    /// A picture that may tell more than it shows.
    #[error("{}: {why}; it can be sent as a JPEG, or as it is if all of that may be known", .path.display())]
    Picture {
        /// Which file.
        path: PathBuf,
        /// Why it cannot be helped.
        why: StripError,
    },
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

/// How a file is to be sent.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// What is said with it.
    pub caption: Option<Text>,
    /// Whether a picture keeps what it tells beside itself: where it was taken, when, and with what.
    pub keep_metadata: bool,
}

/// Reads a file through, so that whoever fetches it can prove each piece. Waits for the disk.
///
/// # Errors
/// See [`PrepareError`].
pub fn prepare(path: &Path, manner: Manner, folder: &Folder, transfers: &Transfers) -> Result<Prepared, PrepareError> {
    let fault = |source: io::Error| fault(path, source);
    let place = std::fs::canonicalize(path).map_err(fault)?;
    // Looked at before it is opened: to open a pipe would wait for its other end.
    let before = std::fs::metadata(&place).map_err(fault)?;
    if !before.is_file() {
        return Err(PrepareError::NotAFile(path.to_path_buf()));
    }
    FileSize::new(before.len())?;
    let (mut key, mut blob) = ([0; 32], [0; 16]);
    getrandom::fill(&mut key)?;
    getrandom::fill(&mut blob)?;
    let blob = BlobId::from_bytes(blob);

    let picture = picture(path, &place, before.len(), manner.keep_metadata)?;
    let (mut media, mut preview) = (Media::Other, Vec::new());
    let mut source = place;
    if let Some(picture) = picture {
        if let Some(likeness) = likeness(&picture.bytes, PREVIEW_BYTES) {
            media = Media::Picture { width: likeness.width, height: likeness.height };
            preview = likeness.jpeg;
        }
        if picture.is_other {
            source = folder.copy(blob).map_err(fault)?;
            let mut copy = create(&source).map_err(fault)?;
            // Nobody could tell later what of it a power cut had kept.
            io::Write::write_all(&mut copy, &picture.bytes).and_then(|()| copy.sync_all()).map_err(fault)?;
        }
    }
    let (tree, size) = hash(path, &source, blob, transfers).inspect_err(|_| folder.throw_away(&blob.to_string()))?;
    folder.keep_tree(blob, &tree).map_err(fault)?;
    let place = source.into_os_string().into_string().map_err(|_| PrepareError::Path(path.to_path_buf()))?;
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let card = FileCard {
        blob,
        key,
        hash: tree.root(),
        size,
        name: FileName::tamed(&name),
        media,
        preview: preview.try_into().unwrap_or_default(),
        caption: manner.caption,
    };
    Ok(NewFile { card: Box::new(card), place })
}

/// The tree over a file and its size, unless it changes meanwhile.
fn hash(path: &Path, source: &Path, blob: BlobId, transfers: &Transfers) -> Result<(Tree, FileSize), PrepareError> {
    let changed = || PrepareError::Changed(path.to_path_buf());
    let file = File::open(source).map_err(|error| fault(path, error))?;
    let before = file.metadata().map_err(|error| fault(path, error))?;
    let size = FileSize::new(before.len())?;
    let layout = Layout::new(size);
    let meter = transfers.begin(blob, Doing::Reading, before.len());
    let leaves = hash_side_by_side(&file, layout, &meter).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => changed(),
        _ => fault(path, error),
    })?;
    let after = file.metadata().map_err(|error| fault(path, error))?;
    if (after.len(), after.modified().ok()) != (before.len(), before.modified().ok()) {
        return Err(changed());
    }
    Ok((Tree::of(layout, leaves).map_err(|_| changed())?, size))
}

/// The hashes over all pieces of a file, made by a few threads, each for a stretch of it.
fn hash_side_by_side(file: &File, layout: Layout, meter: &Meter) -> io::Result<Vec<[u8; HASH_BYTES]>> {
    let threads = thread::available_parallelism().map_or(1, usize::from).clamp(1, limits::HASHERS);
    let stretch = layout.pieces().div_ceil(u32::try_from(threads).unwrap_or(1));
    let hash = |from: u32| {
        give_way();
        let pieces = from..from.saturating_add(stretch).min(layout.pieces());
        let leaves = pieces.map(|piece| {
            let bytes = read_piece(file, layout, piece)?;
            meter.add(bytes.len());
            Ok(hash_piece(layout, piece, &bytes))
        });
        leaves.collect::<io::Result<Vec<_>>>()
    };
    thread::scope(|scope| {
        let starts = (0..layout.pieces()).step_by(usize::try_from(stretch).unwrap_or(usize::MAX));
        let running: Vec<_> = starts.map(|from| scope.spawn(move || hash(from))).collect();
        let stretches =
            running.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread ended"))));
        stretches.collect::<io::Result<Vec<_>>>().map(|stretches| stretches.concat())
    })
}

/// A picture as it is sent.
struct Sendable {
    bytes: Vec<u8>,
    /// Whether it is another than in the file.
    is_other: bool,
}

/// What is sent of a picture; none if the file is no picture.
fn picture(path: &Path, place: &Path, size: u64, keep_metadata: bool) -> Result<Option<Sendable>, PrepareError> {
    let fault = |source: io::Error| fault(path, source);
    let mut file = File::open(place).map_err(fault)?;
    let mut head = Vec::with_capacity(HEAD_BYTES);
    io::Read::by_ref(&mut file).take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(fault)?;
    let Some(format) = Format::of(&head) else { return Ok(None) };
    let refused = |why| PrepareError::Picture { path: path.to_path_buf(), why };
    if size > PICTURE_BYTES {
        return if keep_metadata { Ok(None) } else { Err(refused(StripError::Large)) };
    }
    let bytes = std::fs::read(place).map_err(fault)?;
    if keep_metadata {
        return Ok(Some(Sendable { bytes, is_other: false }));
    }
    let stripped = strip(format, bytes.clone()).map_err(refused)?;
    Ok(Some(Sendable { is_other: stripped != bytes, bytes: stripped }))
}

fn fault(path: &Path, source: io::Error) -> PrepareError {
    match source.kind() {
        io::ErrorKind::NotFound => PrepareError::Missing(path.to_path_buf()),
        _ => PrepareError::Io { path: path.to_path_buf(), source },
    }
}
