use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use rustix::fs::statvfs;

use crate::Finding;

const MEBIBYTE: u64 = 1024 * 1024;
/// Below so many free mebibytes a disk is soon full: room for a picture or two and for the database to grow.
const LOW: u64 = 64;
/// What is written to see whether something can be.
const PROBE: usize = 64 * 1024;

/// Writes something into the data directory, and takes it away again.
pub(crate) fn attempt(data: &Path) -> Vec<Finding> {
    let owned = data.to_path_buf();
    if !data.is_dir() {
        return vec![Finding::NoData { data: owned }];
    }
    let written = write(data);
    let free = statvfs(data).map_or(0, |stat| stat.f_bavail.saturating_mul(stat.f_frsize) / MEBIBYTE);
    vec![match written {
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Finding::DiskFull { data: owned },
        Err(error) => Finding::NotWritable { data: owned, why: error.to_string() },
        Ok(()) if free < LOW => Finding::DiskLow { data: owned, free },
        Ok(()) => Finding::Disk { data: owned, free },
    }]
}

fn write(data: &Path) -> io::Result<()> {
    let path = data.join(format!(".doctor-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    let written = fill(&mut file);
    fs::remove_file(&path)?;
    written
}

fn fill(file: &mut File) -> io::Result<()> {
    file.write_all(&[0; PROBE])?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
