//! How what is said becomes bytes, and where one thing said ends.
//!
//! A frame is `version: u8 | kind: u8 | length: u16 LE or, if that is 0xFFFF, u32 LE after it | body`. The body is
//! postcard. Several frames may follow one another in one buffer. A frame whose version or kind is not known is
//! stepped over by its length, so that an older device can talk to a later one.

use lamplit_types::limits::FRAME_BYTES;
use serde::{Serialize, de::DeserializeOwned};

/// The version this crate speaks.
pub const VERSION: u8 = 1;
const LONG: u16 = 0xFFFF;

/// All that may be said in one place, each kind with its number.
pub trait Kinds: Sized {
    /// The number of the kind and the body.
    ///
    /// # Errors
    /// None that anything here can cause: its types can all be written.
    fn body(&self) -> postcard::Result<(u8, Vec<u8>)>;

    /// Reads a body; `None` if the kind is not known.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`], [`DecodeError::Trailing`].
    fn parse(kind: u8, body: &[u8]) -> Result<Option<Self>, DecodeError>;
}

/// What decoding found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded<F> {
    /// A frame.
    Frame(Box<F>),
    /// A frame of a later version or an unknown kind, stepped over.
    Skipped {
        /// Its version.
        version: u8,
        /// Its kind.
        kind: u8,
    },
}

/// Why some bytes are no frame. The link that brought them is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Cut off.
    #[error("a frame was cut off: {have} bytes where {need} are announced")]
    Truncated {
        /// Bytes there.
        have: usize,
        /// Bytes announced.
        need: usize,
    },
    /// Larger than allowed, header included.
    #[error("a frame of {0} bytes was announced, at most {FRAME_BYTES} are allowed")]
    TooLarge(usize),
    /// A body that is not what its kind says, or holds something over its limit.
    #[error("the body of a frame of kind {0} is malformed or over a limit")]
    Malformed(u8),
    /// More bytes in the body than its kind has.
    #[error("{extra} bytes too many in a frame of kind {kind}")]
    Trailing {
        /// The kind.
        kind: u8,
        /// Bytes left over.
        extra: usize,
    },
}

/// Why a frame cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame would be larger than {FRAME_BYTES} bytes")]
pub struct EncodeError;

/// The bytes of a frame, header included.
pub(crate) fn encode(frame: &impl Kinds) -> Result<Vec<u8>, EncodeError> {
    let (kind, body) = frame.body().map_err(|_| EncodeError)?;
    let mut out = header(kind, body.len())?;
    out.extend(body);
    if out.len() > FRAME_BYTES { Err(EncodeError) } else { Ok(out) }
}

/// Takes the next frame off `bytes`; `None` when nothing is left.
///
/// # Errors
/// [`DecodeError`], after which `bytes` is of no further use.
pub fn decode<F: Kinds>(bytes: &mut &[u8]) -> Result<Option<Decoded<F>>, DecodeError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut rest = *bytes;
    let Header { version, kind, length } = Header::take(&mut rest)?;
    let (body, rest) =
        rest.split_at_checked(length).ok_or(DecodeError::Truncated { have: rest.len(), need: length })?;
    *bytes = rest;
    let frame = if version == VERSION { F::parse(kind, body)? } else { None };
    Ok(Some(match frame {
        Some(frame) => Decoded::Frame(Box::new(frame)),
        None => Decoded::Skipped { version, kind },
    }))
}

/// Puts the pieces of a stream together until there is a frame. Once [`Self::pop`] gave `None`, less than [`FRAME_BYTES`] wait in it.
#[derive(Debug, Default)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
    /// How many of them were taken. They go when the next piece comes: to move the rest for each frame would cost the square of how
    /// many there are.
    taken: usize,
}

impl FrameBuffer {
    /// Adds what came.
    pub fn push(&mut self, piece: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(piece);
    }

