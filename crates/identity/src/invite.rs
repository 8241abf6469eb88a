//! Invites: a link that lets one stranger reach and believe one account, once.
//!
//! As text an invite is `lamplit:invite/` and base32 (RFC 4648, without padding) of a version byte, the fields in
//! postcard, and the first four bytes of a BLAKE3 over both. Capitals and small letters mean the same, so that a QR
//! code may hold it in its dense alphanumeric mode.

use core::fmt;
use core::net::SocketAddr;

use lamplit_types::{AccountId, InviteId, Name, Wall, limits};
use lamplit_wire::bounded::List;
use lamplit_wire::credential::{EncodeError, RootHash};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::armour::{self, ArmourError};
use crate::date::Date;
use crate::kdf;
use crate::list::VerifiedList;
use crate::onetime::Role;

/// Addresses in an invite. More are refused when the invite is made.
pub const INVITE_ADDRESSES: usize = 8;
/// The longest text that is read as an invite, in bytes. A longer one is refused unread.
pub const INVITE_LINK_CHARS: usize = 1024;
/// How long an invite is good, if its maker asks for nothing else.
pub const INVITE_MS: u64 = 7 * limits::DAY_MS;

const PREFIX: &str = "lamplit:invite/";
const VERSION: u8 = 1;

/// What the link says. Whoever has it can come in once, so it is as secret as a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// Which invite, so that it is used once.
    pub id: InviteId,
    /// Whoever knows it was invited, or invites.
    pub secret: InviteSecret,
    /// The account that invites.
    pub account: AccountId,
    /// The root hash that its device list must have.
    pub root_hash: RootHash,
    /// From then on it is refused.
    pub expires: Wall,
    /// Where the inviter's device may be reached.
    pub addresses: List<SocketAddr, INVITE_ADDRESSES>,
    /// What the inviter calls itself.
    pub name: Name,
}

/// 32 random bytes; zeroised when dropped.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct InviteSecret([u8; 32]);

/// Why a text cannot be used as an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// Something else altogether.
    #[error("this is no Lamplit invite: an invite begins with {PREFIX}")]
    NotAnInvite,
    /// Far too long.
    #[error("this is longer than any invite ({INVITE_LINK_CHARS} characters): copy the link alone")]
    TooLong,
    /// Cut off or changed.
    #[error("this invite is damaged: check that the whole link was copied, or ask for a new one")]
    Damaged,
    /// Made by a later Lamplit.
    #[error("this invite was made by a later version of Lamplit (format {version}): update this one")]
    LaterVersion {
        /// Its version.
        version: u8,
    },
    /// Past its date.
    #[error("this invite expired on {at}: ask for a new one")]
    Expired {
        /// When.
        at: Date,
    },
}

impl Invite {
    /// A new invite to the account of `inviter`, with an id and a secret drawn from `rng`.
    pub fn generate(
        rng: &mut dyn CryptoRng,
        inviter: &VerifiedList,
        name: Name,
        addresses: List<SocketAddr, INVITE_ADDRESSES>,
        expires: Wall,
    ) -> Self {
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let mut secret = InviteSecret([0; 32]);
        rng.fill_bytes(&mut secret.0);
        let (account, root_hash) = (inviter.account(), inviter.root_hash());
        Self { id: InviteId::from_bytes(id), secret, account, root_hash, expires, addresses, name }
    }

    /// The link, in small letters. For a QR code turn it into capitals: it then needs a third fewer bits.
    pub fn to_link(&self) -> Result<String, EncodeError> {
        armour::write(PREFIX, VERSION, self)
    }

    /// Reads a link as somebody pasted it: white space and line breaks within do no harm.
    pub fn parse(link: &str, now: Wall) -> Result<Self, InviteError> {
        let invite: Self = armour::read(PREFIX, VERSION, link).map_err(|error| match error {
            ArmourError::Other => InviteError::NotAnInvite,
            ArmourError::TooLong => InviteError::TooLong,
            ArmourError::Damaged => InviteError::Damaged,
            ArmourError::LaterVersion(version) => InviteError::LaterVersion { version },
        })?;
        if now >= invite.expires {
            return Err(InviteError::Expired { at: Date(invite.expires) });
        }
        Ok(invite)
    }
}

impl InviteSecret {
    /// Takes a secret that was stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The secret, to be stored, or as the base of the first pair secret.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Proves on one link (by its handshake hash) that this side knows the secret. The other side's proof differs,
    /// so none can be sent back to whom it came from.
    pub fn proof(&self, handshake_hash: &[u8], role: Role) -> [u8; 32] {
        *self.mac(handshake_hash, role).as_bytes()
    }

    /// Whether this is the proof of the side in `role`; in constant time.
    pub fn is_proof(&self, handshake_hash: &[u8], role: Role, proof: &[u8; 32]) -> bool {
        self.mac(handshake_hash, role) == blake3::Hash::from_bytes(*proof)
    }

    fn mac(&self, handshake_hash: &[u8], role: Role) -> blake3::Hash {
        kdf::mac(&self.0, "lamplit/1/invite-proof", &[&[role.byte()], handshake_hash])
    }
}

/// In constant time.
impl PartialEq for InviteSecret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for InviteSecret {}

impl fmt::Debug for InviteSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteSecret(…)")
    }
}

#[cfg(test)]
mod tests;
