//! What names a group, and what two of its members share without knowing each other.

use lamplit_types::{AccountId, GroupId};
use lamplit_wire::{Founding, GroupSecret, credential::PairId};

use crate::kdf;
use crate::pair::PairSecret;

/// The id of a group: 16 bytes of BLAKE3 over who founded it. So nobody can claim to have founded somebody else's.
pub fn group_id(founding: &Founding) -> GroupId {
    let mut hash = blake3::Hasher::new_derive_key("lamplit/1/group");
    hash.update(founding.founder.as_bytes()).update(&founding.root.0).update(&founding.nonce);
    let mut id = [0; 16];
    hash.finalize_xof().fill(&mut id);
    GroupId::from_bytes(id)
}

impl PairSecret {
    /// The secret of two members of a group, from what all members share: HKDF, its info group, lower account, higher
    /// account and generation. Every member can compute it, so it keeps others out and tells members nothing of each
    /// other: who is at a link's end is told by the keys of their devices alone.
    pub fn of_members(group: GroupId, secret: &GroupSecret, one: AccountId, other: AccountId) -> Self {
        let (low, high) = if one <= other { (one, other) } else { (other, one) };
        let generation = secret.generation.to_be_bytes();
        let info = [group.as_bytes(), low.as_bytes(), high.as_bytes(), generation.as_slice()].concat();
        let [a, b, c, d, e, f, g, h, ..] = *group.as_bytes();
        let id = PairId { generation: secret.generation, id: [a, b, c, d, e, f, g, h] };
        Self::new(id, kdf::derive("lamplit/1/group-pair-secret", &secret.secret, &info))
    }
}

#[cfg(test)]
mod tests;
