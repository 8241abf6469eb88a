//! Frames: what one device says to another on a secured link.
//!
//! A frame is `version: u8 | kind: u8 | length: u16 LE or, if that is 0xFFFF, u32 LE after it | body`. The body is
//! postcard. Several frames may follow one another in one buffer. A frame whose version or kind is not known is
//! stepped over by its length, so that an older device can talk to a later one.

use lamplit_types::{
    AudienceId, DeviceId, EnvelopeId, Incarnation, InviteId, Name,
    limits::{FRAME_BYTES, GRANTS, GROUPS},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    bounded::List,
    credential::{DeviceList, ListHead, Signature, SignedOneTimeKey},
    envelope::{Envelope, Mark},
    group::{GroupHead, GroupPart},
    own::{Admit, Claim, Join, Past, Recall, Removed, Vouch},
    presence::SealedPresence,
    record::{Delta, Have, KeyId, Offer, Whole},
};

/// The version this crate speaks.
pub const VERSION: u8 = 1;
const LONG: u16 = 0xFFFF;

/// What two devices say to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The first frame of each side on every authenticated link.
    Hello(Hello),
    /// The sender's device list, when the heads differ.
    List(DeviceList),
    /// Asks for a key to start an Olm session with.
    KeyRequest,
    /// A fresh one-time key, signed by the device it opens a session with.
    Key(SignedOneTimeKey),
    /// A sealed message.
    Envelope(Envelope),
    /// The addressee has committed the envelope.
    Ack(EnvelopeId),
    /// The addressee cannot open the envelope; the sender seals its content anew.
    Refuse(EnvelopeId),
    /// Which apps the sender's user is on.
    Presence(SealedPresence),
    /// How far the sender has come in a set.
    Offer(Offer),
    /// What the receiver lacks of one author.
    Delta(Delta),
    /// A delta, or a part of a whole set, was committed.
    Have(Have),
    /// A whole set, in parts.
    Whole(Whole),
    /// An invited stranger asks to come in.
    Knock(Knock),
    /// Who I am, to one who has proved to hold the invite.
    Introduce(Introduce),
    /// The inviter has committed the new contact.
    Welcome,
    /// Why the sender closes the link.
    Close(CloseReason),
    /// A device without an account asks to be one of the receiver's.
    Join(Join),
    /// The receiver of [`Frame::Join`] is of the account that the link code names.
    Vouch(Vouch),
    /// What the device that joins says of itself.
    Claim(Claim),
    /// The device is on the list: all that it needs to know.
    Admit(Admit),
    /// Asks another device of the account for the conversations.
    Recall(Recall),
    /// A part of the conversations.
    Past(Past),
    /// The receiver is a device of its account no more.
    Removed(Removed),
    /// What the sender knows of a group that both are in.
    Group(GroupPart),
}

/// The first frame of each side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The sender's device list.
    pub list: ListHead,
    /// What the sender holds of the receiver's list.
    pub your_list: ListHead,
    /// The sender's life.
    pub incarnation: Incarnation,
    /// What the sender has received from the receiver, if anything.
    pub received: Option<Received>,
    /// Whether the sender holds an Olm session with the receiver.
    pub has_session: bool,
    /// Which keys of the receiver's audiences the sender holds: one that it lacks is handed to it again.
    pub grants: List<GrantHead, GRANTS>,
    /// What the sender knows of the groups that it takes both for members of.
    pub groups: List<GroupHead, GROUPS>,
}

/// How much of what a device sent was received, in the latest of its lives that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// The life it was sent in.
    pub incarnation: Incarnation,
    /// The `seq` of the last envelope before the first gap.
    pub seq: u64,
    /// The highest `seq` of all that were received.
    pub highest: u64,
    /// The mark in that one.
    pub mark: Mark,
}

/// Names the key of one generation of an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GrantHead {
    /// The audience.
    pub audience: AudienceId,
    /// The generation, and the earliest day that is held.
    pub key: KeyId,
}

/// An invited stranger asks to come in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knock {
    /// Which invite.
    pub invite: InviteId,
    /// Drawn once for this acceptance, so that it can be tried again and nobody else can use the invite.
    pub token: [u8; 16],
    /// Proves knowledge of the invite's secret on this very link.
    pub proof: [u8; 32],
}

/// Who somebody is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introduce {
    /// Proves knowledge of the invite's secret on this very link.
    pub proof: [u8; 32],
    /// The sender's devices.
    pub list: DeviceList,
    /// Which of them is speaking.
    pub device: DeviceId,
    /// By that device, over this very link.
    pub signature: Signature,
    /// The sender's share of the pair secret.
    pub share: [u8; 32],
    /// What the sender calls itself.
    pub name: Name,
}

/// Token, proof and share are secrets, so they are not shown.
impl core::fmt::Debug for Knock {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Knock").field("invite", &self.invite).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for Introduce {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Introduce").field("device", &self.device).finish_non_exhaustive()
    }
}

/// Why a link is closed, where the other may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CloseReason {
    /// Another link to the same device is kept.
    Duplicate,
    /// The invite was used by somebody else.
    InviteUsed,
    /// The invite is past its date.
    InviteExpired,
    /// The invite is not one of ours.
    InviteUnknown,
    /// The sender's clock and the receiver's differ too much for certificates to be checked.
    Clock,
    /// The device list shows two histories.
    ListConflict,
    /// The sender is full: of contacts, of devices.
    Full,
    /// Nothing is due.
    Done,
}

