//! How often each kind of fault and each kind of deed happened.

use std::collections::BTreeMap;

/// What can go wrong, on purpose. A fault counts when it did harm, not when it was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A packet was lost.
    Loss,
    /// A packet came twice.
    Duplicate,
    /// A packet overtook another.
    Reorder,
    /// A packet or a piece of a stream took long.
    Delay,
    /// A pipe died with a frame half through.
    MidFrame,
    /// A dial was not answered.
    DialLost,
    /// A beacon was not heard.
    Unheard,
    /// The network fell apart.
    Partition,
    /// A device lost its power between two commits.
    Crash,
    /// A device lost its power in a commit, and with it a part of what was written.
    TornCommit,
    /// A device lost its power while changes waited that nobody was to be told of.
    Forgotten,
    /// A device was stopped in order and started again.
    Stop,
    /// A commit failed because the disk was full.
    DiskFull,
    /// A commit failed for another reason.
    DiskError,
    /// A clock was set wrong by minutes or hours.
    Skew,
    /// A clock was set wrong by more than a year.
    YearOff,
    /// A device was restored from an old backup.
    Restored,
    /// A device was away for longer than deletions are remembered.
    AwayTooLong,
    /// A device was removed from its account.
    DeviceRemoved,
    /// The server lost its power between two commits.
    ServerCrash,
    /// The server lost its power in a commit, and with it a part of what was written.
    ServerTorn,
    /// The server's disk failed for a while.
    ServerDisk,
    /// The server was restored from an old backup.
    ServerRestored,
}

impl Fault {
    /// All kinds.
    pub const ALL: [Self; 23] = [
        Self::Loss,
        Self::Duplicate,
        Self::Reorder,
        Self::Delay,
        Self::MidFrame,
        Self::DialLost,
        Self::Unheard,
        Self::Partition,
        Self::Crash,
        Self::TornCommit,
        Self::Forgotten,
        Self::Stop,
        Self::DiskFull,
        Self::DiskError,
        Self::Skew,
        Self::YearOff,
        Self::Restored,
        Self::AwayTooLong,
        Self::DeviceRemoved,
        Self::ServerCrash,
        Self::ServerTorn,
        Self::ServerDisk,
        Self::ServerRestored,
    ];

    /// Whether it befalls the server.
    pub const fn is_the_servers(self) -> bool {
        matches!(self, Self::ServerCrash | Self::ServerTorn | Self::ServerDisk | Self::ServerRestored)
    }
}

/// What users do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// Something was said.
    Said,
    /// A conversation was read.
    Read,
    /// A contact, a note or one's own name was changed.
    Edited,
    /// A contact was removed.
    Removed,
    /// Two people met.
    Met,
    /// An app was lit or put out.
    Lit,
}

/// Counts of everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Faults.
    pub faults: BTreeMap<Fault, u64>,
    /// Deeds.
    pub deeds: BTreeMap<Deed, u64>,
    /// Batches that devices worked off, and things that users and the world did.
    pub steps: u64,
    /// Messages that came to a device.
    pub delivered: u64,
    /// Virtual time that passed, in milliseconds.
    pub passed_ms: u64,
}

impl Tally {
    pub(crate) fn fault(&mut self, fault: Fault) {
        *self.faults.entry(fault).or_default() += 1;
    }

    pub(crate) fn deed(&mut self, deed: Deed) {
        *self.deeds.entry(deed).or_default() += 1;
    }

    /// How often a fault happened.
    pub fn of(&self, fault: Fault) -> u64 {
        self.faults.get(&fault).copied().unwrap_or(0)
    }

    /// How often something was done.
    pub fn did(&self, deed: Deed) -> u64 {
        self.deeds.get(&deed).copied().unwrap_or(0)
    }

    /// How often a device lost its power.
    pub fn crashes(&self) -> u64 {
        self.of(Fault::Crash) + self.of(Fault::TornCommit)
    }

    /// Kinds of fault that never happened, in runs with a server or without.
    pub fn missing(&self, has_server: bool) -> Vec<Fault> {
        let can = |fault: &Fault| has_server || !fault.is_the_servers();
        Fault::ALL.into_iter().filter(can).filter(|fault| self.of(*fault) == 0).collect()
    }

    /// Adds another run's counts.
    pub fn add(&mut self, other: &Self) {
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        for (deed, count) in &other.deeds {
            *self.deeds.entry(*deed).or_default() += count;
        }
        self.steps += other.steps;
        self.delivered += other.delivered;
        self.passed_ms += other.passed_ms;
    }
}
