//! What one device says to another on a secured link.

use lamplit_types::{
    AudienceId, DeviceId, EnvelopeId, Incarnation, InviteId, Name,
    limits::{GRANTS, GROUPS},
};
use serde::{Deserialize, Serialize};

use crate::{
    bounded::List,
    credential::{DeviceList, ListHead, Signature, SignedOneTimeKey},
    envelope::{Envelope, Mark},
    framing::frames,
    group::{GroupHead, GroupPart},
    own::{Admit, Claim, Join, Past, Recall, Removed, Vouch},
    presence::SealedPresence,
    record::{Delta, Have, KeyId, Offer, Whole},
};

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

frames! {
    Frame {
        1 => Hello,
        2 => List,
        4 => Key,
        5 => Envelope,
        6 => Ack,
        7 => Refuse,
        8 => Presence,
        9 => Offer,
        10 => Delta,
        11 => Whole,
        12 => Knock,
        13 => Introduce,
        15 => Close,
        16 => Have,
        24 => Group,
        32 => Join,
        33 => Vouch,
        34 => Claim,
        35 => Admit,
        36 => Recall,
        37 => Past,
        38 => Removed,
    }
    bare {
        3 => KeyRequest,
        14 => Welcome,
    }
}

#[cfg(test)]
mod tests;
