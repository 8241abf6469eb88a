//! The device's database: redb tables, migrations, one write batch a step, keys at rest.
//!
//! A device lives in one data directory ([`DataDir`]), which one process at a time may hold. In it are the database
//! ([`Store`]) and, in the OS keyring or in an owner-only file, the device's secret keys ([`keys`]). [`init()`] makes
//! both or neither. What is in which table is written in `docs/storage.md`.
//!
//! ```
//! use lamplit_node::{Read, Table, Write};
//! use lamplit_store::{InMemoryBackend, Store};
//!
//! let store = Store::on_backend(Box::new(InMemoryBackend::new()))?;
//! let before = store.snapshot()?;
//! store.commit([Write { table: Table::Contacts, key: b"a".to_vec(), value: Some(b"b".to_vec()) }])?;
//!
//! assert_eq!(before.get(Table::Contacts, b"a")?, None);
//! assert_eq!(store.snapshot()?.get(Table::Contacts, b"a")?, Some(b"b".to_vec()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod dir;
mod files;
mod format;
mod init;
mod keyring;
pub mod keys;
mod snapshot;
mod source;
mod store;
#[doc(hidden)]
pub mod suite;

pub use dir::{DataDir, DirError, SocketPathError};
pub use init::{InitError, init};
pub use keys::{Kept, KeyError, KeyringChoice};
pub use redb::{StorageBackend, backends::InMemoryBackend};
pub use snapshot::Snapshot;
pub use store::{CommitError, OpenError, Store};
