//! The sync server's [`Store`](lamplit_service::Store): one redb file.
//!
//! What a group of batches comes to is one entry of a log, and one transaction: so a commit costs the same however many
//! rows there are. The rows it changed lie in memory, over those on the disk, until they are spread: written to where they
//! belong, many at a time, in the order of their keys. A row that came and went in between never gets there. At opening,
//! what the log still has is put over the rows again.
//!
//! ```
//! use lamplit_depot::{Depot, InMemoryBackend};
//! use lamplit_service::{Batch, Change, Partition};
//! use lamplit_types::AccountId;
//! use lamplit_wire::server::Epoch;
//!
//! let depot = Depot::on_backend(Box::new(InMemoryBackend::new()), Epoch([1; 8]))?;
//! let partition = Partition::Account(AccountId::from_bytes([7; 16]));
//! let changes = vec![Change::Append { prefix: b"f".to_vec(), value: b"an envelope".to_vec() }];
//!
//! let answers = depot.commit(vec![Batch { partition, expects: Vec::new(), changes }]);
//! assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|applied| applied.last == 1)));
//! while depot.spread()? {}
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod copy;
mod depot;
mod error;
mod files;
mod format;
mod group;
mod handle;
mod keys;
mod layers;
pub mod limits;
mod overlay;
mod source;
mod spread;
mod verify;

pub use copy::{begin_anew, restore};
pub use depot::Depot;
pub use error::{CopyError, OpenError};
pub use redb::{StorageBackend, backends::InMemoryBackend};
pub use verify::{Report, verify};
