//! Who somebody is: keys, certificates, device lists, invites, beacons and pair tags.
//!
//! A recovery [`Phrase`] gives the [`RootKey`], whose hash contacts pin. The root key starts a generation by signing
//! a [`ListKey`], and the list key signs a certificate for each device. A [`VerifiedList`] exists only if all those
//! signatures hold, so what is written against it need not check them again.
//!
//! Between two contacts a [`PairSecret`] says who calls ([`tag`]) without naming anyone to others; strangers meet by
//! an [`Invite`]. Nothing here reads a clock or draws randomness of its own.
//!
//! ```
//! use lamplit_identity::{Cost, DeviceKeys, Phrase, VerifiedList, create_account};
//! use lamplit_types::{AccountId, Wall};
//! # use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
//! # let mut rng = ChaCha20Rng::from_seed([7; 32]);
//! # let cheap = Cost { memory_kib: 64, passes: 1, lanes: 1 };
//! # let now = Wall(1_800_000_000_000);
//! let phrase = Phrase::generate(&mut rng)?;
//! let root = phrase.root_key(cheap)?; // Cost::STANDARD outside of tests
//! let device = DeviceKeys::generate(&mut rng);
//! let claim = device.claim(AccountId::from_random([1; 16]), [2; 32])?;
//! let made = create_account(&mut rng, &root, claim, None, now)?;
//!
//! // A contact who pinned the root hash checks what it is shown.
//! let shown = made.list.wire().clone();
//! let list = VerifiedList::verify(shown, Some(root.hash()))?;
//! assert!(list.valid_device(&device.id(), now).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod armour;
mod beacon;
mod date;
mod group;
mod handshake;
mod invite;
mod kdf;
mod keys;
mod linkcode;
mod list;
mod mark;
mod onetime;
mod pair;
mod phrase;
mod safety;
mod signing;
mod table;

#[cfg(test)]
mod fixture;

pub use account::{
    AddError, CERTIFICATE_MS, NewGeneration, RemoveError, SetUpError, add_device, create_account, remove_devices,
    renew_device, settle_fork,
};
pub use beacon::{BeaconKey, BeaconTable, beacon};
pub use date::Date;
pub use group::group_id;
pub use handshake::HandshakeKey;
pub use invite::{INVITE_ADDRESSES, INVITE_LINK_CHARS, INVITE_MS, Invite, InviteError, InviteSecret};
pub use keys::{DeviceKeys, KeyLengthError, ListKey, RecoveryKey, RootKey, root_hash};
pub use linkcode::{LINK_CODE_MS, LinkCode, LinkCodeError, LinkSecret};
pub use list::{CertificateFault, DeviceError, ListError, MergeError, MergeOutcome, VerifiedList};
pub use onetime::{LinkProofError, OneTimeKeyError, Role, verify_link, verify_one_time_key};
pub use pair::{Caller, PairSecret, TagTable, psk, tag};
pub use phrase::{Cost, CostError, PHRASE_WORDS, Phrase, PhraseError};
pub use safety::{SafetyCode, SafetyCodeError, safety_code};
pub use signing::{SignatureError, verify, verify_detached};
pub use table::RECOGNISED;
