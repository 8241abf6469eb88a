//! The private keys of an account and of a device. All are zeroised when dropped and none is ever printed.

use core::fmt;

use lamplit_types::{AccountId, DeviceId};
use lamplit_wire::credential::{DeviceClaim, EncodeError, Generation, RootHash, Signable, Signature, Signed};
use rand_core::CryptoRng;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use crate::kdf;
use crate::signing::Signer;

/// Bytes that are no key of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored key has {found} bytes instead of {expected}: the file that holds it is damaged")]
pub struct KeyLengthError {
    /// Bytes it should have.
    pub expected: usize,
    /// Bytes there were.
    pub found: usize,
}

/// The key of an account for life. It exists only while somebody has typed the recovery phrase, so there is no way
/// to store it.
pub struct RootKey {
    master: Zeroizing<[u8; 32]>,
    signer: Signer,
}

/// Opens what was sealed for one generation's recovery (X25519).
pub struct RecoveryKey(StaticSecret);

/// Signs the certificates of one generation. Every full device of the account holds it.
pub struct ListKey(Signer);

/// What makes a device this device: its Ed25519 signing key and the X25519 static key of its Noise handshakes.
pub struct DeviceKeys {
    signer: Signer,
    noise: StaticSecret,
}

/// The hash of a root public key, for contacts to pin.
pub fn root_hash(root: &[u8; 32]) -> RootHash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"lamplit/1/root\0").update(root);
    RootHash(*hasher.finalize().as_bytes())
}

impl RootKey {
    /// Both the signing key and the recovery keys come from `master`, 32 uniformly random bytes.
    pub(crate) fn from_master(master: Zeroizing<[u8; 32]>) -> Self {
        let seed = kdf::derive("lamplit/1/root-key", master.as_slice(), &[]);
        Self { master, signer: Signer::from_seed(&seed) }
    }

    /// The Ed25519 public key.
    pub fn public(&self) -> [u8; 32] {
        self.signer.public()
    }

    /// What contacts pin.
    pub fn hash(&self) -> RootHash {
        root_hash(&self.public())
    }

    /// The recovery key of a generation.
    pub fn recovery_key(&self, generation: u32) -> RecoveryKey {
        let secret = kdf::derive("lamplit/1/recovery-key", self.master.as_slice(), &generation.to_be_bytes());
        RecoveryKey(StaticSecret::from(*secret))
    }

    pub(crate) fn sign(&self, generation: Generation) -> Result<Signed<Generation>, EncodeError> {
        self.signer.sign(generation)
    }
}

impl RecoveryKey {
    /// The X25519 public key, to seal to.
    pub fn public(&self) -> [u8; 32] {
        PublicKey::from(&self.0).to_bytes()
    }

    /// The X25519 private key, for whoever opens what was sealed.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }
}

impl ListKey {
    /// A new key.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        Self(Signer::generate(rng))
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Signer::from_seed(bytes))
    }

    /// The private key, for the account's own secrets.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.0.seed()
    }

    /// The Ed25519 public key.
    pub fn public(&self) -> [u8; 32] {
        self.0.public()
    }

    pub(crate) fn sign<B: Signable>(&self, body: B) -> Result<Signed<B>, EncodeError> {
        self.0.sign(body)
    }
}

impl DeviceKeys {
    /// Bytes of the two private keys.
    pub const BYTES: usize = 64;

    /// New keys.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let signer = Signer::generate(rng);
        let mut noise = Zeroizing::new([0; 32]);
        rng.fill_bytes(noise.as_mut_slice());
        Self { signer, noise: StaticSecret::from(*noise) }
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyLengthError> {
        let wrong = KeyLengthError { expected: Self::BYTES, found: bytes.len() };
        let (signing, rest) = bytes.split_first_chunk::<32>().ok_or(wrong)?;
        let noise = Zeroizing::new(<[u8; 32]>::try_from(rest).map_err(|_| wrong)?);
        Ok(Self { signer: Signer::from_seed(signing), noise: StaticSecret::from(*noise) })
    }

    /// The two private keys, for the store's keyring.
    pub fn to_bytes(&self) -> Zeroizing<[u8; Self::BYTES]> {
        let mut bytes = Zeroizing::new([0; Self::BYTES]);
        let secrets = [self.signer.seed(), Zeroizing::new(self.noise.to_bytes())];
        for (into, from) in bytes.iter_mut().zip(secrets.iter().flat_map(|secret| secret.iter())) {
            *into = *from;
        }
        bytes
    }

    /// The device's id: its Ed25519 public key.
    pub fn id(&self) -> DeviceId {
        DeviceId::from_bytes(self.signer.public())
    }

    /// The X25519 public key of its handshakes.
    pub fn noise_public(&self) -> [u8; 32] {
        PublicKey::from(&self.noise).to_bytes()
    }

    /// The X25519 private key of its handshakes, for the link.
    pub fn noise_private(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.noise.to_bytes())
    }

    /// The device's own word that it belongs to `account` and that these keys are its keys, without which no list key
    /// can list it. `olm_identity` is the Curve25519 public key of its Olm account.
    pub fn claim(&self, account: AccountId, olm_identity: [u8; 32]) -> Result<Signed<DeviceClaim>, EncodeError> {
        self.sign(DeviceClaim { account, device: self.id(), noise_static: self.noise_public(), olm_identity })
    }

    /// Signs a body under its label.
    pub fn sign<B: Signable>(&self, body: B) -> Result<Signed<B>, EncodeError> {
        self.signer.sign(body)
    }

    /// Signs a body under its label, for those who keep the signature elsewhere.
    pub fn sign_detached<B: Signable + ?Sized>(&self, body: &B) -> Result<Signature, EncodeError> {
        self.signer.sign_detached(body)
    }

    pub(crate) fn sign_bytes(&self, bytes: &[u8]) -> Signature {
        self.signer.sign_bytes(bytes)
    }

    pub(crate) fn signer_copy(&self) -> Signer {
        Signer::from_seed(&self.signer.seed())
    }
}

macro_rules! secret_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
secret_debug!(RootKey, RecoveryKey, ListKey, DeviceKeys);

#[cfg(test)]
mod tests;
