//! JSON-RPC 2.0 over a client, on a local socket: what the `lamplit` program and screens talk to a daemon with.
//!
//! One JSON object a line, both ways, on a Unix socket in the data directory that only its owner may open. Parameters
//! are given by name. Requests of one connection are answered one after another, in order. After `subscribe` the
//! daemon also sends `event` notifications, and `lagged` when it had to drop some.
//!
//! ```json
//! {"jsonrpc":"2.0","id":1,"method":"say","params":{"conversation":"6f1c…","text":"hello"}}
//! {"jsonrpc":"2.0","id":1,"result":{"id":"9a0b…"}}
//! ```

pub mod api;
mod connection;
mod convert;
mod frame;
pub mod limits;
mod lines;
mod methods;
mod server;
mod session;

pub use connection::{CallError, ConnectError, Connection, Happening};
pub use frame::{Error, ErrorCode};
pub use server::{BindError, Server};
