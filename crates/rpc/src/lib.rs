//! JSON-RPC 2.0 over a client: what the `lamplit` program, screens and pages talk to a daemon with.
//!
//! A message is a call or a batch of them, an answer, or an event: a line of a Unix socket in the data directory that only
//! its owner may open ([`Server`]), or a text message of a WebSocket on the loopback whose token only the owner can read
//! ([`WebServer`]). Parameters are given by name. Requests of one connection are answered one after another, in order.
//! After `subscribe` the daemon also sends `event` notifications, and `lagged`, with a new snapshot, when it had to
//! drop some.
//!
//! ```json
//! {"jsonrpc":"2.0","id":1,"method":"say","params":{"conversation":"6f1c…","text":"hello"}}
//! {"jsonrpc":"2.0","id":1,"result":{"id":"9a0b…"}}
//! ```

//!
//! **To add a method**: its line in `methods!` ([`api`]), with a doc comment for it and each parameter; its `impl Serve` and its
//! line in `answer` (`methods.rs`); then `cargo xtask api` writes the OpenRPC document and the types in `api/`.

pub mod api;
mod carrier;
mod connection;
mod convert;
mod document;
mod frame;
pub mod limits;
mod lines;
mod methods;
mod own;
mod server;
mod session;
#[cfg(test)]
mod testing;
mod web;

pub use connection::{CallError, ConnectError, Connection, Happening};
pub use document::document;
pub use frame::{Error, ErrorCode, read};
pub use server::{BindError, Server};
pub use web::{AddressError, Door, Origin, OriginError, TurnedAway, WebAddress, WebError, WebOptions, WebServer};
