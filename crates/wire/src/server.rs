//! What a device and a server say to each other (S4).
//!
//! The connection shows whose device it is: both ends prove their keys in the TLS handshake. The device's first frame is
//! [`Up::Resume`], and whatever follows it need not wait for the answer. The server sends what is new in the device's
//! feed, in order, and takes [`Up::Collected`] for the device's word that all up to a place is committed there.
//!
//! A device without an account begins otherwise: it asks for a code to a number, and opens the account of that number with it.
//!
//! Of what it carries the server can read nothing but whose it is, for whom, how much and until when.

mod kit;
mod lamps;
mod numbers;
mod sets;

use core::fmt;

use lamplit_types::{
    AccountId, DeviceId, EnvelopeId, PhoneNumber, Wall,
    limits::{FEED_ITEMS, STOCK_PART},
};
use serde::{Deserialize, Serialize};

use crate::{
    bounded::List,
    credential::{DeviceList, ListHead, Signed, SignedOneTimeKey},
    envelope::Envelope,
    framing::frames,
    own::Removed,
    presence::SealedPresence,
    record::SetId,
};

pub use kit::{Kit, KitContent, KitVersion, Opening};
pub use lamps::{Lamp, Lamps, Shown};
pub use numbers::{CodeAnswer, CodeOutcome, CodeVerdict, ComingNumber, HeldNumber, Numbers, ShowCode, Verdict};
pub use sets::{AppendOutcome, Appended, Members, MembersMark, Piece, SetAt, Tally, WantSet, live};

/// What a device says to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Up {
    /// The first frame: whose device this is, and up to where it has its feed.
    Resume(Resume),
    /// The account's devices: opens the account, or brings the server up to date.
    List(DeviceList),
    /// Keys with which others can start sessions with this device while it is away.
    Stock(Stock),
    /// Asks for a key to start a session with somebody's device.
    WantKey(WantKey),
    /// An envelope for somebody's device. The answer is [`Down::Posted`].
    Post(Box<Post>),
    /// All of the feed up to this place is committed.
    Collected(Cursor),
    /// Asks for somebody's device list.
    WantList(AccountId),
    /// Asks for a code to be sent to this number. The answer is [`Down::Code`].
    WantCode(PhoneNumber),
    /// The code that came there. The answer is [`Down::Verdict`].
    ShowCode(ShowCode),
    /// The account wants to have no number any more. The answer is [`Down::Numbers`].
    FreeNumber,
    /// A piece of a log of one of the account's sets. The answer is [`Down::Appended`].
    Append(Box<Piece>),
    /// Asks for what the device lacks of a set. The answer is [`Down::Piece`], as often as it takes, and [`Down::SetAt`].
    WantSet(Box<WantSet>),
    /// The logs of one of the account's sets are to be brought anew, from their beginning. The answer is [`Down::SetAt`].
    Anew(SetId),
    /// Who else may have one of the account's sets.
    Members(Box<Members>),
    /// What opens the account on an empty device, with the recovery phrase. The answer is [`Down::KitAt`].
    Kit(Box<Signed<Kit>>),
    /// A device of no account shows the code that came to an account's number, and asks for its kit. The answer is [`Down::Opening`] or
    /// [`Down::Verdict`]. Beside it such a device may ask for a code, and nothing else.
    Open(ShowCode),
    /// What the device's user is on, for those who may see it.
    Light(Box<SealedPresence>),
    /// All packets with [`Down::Lamp`] up to this number are here, and not all after it. The answer is [`Down::Lamps`].
    WantLamps(u64),
}

/// What a server says to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Down {
    /// The device is known; its feed follows.
    Welcome(Welcome),
    /// The server lacks the account's list, or has an older one: [`Up::List`] is the only thing it takes now.
    ShowList,
    /// What follows in the feed.
    Feed(Feed),
    /// What became of an envelope. `Kept` is said once it is on the server's disk.
    Posted(Posted),
    /// The answer to [`Up::WantKey`].
    Key(KeyFor),
    /// Keys of this device that others can still have: said after each [`Up::Stock`], and when they run low.
    Stocked(u16),
    /// The account's list, as the server has it: another one than the device's.
    List(DeviceList),
    /// Somebody else's list: it was asked for, or an envelope was posted by one who has another.
    ListOf(Box<ListOf>),
    /// The device is of its account no more.
    Removed(Box<Removed>),
    /// Why the server ends the connection.
    Goodbye(Goodbye),
    /// What became of a wish for a code.
    Code(CodeAnswer),
    /// What became of a code that was shown.
    Verdict(CodeVerdict),
    /// What the account has of numbers, since it is not what it was.
    Numbers(Numbers),
    /// What became of a piece. `Kept` is said once it is on the server's disk.
    Appended(Appended),
    /// A piece of a set that was asked for.
    Piece(Box<Piece>),
    /// How far a set reaches: all pieces that were asked for have come before, or as many as come at once.
    SetAt(Box<SetAt>),
    /// How new the account's kit is that is here, after one was brought.
    KitAt(Option<KitVersion>),
    /// The code was right: the kit of the number's account. `None`: there is no account to open by that number.
    Opening(Option<Box<Opening>>),
    /// What somebody's device says that its user is on. It comes as a packet, alone.
    Lamp(Box<Lamp>),
    /// What devices said last: after [`Down::Welcome`] if there is any, and when it was asked for.
    Lamps(Box<Lamps>),
    /// The number of the last [`Down::Lamp`]: said when packets may have been lost.
    LampsAt(u64),
}

