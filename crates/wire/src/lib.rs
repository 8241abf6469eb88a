//! What two devices say to each other, and a device and a server, byte by byte: frames, records, envelopes,
//! certificates.
//!
//! Everything here is plain data with a postcard encoding. Lists and byte strings carry their limit in their type
//! and refuse more while they are being decoded, so that a hostile length never allocates. What a value *means*,
//! and whether its signature is good, is for the crates above.
//!
//! ```
//! use lamplit_types::EnvelopeId;
//! use lamplit_wire::{Decoded, Frame, decode};
//!
//! let ack = Frame::Ack(EnvelopeId::from_bytes([7; 16]));
//! let later = [2, 99, 3, 0, 1, 2, 3]; // version 2, kind 99, three bytes
//! let bytes = [&later[..], &ack.encode()?].concat();
//!
//! let mut rest = bytes.as_slice();
//! assert_eq!(decode::<Frame>(&mut rest)?, Some(Decoded::Skipped { version: 2, kind: 99 }));
//! assert_eq!(decode(&mut rest)?, Some(Decoded::Frame(Box::new(ack))));
//! assert_eq!(decode::<Frame>(&mut rest)?, None);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

pub mod bounded;
pub mod credential;
mod envelope;
mod frame;
mod framing;
mod group;
mod own;
mod presence;
mod record;
pub mod server;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod samples;

pub use envelope::{
    AudienceGrant, Body, Content, Envelope, FileCard, FileNote, Mark, Media, PairGift, Progress, Suite,
};
pub use frame::{CloseReason, Frame, GrantHead, Hello, Introduce, Knock, Received};
pub use framing::{DecodeError, Decoded, EncodeError, FrameBuffer, Kinds, VERSION, decode};
pub use group::{Badge, Founding, GroupHead, GroupName, GroupPart, GroupSecret, Rank, Standing, StatementHash};
pub use own::{
    AccountSecrets, Admit, Claim, GenerationSecret, Join, Past, PastContent, PastMessage, Recall, Removed, Vouch,
};
pub use presence::{AppPresence, AppState, Presence, SealedPresence, SignedPresence, Source};
pub use record::{
    Chain, Delta, Entry, Have, Head, KeyId, Kind, LogEntry, Offer, Record, RecordBody, SetId, Tag, Value, Wants, Whole,
    chain,
};
