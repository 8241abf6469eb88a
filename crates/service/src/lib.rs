//! What the sync server does, over any [`Store`] and nothing else: no clock, no socket, no task, no randomness of its own.

pub mod limits;
#[cfg(any(test, feature = "suite"))]
pub mod memory;
mod store;
#[cfg(any(test, feature = "suite"))]
pub mod suite;

pub use store::{Applied, ApplyError, Batch, Change, Expect, Partition, Row, Store, StoreError, number_of, numbered};
