//! What must always be true, and what is said when it is not.

use core::fmt;

/// What must always be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Nothing leaves a device before it is committed.
    Committed,
    /// No acknowledged message is lost.
    Kept,
    /// No message is shown twice.
    Once,
    /// None but its addressees have a message, and they have what was written.
    Addressees,
    /// What one device said is shown in the order in which it was said.
    Order,
    /// Presence is seen by contacts only, and is true.
    Presence,
    /// What a user did is what the user sees.
    Obeyed,
    /// What was written in the future waits for its time.
    Quarantine,
    /// Once all is whole, all devices have the same.
    Same,
    /// What was deleted stays away.
    Deleted,
    /// Once all is whole, everything has arrived, and its writer knows.
    Delivered,
    /// A database holds what was committed to it.
    Stored,
    /// A device that nobody speaks to comes to rest.
    Rest,
    /// A removed device learns nothing that was said where its removal was known.
    Removed,
}

/// A rule that did not hold, or a simulation that could not go on.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// A rule did not hold.
    #[error("{rule}: {what}")]
    Broken {
        /// Which.
        rule: Rule,
        /// What happened.
        what: String,
    },
    /// The simulator itself is at fault.
    #[error("the simulation cannot go on: {0}")]
    Simulation(String),
}

impl Failure {
    /// A rule did not hold.
    pub fn broken(rule: Rule, what: impl Into<String>) -> Self {
        Self::Broken { rule, what: what.into() }
    }

    /// The simulator itself is at fault.
    pub fn simulation(what: impl fmt::Display) -> Self {
        Self::Simulation(what.to_string())
    }

    /// The rule that did not hold, if it was one.
    pub const fn rule(&self) -> Option<Rule> {
        match self {
            Self::Broken { rule, .. } => Some(*rule),
            Self::Simulation(_) => None,
        }
    }
}

/// The outcome of whatever may find a rule broken.
pub(crate) type Done<T = ()> = Result<T, Failure>;

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Committed => "something left before it was committed",
            Self::Kept => "an acknowledged message was lost",
            Self::Once => "a message was shown twice",
            Self::Addressees => "a message went where it should not",
            Self::Order => "the order of what was said was not kept",
            Self::Presence => "presence was not true",
            Self::Obeyed => "a user did something and did not see it",
            Self::Quarantine => "something counted before its time",
            Self::Same => "devices of one account differ",
            Self::Deleted => "something deleted is back",
            Self::Delivered => "something did not arrive",
            Self::Stored => "a database does not hold what was committed",
            Self::Rest => "a device finds no rest",
            Self::Removed => "a removed device learnt something",
        })
    }
}