/// What decoding found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A frame.
    Frame(Box<Frame>),
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

impl Frame {
    /// The bytes of the frame, header included.
    ///
    /// # Errors
    /// [`EncodeError`] if they are more than [`FRAME_BYTES`]: a delta or a set with less in it has to be sent.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let (kind, body) = self.body().map_err(|_| EncodeError)?;
        let mut out = header(kind, body.len())?;
        out.extend(body);
        if out.len() > FRAME_BYTES { Err(EncodeError) } else { Ok(out) }
    }

    fn body(&self) -> postcard::Result<(u8, Vec<u8>)> {
        fn of<T: Serialize>(kind: u8, body: &T) -> postcard::Result<(u8, Vec<u8>)> {
            postcard::to_allocvec(body).map(|bytes| (kind, bytes))
        }
        match self {
            Self::Hello(body) => of(1, body),
            Self::List(body) => of(2, body),
            Self::KeyRequest => of(3, &()),
            Self::Key(body) => of(4, body),
            Self::Envelope(body) => of(5, body),
            Self::Ack(body) => of(6, body),
            Self::Refuse(body) => of(7, body),
            Self::Presence(body) => of(8, body),
            Self::Offer(body) => of(9, body),
            Self::Delta(body) => of(10, body),
            Self::Whole(body) => of(11, body),
            Self::Have(body) => of(16, body),
            Self::Knock(body) => of(12, body),
            Self::Introduce(body) => of(13, body),
            Self::Welcome => of(14, &()),
            Self::Close(body) => of(15, body),
            Self::Join(body) => of(32, body),
            Self::Vouch(body) => of(33, body),
            Self::Claim(body) => of(34, body),
            Self::Admit(body) => of(35, body),
            Self::Recall(body) => of(36, body),
            Self::Past(body) => of(37, body),
            Self::Removed(body) => of(38, body),
            Self::Group(body) => of(24, body),
        }
    }

    fn parse(kind: u8, body: &[u8]) -> Result<Option<Self>, DecodeError> {
        let frame = match kind {
            1 => Self::Hello(exact(kind, body)?),
            2 => Self::List(exact(kind, body)?),
            3 => exact(kind, body).map(|()| Self::KeyRequest)?,
            4 => Self::Key(exact(kind, body)?),
            5 => Self::Envelope(exact(kind, body)?),
            6 => Self::Ack(exact(kind, body)?),
            7 => Self::Refuse(exact(kind, body)?),
            8 => Self::Presence(exact(kind, body)?),
            9 => Self::Offer(exact(kind, body)?),
            10 => Self::Delta(exact(kind, body)?),
            11 => Self::Whole(exact(kind, body)?),
            16 => Self::Have(exact(kind, body)?),
            12 => Self::Knock(exact(kind, body)?),
            13 => Self::Introduce(exact(kind, body)?),
            14 => exact(kind, body).map(|()| Self::Welcome)?,
            15 => Self::Close(exact(kind, body)?),
            32 => Self::Join(exact(kind, body)?),
            33 => Self::Vouch(exact(kind, body)?),
            34 => Self::Claim(exact(kind, body)?),
            35 => Self::Admit(exact(kind, body)?),
            36 => Self::Recall(exact(kind, body)?),
            37 => Self::Past(exact(kind, body)?),
            38 => Self::Removed(exact(kind, body)?),
            24 => Self::Group(exact(kind, body)?),
            _ => return Ok(None),
        };
        Ok(Some(frame))
    }
}

/// Takes the next frame off `bytes`; `None` when nothing is left.
///
/// # Errors
/// [`DecodeError`], after which `bytes` is of no further use.
pub fn decode(bytes: &mut &[u8]) -> Result<Option<Decoded>, DecodeError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut rest = *bytes;
    let [version, kind] = take(&mut rest)?;
    let length = match u16::from_le_bytes(take(&mut rest)?) {
        LONG => u32::from_le_bytes(take(&mut rest)?) as usize,
        short => usize::from(short),
    };
    let size = bytes.len().saturating_sub(rest.len()).saturating_add(length);
    if size > FRAME_BYTES {
        return Err(DecodeError::TooLarge(size));
    }
    let (body, rest) =
        rest.split_at_checked(length).ok_or(DecodeError::Truncated { have: rest.len(), need: length })?;
    *bytes = rest;
    let frame = if version == VERSION { Frame::parse(kind, body)? } else { None };
    Ok(Some(match frame {
        Some(frame) => Decoded::Frame(Box::new(frame)),
        None => Decoded::Skipped { version, kind },
    }))
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

fn exact<T: DeserializeOwned>(kind: u8, body: &[u8]) -> Result<T, DecodeError> {
    let (value, rest) = postcard::take_from_bytes(body).map_err(|_| DecodeError::Malformed(kind))?;
    if rest.is_empty() { Ok(value) } else { Err(DecodeError::Trailing { kind, extra: rest.len() }) }
}

#[cfg(test)]
mod tests;
