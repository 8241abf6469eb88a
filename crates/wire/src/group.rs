//! Groups: what their members sign, and how one device tells another of it.
//!
//! A group is founded by an account, and its id names that account for good (`identity`'s `group_id`). What it is made
//! of is a set of signed statements, which merge: who stands where in it, what it is called, and what each member shows
//! the others. `lamplit_sync::charter` says which of them count.

use lamplit_types::{
    AccountId, DeviceId, GroupId, Hlc, Name,
    limits::{GROUP_PART, GROUP_PEOPLE, GROUP_SECRETS},
};
use serde::{Deserialize, Serialize};

use crate::{
    bounded::List,
    credential::{DeviceList, RootHash, Signable, Signed, signing_bytes},
};

/// What a group's id is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Founding {
    /// Who founded it.
    pub founder: AccountId,
    /// The founder's root.
    pub root: RootHash,
    /// Drawn once, so that one account can found many.
    pub nonce: [u8; 16],
}

/// Where somebody stands in a group; of two statements of one version the greater counts, so that a removal wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rank {
    /// May add and remove members.
    Admin,
    /// Takes part.
    Member,
    /// Takes part no more.
    Out,
}

/// The first 16 bytes of the BLAKE3 hash of a statement, by which another one says that it stays.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StatementHash(pub [u8; 16]);

impl core::fmt::Debug for StatementHash {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("StatementHash(…)")
    }
}

/// Where one account stands in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The group.
    pub group: GroupId,
    /// Who.
    pub account: AccountId,
    /// Their root: by it the others know their devices.
    pub root: RootHash,
    /// What they called themselves then.
    pub name: Name,
    /// Rises with each change.
    pub version: u32,
    /// Where they stand from now on.
    pub rank: Rank,
    /// Of what they had signed, all that stays though they may sign no more.
    pub keeps: List<StatementHash, GROUP_PEOPLE>,
    /// Whose word it is.
    pub by: AccountId,
    /// The device that signed.
    pub device: DeviceId,
}

impl Standing {
    /// By what another statement names it, whichever device signed it.
    pub fn hash(&self) -> StatementHash {
        hash_of(&Self { device: DeviceId::from_bytes([0; 32]), ..self.clone() })
    }
}

/// What a group is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupName {
    /// The group.
    pub group: GroupId,
    /// The name.
    pub name: Name,
    /// Rises with each change.
    pub version: u32,
    /// Whose word it is.
    pub by: AccountId,
    /// The device that signed.
    pub device: DeviceId,
}

impl GroupName {
    /// By what another statement names it, whichever device signed it.
    pub fn hash(&self) -> StatementHash {
        hash_of(&Self { device: DeviceId::from_bytes([0; 32]), ..self.clone() })
    }
}

fn hash_of<B: Signable>(body: &B) -> StatementHash {
    let mut hash = blake3::Hasher::new_derive_key("lamplit/1/group-statement");
    hash.update(&signing_bytes(body).unwrap_or_default());
    let mut out = [0; 16];
    hash.finalize_xof().fill(&mut out);
    StatementHash(out)
}

/// What a member shows the others.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Badge {
    /// The group.
    pub group: GroupId,
    /// Whose it is.
    pub account: AccountId,
    /// The device that signed.
    pub device: DeviceId,
    /// When: the latest counts.
    pub at: Hlc,
    /// What they call themselves.
    pub name: Name,
    /// The key to the beacons that their devices show.
    pub beacon: [u8; 32],
}

impl core::fmt::Debug for Badge {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Badge").field("group", &self.group).field("account", &self.account).finish_non_exhaustive()
    }
}

/// What all members share, and nobody else has: from it come the secrets of any two of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupSecret {
    /// The high half counts how often somebody left, the low half is drawn.
    pub generation: u32,
    /// The secret.
    pub secret: [u8; 32],
}

impl core::fmt::Debug for GroupSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "GroupSecret({}, …)", self.generation)
    }
}

impl Signable for Standing {
    const LABEL: &'static str = "lamplit/1/group-standing";
}

impl Signable for GroupName {
    const LABEL: &'static str = "lamplit/1/group-name";
}

impl Signable for Badge {
    const LABEL: &'static str = "lamplit/1/group-badge";
}

/// A group and what is known of it, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupHead {
    /// The group.
    pub group: GroupId,
    /// The first 16 bytes of a hash over all that counts.
    pub hash: [u8; 16],
}

/// A part of what a device knows of a group. What came in all parts together is merged with the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupPart {
    /// The group.
    pub group: GroupId,
    /// What its id is made from.
    pub founding: Founding,
    /// Where people stand.
    pub standings: List<Signed<Standing>, GROUP_PART>,
    /// What it is called.
    pub names: List<Signed<GroupName>, GROUP_PART>,
    /// What members show each other.
    pub badges: List<Signed<Badge>, GROUP_PART>,
    /// Devices of those who stand in it or have signed.
    pub lists: List<DeviceList, GROUP_PART>,
    /// What all members share: the latest.
    pub secrets: List<GroupSecret, GROUP_SECRETS>,
    /// In the last part: what the sender knows, in short.
    pub head: Option<[u8; 16]>,
}

#[cfg(test)]
mod tests;
