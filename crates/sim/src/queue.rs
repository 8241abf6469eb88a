//! What will happen, in the order of time and, at one time, in the order in which it was planned.

use std::collections::BTreeMap;

use lamplit_types::{Channel, LinkId};

use crate::deck::Action;

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A device works off what came in.
    Work(usize, u64),
    /// A device's deadline.
    Due(usize, u64),
    /// A piece of a stream arrives at one end of a pipe.
    Piece(u64, usize, Channel, Vec<u8>),
    /// A packet arrives at one end of a pipe.
    Packet(u64, usize, Vec<u8>, u64),
    /// One end of a pipe notices that it is dead.
    Dead(u64, usize),
    /// One end of a pipe notices that it hears nothing.
    Idle(u64, usize),
    /// A dial arrives.
    Dialled(Dialling),
    /// A device sees another one's beacon.
    Sight(usize, usize),
    /// Everybody sees everybody, chance permitting.
    LookAround,
    /// A device starts.
    Start(usize, u64),
    /// A disk works again.
    Mend(usize, u64),
    /// The server starts.
    StartServer,
    /// The server looks whether packets of a connection were lost.
    LookForLosses(u64),
    /// The server loses its power.
    CutServer,
    /// The server's disk works again.
    MendServer,
    /// Somebody does something.
    Act(Action),
}

/// A dial on its way.
#[derive(Clone, Debug)]
pub(crate) struct Dialling {
    pub(crate) from: usize,
    pub(crate) boot: u64,
    pub(crate) dial: lamplit_node::DialId,
    pub(crate) to: Option<usize>,
}

/// What will happen.
#[derive(Default)]
pub(crate) struct Queue {
    now: u64,
    planned: u64,
    events: BTreeMap<(u64, u64), Happening>,
}

impl Queue {
    pub(crate) const fn now(&self) -> u64 {
        self.now
    }

    /// Plans something for a while from now.
    pub(crate) fn after(&mut self, millis: u64, happening: Happening) {
        self.at(self.now.saturating_add(millis), happening);
    }

    /// Plans something for a time, or for now if that has passed.
    pub(crate) fn at(&mut self, time: u64, happening: Happening) {
        self.planned += 1;
        self.events.insert((time.max(self.now), self.planned), happening);
    }

    /// The next thing that happens up to some time; without one, it is that time.
    pub(crate) fn next(&mut self, until: u64) -> Option<Happening> {
        let first = self.events.first_entry().filter(|first| first.key().0 <= until);
        let Some(first) = first else {
            self.now = self.now.max(until);
            return None;
        };
        self.now = first.key().0;
        Some(first.remove())
    }
}

/// Where a link of a device leads.
pub(crate) type Place = (u64, usize);

/// Numbers links, each once.
#[derive(Default)]
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn link(&mut self) -> LinkId {
        self.0 += 1;
        LinkId(self.0)
    }
}
