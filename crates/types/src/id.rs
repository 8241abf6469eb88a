use core::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A person, for life (P2): a version 4 UUID. Numbers, devices and bindings hang on it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountId([u8; 16]);

impl AccountId {
    /// Makes an id from 16 random bytes, setting the version and variant bits (RFC 9562, 5.4).
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid().into_bytes())
    }

    /// The 16 bytes of the UUID.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Takes the 16 bytes of an id that was made elsewhere, whatever version they say.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes(self.0).fmt(f)
    }
}

impl core::str::FromStr for AccountId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(|uuid| Self(uuid.into_bytes()))
    }
}

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Takes the bytes as they are.
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    };
}

byte_id!(
    /// A device: its Ed25519 public key.
    DeviceId, 32
);
/// A group: a space of its own with members and one conversation. Drawn at random by whoever founds it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupId([u8; 16]);

impl GroupId {
    /// Takes the bytes as they are.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// What leads a group's id where it is written out, so that none is taken for an account.
const GROUP: &str = "group-";

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{GROUP}{}", Uuid::from_bytes(self.0).simple())
    }
}

impl core::str::FromStr for GroupId {
    type Err = ConversationIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix(GROUP).filter(|digits| digits.len() == 32).ok_or(ConversationIdError)?;
        Uuid::parse_str(digits).map(|uuid| Self(uuid.into_bytes())).map_err(|_| ConversationIdError)
    }
}

/// With whom a conversation is: with one account, or with all of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ConversationId {
    /// With one account.
    Account(AccountId),
    /// With the members of a group.
    Group(GroupId),
}

/// Text that is neither an account's id nor a group's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither the id of a contact, a UUID, nor that of a group, `group-` and 32 hexadecimal digits")]
pub struct ConversationIdError;

impl ConversationId {
    /// The account, if it is with one.
    pub const fn account(self) -> Option<AccountId> {
        match self {
            Self::Account(account) => Some(account),
            Self::Group(_) => None,
        }
    }
}

impl From<AccountId> for ConversationId {
    fn from(account: AccountId) -> Self {
        Self::Account(account)
    }
}

impl From<GroupId> for ConversationId {
    fn from(group: GroupId) -> Self {
        Self::Group(group)
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => account.fmt(f),
            Self::Group(group) => group.fmt(f),
        }
    }
}

impl core::str::FromStr for ConversationId {
    type Err = ConversationIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with(GROUP) {
            return text.parse().map(Self::Group);
        }
        text.parse().map(Self::Account).map_err(|_| ConversationIdError)
    }
}

byte_id!(
    /// A message in a conversation, the same on every device that holds it.
    MessageId, 16
);
byte_id!(
    /// One sealed envelope: one copy of a message for one device.
    EnvelopeId, 16
);
byte_id!(
    /// A set of people with the same grants, or one of the owner's own two.
    AudienceId, 16
);
byte_id!(
    /// A sealed file, drawn at random: the same wherever a copy of it lies.
    BlobId, 16
);
byte_id!(
    /// An invitation, good for one use.
    InviteId, 16
);
byte_id!(
    /// What a device shows to those nearby for one epoch; a hint, never a proof.
    Beacon, 8
);
byte_id!(
    /// Leads a `KKpsk0` handshake and tells only the two who share the pair secret who is calling.
    PairTag, 8
);

/// No id is ever printed whole by a log: `Debug` shows the first two bytes.
macro_rules! short_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let [a, b, ..] = self.0;
                write!(f, concat!(stringify!($name), "({:02x}{:02x}…)"), a, b)
            }
        }
    )*};
}
short_debug!(AccountId, GroupId, DeviceId, MessageId, EnvelopeId, AudienceId, BlobId, InviteId, Beacon, PairTag);

/// What a set of records belongs to: a person or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SpaceId {
    /// Everything one account owns.
    Account(AccountId),
}

/// One life of a device's counters. A device that comes back from a backup takes a new one, drawn at random,
/// so that no sequence number is ever used for two things.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Incarnation(pub u64);

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incarnation({:04x}…)", self.0 >> 48)
    }
}

/// Who wrote a record: a device, in one of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Author {
    /// The device.
    pub device: DeviceId,
    /// Its life.
    pub incarnation: Incarnation,
}

/// A link, as the driver numbers it; never used twice by one driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

#[cfg(test)]
mod tests;
