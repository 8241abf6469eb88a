//! Olm: a session of two devices in which every message has its own key (double ratchet).
//!
//! Session version 1: AES-256-CBC and HMAC-SHA-256 cut to 8 bytes, as Matrix has used it for years. Version 2 does not
//! cut it, but vodozemac still calls that experimental and it costs 24 bytes a message. A forger has one try in
//! 2^64 for each message that reaches the other side.

mod account;
mod message;
mod session;

pub use account::{AcceptError, OlmAccount, StartError};
pub use message::{OlmKind, OlmMessage, ParseError};
pub use session::{DecryptError, EncryptError, OlmSession};

use vodozemac::olm::SessionConfig;

/// How all sessions work; see the top of this file.
const fn config() -> SessionConfig {
    SessionConfig::version_1()
}
