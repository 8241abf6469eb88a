//! A file that can be written to and stays as it is: redb looks at every checksum only where it may write what it finds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

/// Bytes of a page.
const PAGE: usize = 4096;

/// A file that is only read. What is written is kept in memory, and ends with it: of a store that is looked at, what redb notes of its
/// free pages.
pub(crate) struct Overlay {
    file: File,
    written: Mutex<Written>,
}

struct Written {
    len: u64,
    /// How far the file still shows.
    file: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self { file, written: Mutex::new(Written { len, file: len, pages: BTreeMap::new() }) })
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page of the file, with zeros where it does not show.
    fn page(&self, number: u64, shows: u64) -> io::Result<Vec<u8>> {
        let mut page = vec![0; PAGE];
        let start = number.saturating_mul(PAGE as u64);
        let many = usize::try_from(shows.saturating_sub(start)).unwrap_or(PAGE).min(PAGE);
        self.file.read_exact_at(page.get_mut(..many).unwrap_or_default(), start)?;
        Ok(page)
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written();
        for (number, of_page, of_out) in spans(&written, offset, out.len())? {
            let read;
            let page = match written.pages.get(&number) {
                Some(page) => page,
                None => {
                    read = self.page(number, written.file)?;
                    &read
                }
            };
            copy(page.get(of_page), out.get_mut(of_out))?;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut written = self.written();
        if len < written.len {
            written.file = written.file.min(len);
            written.pages.split_off(&len.div_ceil(PAGE as u64));
            let kept = usize::try_from(len % PAGE as u64).unwrap_or(PAGE);
            if let Some(last) = written.pages.get_mut(&(len / PAGE as u64)) {
                last.iter_mut().skip(kept).for_each(|byte| *byte = 0);
            }
        }
        written.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written();
        for (number, of_page, of_data) in spans(&written, offset, data.len())? {
            let mut page = match written.pages.remove(&number) {
                Some(page) => page,
                None => self.page(number, written.file)?,
            };
            copy(data.get(of_data), page.get_mut(of_page))?;
            written.pages.insert(number, page);
        }
        Ok(())
    }
}

/// The pages that so many bytes from `offset` on are in: the number of each, which part of it they are, and which part of them that is.
fn spans(written: &Written, offset: u64, many: usize) -> io::Result<impl Iterator<Item = Span> + use<>> {
    if offset.saturating_add(many as u64) > written.len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut done = 0_usize;
    Ok(core::iter::from_fn(move || {
        let at = offset.saturating_add(done as u64);
        let start = usize::try_from(at % PAGE as u64).ok()?;
        let now = PAGE.saturating_sub(start).min(many.saturating_sub(done));
        let before = done;
        done = done.saturating_add(now);
        (now > 0).then_some((at / PAGE as u64, start..start.saturating_add(now), before..done))
    }))
}

type Span = (u64, Range<usize>, Range<usize>);

/// Copies between parts that are equally long.
fn copy(from: Option<&[u8]>, to: Option<&mut [u8]>) -> io::Result<()> {
    let (from, to) = from.zip(to).ok_or(io::ErrorKind::UnexpectedEof)?;
    to.copy_from_slice(from);
    Ok(())
}

impl core::fmt::Debug for Overlay {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Overlay")
    }
}

#[cfg(test)]
mod tests;
