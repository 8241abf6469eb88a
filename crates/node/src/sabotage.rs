//! Bugs on purpose: the simulator plants one at a time, to see that it finds each. Without the feature `sabotage`, which
//! nothing that is shipped has, none can be planted and every question here is answered with no.

use crate::Node;

/// A bug in the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sabotage {
    /// Messages that were received before are taken in again.
    NoDedupe,
    /// The number of a message to a device is used again for the next one.
    ReusedSeq,
    /// Records from the future count at once.
    NoQuarantine,
    /// Messages are sent in any order, and shown as they come.
    NoOrder,
    /// It is forgotten what was deleted, so that older values come back.
    ForgetTombstone,
    /// A device that was restored from a backup goes on in its old life.
    NoRebirth,
    /// A message is thrown away when it is sent and not when it is acknowledged.
    OutboxDropOnSend,
    /// A message goes to the devices of all contacts.
    WrongAudience,
    /// A message goes to one device of each person only.
    OneDevice,
    /// A device that was removed is spoken to as before.
    KeepRemoved,
    /// Who was removed from a group still gets what waited for them, and what is said there.
    KeepsSending,
}

impl Node {
    /// The same device with a bug.
    #[cfg(feature = "sabotage")]
    #[must_use]
    pub fn sabotage(mut self, sabotage: Sabotage) -> Self {
        self.sabotage = Some(sabotage);
        self
    }

    /// Whether a bug is planted.
    #[cfg(feature = "sabotage")]
    pub(crate) fn has_bug(&self, bug: Sabotage) -> bool {
        self.sabotage == Some(bug)
    }

    /// No bug can be planted.
    #[cfg(not(feature = "sabotage"))]
    pub(crate) const fn has_bug(&self, _: Sabotage) -> bool {
        false
    }
}
