//! Which apps somebody is on: sealed for an audience, on no disk.

use lamplit_types::{
    AppId, AudienceId, DeviceId, Wall,
    limits::{PRESENCE_APPS, PRESENCE_BYTES},
};
use serde::{Deserialize, Serialize};

use crate::{
    bounded::{Bytes, List},
    credential::{Signable, Signed},
    record::KeyId,
};

/// A presence as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPresence {
    /// Who may read it.
    pub audience: AudienceId,
    /// With which key.
    pub key: KeyId,
    /// A sealed and padded [`SignedPresence`]; always [`PRESENCE_BYTES`] long.
    pub sealed: Bytes<PRESENCE_BYTES>,
}

/// A presence with the signature of the device it is about, so that no other member can make one up.
pub type SignedPresence = Signed<Presence>;

impl Signable for Presence {
    const LABEL: &'static str = "lamplit/1/presence";
}

/// What one device says its user is on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The device.
    pub device: DeviceId,
    /// Rises with every presence of the device; a lower one is old.
    pub counter: u64,
    /// When to stop believing it.
    pub expires: Wall,
    /// The apps.
    pub apps: List<AppPresence, PRESENCE_APPS>,
}

/// One app that is lit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPresence {
    /// The app.
    pub app: AppId,
    /// How the user is there.
    pub state: AppState,
    /// How we know.
    pub source: Source,
    /// Since when.
    pub since: Wall,
}

/// How somebody is on an app. An app that is not listed is dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AppState {
    /// Reachable there.
    On,
}

/// Where a lit icon comes from (B6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// Said by hand.
    Hand,
}

#[cfg(test)]
mod tests;
