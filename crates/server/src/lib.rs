//! The sync server: keeps what is for devices that are away, and can read none of it.
//!
//! A device opens one QUIC connection ([RFC 9000]) and shows in the TLS handshake which device it is; the server shows its own
//! key, which devices pin. On one stream [`wire::server`](lamplit_wire::server) frames go both ways. What they do is decided by
//! [`lamplit_service`], a session for each connection; where it is kept, by [`lamplit_depot`].
//!
//! This crate is what stands around those two: the [`Server`] and its socket, who may connect, a task for each connection, a
//! hub that wakes the one whose device has news, and a thread that commits what many connections change as one group.
//!
//! Every limit has its name in [`limits`]. Nothing here logs who was served, and the program passes on of quinn only what does not say so.
//!
//! [RFC 9000]: https://www.rfc-editor.org/rfc/rfc9000

mod admin;
mod admission;
mod clock;
mod committer;
mod connection;
mod door;
mod hub;
mod key;
pub mod limits;
mod lines;
mod losses;
mod metrics;
mod server;
mod status;
mod texts;

pub use admin::{Answer, AskError, BindError, Request, Stats, ask};
pub use key::KeyError;
pub use lines::address_lines;
pub use server::{Config, Server, StartError, copy_store, read_key, store_of};
