//! Ids, clocks, names and the named limits that every other crate shares.
//!
//! A value that exists is a good one: each type parses its input once and refuses what is not allowed, so
//! nothing further in has to check again. Ids, names and texts show themselves with `Display`; in `Debug`, which is
//! what ends up in logs, none of them is whole.
//!
//! ```
//! use lamplit_types::{Hlc, Name, NameError, Wall};
//!
//! let name = Name::parse("  Zoe\u{308} ")?;
//! assert_eq!(name.as_str(), "Zo\u{eb}");
//! assert_eq!(format!("{name:?}"), "Name(…)");
//! assert_eq!(Name::parse("pay\u{202e}pal"), Err(NameError::Control('\u{202e}')));
//!
//! // A clock that has seen a later one goes on from there, even while the wall clock is behind.
//! let seen = Hlc { wall: Wall(2_000), count: 7 };
//! let next = Hlc::default().witness(seen).tick(Wall(1_500));
//! assert_eq!(next, Hlc { wall: Wall(2_000), count: 8 });
//! # Ok::<(), NameError>(())
//! ```

mod app;
mod bytes;
mod clock;
mod code;
mod file;
mod id;
pub mod limits;
mod name;
mod phone;
mod pipe;
mod safe;

pub use app::{AppId, AppIdError};
pub use bytes::{ByteCount, ByteCountError};
pub use clock::{Hlc, Mono, Now, Wall};
pub use code::{SmsCode, SmsCodeError};
pub use file::{FileLimit, FileLimitError, FileName, FileSize, FileSizeError};
pub use id::{
    AccountId, AudienceId, Author, Beacon, BlobId, ConversationId, ConversationIdError, DeviceId, EnvelopeId, GroupId,
    Incarnation, InviteId, LinkId, MessageId, PairTag, SpaceId,
};
pub use name::{Name, NameError, Text, TextError};
pub use phone::{PhoneNumber, PhoneNumberError};
pub use pipe::{Channel, Class, Pipe};
pub use safe::safe;
