//! What a stranger can send, fed with what nobody expects.
//!
//! Each target takes any bytes and panics when a promise is broken, not only when something crashes. libFuzzer calls
//! them (`cargo xtask fuzz`); `tests/replay.rs` calls them with every file of `corpus/`, so that what was found once
//! is looked at in every ordinary test run. A file of a corpus is one input, whatever its name.

mod blob;
mod envelope;
mod handshake;
mod invite;
mod link;
mod picture;
mod request;
mod script;
mod wire;

pub use blob::blob;
pub use envelope::envelope;
pub use handshake::handshake;
pub use invite::invite;
pub use link::link;
pub use picture::picture;
pub use request::request;
pub use wire::wire;

/// A target: it takes any bytes.
pub type Target = fn(&[u8]);

/// Every target with the name of its corpus.
pub const TARGETS: [(&str, Target); 8] = [
    ("wire", wire),
    ("link", link),
    ("envelope", envelope),
    ("invite", invite),
    ("request", request),
    ("handshake", handshake),
    ("blob", blob),
    ("picture", picture),
];
