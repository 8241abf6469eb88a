use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};
use rustix::{fs::FallocateFlags, io::Errno};

/// Bytes that are filled at once.
const AT_ONCE: u64 = 8 << 20;

/// A disk of its own in a folder, gone when it is dropped.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Of so many mebibytes.
    ///
    /// # Errors
    /// If it cannot be mounted.
    pub fn mount(folder: &Path, mebibytes: u32) -> Result<Self> {
        let size = format!("size={mebibytes}m");
        let mut command = Command::new("mount");
        let status = command.args(["-t", "tmpfs", "-o", &size, "lamplit-e2e"]).arg(folder).status()?;
        if !status.success() {
            bail!("a disk cannot be mounted at {}", folder.display());
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// Bytes that are free.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub fn free(&self) -> Result<u64> {
        let told = rustix::fs::statvfs(&self.folder)?;
        Ok(told.f_bavail * told.f_frsize)
    }

    /// Fills it, whoever else writes meanwhile, until no more than so many bytes are free. May be filled further. Returns
    /// how many are.
    ///
    /// # Errors
    /// If that cannot be done.
    pub fn fill_up(&self, but_for: u64) -> Result<u64> {
        let file = OpenOptions::new().create(true).append(true).open(self.filler())?;
        let mut filled = file.metadata()?.len();
        loop {
            let more = self.free()?.saturating_sub(but_for).min(AT_ONCE);
            if more == 0 {
                return self.free();
            }
            match rustix::fs::fallocate(&file, FallocateFlags::empty(), filled, more) {
                Ok(()) => filled += more,
                Err(Errno::NOSPC) => return self.free(),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes away what fills it.
    ///
    /// # Errors
    /// If that cannot be done.
    pub fn make_room(&self) -> Result<()> {
        Ok(fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("somebody-elses")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever still has files open on it keeps it until they are closed.
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
    }
}
