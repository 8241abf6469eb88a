//! TLS 1.3 for QUIC, as all our connections have it: raw Ed25519 public keys ([RFC 7250]) in place of certificates, and
//! X25519MLKEM768 as the only key exchange, which keeps what is recorded today also from the quantum computer of tomorrow.
//!
//! There is no authority and no name: whose connection it is, is said by the key, and which key it must be, by whoever
//! dials ([`Expected`]) or by what is said above. A private key need not be here: [`Identity`] signs a handshake wherever
//! the key is kept.
//!
//! There are no tickets, no resumption and no early data.
//!
//! ```
//! use std::sync::Arc;
//! use lamplit_tls::{Callers, Expected, Identity, KeyPair, accepting, dialling, provider};
//!
//! let (server, device) = (KeyPair::generate()?, KeyPair::generate()?);
//! let pinned = server.public();
//! let provider = provider();
//! let there = accepting(&provider, b"example/1", Arc::new(server), Callers::WithKey)?;
//! let here = dialling(&provider, b"example/1", Some(Arc::new(device)), Expected::Only(pinned))?;
//! # let _ = (there, here);
//! # Ok::<(), lamplit_tls::TlsError>(())
//! ```
//!
//! [RFC 7250]: https://www.rfc-editor.org/rfc/rfc7250

mod config;
mod key;
mod resets;
mod server_key;
mod verify;

pub use config::{Callers, Expected, NOBODY, TlsError, accepting, binding, dialling, is_another_key, provider};
pub use key::{Identity, KeyPair, peer_key};
pub use resets::resetting;
pub use server_key::{SERVER_KEY_CHARS, ServerKey, ServerKeyError};
