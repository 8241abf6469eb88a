//! The messages of a handshake, whatever pipe carries them.
//!
//! The first message is led by a kind: 1 for `KKpsk0`, then the 8 bytes of the pair tag; 2 for `XX`. What leads it
//! is part of the prologue, so it can't be changed on the way. All payloads are empty.

use lamplit_types::{DeviceId, PairTag};
use rand_core::CryptoRng;
use snow::HandshakeState;
use zeroize::Zeroizing;

use crate::{
    Candidate, Directory, LinkError, OpenError, Opening, Role, StaticKey,
    limits::{CANDIDATES, HANDSHAKE_BYTES},
    noise::{self, Setup},
};

const LABEL: &[u8] = b"lamplit link 1";
const KIND_KNOWN: u8 = 1;
const KIND_STRANGER: u8 = 2;

/// A handshake under way.
pub(crate) struct Handshake {
    role: Role,
    binding: [u8; 32],
    state: State,
}

/// What a message brought about.
#[derive(Default)]
pub(crate) struct Step {
    /// The message to send now.
    pub(crate) reply: Option<Vec<u8>>,
    /// The handshake is complete on this side.
    pub(crate) done: Option<Outcome>,
}

/// A complete handshake.
pub(crate) struct Outcome {
    pub(crate) role: Role,
    pub(crate) peer: Option<DeviceId>,
    pub(crate) hash: [u8; 32],
    pub(crate) keys: Keys,
}

/// The two transport keys.
pub(crate) struct Keys {
    pub(crate) send: Zeroizing<[u8; 32]>,
    pub(crate) receive: Zeroizing<[u8; 32]>,
}

enum State {
    Listening { local: StaticKey, throw_away: StaticKey },
    Running { noise: Box<HandshakeState>, peer: Option<DeviceId> },
    Over,
}

impl Handshake {
    /// Begins a handshake; returns its first message too.
    pub(crate) fn dial(
        rng: &mut dyn CryptoRng,
        binding: [u8; 32],
        opening: Opening,
    ) -> Result<(Self, Vec<u8>), OpenError> {
        let role = Role::Initiator;
        let (lead, noise, peer) = match opening {
            Opening::Known { tag, peer, local_static, remote_static, psk } => {
                let lead = lead_known(tag);
                let prologue = prologue(&binding, &lead);
                let peer_keys = Some((&remote_static, &psk));
                let setup = Setup { role, prologue: &prologue, local: &local_static, peer: peer_keys };
                (lead, noise::begin(rng, &setup), Some(peer))
            }
            Opening::Stranger => {
                let lead = vec![KIND_STRANGER];
                let local = StaticKey::draw(rng);
                let prologue = prologue(&binding, &lead);
                let setup = Setup { role, prologue: &prologue, local: &local, peer: None };
                (lead, noise::begin(rng, &setup), None)
            }
        };
        let mut noise = Box::new(noise.map_err(|_| OpenError::Keys)?);
        let mut message = lead;
        message.extend(write(&mut noise).map_err(|_| OpenError::Keys)?);
        Ok((Self { role, binding, state: State::Running { noise, peer } }, message))
    }

    /// Waits for a first message.
    pub(crate) fn accept(rng: &mut dyn CryptoRng, binding: [u8; 32], local: StaticKey) -> Self {
        let throw_away = StaticKey::draw(rng);
        Self { role: Role::Responder, binding, state: State::Listening { local, throw_away } }
    }

    /// Takes the peer's next message. After an error the handshake is over.
    pub(crate) fn receive(
        &mut self,
        rng: &mut dyn CryptoRng,
        directory: &mut dyn Directory,
        message: &[u8],
    ) -> Result<Step, LinkError> {
        if message.len() > HANDSHAKE_BYTES {
            return Err(LinkError::Handshake);
        }
        let (mut noise, peer) = match core::mem::replace(&mut self.state, State::Over) {
            State::Listening { local, throw_away } => match message.split_first() {
                Some((&KIND_KNOWN, message)) => from_contact(rng, directory, &self.binding, &local, message)?,
                Some((&KIND_STRANGER, message)) => from_stranger(rng, directory, &self.binding, &throw_away, message)?,
                _ => return Err(LinkError::Handshake),
            },
            State::Running { mut noise, peer } => {
                read(&mut noise, message)?;
                (noise, peer)
            }
            State::Over => return Err(LinkError::Handshake),
        };
        let mut step = Step::default();
        if !noise.is_handshake_finished() {
            step.reply = Some(write(&mut noise)?);
        }
        if noise.is_handshake_finished() {
            step.done = Some(self.outcome(&mut noise, peer)?);
        } else {
            self.state = State::Running { noise, peer };
        }
        Ok(step)
    }

