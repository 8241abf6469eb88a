#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod arriving;
mod failing;
mod feed;
mod keys;
mod kits;
mod lamps;
mod numbers;
mod posting;
mod records;

use lamplit_types::EnvelopeId;
use lamplit_wire::{
    bounded::List,
    server::{Cursor, Feed, Item},
};

use super::*;
use crate::{
    limits::FEED_PARTS,
    memory::Memory,
    service::Settings,
    suite::at_once,
    testing::{EPOCH, NOW, Person, after, rows, rows_of, store},
};

/// A server that these people have been to before.
fn server(people: &[&Person]) -> Service<Memory> {
    let service = Service::new(store(), Settings::default());
    people.iter().for_each(|person| person.open(service.store()));
    service
}

/// One device's connection, and how late it is there.
struct Line<'s, S> {
    service: &'s Service<S>,
    session: Session,
    now: Now,
}

impl<'s, S: Store> Line<'s, S> {
    /// One on which nothing was said yet.
    fn open(service: &'s Service<S>, device: DeviceId) -> Self {
        Self { service, session: Session::new(device), now: NOW }
    }

    /// One of a person's devices, which the server knows.
    #[track_caller]
    fn known(service: &'s Service<S>, person: &Person, device: DeviceId) -> Self {
        let mut line = Self::open(service, device);
        let turn = line.say([resume(person)]);
        assert!(turn.welcomed && !turn.ends, "{turn:?}");
        line
    }

    fn say(&mut self, frames: impl IntoIterator<Item = Up>) -> Turn {
        at_once(self.session.take(self.service, self.now, frames.into_iter().collect()))
    }

    fn pump(&mut self) -> Turn {
        at_once(self.session.pump(self.service, self.now))
    }
}

fn resume(person: &Person) -> Up {
    resume_from(person, None)
}

fn resume_from(person: &Person, cursor: Option<Cursor>) -> Up {
    Up::Resume(Resume { account: person.account, list: person.list.head(), cursor })
}

fn list(person: &Person) -> Up {
    Up::List(person.list.wire().clone())
}

fn bring(post: Post) -> Up {
    Up::Post(Box::new(post))
}

fn collect(place: u64) -> Up {
    Up::Collected(Cursor { epoch: EPOCH, place })
}

fn welcome(stock: u16) -> Down {
    Down::Welcome(Welcome { epoch: EPOCH, time: NOW.wall, stock, numbers: Numbers::default(), kit: None })
}

fn posted(id: EnvelopeId, outcome: Outcome) -> Down {
    Down::Posted(Posted { id, outcome })
}

fn list_of(person: &Person) -> Down {
    Down::ListOf(Box::new(ListOf { account: person.account, list: Some(person.list.wire().clone()) }))
}

/// These are the last words, and there is nothing new for anybody.
#[track_caller]
fn last_words(turn: Turn, words: Vec<Down>) {
    assert_eq!(turn.down, words);
    assert!(turn.ends && !turn.welcomed && turn.wake.is_empty(), "{turn:?}");
}

#[track_caller]
fn goodbye(turn: Turn, why: Goodbye) {
    last_words(turn, vec![Down::Goodbye(why)]);
}

/// This is said, and the connection goes on.
#[track_caller]
fn says(turn: Turn, words: Vec<Down>) {
    assert_eq!(turn.down, words);
    assert!(!turn.ends, "{turn:?}");
}

fn only<const MANY: usize>(devices: [DeviceId; MANY]) -> BTreeSet<DeviceId> {
    BTreeSet::from(devices)
}

/// Parts of the feed that are sent: the ids in each, its place, and whether it is the last.
fn parts(turn: &Turn) -> Vec<(Vec<u32>, u64, bool)> {
    let feeds = turn.down.iter().filter_map(|down| match down {
        Down::Feed(feed) => Some(feed),
        _ => None,
    });
    feeds.map(|feed| (ids(feed), feed.cursor.place, feed.last)).collect()
}

fn ids(feed: &Feed) -> Vec<u32> {
    let id = |item: &Item| {
        let Item::Envelope(delivery) = item else { panic!("{item:?}") };
        u32::from_be_bytes(*delivery.envelope.id.as_bytes().first_chunk::<4>().unwrap())
    };
    assert_eq!(feed.cursor.epoch, EPOCH);
    feed.items.iter().map(id).collect()
}
