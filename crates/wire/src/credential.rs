//! Who somebody is, as it travels: signed claims, certificates, device lists and one-time keys.
//!
//! These are shapes only. Nothing here has been checked: `lamplit-identity` verifies a [`DeviceList`] and gives back
//! a type that exists only if every signature in it holds.

use core::fmt;
use core::ops::Deref;

use lamplit_types::{AccountId, DeviceId, Name, Wall, limits};
use serde::{Deserialize, Serialize};

use crate::bounded::List;

/// Something that is signed. What is signed is [`signing_bytes`].
pub trait Signable: Serialize {
    /// `lamplit/<version>/<what>`: no two kinds of body share one, so a signature over one kind is none over another.
    const LABEL: &'static str;
}

/// A body could not be written in the wire format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not be written in the wire format: {0}")]
pub struct EncodeError(#[from] postcard::Error);

/// The bytes a signature over `body` covers: its label, a zero byte (which no label holds, so that no label runs over
/// into a body), and the body as it travels.
pub fn signing_bytes<B: Signable + ?Sized>(body: &B) -> Result<Vec<u8>, EncodeError> {
    let mut start = Vec::from(B::LABEL);
    start.push(0);
    Ok(postcard::to_extend(body, start)?)
}

/// An Ed25519 signature (RFC 8032, 5.1.6), in its two halves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Signature {
    /// The encoded point R.
    pub r: [u8; 32],
    /// The scalar S, little-endian.
    pub s: [u8; 32],
}

/// A body and a signature that may or may not be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed<B> {
    /// What is signed.
    pub body: B,
    /// The signature over its [`signing_bytes`].
    pub signature: Signature,
}

impl<B> Deref for Signed<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.body
    }
}

/// The BLAKE3 hash of an account's root public key, which contacts pin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RootHash(pub [u8; 32]);

/// What a device says of itself, signed by its own key: so nobody can list a device that is another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeviceClaim {
    /// The account it belongs to.
    pub account: AccountId,
    /// Its Ed25519 public key.
    pub device: DeviceId,
    /// The X25519 public key of its Noise handshakes.
    pub noise_static: [u8; 32],
    /// The Curve25519 public key of its Olm account.
    pub olm_identity: [u8; 32],
}

/// What the list key says of a device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CertificateBody {
    /// The device's own words.
    pub claim: DeviceClaim,
    /// The device's signature over them.
    pub claim_signature: Signature,
    /// The generation whose list key signs.
    pub generation: u32,
    /// Rises by one with each certificate of the device: of two the greater counts, whatever the clocks said.
    pub serial: u32,
    /// When it was signed.
    pub issued: Wall,
    /// From then on it counts no more.
    pub expires: Wall,
    /// What the owner calls the device.
    pub device_name: Option<Name>,
}

impl Deref for CertificateBody {
    type Target = DeviceClaim;

    fn deref(&self) -> &DeviceClaim {
        &self.claim
    }
}

/// A device's place in an account, signed by the list key of its generation.
pub type Certificate = Signed<CertificateBody>;

/// A device that is on the account no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Removal {
    /// The device.
    pub device: DeviceId,
    /// Hash of the last sequence numbers that are accepted from it: its honest past stays, nothing newer is taken.
    pub cutoff: [u8; 32],
}

/// The start of a generation, signed by the root key. Two different ones of one number are an alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generation {
    /// The account.
    pub account: AccountId,
    /// 1 for the first.
    pub number: u32,
    /// Ed25519 public key that signs this generation's certificates.
    pub list_key: [u8; 32],
    /// X25519 public key to which everything is sealed that the phrase alone must be able to open.
    pub recovery_key: [u8; 32],
    /// [`Generation::hash`] of the one before; none for the first.
    pub previous: Option<[u8; 32]>,
    /// The devices whose removal started it.
    pub removals: List<Removal, { limits::DEVICES }>,
}

/// All devices of an account: a generation, and within it a set of certificates that any two lists of the same
/// generation merge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceList {
    /// The root's Ed25519 public key.
    pub root: [u8; 32],
    /// Signed by the root key.
    pub generation: Signed<Generation>,
    /// One for each device, ordered by device.
    pub additions: List<Certificate, { limits::DEVICES }>,
}

/// A device list in short: two lists with the same head say the same.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListHead {
    /// The generation.
    pub generation: u32,
    /// BLAKE3 over all bodies of the list, signatures of root and list key left out.
    pub hash: [u8; 32],
}

/// A one-time key of a device, signed by it.
pub type SignedOneTimeKey = Signed<OneTimeKey>;

/// A key that starts one Olm session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneTimeKey {
    /// The device whose it is.
    pub device: DeviceId,
    /// The Curve25519 public key.
    pub key: [u8; 32],
}

/// Which of a pair's secrets: a later generation takes the place of an earlier one, and of two made at once the one
/// with the lower id stays.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PairId {
    /// 1 for the first; rises whenever the pair makes a new secret.
    pub generation: u32,
    /// Drawn by whoever made it.
    pub id: [u8; 8],
}

impl PairId {
    /// Whether this one is used rather than `other`.
    pub fn wins_over(&self, other: &Self) -> bool {
        self.generation > other.generation || (self.generation == other.generation && self.id < other.id)
    }
}

impl Generation {
    /// BLAKE3 over its [`signing_bytes`], with which the next generation names it.
    pub fn hash(&self) -> Result<[u8; 32], EncodeError> {
        Ok(*blake3::hash(&signing_bytes(self)?).as_bytes())
    }
}

impl DeviceList {
    /// The head of this list. Whoever may sign may sign one body twice in two ways, so the hash is over bodies.
    pub fn head(&self) -> Result<ListHead, EncodeError> {
        let content = HeadContent {
            root: &self.root,
            generation: &self.generation.body,
            additions: self.additions.iter().map(|certificate| &certificate.body).collect(),
        };
        let hash = blake3::hash(&signing_bytes(&content)?);
        Ok(ListHead { generation: self.generation.number, hash: *hash.as_bytes() })
    }
}

#[derive(Serialize)]
struct HeadContent<'a> {
    root: &'a [u8; 32],
    generation: &'a Generation,
    additions: Vec<&'a CertificateBody>,
}

impl Signable for DeviceClaim {
    const LABEL: &'static str = "lamplit/1/device-claim";
}

impl Signable for CertificateBody {
    const LABEL: &'static str = "lamplit/1/certificate";
}

impl Signable for Generation {
    const LABEL: &'static str = "lamplit/1/generation";
}

impl Signable for HeadContent<'_> {
    const LABEL: &'static str = "lamplit/1/list-head";
}

impl Signable for OneTimeKey {
    const LABEL: &'static str = "lamplit/1/one-time-key";
}

/// Hashes and signatures are long, and tell a reader no more than their beginning does.
macro_rules! short_debug {
    ($($name:ident: $field:tt),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let [a, b, ..] = self.$field;
                write!(f, concat!(stringify!($name), "({:02x}{:02x}…)"), a, b)
            }
        }
    )*};
}
short_debug!(Signature: r, RootHash: 0);

impl fmt::Debug for ListHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, ..] = self.hash;
        write!(f, "ListHead({}, {a:02x}{b:02x}…)", self.generation)
    }
}

impl fmt::Debug for PairId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, ..] = self.id;
        write!(f, "PairId({}, {a:02x}{b:02x}…)", self.generation)
    }
}

#[cfg(test)]
mod tests;
