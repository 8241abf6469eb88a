//! The open database, which is opened again after a failure: redb then refuses to go on with what it has in memory.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use redb::{Database, Durability, ReadTransaction, ReadableDatabase, WriteTransaction};

use crate::source::Source;

/// The database, or the way to it.
pub(crate) struct Handle {
    source: Source,
    open: RwLock<Open>,
}

struct Open {
    /// `None` after a failure, until it can be opened again.
    database: Option<Database>,
    /// How often it was opened: so that of several that see one failure only the first closes it.
    life: u64,
}

impl Handle {
    pub(crate) fn new(source: Source, database: Database) -> Self {
        Self { source, open: RwLock::new(Open { database: Some(database), life: 0 }) }
    }

    /// Where the database is.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Reads. What fails is tried once more on the database opened anew: the failure may have been another's.
    pub(crate) fn read<T>(&self, action: impl Fn(&Database) -> Result<T, redb::Error>) -> Result<T, redb::Error> {
        self.once(&action).or_else(|_| self.once(&action))
    }

    /// All as it is now, for long. Once the database had to be opened again it fails.
    pub(crate) fn snapshot(&self) -> Result<ReadTransaction, redb::Error> {
        self.read(|database| Ok(database.begin_read()?))
    }

    /// Changes, all or nothing; returns once it would survive a power cut.
    pub(crate) fn write<T>(
        &self,
        action: impl Fn(&WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, redb::Error> {
        self.once(&|database| {
            let mut transaction = database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            // What opening after a crash would otherwise cost grows with the file.
            transaction.set_quick_repair(true);
            let done = action(&transaction)?;
            transaction.commit()?;
            Ok(done)
        })
    }

    fn once<T>(&self, action: &impl Fn(&Database) -> Result<T, redb::Error>) -> Result<T, redb::Error> {
        let (life, done) = loop {
            let open = self.open();
            if let Some(database) = &open.database {
                break (open.life, action(database));
            }
            drop(open);
            let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
            if open.database.is_none() {
                open.database = Some(self.source.open()?);
            }
        };
        done.inspect_err(|error| {
            tracing::warn!(%error, "the store failed; it is opened again");
            self.reopen(life);
        })
    }

    fn reopen(&self, life: u64) {
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.life != life {
            return;
        }
        open.life = life.wrapping_add(1);
        // The old one has to let go of the file first.
        open.database = None;
        match self.source.open() {
            Ok(database) => open.database = Some(database),
            Err(error) => tracing::warn!(%error, "the store cannot be opened again yet"),
        }
    }

    fn open(&self) -> RwLockReadGuard<'_, Open> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }
}
