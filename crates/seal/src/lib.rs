//! End-to-end secrecy: Olm sessions, padding, audience keys and the key for what lies on the disk.
//!
//! A message for one device is padded ([`padding`]) and encrypted with the Olm [`Sessions`] of that pair of devices:
//! every message has a key of its own, which is forgotten once used. What several people may read is sealed under
//! an [`AudienceKey`], which moves on each day and cannot be turned back. What lies on the disk is sealed under the
//! [`StorageKey`]. What must survive the loss of all devices is sealed to a public key, with [`seal_to`].
//!
//! Nothing here has a clock, a socket or a thread, and randomness is handed in, with **one exception**: vodozemac
//! draws its own (Olm identity, one-time, fallback, base and ratchet keys) from the operating system. So Olm bytes
//! differ from run to run, and no decision may depend on them.
//!
//! ```
//! use lamplit_seal::{OlmAccount, Sessions, padding};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (alice, mut bob) = (OlmAccount::new(), OlmAccount::new());
//!
//! // Alice begins, with a one-time key that Bob gave out.
//! let mut to_bob = Sessions::new();
//! to_bob.add(alice.start(bob.identity_key(), bob.one_time_key())?);
//! let message = to_bob.encrypt(&padding::pad(b"lights on")?)?;
//!
//! // Bob's first message from Alice opens the session on his side.
//! let mut to_alice = Sessions::new();
//! let received = to_alice.receive(&mut bob, alice.identity_key(), &message)?;
//! assert_eq!(padding::unpad(&received.plaintext)?, b"lights on");
//! # Ok(())
//! # }
//! ```

mod aead;
mod audience;
pub mod limits;
mod olm;
pub mod padding;
mod recipient;
mod saved;
mod sessions;
mod storage;

#[cfg(test)]
mod fixed_rng;
#[cfg(test)]
mod fixture;

pub use aead::{OpenError, SEALING_BYTES};
pub use audience::{AudienceKey, FIXED_SEALING_BYTES, RatchetError};
pub use limits::TooLong;
pub use olm::{
    AcceptError, DecryptError, EncryptError, OlmAccount, OlmKind, OlmMessage, OlmSession, ParseError, StartError,
};
pub use recipient::{FIXED_SEALING_TO_BYTES, SealToError, open_fixed_with, open_with, seal_fixed_to, seal_to};
pub use saved::{RestoreError, SaveError};
pub use sessions::{ReceiveError, Received, Sessions};
pub use storage::{Row, StorageKey};
