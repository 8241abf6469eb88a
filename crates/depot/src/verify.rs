//! A look at a whole store: every checksum, every row.

use std::fs::File;
use std::path::Path;

use lamplit_wire::server::Epoch;
use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use crate::depot::storage;
use crate::error::{self, OpenError};
use crate::files;
use crate::format::{self, LOG, MIGRATIONS, ROWS};
use crate::group;
use crate::keys::{self, Held};
use crate::limits;
use crate::overlay::Overlay;
use crate::source::{Source, builder};

/// What is in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its format.
    pub format: u64,
    /// Its life.
    pub epoch: Epoch,
    /// Rows that are spread.
    pub rows: u64,
    /// Groups in the log.
    pub groups: u64,
    /// What is wrong, by place: at most [`limits::FAULTS`].
    pub faults: Vec<String>,
}

/// Reads all of the store at `path`, or of a backup, and compares every checksum. No process may use it meanwhile. Nothing is
/// written, also if it was not closed in order.
///
/// # Errors
/// [`OpenError`]; [`OpenError::Corrupt`] if a checksum does not fit. What fits and still makes no sense is in the report.
pub fn verify(path: &Path) -> Result<Report, OpenError> {
    let _lock = files::share(path)?;
    let source = Source::File(path.to_path_buf());
    let overlay = File::open(path).and_then(Overlay::new);
    let overlay = overlay.map_err(|error| error::storage(&source, redb::StorageError::Io(error)))?;
    // Without this redb trusts what was closed in order, and may panic.
    let database = builder().set_check_integrity_on_open(true).create_with_backend(overlay);
    let database = database.map_err(|error| error::opening(&source, error))?;
    let failed = |error| error::storage(&source, storage(error));
    let head = database.begin_read().map_err(redb::Error::from).and_then(|all| format::read(&all)).map_err(failed)?;
    let head = head.ok_or_else(|| OpenError::Corrupt { place: source.place(), what: "it is empty".to_owned() })?;
    let known = format::newest(MIGRATIONS);
    if head.version > known {
        return Err(OpenError::LaterFormat { place: source.place(), found: head.version, known });
    }
    let mut report = Report { format: head.version, epoch: head.epoch, rows: 0, groups: 0, faults: Vec::new() };
    report.look_at(&database).map_err(failed)?;
    Ok(report)
}

impl Report {
    fn look_at(&mut self, database: &Database) -> Result<(), redb::Error> {
        let all = database.begin_read()?;
        let log = all.open_table(LOG)?;
        self.groups = log.len()?;
        for entry in log.iter()? {
            let (number, entry) = entry?;
            match group::rows(entry.value()) {
                Some(rows) => {
                    let wrong = rows.iter().filter(|(key, value)| !is_sound(key, value.as_deref())).count();
                    if wrong > 0 {
                        self.fault(format!("`log`: {wrong} rows of entry {}", number.value()));
                    }
                }
                None => self.fault(format!("`log`: entry {} cannot be read", number.value())),
            }
        }
        let rows = all.open_table(ROWS)?;
        for (at, row) in rows.iter()?.enumerate() {
            let (key, value) = row?;
            self.rows = self.rows.saturating_add(1);
            if !is_sound(key.value(), Some(value.value())) {
                self.fault(format!("`rows`: row {at} from the first"));
            }
        }
        Ok(())
    }

    fn fault(&mut self, what: String) {
        if self.faults.len() < limits::FAULTS {
            self.faults.push(what);
        }
    }
}

/// Whether a key leads to something, and a number is one.
fn is_sound(key: &[u8], value: Option<&[u8]>) -> bool {
    match keys::split(key) {
        Some((_, Held::Number)) => value.is_some_and(|value| value.len() == size_of::<u64>()),
        Some((_, Held::Row(_))) => true,
        None => false,
    }
}

#[cfg(test)]
mod tests;
