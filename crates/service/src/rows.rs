//! What is in an account's rows. `docs/storage.md` lists them; a change of any shape is a migration.

use lamplit_types::{AccountId, AudienceId, Author, DeviceId, PhoneNumber, Wall};
use lamplit_wire::{
    Envelope, Head, SetId,
    credential::{ListHead, RootHash},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{limits::ROW_BYTES, store::StoreError};

/// An account in short, as every request needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// The root that its first list was signed under, for good.
    pub(crate) root: RootHash,
    pub(crate) head: ListHead,
    pub(crate) devices: Vec<DeviceId>,
}

impl Account {
    pub(crate) fn has(&self, device: &DeviceId) -> bool {
        self.devices.contains(device)
    }
}

/// An envelope that waits for a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mail {
    /// Whose device brought it.
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    /// Then it is dropped.
    pub(crate) until: Wall,
    pub(crate) envelope: Envelope,
}

/// What an account has and wants of numbers, as it believes: each number's partition says whose it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wish {
    pub(crate) held: Option<PhoneNumber>,
    /// It was shown that the account has it. Once it is the account's, the one before is free.
    pub(crate) wanted: Option<PhoneNumber>,
}

/// Whose a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub(crate) account: AccountId,
    /// Another account showed that it has it.
    pub(crate) claim: Option<Claim>,
}

/// A number is to be another account's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) account: AccountId,
    pub(crate) from: Wall,
}

/// Codes that were sent to a number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Codes {
    /// How many lately.
    pub(crate) sent: u32,
    /// When the last one was.
    pub(crate) last: Wall,
    /// Those that can be shown, the oldest first.
    pub(crate) open: Vec<OpenCode>,
}

/// A code that can be shown. What it is, is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenCode {
    /// By this device alone.
    pub(crate) device: DeviceId,
    /// Until then.
    pub(crate) until: Wall,
    /// How often a wrong one was shown.
    pub(crate) tries: u8,
}

/// How far a log of one of the account's sets is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Log {
    pub(crate) head: Head,
    /// Up to this number members and the account's devices were told. A log that begins anew is shorter for a while.
    pub(crate) told: u64,
}

/// Something was added to a log: the numbers after `after` up to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Added {
    pub(crate) set: SetId,
    pub(crate) author: Author,
    pub(crate) after: u64,
    pub(crate) to: u64,
    /// Who brought it, and has it.
    pub(crate) by: DeviceId,
}

/// Who is still to be told of an account's sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Owed {
    /// All members: of this.
    Added(Added),
    /// Accounts that are members now: that they are.
    New { audience: AudienceId, accounts: Vec<AccountId> },
    /// Whoever asked for the set while a log of it was shorter than it had been.
    Whole(AudienceId),
    /// All members: that the set has to be asked for. It takes the place of what there were no words for.
    Set(AudienceId),
}

/// Word of records, for all devices of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Update {
    /// Something was added to a log.
    Added(Added),
    /// The set has to be asked for.
    Set(SetId),
}

pub(crate) fn write<T: Serialize>(row: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_allocvec(row).map_err(|_| StoreError::Corrupt)
}

/// What a row costs of the room that it is counted in.
pub(crate) fn weight(row: &[u8]) -> i64 {
    i64::try_from(row.len()).unwrap_or(i64::MAX).saturating_add(ROW_BYTES)
}

pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|_| StoreError::Corrupt)
}

/// Keys of rows. Each begins with a byte that tells what it is.
pub(crate) mod key {
    use lamplit_types::{AccountId, AudienceId, Author, DeviceId, EnvelopeId, Incarnation};
    use lamplit_wire::server::Epoch;

    /// → [`super::Account`].
    pub(crate) const ACCOUNT: &[u8] = b"A";
    /// → the account's `DeviceList`.
    pub(crate) const LIST: &[u8] = b"L";
    /// → [`super::Wish`].
    pub(crate) const WISH: &[u8] = b"N";
    /// → the account's `Kit` and its signature.
    pub(crate) const KIT: &[u8] = b"k";

    /// Of a number: → [`super::Holder`].
    pub(crate) const HOLDER: &[u8] = b"H";
    /// Of a number: → [`super::Codes`].
    pub(crate) const CODES: &[u8] = b"C";

    /// `M ‖ device ‖ number` → [`super::Mail`]: what waits for a device.
    pub(crate) fn mail(device: &DeviceId) -> Vec<u8> {
        of(b"M", device)
    }

    /// → nothing: an envelope that waits for a device. So it is kept once.
    pub(crate) fn known(device: &DeviceId, envelope: &EnvelopeId) -> Vec<u8> {
        [of(b"I", device).as_slice(), envelope.as_bytes()].concat()
    }

