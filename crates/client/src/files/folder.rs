use std::{
    collections::BTreeSet,
    fs::{DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use lamplit_blob::{Layout, Tree};
use lamplit_node::FileJob;
use lamplit_types::{BlobId, FileName};
use rustix::{
    fs::{CWD, RenameFlags},
    io::Errno,
};

use crate::limits;

/// Where those are that are on their way.
const APART: &str = ".parts";
/// The part of a file that came.
const PART: &str = "part";
/// A copy of a file as it is sent.
const SENT: &str = "sent";
/// The name that a file got, until it is settled.
const NAMED: &str = "named";
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

    /// Gives a file that is whole its name, or one like it if that is taken, for good. Until [`Self::settle`] it is noted
    /// which one it got: a crash may come before anybody else knows.
    pub(crate) fn finish(&self, blob: BlobId, part: &Path, name: &FileName) -> io::Result<PathBuf> {
        let note = self.apart()?.join(format!("{blob}.{NAMED}"));
        let mut candidate = name.clone();
        for number in 2..=limits::SAME_NAMES {
            let path = self.0.join(candidate.as_str());
            if path.symlink_metadata().is_err() {
                let mut noted = create(&note)?;
                io::Write::write_all(&mut noted, note_of(part, candidate.as_str())?.as_bytes())?;
                noted.sync_all()?;
                match rename_to_free(part, &path) {
                    Ok(()) => {
                        File::open(self.apart()?)?.sync_all()?;
                        File::open(&self.0)?.sync_all()?;
                        return Ok(path);
                    }
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(error),
                }
            }
            candidate = name.numbered(number);
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many files of one name: move some away"))
    }

    /// Where a file is that was finished and not settled; none if it is not there.
    pub(crate) fn finished(&self, blob: BlobId) -> Option<PathBuf> {
        self.named(&blob.to_string())
    }

    /// A file that was finished belongs to the user.
    pub(crate) fn settle(&self, name: &str) {
        let _ = std::fs::remove_file(self.0.join(APART).join(format!("{name}.{NAMED}")));
    }

    fn named(&self, name: &str) -> Option<PathBuf> {
        let apart = self.0.join(APART);
        // It was noted before it was done: as long as the part is there it was not.
        if apart.join(format!("{name}.{PART}")).exists() {
            return None;
        }
        let note = std::fs::read_to_string(apart.join(format!("{name}.{NAMED}"))).ok()?;
        let (noted, _) = note.split_once('\n')?;
        // A name that was tamed is itself, and leads nowhere else.
        let tamed = Some(FileName::tamed(noted)).filter(|tamed| tamed.as_str() == noted)?;
        let path = self.0.join(tamed.as_str());
        // Somebody may have put another file in its place: that is theirs.
        note_of(&path, noted).is_ok_and(|of_this| of_this == note).then_some(path)
    }

    /// Whether so many more bytes can be kept, and the database still has room.
    pub(crate) fn has_room(&self, bytes: u64) -> io::Result<bool> {
        Ok(self.free()? >= bytes.saturating_add(limits::FREE_BYTES))
    }

    /// Bytes of the disk that are free.
    pub(crate) fn free(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.apart()?)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// What the files are called of which there is something apart.
    pub(crate) fn all_apart(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.0.join(APART)).into_iter().flatten().flatten();
        entries.filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned())).collect()
    }

    /// Deletes all that is apart of a file, and the file itself if it was finished and not settled. What cannot be deleted is tried again when the device starts.
    pub(crate) fn throw_away(&self, name: &str) {
        if let Some(path) = self.named(name) {
            let _ = std::fs::remove_file(path);
        }
        // The name first: without the part it would say that the file is finished.
        for ending in [NAMED, PART, SENT, TREE] {
            let _ = std::fs::remove_file(self.0.join(APART).join(format!("{name}.{ending}")));
        }
    }

    fn apart(&self) -> io::Result<PathBuf> {
        let path = self.0.join(APART);
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        Ok(path)
    }
}

/// What is noted of a file that gets a name: the name, and which file it is, whatever it is called.
fn note_of(file: &Path, name: &str) -> io::Result<String> {
    let about = file.symlink_metadata()?;
    Ok(format!("{name}\n{} {} {}", about.dev(), about.ino(), about.len()))
}

/// Gives a file another name, unless that is taken.
fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system can; those that cannot have links.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            std::fs::hard_link(from, to)?;
            std::fs::remove_file(from)
        }
        renamed => Ok(renamed?),
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
