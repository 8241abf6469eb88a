//! Pictures before they are sent.
//!
//! A camera writes beside a picture where and when it was taken, and with what. [`strip`] takes that out, and nothing of
//! the picture itself: pixels, colours and which side is up stay. [`likeness`] makes a small picture of it, to be shown
//! before it is fetched. Bytes come in and bytes go out; nothing here touches a file.

mod format;
mod likeness;
pub mod limits;
mod strip;

pub use format::Format;
pub use likeness::{Likeness, likeness};
pub use strip::{StripError, strip};
