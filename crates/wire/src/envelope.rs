//! Messages between two devices: what the path sees, and what only the addressee sees.

use lamplit_types::{
    AudienceId, BlobId, ConversationId, DeviceId, EnvelopeId, FileName, FileSize, Hlc, Incarnation, MessageId, Text,
    Wall,
    limits::{ENVELOPE_BYTES, PREVIEW_BYTES, RECEIPT_IDS},
};
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{Bytes, List},
    credential::PairId,
    frame::Received,
    group::GroupPart,
    own::{AccountSecrets, PastMessage},
};

/// One Olm message from one device to one device, the same on every path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// How `sealed` was made.
    pub suite: Suite,
    /// The device it is for.
    pub to: DeviceId,
    /// Drawn at random; acknowledged by this id.
    pub id: EnvelopeId,
    /// After this nobody need carry it any longer.
    pub expires: Wall,
    /// The Olm message; its plaintext is a padded [`Content`].
    pub sealed: Bytes<ENVELOPE_BYTES>,
}

/// How an envelope is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Suite {
    /// An Olm message that also opens a session (pre-key message).
    OlmPreKey,
    /// An Olm message of an open session.
    Olm,
}

/// What is inside an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// With whom the conversation is, as the sender's account sees it.
    pub conversation: ConversationId,
    /// The sending device's life; `seq` counts within it.
    pub incarnation: Incarnation,
    /// Counts what this device sent to that device, from 1, without a gap. 0: it has no place among the others.
    pub seq: u64,
    /// No lower `seq` will come any more: it was received, or it expired. After an expiry what waits is sealed anew, so
    /// that it says so.
    pub base: u64,
    /// When it was said, by the sender's clock.
    pub sent: Hlc,
    /// What the sender knows this very message by, should it forget that it was sent.
    pub mark: Mark,
    /// What it says.
    pub body: Body,
}

/// Sixteen bytes that only the device which made them can tell from others: it leaves them in each message, for whoever
/// received that to show back.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark(pub [u8; 16]);

impl core::fmt::Debug for Mark {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Mark(…)")
    }
}

/// The kinds of content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// A text message.
    Text {
        /// The same on all devices.
        id: MessageId,
        /// What was written.
        text: Text,
    },
    /// How far some messages have come.
    Receipt {
        /// How far.
        progress: Progress,
        /// Which messages.
        ids: List<MessageId, RECEIPT_IDS>,
    },
    /// A key that the addressee's account may use from now on.
    Grant(AudienceGrant),
    /// A message that is a file: what it is. The file itself comes on a lane of a link, for who asks for it.
    File {
        /// The same on all devices.
        id: MessageId,
        /// Which file.
        card: Box<FileCard>,
    },
    /// What has become of a file.
    FileNote {
        /// The message that is the file.
        id: MessageId,
        /// What.
        note: FileNote,
    },
    /// A message that another device of the account has, and that its writer did not send here.
    Told(PastMessage),
    /// What the devices of the account share from now on; a generation has begun.
    Keys(AccountSecrets),
    /// A secret that the two accounts share from now on.
    Pair(PairGift),
    /// How much came of what the addressee sent. Like the next kind it comes with number 0: nobody waits for it, and it is not
    /// acknowledged.
    Heard(Received),
    /// Envelopes of the addressee could not be read: what they say is sealed anew.
    Unreadable {
        /// Which. None: some may not have come at all, and come again as they are.
        ids: List<EnvelopeId, RECEIPT_IDS>,
        /// How much of what it sent could be.
        received: Option<Received>,
    },
    /// A part of what the sender knows of the conversation's group, for a device that is not near.
    Group(Box<GroupPart>),
    /// A message came for the conversation's group and has no place there, as far as this device knows the group: it waits for
    /// what its writer knows.
    GroupWanted,
}

/// All that somebody needs to fetch a file, to open it and to know that it is the right one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCard {
    /// To ask for it.
    pub blob: BlobId,
    /// Opens it; drawn for this file alone.
    pub key: [u8; 32],
    /// BLAKE3 of the file.
    pub hash: [u8; 32],
    /// Its size.
    pub size: FileSize,
    /// What its sender calls it.
    pub name: FileName,
    /// What it is.
    pub media: Media,
    /// A picture's small likeness, a JPEG; empty: there is none.
    pub preview: Bytes<PREVIEW_BYTES>,
    /// What is said with it.
    pub caption: Option<Text>,
}

/// What is in a file, as its sender found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Media {
    /// Anything.
    Other,
    /// A picture.
    Picture {
        /// In pixels, as it is shown.
        width: u32,
        /// In pixels, as it is shown.
        height: u32,
    },
}

/// What has become of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileNote {
    /// The addressee has it whole.
    Fetched,
    /// The addressee does not want it.
    Declined,
    /// The sender has taken it back, or has it no more.
    Withdrawn,
}

impl core::fmt::Debug for FileCard {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FileCard").field("blob", &self.blob).finish_non_exhaustive()
    }
}

/// How far a message has come; later is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Progress {
    /// Committed by a device of the addressee.
    Delivered,
    /// Shown to the addressee.
    Read,
}

/// What the owner of an audience hands to a member: the key to what is sealed for it, and to the owner's beacons.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudienceGrant {
    /// The owner's audience.
    pub audience: AudienceId,
    /// Rises when somebody left.
    pub generation: u32,
    /// The day of the key; the later days follow from it.
    pub day: u32,
    /// The key.
    pub key: [u8; 32],
    /// The key to the beacons that the owner's devices show to this generation.
    pub beacon: [u8; 32],
}

/// A new secret of two contacts, drawn by one of them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairGift {
    /// Which of the pair's secrets.
    pub id: PairId,
    /// The secret.
    pub secret: [u8; 32],
}

impl core::fmt::Debug for PairGift {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("PairGift(…)")
    }
}

impl core::fmt::Debug for AudienceGrant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AudienceGrant").field("audience", &self.audience).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
