//! Builds Noise handshakes (revision 34) that draw their randomness from the caller and from nowhere else.

use rand_core::CryptoRng;
use snow::{
    Builder, Error, HandshakeState,
    params::{CipherChoice, DHChoice, HashChoice},
    resolvers::{CryptoResolver, DefaultResolver},
    types::{Cipher, Dh, Hash, Random},
};
use zeroize::Zeroizing;

use crate::{Psk, Role, StaticKey};

/// Two who know each other's static key and share a secret.
pub(crate) const KK: &str = "Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s";
/// Two who know nothing of each other.
pub(crate) const XX: &str = "Noise_XX_25519_ChaChaPoly_BLAKE2s";

/// What one side of a handshake knows before it.
pub(crate) struct Setup<'a> {
    pub(crate) role: Role,
    pub(crate) prologue: &'a [u8],
    pub(crate) local: &'a StaticKey,
    /// The peer's static key and the shared secret: with them `KKpsk0`, without them `XX`.
    pub(crate) peer: Option<(&'a [u8; 32], &'a Psk)>,
}

/// Begins a handshake; its ephemeral key is drawn from `rng` here, once.
pub(crate) fn begin(rng: &mut dyn CryptoRng, setup: &Setup<'_>) -> Result<HandshakeState, Error> {
    let mut draw = Zeroizing::new([0; 32]);
    rng.fill_bytes(draw.as_mut_slice());
    let pattern = if setup.peer.is_some() { KK } else { XX };
    let mut builder = Builder::with_resolver(pattern.parse()?, Box::new(Resolver(draw)))
        .prologue(setup.prologue)?
        .local_private_key(setup.local.bytes())?;
    if let Some((remote, psk)) = setup.peer {
        builder = builder.remote_public_key(remote)?.psk(0, psk.bytes())?;
    }
    match setup.role {
        Role::Initiator => builder.build_initiator(),
        Role::Responder => builder.build_responder(),
    }
}

/// The public key of a secret.
pub(crate) fn public_key(secret: &StaticKey) -> [u8; 32] {
    let mut public = [0; 32];
    if let Some(mut dh) = DefaultResolver.resolve_dh(&DHChoice::Curve25519) {
        dh.set(secret.bytes());
        for (to, from) in public.iter_mut().zip(dh.pubkey()) {
            *to = *from;
        }
    }
    public
}

/// Hands snow the 32 bytes that were drawn for this handshake; snow's own random source is not built in.
struct Resolver(Zeroizing<[u8; 32]>);

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Draw(Some(self.0.clone()))))
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        DefaultResolver.resolve_dh(choice)
    }

    fn resolve_hash(&self, choice: &HashChoice) -> Option<Box<dyn Hash>> {
        DefaultResolver.resolve_hash(choice)
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

/// Gives its bytes once: each side of both patterns makes one ephemeral key, and no two may be alike.
struct Draw(Option<Zeroizing<[u8; 32]>>);

impl Random for Draw {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        let drawn = self.0.take().ok_or(Error::Rng)?;
        if dest.len() != drawn.len() {
            return Err(Error::Rng);
        }
        dest.copy_from_slice(drawn.as_slice());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
