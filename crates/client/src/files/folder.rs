use std::{
    collections::BTreeSet,
    fs::{DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use lamplit_blob::{Layout, Tree};
use lamplit_node::FileJob;
use lamplit_types::{BlobId, FileName};

use crate::limits;

/// Where those are that are on their way.
const APART: &str = ".parts";
/// The part of a file that came.
const PART: &str = "part";
/// A copy of a file as it is sent.
const SENT: &str = "sent";
/// The tree of a file.
const TREE: &str = "tree";

/// Where files are kept: those that came, by their names; those on their way, and the trees of all, apart from them.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// At that path, made when it is needed.
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The part of a file that is here.
    pub(crate) fn part(&self, blob: BlobId) -> io::Result<PathBuf> {
        Ok(self.apart()?.join(format!("{blob}.{PART}")))
    }

    /// A copy of a file as it is sent, where that is not the file itself.
    pub(crate) fn copy(&self, blob: BlobId) -> io::Result<PathBuf> {
        Ok(self.apart()?.join(format!("{blob}.{SENT}")))
    }

    /// The tree of a file, if it is known.
    pub(crate) fn tree(&self, job: &FileJob) -> Option<Tree> {
        let bytes = std::fs::read(self.tree_path(job.blob).ok()?).ok()?;
        Tree::parse(Layout::new(job.size), &bytes, &job.hash).ok()
    }

    /// Keeps the tree of a file. It need not be there after a crash: it can be had again.
    pub(crate) fn keep_tree(&self, blob: BlobId, tree: &Tree) -> io::Result<()> {
        io::Write::write_all(&mut create(&self.tree_path(blob)?)?, &tree.to_bytes())
    }

    fn tree_path(&self, blob: BlobId) -> io::Result<PathBuf> {
        Ok(self.apart()?.join(format!("{blob}.{TREE}")))
    }

    /// Gives a file that is whole its name, or one like it if that is taken, for good.
    pub(crate) fn finish(&self, part: &Path, name: &FileName) -> io::Result<PathBuf> {
        let mut candidate = name.clone();
        for number in 2..=limits::SAME_NAMES {
            let path = self.0.join(candidate.as_str());
            // Made empty first, so that nobody else takes the name.
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(_) => {
                    std::fs::rename(part, &path).inspect_err(|_| {
                        // The name is free again.
                        let _ = std::fs::remove_file(&path);
                    })?;
                    File::open(&self.0)?.sync_all()?;
                    return Ok(path);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => candidate = name.numbered(number),
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many files of one name: move some away"))
    }

    /// Whether so many more bytes can be kept, and the database still has room.
    pub(crate) fn has_room(&self, bytes: u64) -> io::Result<bool> {
        let stat = rustix::fs::statvfs(&self.apart()?)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize) >= bytes.saturating_add(limits::FREE_BYTES))
    }

    /// What the files are called of which there is something apart.
    pub(crate) fn all_apart(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.0.join(APART)).into_iter().flatten().flatten();
        entries.filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned())).collect()
    }

    /// Deletes all that is apart of a file. What cannot be deleted is tried again when the device starts.
    pub(crate) fn throw_away(&self, name: &str) {
        for ending in [PART, SENT, TREE] {
            let _ = std::fs::remove_file(self.0.join(APART).join(format!("{name}.{ending}")));
        }
    }

    fn apart(&self) -> io::Result<PathBuf> {
        let path = self.0.join(APART);
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        Ok(path)
    }
}

/// Whether a file was deleted. If the folder it was in is gone too, that is no more than a disk that is away.
pub(crate) fn is_gone(place: &Path) -> bool {
    place.try_exists().is_ok_and(|exists| !exists) && place.parent().is_some_and(Path::exists)
}

/// A new file for its owner only, in place of one that was there.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// A part to go on with, or a new one.
pub(crate) fn open_part(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
