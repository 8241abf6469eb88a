//! Link codes: a text or a QR code that lets one new device become a device of an account, once and soon.
//!
//! As text a link code is `lamplit:link/` and base32 (RFC 4648, without padding) of a version byte, the fields in
//! postcard, and the first four bytes of a BLAKE3 over both, as an [`Invite`](crate::Invite) is.

use core::fmt;
use core::net::SocketAddr;

use lamplit_types::{AccountId, InviteId, Wall};
use lamplit_wire::bounded::List;
use lamplit_wire::credential::{EncodeError, RootHash};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::armour::{self, ArmourError};
use crate::date::Date;
use crate::invite::INVITE_ADDRESSES;
use crate::kdf;
use crate::list::VerifiedList;
use crate::onetime::Role;

/// How long a link code is good. Whoever reads it in time becomes a device of the account, so it is short.
pub const LINK_CODE_MS: u64 = 10 * 60 * 1000;

const PREFIX: &str = "lamplit:link/";
const VERSION: u8 = 1;

/// What the code says. Whoever has it can become a device of the account, once: it is as secret as all of the account's
/// keys together.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkCode {
    /// Which code, so that it is used once.
    pub id: InviteId,
    secret: [u8; 32],
    /// The account to join.
    pub account: AccountId,
    /// The root hash that its device list must have.
    pub root_hash: RootHash,
    /// From then on it is refused.
    pub expires: Wall,
    /// Where the device that shows the code may be reached.
    pub addresses: List<SocketAddr, INVITE_ADDRESSES>,
}

/// Why a text cannot be used as a link code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkCodeError {
    /// Something else altogether.
    #[error("this is no Lamplit link code: one begins with {PREFIX}; `lamplit link` on a device you have shows one")]
    NotALinkCode,
    /// Far too long.
    #[error("this is longer than any link code: copy the code alone")]
    TooLong,
    /// Cut off or changed.
    #[error("this link code is damaged: check that the whole of it was copied, or run `lamplit link` again")]
    Damaged,
    /// Made by a later Lamplit.
    #[error("this link code was made by a later version of Lamplit (format {version}): update this one")]
    LaterVersion {
        /// Its version.
        version: u8,
    },
    /// Past its date.
    #[error("this link code expired on {at}: run `lamplit link` on the other device again; is a clock wrong?")]
    Expired {
        /// When.
        at: Date,
    },
}

impl LinkCode {
    /// A new code for the account of `list`, with an id and a secret drawn from `rng`.
    pub fn generate(
        rng: &mut dyn CryptoRng,
        list: &VerifiedList,
        addresses: List<SocketAddr, INVITE_ADDRESSES>,
        expires: Wall,
    ) -> Self {
        let (mut id, mut secret) = ([0; 16], [0; 32]);
        rng.fill_bytes(&mut id);
        rng.fill_bytes(&mut secret);
        let (account, root_hash) = (list.account(), list.root_hash());
        Self { id: InviteId::from_bytes(id), secret, account, root_hash, expires, addresses }
    }

    /// The text, in small letters. For a QR code turn it into capitals: it then needs a third fewer bits.
    pub fn to_text(&self) -> Result<String, EncodeError> {
        armour::write(PREFIX, VERSION, self)
    }

    /// Reads a code as somebody pasted it: white space and line breaks within do no harm.
    pub fn parse(text: &str, now: Wall) -> Result<Self, LinkCodeError> {
        let code: Self = armour::read(PREFIX, VERSION, text).map_err(|error| match error {
            ArmourError::Other => LinkCodeError::NotALinkCode,
            ArmourError::TooLong => LinkCodeError::TooLong,
            ArmourError::Damaged => LinkCodeError::Damaged,
            ArmourError::LaterVersion(version) => LinkCodeError::LaterVersion { version },
        })?;
        if now >= code.expires {
            return Err(LinkCodeError::Expired { at: Date(code.expires) });
        }
        Ok(code)
    }

    /// What is proved with, to be stored.
    pub fn secret(&self) -> LinkSecret {
        LinkSecret(Zeroizing::new(self.secret))
    }
}

/// The secret of a link code.
pub struct LinkSecret(Zeroizing<[u8; 32]>);

impl LinkSecret {
    /// Takes a secret that was stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The secret, to be stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
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
        kdf::mac(&self.0, "lamplit/1/link-proof", &[&[role.byte()], handshake_hash])
    }
}

impl fmt::Debug for LinkCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkCode(…)")
    }
}

impl fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkSecret(…)")
    }
}

#[cfg(test)]
mod tests;
