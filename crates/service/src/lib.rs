//! What the sync server does, over any [`Store`] and nothing else: no clock, no socket, no task, no randomness of its own.
//!
//! A device's connection is a [`Session`]: frames go in, frames come out, and all that was promised in them is in the
//! store by then. The server and the simulator drive sessions alike.

mod accounts;
mod bucket;
mod codes;
mod feed;
mod kits;
mod lamps;
pub mod limits;
mod mail;
mod members;
#[cfg(any(test, feature = "suite"))]
pub mod memory;
mod numbers;
mod rates;
mod rows;
mod service;
mod session;
mod sets;
mod stock;
mod store;
#[cfg(any(test, feature = "suite"))]
pub mod suite;
mod telling;
#[cfg(test)]
mod testing;
mod texts;
mod tidy;
mod updates;

pub use codes::CodeKey;
pub use rates::Network;
pub use service::{Service, Settings};
pub use session::{Session, Turn};
pub use store::{Applied, ApplyError, Batch, Change, Expect, Partition, Row, Store, StoreError, number_of, numbered};
pub use texts::{Sent, Text};
pub use tidy::{Tidied, TidyError, tidy};
