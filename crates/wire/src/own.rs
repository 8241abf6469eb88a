//! What the devices of one account say to each other: how a new one comes to be one of them, what it is told of the
//! past, and what a removed one hears last.

use core::fmt;

use lamplit_types::{
    AccountId, AudienceId, ConversationId, DeviceId, Hlc, InviteId, MessageId, Name, Text, Wall,
    limits::{AUDIENCE_GENERATIONS, PAST_CURSOR_BYTES, PAST_MESSAGES},
};
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{Bytes, List},
    credential::{DeviceClaim, DeviceList, Generation, Signature, Signed},
    envelope::{FileCard, Progress},
};

/// A device without an account asks to be one of the account that made a link code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Which link code.
    pub code: InviteId,
    /// The device that asks, so that it can ask again and no other can use the code.
    pub device: DeviceId,
    /// Proves knowledge of the code's secret on this very link.
    pub proof: [u8; 32],
}

/// The answer of a device that is on the account's list.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouch {
    /// Proves knowledge of the code's secret on this very link.
    pub proof: [u8; 32],
    /// The account's devices, under the root that the code names.
    pub list: DeviceList,
    /// Which of them is speaking.
    pub device: DeviceId,
    /// By that device, over this very link.
    pub signature: Signature,
}

/// What a device that joins says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its keys, signed by itself.
    pub claim: Signed<DeviceClaim>,
}

/// All that makes a device one of its account. The rest comes as to any other.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admit {
    /// The list, with the new device.
    pub list: DeviceList,
    /// What all devices of the account share.
    pub keys: AccountSecrets,
    /// What contacts see as the account's name.
    pub name: Name,
    /// The audience of all contacts.
    pub friends: AudienceId,
    /// Its keys, the latest generation last.
    pub friends_keys: List<GenerationSecret, AUDIENCE_GENERATIONS>,
}

/// What all devices of an account share and nobody else has, of one generation of the device list.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSecrets {
    /// The generation.
    pub generation: u32,
    /// The list key.
    pub list: [u8; 32],
    /// From which pair secrets between the account's devices and beacon keys are made.
    pub own: [u8; 32],
    /// Names records.
    pub index: [u8; 32],
    /// Seals own-data.
    pub data: [u8; 32],
    /// Seals own-secrets.
    pub secrets: [u8; 32],
}

/// The key of one generation of the account's audience of all contacts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationSecret {
    /// The generation.
    pub generation: u32,
    /// The day of the key; the later days follow from it.
    pub day: u32,
    /// The key.
    pub key: [u8; 32],
    /// The key to the beacons of the generation.
    pub beacon: [u8; 32],
}

/// Asks another device of the account for the conversations, or for more of them: all that was told so far is committed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    /// Where to go on, as the other named it; empty for the beginning.
    pub after: Bytes<PAST_CURSOR_BYTES>,
}

/// A part of the conversations.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The messages, of each conversation in its order.
    pub messages: List<PastMessage, PAST_MESSAGES>,
    /// Where the next part begins.
    pub after: Bytes<PAST_CURSOR_BYTES>,
    /// How many messages the sender has in all.
    pub total: u64,
    /// Whether this is the last part.
    pub last: bool,
}

/// A message of a conversation, as another device of the account has it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastMessage {
    /// With whom the conversation is.
    pub conversation: ConversationId,
    /// The same on all devices.
    pub id: MessageId,
    /// Who wrote it.
    pub from: AccountId,
    /// On which device.
    pub device: DeviceId,
    /// When, by the writer's clock.
    pub sent: Hlc,
    /// When it came to the account.
    pub arrived: Wall,
    /// How far it has come, if the account wrote it.
    pub progress: Option<Progress>,
    /// Whether it was shown to the user.
    pub shown: bool,
    /// What it says.
    pub content: PastContent,
}

/// What a message of the past says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PastContent {
    /// A text.
    Text(Text),
    /// A file, which may be asked for.
    File(Box<FileCard>),
}

/// The last thing a removed device hears: the start of the generation that removed it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// The account's root key.
    pub root: [u8; 32],
    /// Signed by it.
    pub generation: Signed<Generation>,
}

/// Proofs, keys and what people wrote are not shown.
macro_rules! quiet_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
quiet_debug!(Join, Vouch, Admit, AccountSecrets, GenerationSecret, Recall, Past, PastMessage, PastContent, Removed);