    /// → a count: bytes that wait for a device.
    pub(crate) fn weight(device: &DeviceId) -> Vec<u8> {
        of(b"Q", device)
    }

    /// `S ‖ device ‖ account` → a count: those of them that an account's devices brought.
    pub(crate) fn share(device: &DeviceId, sender: &AccountId) -> Vec<u8> {
        [of(b"S", device).as_slice(), sender.as_bytes()].concat()
    }

    /// `K ‖ device ‖ epoch ‖ number` → a signed one-time key. Those of an earlier life of the store may have been handed out since
    /// the backup was made.
    pub(crate) fn one_time(device: &DeviceId, epoch: Epoch) -> Vec<u8> {
        [one_times(device).as_slice(), &epoch.0].concat()
    }

    /// The same of all lives.
    pub(crate) fn one_times(device: &DeviceId) -> Vec<u8> {
        of(b"K", device)
    }

    /// `F ‖ device ‖ epoch` → a signed key for when there are no others.
    pub(crate) fn fallback(device: &DeviceId, epoch: Epoch) -> Vec<u8> {
        [fallbacks(device).as_slice(), &epoch.0].concat()
    }

    /// The same of all lives.
    pub(crate) fn fallbacks(device: &DeviceId) -> Vec<u8> {
        of(b"F", device)
    }

    /// → a number: up to there a device has collected word of records.
    pub(crate) fn collected(device: &DeviceId) -> Vec<u8> {
        of(b"P", device)
    }

    /// How the keys of rows begin that are a device's.
    pub(crate) const KINDS: [&[u8]; 7] = [b"M", b"I", b"Q", b"S", b"K", b"F", b"P"];

    /// The same for one device.
    pub(crate) fn all_of(device: &DeviceId) -> [Vec<u8>; 7] {
        KINDS.map(|kind| of(kind, device))
    }

    /// `R ‖ audience ‖ author ‖ last number` → a `Piece`: so what lies behind a number is the first that reaches beyond it.
    pub(crate) fn pieces(audience: &AudienceId, author: &Author) -> Vec<u8> {
        by_author(b"R", audience, author)
    }

    /// How the keys begin that [`head`] makes.
    pub(crate) const HEADS: &[u8] = b"h";

    /// The same of one audience.
    pub(crate) fn heads(audience: &AudienceId) -> Vec<u8> {
        [HEADS, audience.as_bytes()].concat()
    }

    /// `h ‖ audience ‖ author` → [`super::Log`].
    pub(crate) fn head(audience: &AudienceId, author: &Author) -> Vec<u8> {
        by_author(HEADS, audience, author)
    }

    /// The audience and the author in a key that [`head`] made.
    pub(crate) fn log_of(head: &[u8]) -> Option<(AudienceId, Author)> {
        let (audience, rest) = head.strip_prefix(HEADS)?.split_first_chunk()?;
        let (device, rest) = rest.split_first_chunk()?;
        let incarnation = Incarnation(u64::from_be_bytes(rest.try_into().ok()?));
        Some((AudienceId::from_bytes(*audience), Author { device: DeviceId::from_bytes(*device), incarnation }))
    }

    /// → a count: bytes of all pieces.
    pub(crate) const RECORDS: &[u8] = b"r";

    /// How the keys begin that [`members`] makes.
    pub(crate) const MEMBERS: &[u8] = b"m";

    /// → the accounts that may have a set, the least first.
    pub(crate) fn members(audience: &AudienceId) -> Vec<u8> {
        [MEMBERS, audience.as_bytes()].concat()
    }

    /// `X ‖ number` → [`super::Owed`].
    pub(crate) const OWED: &[u8] = b"X";

    /// `W ‖ audience ‖ account` → how often it asked: whom [`super::Owed::Whole`] is for.
    pub(crate) fn waiting(audience: &AudienceId) -> Vec<u8> {
        [b"W", audience.as_bytes().as_slice()].concat()
    }

    /// `U ‖ number` → [`super::Update`].
    pub(crate) const UPDATES: &[u8] = b"U";
    /// → a count of those.
    pub(crate) const UPDATE_COUNT: &[u8] = b"u";
    /// → a number: up to there such were dropped that not all devices had.
    pub(crate) const DROPPED: &[u8] = b"T";

    fn by_author(kind: &[u8], audience: &AudienceId, author: &Author) -> Vec<u8> {
        let life = author.incarnation.0.to_be_bytes();
        [kind, audience.as_bytes(), author.device.as_bytes(), &life].concat()
    }

    fn of(kind: &[u8], device: &DeviceId) -> Vec<u8> {
        [kind, device.as_bytes()].concat()
    }
}
