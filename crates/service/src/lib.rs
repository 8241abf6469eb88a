//! What the sync server does, over any [`Store`] and nothing else: no clock, no socket, no task, no randomness of its own.

pub mod limits;
mod store;

pub use store::{Applied, ApplyError, Batch, Change, Expect, Partition, Row, Store, StoreError, number_of, numbered};