/// Whose device this is, and up to where it has its feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The account. The device is whose key the connection shows.
    pub account: AccountId,
    /// The account's device list, as the device has it.
    pub list: ListHead,
    /// The last place that the device committed, if it has been here before.
    pub cursor: Option<Cursor>,
}

/// One life of a server's store. A store that comes back from a backup takes a new one: then all that it said it keeps has
/// to be brought again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Epoch(pub [u8; 8]);

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, ..] = self.0;
        write!(f, "Epoch({a:02x}{b:02x}…)")
    }
}

/// A place in a device's feed. Only the server knows what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// In which life of the store.
    pub epoch: Epoch,
    /// Where. Later is greater.
    pub place: u64,
}

/// The answer to [`Up::Resume`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The life of the server's store.
    pub epoch: Epoch,
    /// How late it is there.
    pub time: Wall,
    /// One-time keys of this device that others can still have.
    pub stock: u16,
    /// What the account has of numbers.
    pub numbers: Numbers,
    /// How new its kit is, if one is here.
    pub kit: Option<KitVersion>,
}

/// Keys of the sending device, each signed by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// Each good for one session.
    pub one_time: List<SignedOneTimeKey, STOCK_PART>,
    /// Good for when there are no others. `None`: the one before stays.
    pub fallback: Option<SignedOneTimeKey>,
}

/// Whose key is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantKey {
    /// The account.
    pub account: AccountId,
    /// Its device.
    pub device: DeviceId,
}

/// An envelope, and whose device it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// The account.
    pub account: AccountId,
    /// Its device list, as the sender has it. If it is another one at the server, the sender is told that.
    pub list: ListMark,
    /// The envelope, which names the device.
    pub envelope: Envelope,
}

/// The beginning of the hash of a device list, to see whether two are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListMark(pub [u8; 8]);

impl From<ListHead> for ListMark {
    fn from(head: ListHead) -> Self {
        let mut mark = [0; 8];
        mark.iter_mut().zip(head.hash).for_each(|(to, from)| *to = from);
        Self(mark)
    }
}

/// Somebody's device list, as the server has it. What it says is signed, and proves itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOf {
    /// Whose.
    pub account: AccountId,
    /// The list. `None`: the account is not at this server.
    pub list: Option<DeviceList>,
}

/// What follows in a device's feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// In order.
    pub items: List<Item, FEED_ITEMS>,
    /// The place after them.
    pub cursor: Cursor,
    /// Whether this is all there is now.
    pub last: bool,
    /// Of what came before this, word of records is not here any more: each set has to be asked for.
    pub gap: bool,
}

/// One thing in a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Item {
    /// A message.
    Envelope(Box<Delivery>),
    /// What was added to a log of a set: of the account's own, or of somebody who has it in their audience.
    Piece(Box<Piece>),
    /// A set that the account may have from now on. It has to be asked for.
    Set(SetId),
}

/// An envelope on its way out, with whoever brought it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Whose device brought it.
    pub account: AccountId,
    /// Which device.
    pub device: DeviceId,
    /// What it brought.
    pub envelope: Envelope,
}

/// What became of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// Which.
    pub id: EnvelopeId,
    /// What.
    pub outcome: Outcome,
}

/// What becomes of an envelope at a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It is kept until its addressee has it, or it expires.
    Kept,
    /// Its addressee is not at this server, or is a device that was removed.
    Nobody,
    /// As much waits for the addressee as may, or as much of this sender for the addressee: it has to be brought again later.
    Full,
    /// It has expired.
    Expired,
    /// Too much was brought at once: it has to be brought again later.
    Busy,
    /// The server cannot keep anything now: it has to be brought again.
    Failed,
}

/// The answer to [`Up::WantKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFor {
    /// The device.
    pub device: DeviceId,
    /// What there is.
    pub found: Found,
}

/// What a server has for somebody who wants a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Found {
    /// A key. A one-time key is handed out once.
    Key(SignedOneTimeKey),
    /// No key of such a device is here.
    Nothing,
    /// Too much was asked for: it has to be asked again later.
    Busy,
}

/// Why a server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goodbye {
    /// The device has a newer connection.
    Newer,
    /// The server stops, and is there again soon.
    Stopping,
    /// The account's list is here and the device is not on it, or its certificate does not count now.
    NotListed,
    /// The list does not hold, or goes with no list that the server has of the account.
    ListRefused,
    /// The server takes no new accounts.
    Closed,
    /// What the device said is none of what may be said.
    Rules,
    /// Too much was asked for.
    Busy,
    /// The server's store fails: what was not answered was not done.
    Failing,
}

frames! {
    Up {
        64 => Resume,
        65 => List,
        66 => Stock,
        67 => WantKey,
        68 => Post,
        69 => Collected,
        70 => WantList,
        71 => WantCode,
        72 => ShowCode,
        74 => Append,
        75 => WantSet,
        76 => Anew,
        77 => Members,
        80 => Kit,
        81 => Open,
        84 => Light,
        85 => WantLamps,
    }
    bare {
        73 => FreeNumber,
    }
}

frames! {
    Down {
        96 => Welcome,
        98 => Feed,
        99 => Posted,
        100 => Key,
        101 => Stocked,
        102 => List,
        103 => Removed,
        104 => ListOf,
        105 => Goodbye,
        106 => Code,
        107 => Verdict,
        108 => Numbers,
        109 => Appended,
        110 => Piece,
        111 => SetAt,
        114 => KitAt,
        115 => Opening,
        117 => Lamp,
        118 => Lamps,
        119 => LampsAt,
    }
    bare {
        97 => ShowList,
    }
}

#[cfg(test)]
mod tests;