    fn outcome(&self, noise: &mut HandshakeState, peer: Option<DeviceId>) -> Result<Outcome, LinkError> {
        let hash = noise.get_handshake_hash().try_into().map_err(|_| LinkError::Handshake)?;
        let (from_initiator, from_responder) = noise.dangerously_get_raw_split();
        let (from_initiator, from_responder) = (Zeroizing::new(from_initiator), Zeroizing::new(from_responder));
        let keys = match self.role {
            Role::Initiator => Keys { send: from_initiator, receive: from_responder },
            Role::Responder => Keys { send: from_responder, receive: from_initiator },
        };
        Ok(Outcome { role: self.role, peer, hash, keys })
    }
}

fn from_stranger(
    rng: &mut dyn CryptoRng,
    directory: &mut dyn Directory,
    binding: &[u8; 32],
    throw_away: &StaticKey,
    message: &[u8],
) -> Result<(Box<HandshakeState>, Option<DeviceId>), LinkError> {
    if !directory.accepts_strangers() {
        return Err(LinkError::StrangersRefused);
    }
    let prologue = prologue(binding, &[KIND_STRANGER]);
    let setup = Setup { role: Role::Responder, prologue: &prologue, local: throw_away, peer: None };
    let mut noise = Box::new(noise::begin(rng, &setup).map_err(|_| LinkError::Handshake)?);
    read(&mut noise, message)?;
    Ok((noise, None))
}

/// Tries every contact the tag may mean. Only a message that opens is remembered, so nobody else can fill the
/// memory against replays.
fn from_contact(
    rng: &mut dyn CryptoRng,
    directory: &mut dyn Directory,
    binding: &[u8; 32],
    local: &StaticKey,
    message: &[u8],
) -> Result<(Box<HandshakeState>, Option<DeviceId>), LinkError> {
    let (tag, message) = message.split_first_chunk::<8>().ok_or(LinkError::Handshake)?;
    let tag = PairTag::from_bytes(*tag);
    let ephemeral = *message.first_chunk::<32>().ok_or(LinkError::Handshake)?;
    let prologue = prologue(binding, &lead_known(tag));
    for Candidate { peer, remote_static, psk } in directory.candidates(tag).into_iter().take(CANDIDATES) {
        let peer_keys = Some((&remote_static, &psk));
        let setup = Setup { role: Role::Responder, prologue: &prologue, local, peer: peer_keys };
        let mut noise = Box::new(noise::begin(rng, &setup).map_err(|_| LinkError::Handshake)?);
        if read(&mut noise, message).is_err() {
            continue;
        }
        if !directory.first_seen(tag, ephemeral) {
            return Err(LinkError::Replayed);
        }
        return Ok((noise, Some(peer)));
    }
    Err(LinkError::Unknown)
}

fn lead_known(tag: PairTag) -> Vec<u8> {
    let mut lead = vec![KIND_KNOWN];
    lead.extend(tag.as_bytes());
    lead
}

fn prologue(binding: &[u8; 32], lead: &[u8]) -> Vec<u8> {
    [LABEL, binding, lead].concat()
}

fn write(noise: &mut HandshakeState) -> Result<Vec<u8>, LinkError> {
    let mut message = vec![0; HANDSHAKE_BYTES];
    let len = noise.write_message(&[], &mut message).map_err(|_| LinkError::Handshake)?;
    message.truncate(len);
    Ok(message)
}

/// Reads a message whose payload must be empty.
fn read(noise: &mut HandshakeState, message: &[u8]) -> Result<(), LinkError> {
    let mut payload = [0; HANDSHAKE_BYTES];
    match noise.read_message(message, &mut payload) {
        Ok(0) => Ok(()),
        _ => Err(LinkError::Handshake),
    }
}

#[cfg(test)]
mod tests;
