//! What people are on, among those who are apart (B1). The server hands it on as it is, and cannot read it.
//!
//! To each device that is connected it goes in packets that may be lost. Each has the next number, so that the device finds out what
//! it lacks and asks for that on the stream. What is told once more does no harm: each device's latest counts.

use lamplit_types::{AccountId, DeviceId, Wall, limits::LAMPS};
use serde::{Deserialize, Serialize};

use crate::{bounded::List, presence::SealedPresence};

/// What somebody's device said last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Whose device.
    pub account: AccountId,
    /// Which.
    pub device: DeviceId,
    /// When it said so to the server, by the server's clock.
    pub said: Wall,
    /// What it said.
    pub presence: SealedPresence,
}

/// What somebody's device says now, in a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lamp {
    /// The first on a connection has 1, each further one the next.
    pub number: u64,
    /// What it says.
    pub shown: Shown,
}

/// What devices said last, on the stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lamps {
    /// What they said, the oldest first.
    pub shown: List<Shown, LAMPS>,
    /// With this the device has all packets up to this number. `None`: there is more to come.
    pub upto: Option<u64>,
}
