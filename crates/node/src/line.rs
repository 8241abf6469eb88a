//! One link of this device: what it is, who is at the other end, what is under way on it.

use std::collections::{BTreeMap, BTreeSet};

use lamplit_link::Link;
use lamplit_sync::outbox::Window;
use lamplit_types::{AccountId, Author, BlobId, Class, DeviceId, EnvelopeId, GroupId, Incarnation, LinkId, Mono, Now};
use lamplit_wire::{Frame, GrantHead, Head, SetId};

use crate::{
    dial::Target,
    groups::{Coming, Said},
    io::{Address, AskId},
    limits,
    pairing::Pairing,
    past::Telling,
    replica::{Anew, Cursor},
};

/// A link and what is known about it.
pub(crate) struct Line {
    pub(crate) id: LinkId,
    pub(crate) link: Link,
    pub(crate) since: Mono,
    /// When something last went or came over it.
    pub(crate) spoke: Mono,
    /// Whom this device dialled and where, if it did.
    pub(crate) dialled: Option<(Target, Address)>,
    pub(crate) stage: Stage,
}

/// How far a link has come.
pub(crate) enum Stage {
    /// The handshake is under way.
    Opening,
    /// The other is a stranger with an invite, or the one who invited.
    Pairing(Box<Pairing>),
    /// The other is a device of a contact, or of this account.
    Known(Box<Talk>),
}

/// What is under way between this device and one it knows.
pub(crate) struct Talk {
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    pub(crate) handshake: [u8; 32],
    /// Whether the user was told that the other is near: companions in a group are nobody to tell of.
    pub(crate) shown_near: bool,
    /// Whether the other's first frame came: nothing is sent before, since it may show this device its own future.
    pub(crate) heard: bool,
    /// The other's certificate ran out, as far as is known here: it may show a newer list and say nothing else.
    pub(crate) expired: bool,
    /// What the other asked for on lanes that have not ended: at most as many as it may open.
    pub(crate) serving: BTreeMap<AskId, BlobId>,
    /// Neither side has anything to say: the link ends, and the device is near all the same.
    pub(crate) rests: bool,
    /// Frames of other classes that overtook the other's first frame: the streams of a pipe keep no order among
    /// themselves.
    pub(crate) early: Vec<Vec<u8>>,
    /// Keys of this account's audiences that the other holds, as far as is known.
    pub(crate) grants: Vec<GrantHead>,
    pub(crate) window: Window,
    /// Envelopes that are sent and not acknowledged: at most [`lamplit_sync::outbox::WINDOW`].
    pub(crate) open: BTreeMap<EnvelopeId, u64>,
    /// How often the other could not open an envelope.
    pub(crate) refusals: u32,
    pub(crate) asked_for_key: bool,
    /// One-time keys given to the other on this link.
    pub(crate) keys_given: u32,
    pub(crate) sets: BTreeMap<SetId, SetTalk>,
    /// The other's life, once it greeted.
    pub(crate) life: Incarnation,
    /// The past that is being told to the other.
    pub(crate) telling: Option<Telling>,
    /// Messages came that were not taken in, since what was said before is not here yet.
    pub(crate) passed_over: bool,
    /// What the other knows of groups, in short.
    pub(crate) groups: BTreeMap<GroupId, [u8; 16]>,
    /// What this device knew of them when it told the other last, in short.
    pub(crate) told_groups: BTreeMap<GroupId, [u8; 16]>,
    /// What went over this link about them.
    pub(crate) group_items: BTreeMap<GroupId, Said>,
    /// What came so far of what the other knows of a group.
    pub(crate) coming_group: Option<Coming>,
}

/// What is under way about one set.
#[derive(Default)]
pub(crate) struct SetTalk {
    /// How far the other is; `None` until it said so.
    pub(crate) theirs: Option<BTreeMap<Author, Head>>,
    /// Something was sent and is not answered: the next waits for the answer.
    pub(crate) busy: bool,
    /// Authors whose records were sent whole on this link already.
    pub(crate) sent_whole: BTreeSet<Author>,
    /// Authors whose log the other does not take, so far.
    pub(crate) refused: BTreeSet<Author>,
    /// This device did not take all that the other sent: when that may have changed, the set is offered again.
    pub(crate) has_refused: bool,
    /// A whole set on its way out.
    pub(crate) sending: Option<Cursor>,
    /// What came so far of a whole set that this device asked for.
    pub(crate) taking_anew: Option<Anew>,
}

impl Line {
    /// When there is something to do about it if nothing comes: the link machine's own time, or the end of the time in
    /// which whoever is at the other end has to show who they are and greet.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        [self.link.deadline(), self.greets_by()].into_iter().flatten().min()
    }

    /// Until when the other has to have greeted; `None` once it has.
    pub(crate) fn greets_by(&self) -> Option<Mono> {
        let has_greeted = matches!(&self.stage, Stage::Known(talk) if talk.heard);
        (!has_greeted).then(|| self.since.plus(limits::GREETING_MS))
    }
}

/// What to do with a link after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It goes on.
    Go,
    /// It ends, and nothing is said.
    End,
}

impl Talk {
    pub(crate) fn new(account: AccountId, device: DeviceId, handshake: [u8; 32], expired: bool) -> Self {
        Self {
            account,
            device,
            handshake,
            shown_near: false,
            heard: false,
            expired,
            serving: BTreeMap::new(),
            rests: false,
            early: Vec::new(),
            grants: Vec::new(),
            window: Window::default(),
            open: BTreeMap::new(),
            refusals: 0,
            asked_for_key: false,
            keys_given: 0,
            sets: BTreeMap::new(),
            life: Incarnation(0),
            telling: None,
            passed_over: false,
            groups: BTreeMap::new(),
            told_groups: BTreeMap::new(),
            group_items: BTreeMap::new(),
            coming_group: None,
        }
    }

    /// Keeps what overtook the greeting.
    pub(crate) fn keep_early(&mut self, frame: Vec<u8>) -> Flow {
        let bytes: usize = self.early.iter().map(Vec::len).sum();
        if bytes.saturating_add(frame.len()) > limits::EARLY_BYTES {
            return Flow::End;
        }
        self.early.push(frame);
        Flow::Go
    }

    /// Everything that is not acknowledged will be sent again.
    pub(crate) fn send_again_from(&mut self, seq: u64) {
        self.window.again_from(seq);
        self.open.retain(|_, open| *open < seq);
    }
}

/// Puts a frame into a link. A link that has no room left, or is gone, ends.
pub(crate) fn send(link: &mut Link, now: Now, frame: &Frame) -> Flow {
    let Ok(bytes) = frame.encode() else { return Flow::End };
    match link.send(now.mono, class_of(frame), &bytes) {
        Ok(()) => Flow::Go,
        Err(_) => Flow::End,
    }
}

/// The class a frame travels in.
const fn class_of(frame: &Frame) -> Class {
    match frame {
        // What is told of a group goes before the messages of its members.
        Frame::Envelope(_) | Frame::Group(_) => Class::Message,
        Frame::Offer(_) | Frame::Delta(_) | Frame::Have(_) | Frame::Whole(_) | Frame::Recall(_) | Frame::Past(_) => {
            Class::Bulk
        }
        _ => Class::Control,
    }
}
