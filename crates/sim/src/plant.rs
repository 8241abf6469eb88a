//! Bugs that are planted one at a time, to see that the simulator finds them.

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plant {
    /// The driver sends what a batch wants sent before it has committed the batch.
    SendBeforeCommit,
    /// The driver does not tell the device that a commit failed.
    SkipRollback,
    /// One in the device itself.
    #[cfg(feature = "sabotage")]
    Node(lamplit_node::sabotage::Sabotage),
}
