//! What everybody said and did, kept beside the devices: the simple truth that they are held against.

use std::collections::{BTreeMap, BTreeSet};

use lamplit_types::{MessageId, Wall};

/// A message, from the moment somebody typed it.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// The device it was typed on.
    pub(crate) author: usize,
    /// The person it is for.
    pub(crate) to: usize,
    pub(crate) text: String,
    /// Once it is committed there.
    pub(crate) id: Option<MessageId>,
    /// Its place in all that the device said.
    pub(crate) order: u64,
    /// How often the device had been restored by then.
    pub(crate) restored: u64,
}

/// A name or a note that somebody gave to a contact.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit {
    /// By the clock of the device on which it was written.
    pub(crate) wall: Wall,
}

/// Somebody removed a contact.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Removal {
    pub(crate) time: u64,
    pub(crate) by: usize,
    pub(crate) owner: usize,
    pub(crate) contact: usize,
}

/// What happened so far.
#[derive(Default)]
pub(crate) struct Model {
    said: Vec<Said>,
    by_id: BTreeMap<MessageId, usize>,
    spoken: BTreeMap<usize, u64>,
    edits: Vec<Edit>,
    pub(crate) removals: Vec<Removal>,
    /// Messages that were said where somebody knew that a device had been removed, with that device.
    pub(crate) secret_from: BTreeMap<MessageId, BTreeSet<usize>>,
    /// When two people last shook hands, the smaller number first, and on which two devices.
    met: BTreeMap<(usize, usize), (u64, [usize; 2])>,
    /// When the first person last shook hands with the second, by the clock of the first's device if that was ahead.
    met_by_clock: BTreeMap<(usize, usize), u64>,
    /// When a device of one person last forgot another.
    forgot: BTreeMap<(usize, usize), u64>,
    /// People who removed each other at some time, the smaller number first.
    parted: BTreeSet<(usize, usize)>,
}

impl Model {
    /// Somebody types a message: the text that names it.
    pub(crate) fn type_message(&mut self, author: usize, to: usize, filler: usize) -> String {
        let text = format!("m{} {}", self.said.len(), "·".repeat(filler));
        self.said.push(Said { author, to, text: text.clone(), id: None, order: 0, restored: 0 });
        text
    }

    /// The message that a text names.
    pub(crate) fn named(&self, text: &str) -> Option<usize> {
        text.strip_prefix('m')?.split(' ').next()?.parse().ok()
    }

    pub(crate) fn message(&self, number: usize) -> Option<&Said> {
        self.said.get(number)
    }

    /// All messages that were committed where they were typed.
    pub(crate) fn committed(&self) -> impl Iterator<Item = &Said> {
        self.by_id.values().filter_map(|number| self.message(*number))
    }

    pub(crate) fn by_id(&self, id: &MessageId) -> Option<&Said> {
        self.message(*self.by_id.get(id)?)
    }

    /// A message is committed where it was typed.
    pub(crate) fn commit_message(&mut self, number: usize, id: MessageId, restored: u64) {
        let Some(said) = self.said.get_mut(number) else { return };
        let spoken = self.spoken.entry(said.author).or_default();
        *spoken += 1;
        said.id = Some(id);
        said.order = *spoken;
        said.restored = restored;
        self.by_id.insert(id, number);
    }

    /// What a device said in some place of all that it said.
    pub(crate) fn spoken_as(&self, author: usize, order: u64) -> Option<&Said> {
        self.said.iter().find(|said| said.author == author && said.order == order)
    }

    /// A name or note is about to be written: a value that names it.
    pub(crate) fn type_edit(&mut self, wall: Wall) -> String {
        self.edits.push(Edit { wall });
        format!("e{}", self.edits.len() - 1)
    }

    /// The edit that a value names.
    pub(crate) fn edit(&self, value: &str) -> Option<Edit> {
        self.edits.get(value.strip_prefix('e')?.parse::<usize>().ok()?).copied()
    }

    pub(crate) fn meet(&mut self, one: usize, other: usize, now: u64, on: [usize; 2]) {
        self.met.insert(pair(one, other), (now, on));
    }

    /// By its clock a device met somebody then.
    pub(crate) fn meet_by_clock(&mut self, owner: usize, contact: usize, time: u64) {
        let latest = self.met_by_clock.entry((owner, contact)).or_default();
        *latest = time.max(*latest);
    }

    pub(crate) fn met_by_clock(&self, owner: usize, contact: usize) -> Option<u64> {
        self.met_by_clock.get(&(owner, contact)).copied()
    }

    pub(crate) fn met(&self, one: usize, other: usize) -> Option<u64> {
        self.met.get(&pair(one, other)).map(|(time, _)| *time)
    }

    /// The devices on which two people last shook hands.
    pub(crate) fn met_on(&self, one: usize, other: usize) -> impl Iterator<Item = usize> {
        self.met.get(&pair(one, other)).into_iter().flat_map(|(_, on)| *on)
    }

    pub(crate) fn forget(&mut self, owner: usize, contact: usize, now: u64) {
        self.forgot.insert((owner, contact), now);
        self.parted.insert(pair(owner, contact));
    }

    /// A restored device of a person has never heard of another any more.
    pub(crate) fn lose(&mut self, owner: usize, contact: usize, now: u64) {
        self.forgot.insert((owner, contact), now);
    }

    pub(crate) fn forgot(&self, owner: usize, contact: usize) -> Option<u64> {
        self.forgot.get(&(owner, contact)).copied()
    }

    /// Whether one of two people ever removed the other.
    pub(crate) fn parted(&self, one: usize, other: usize) -> bool {
        self.parted.contains(&pair(one, other))
    }
}

fn pair(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}