    /// The next frame, once it is there whole. What is not known is stepped over.
    ///
    /// # Errors
    /// [`DecodeError`], after which the stream is of no further use.
    pub fn pop<F: Kinds>(&mut self) -> Result<Option<F>, DecodeError> {
        loop {
            let mut rest = self.bytes.get(self.taken..).unwrap_or_default();
            let found = match decode(&mut rest) {
                Ok(None) | Err(DecodeError::Truncated { .. }) => return Ok(None),
                found => found?,
            };
            self.taken = self.bytes.len().saturating_sub(rest.len());
            if let Some(Decoded::Frame(frame)) = found {
                return Ok(Some(*frame));
            }
        }
    }
}

struct Header {
    version: u8,
    kind: u8,
    length: usize,
}

impl Header {
    fn take(bytes: &mut &[u8]) -> Result<Self, DecodeError> {
        let before = bytes.len();
        let [version, kind] = take(bytes)?;
        let length = match u16::from_le_bytes(take(bytes)?) {
            LONG => u32::from_le_bytes(take(bytes)?) as usize,
            short => usize::from(short),
        };
        let size = before.saturating_sub(bytes.len()).saturating_add(length);
        if size > FRAME_BYTES { Err(DecodeError::TooLarge(size)) } else { Ok(Self { version, kind, length }) }
    }
}

/// The header of a frame of this version, its length in the shorter form that holds it.
fn header(kind: u8, length: usize) -> Result<Vec<u8>, EncodeError> {
    let mut out = vec![VERSION, kind];
    match u16::try_from(length) {
        Ok(short) if short != LONG => out.extend(short.to_le_bytes()),
        _ => {
            out.extend(LONG.to_le_bytes());
            out.extend(u32::try_from(length).map_err(|_| EncodeError)?.to_le_bytes());
        }
    }
    Ok(out)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], DecodeError> {
    let (head, rest) = bytes.split_first_chunk::<N>().ok_or(DecodeError::Truncated { have: bytes.len(), need: N })?;
    *bytes = rest;
    Ok(*head)
}

pub(crate) fn exact<T: DeserializeOwned>(kind: u8, body: &[u8]) -> Result<T, DecodeError> {
    let (value, rest) = postcard::take_from_bytes(body).map_err(|_| DecodeError::Malformed(kind))?;
    if rest.is_empty() { Ok(value) } else { Err(DecodeError::Trailing { kind, extra: rest.len() }) }
}

pub(crate) fn numbered<T: Serialize>(kind: u8, body: &T) -> postcard::Result<(u8, Vec<u8>)> {
    postcard::to_allocvec(body).map(|bytes| (kind, bytes))
}

/// The numbers of an enum's kinds: those with a body, and those that are said by their number alone.
macro_rules! frames {
    ($name:ident { $($kind:literal => $variant:ident,)* } bare { $($bare_kind:literal => $bare:ident,)* }) => {
        impl $name {
            /// The bytes of the frame, header included.
            ///
            /// # Errors
            /// [`EncodeError`](crate::EncodeError) if they are more than
            /// [`FRAME_BYTES`](lamplit_types::limits::FRAME_BYTES): less has to be sent at once.
            pub fn encode(&self) -> Result<Vec<u8>, $crate::EncodeError> {
                $crate::framing::encode(self)
            }
        }

        impl $crate::framing::Kinds for $name {
            fn body(&self) -> postcard::Result<(u8, Vec<u8>)> {
                match self {
                    $(Self::$variant(body) => $crate::framing::numbered($kind, body),)*
                    $(Self::$bare => $crate::framing::numbered($bare_kind, &()),)*
                }
            }

            fn parse(kind: u8, body: &[u8]) -> Result<Option<Self>, $crate::DecodeError> {
                Ok(Some(match kind {
                    $($kind => Self::$variant($crate::framing::exact(kind, body)?),)*
                    $($bare_kind => $crate::framing::exact(kind, body).map(|()| Self::$bare)?,)*
                    _ => return Ok(None),
                }))
            }
        }
    };
}
pub(crate) use frames;

#[cfg(test)]
mod tests;
