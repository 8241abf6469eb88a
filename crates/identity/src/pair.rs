//! The secret two contacts share, and the tags by which one knows who of its contacts is calling.

use core::fmt;

use lamplit_types::{AccountId, DeviceId, PairTag};
use lamplit_wire::credential::PairId;
use zeroize::Zeroizing;

use crate::kdf;
use crate::table::Table;

/// A secret of two accounts, or of the devices of one. Zeroised when dropped.
#[derive(Clone)]
pub struct PairSecret {
    id: PairId,
    secret: Zeroizing<[u8; 32]>,
}

/// Who may be calling, and with which secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caller {
    /// The account.
    pub account: AccountId,
    /// Its device, which is the initiator.
    pub device: DeviceId,
    /// Which secret of the pair the tag was made with.
    pub pair: PairId,
}

/// Recognises the tags of all who may call, around one epoch. Made anew when the epoch or the contacts change.
pub struct TagTable(Table<PairTag, Caller>);

/// What leads a handshake: the first 8 bytes of a keyed BLAKE3 over both devices and the epoch
/// ([`lamplit_types::Wall::epoch`]). It names no one to those who do not have the secret.
pub fn tag(secret: &PairSecret, initiator: &DeviceId, responder: &DeviceId, epoch: u64) -> PairTag {
    tag_with(&tag_key(secret), initiator, responder, epoch)
}

/// The pre-shared key of the handshake (Noise, section 9). Knowing it tells nothing of the tags, nor they of it.
pub fn psk(secret: &PairSecret) -> Zeroizing<[u8; 32]> {
    kdf::derive("lamplit/1/pair-psk", secret.secret.as_slice(), &[])
}

impl PairSecret {
    /// Takes a secret that was stored.
    pub fn new(id: PairId, secret: Zeroizing<[u8; 32]>) -> Self {
        Self { id, secret }
    }

    /// The secret of two accounts: HKDF over `base`, which was drawn when they paired, and a share of each, which they
    /// sent one another sealed. Both sides get the same, whichever is called the first.
    pub fn derive(id: PairId, base: &[u8; 32], one: (AccountId, &[u8; 32]), other: (AccountId, &[u8; 32])) -> Self {
        let (low, high) = if one <= other { (one, other) } else { (other, one) };
        let secret = Zeroizing::new([base.as_slice(), low.1, high.1].concat());
        let info = [low.0.as_bytes(), high.0.as_bytes().as_slice(), &id.generation.to_be_bytes(), &id.id].concat();
        Self { id, secret: kdf::derive("lamplit/1/pair-secret", &secret, &info) }
    }

    /// The secret of an account's own devices, for one generation of its device list. `own_key` is the account's own,
    /// drawn anew with every generation.
    pub fn of_own_devices(own_key: &[u8; 32], account: AccountId, generation: u32) -> Self {
        let id = PairId { generation, id: [0; 8] };
        let info = [account.as_bytes().as_slice(), &generation.to_be_bytes()].concat();
        Self { id, secret: kdf::derive("lamplit/1/own-pair-secret", own_key, &info) }
    }

    /// Which secret of the pair it is.
    pub fn id(&self) -> PairId {
        self.id
    }

    /// The secret, to be stored.
    pub fn expose(&self) -> &[u8; 32] {
        &self.secret
    }
}

impl TagTable {
    /// A table of the tags with which these callers would call `me` in `epoch`, the one before and the one after. A
    /// pair that still accepts its former secret is given twice. At most [`crate::RECOGNISED`] entries.
    pub fn new<'a>(
        me: DeviceId,
        expected: impl IntoIterator<Item = (AccountId, DeviceId, &'a PairSecret)>,
        epoch: u64,
    ) -> Self {
        let items = expected.into_iter().map(|(account, device, secret)| {
            let key = tag_key(secret);
            let tag_in = move |epoch| tag_with(&key, &device, &me, epoch);
            (Caller { account, device, pair: secret.id }, tag_in)
        });
        Self(Table::new(items, epoch))
    }

    /// Everyone who may be calling with this tag; on a collision more than one, to be tried in turn.
    pub fn callers(&self, tag: PairTag) -> impl Iterator<Item = &Caller> {
        self.0.get(tag)
    }

    /// Callers for whom there was no room.
    pub fn left_out(&self) -> usize {
        self.0.left_out()
    }
}

fn tag_key(secret: &PairSecret) -> Zeroizing<[u8; 32]> {
    kdf::derive("lamplit/1/pair-tag", secret.secret.as_slice(), &[])
}

fn tag_with(key: &[u8; 32], initiator: &DeviceId, responder: &DeviceId, epoch: u64) -> PairTag {
    let parts: [&[u8]; 3] = [initiator.as_bytes(), responder.as_bytes(), &epoch.to_be_bytes()];
    PairTag::from_bytes(kdf::first8(&kdf::mac(key, "lamplit/1/tag", &parts)))
}

impl fmt::Debug for PairSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PairSecret({:?}, …)", self.id)
    }
}

#[cfg(test)]
mod tests;
