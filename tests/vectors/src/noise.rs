//! Noise `KKpsk0` and `XX` with 25519, ChaChaPoly and BLAKE2s, through a resolver whose randomness is given.

use serde::Deserialize;
use snow::{
    Builder, Error, HandshakeState,
    params::{CipherChoice, DHChoice, HashChoice},
    resolvers::{CryptoResolver, DefaultResolver},
    types::{Cipher, Dh, Hash, Random},
};

use crate::read::{hex, hex32, rows};

/// Noise allows messages of at most 65,535 bytes.
const LONGEST_MESSAGE: usize = 65_535;

#[derive(Deserialize)]
struct Vector {
    source: String,
    protocol_name: String,
    init_prologue: String,
    #[serde(default)]
    init_psks: Vec<String>,
    init_static: String,
    init_ephemeral: String,
    init_remote_static: Option<String>,
    resp_prologue: String,
    #[serde(default)]
    resp_psks: Vec<String>,
    resp_static: String,
    resp_ephemeral: String,
    resp_remote_static: Option<String>,
    handshake_hash: Option<String>,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    payload: String,
    ciphertext: String,
}

#[test]
fn published_handshakes() {
    let vectors: Vec<Vector> = rows(include_str!("../data/noise.json"));
    let names: Vec<_> = vectors.iter().map(|v| (v.source.as_str(), v.protocol_name.as_str())).collect();
    assert_eq!(
        names,
        [
            ("cacophony", "Noise_XX_25519_ChaChaPoly_BLAKE2s"),
            ("cacophony", "Noise_KKpsk0_25519_ChaChaPoly_BLAKE2s"),
            ("snow", "Noise_XX_25519_ChaChaPoly_BLAKE2s"),
        ]
    );
    for vector in &vectors {
        run(vector);
    }
}

#[test]
fn another_psk_fails_the_first_message() {
    let vectors: Vec<Vector> = rows(include_str!("../data/noise.json"));
    let mut vector = vectors.into_iter().find(|v| !v.init_psks.is_empty()).expect("KKpsk0 is there");
    vector.resp_psks = vec!["00".repeat(32)];
    let mut sent = vec![0; LONGEST_MESSAGE];
    let len = initiator(&vector).write_message(b"", &mut sent).expect("a message");
    assert!(responder(&vector).read_message(&sent[..len], &mut vec![0; LONGEST_MESSAGE]).is_err());
}

fn run(vector: &Vector) {
    let (mut left, mut right) = (initiator(vector), responder(vector));
    let mut messages = vector.messages.iter().enumerate();
    let (mut sent, mut read) = (vec![0; LONGEST_MESSAGE], vec![0; LONGEST_MESSAGE]);

    while !left.is_handshake_finished() {
        let (i, message) = messages.next().expect("the vector covers the handshake");
        let (from, to) = if i % 2 == 0 { (&mut left, &mut right) } else { (&mut right, &mut left) };
        let len = from.write_message(&hex(&message.payload), &mut sent).expect("a message");
        assert_eq!(sent[..len], hex(&message.ciphertext), "{} message {i}", vector.protocol_name);
        let len = to.read_message(&sent[..len], &mut read).expect("the other side reads it");
        assert_eq!(read[..len], hex(&message.payload), "{} message {i}", vector.protocol_name);
    }
    if let Some(hash) = &vector.handshake_hash {
        assert_eq!(left.get_handshake_hash(), hex(hash), "{}", vector.protocol_name);
        assert_eq!(right.get_handshake_hash(), hex(hash), "{}", vector.protocol_name);
    }

    let mut left = left.into_transport_mode().expect("finished");
    let mut right = right.into_transport_mode().expect("finished");
    for (i, message) in messages {
        let (from, to) = if i % 2 == 0 { (&mut left, &mut right) } else { (&mut right, &mut left) };
        let len = from.write_message(&hex(&message.payload), &mut sent).expect("a message");
        assert_eq!(sent[..len], hex(&message.ciphertext), "{} message {i}", vector.protocol_name);
        let len = to.read_message(&sent[..len], &mut read).expect("the other side reads it");
        assert_eq!(read[..len], hex(&message.payload), "{} message {i}", vector.protocol_name);
    }
}

fn initiator(v: &Vector) -> HandshakeState {
    let parts = Side {
        prologue: hex(&v.init_prologue),
        psk: v.init_psks.first().map(|psk| hex32(psk)),
        own: hex(&v.init_static),
        remote: v.init_remote_static.as_deref().map(hex),
    };
    parts.builder(v, hex32(&v.init_ephemeral)).build_initiator().expect("a complete vector")
}

fn responder(v: &Vector) -> HandshakeState {
    let parts = Side {
        prologue: hex(&v.resp_prologue),
        psk: v.resp_psks.first().map(|psk| hex32(psk)),
        own: hex(&v.resp_static),
        remote: v.resp_remote_static.as_deref().map(hex),
    };
    parts.builder(v, hex32(&v.resp_ephemeral)).build_responder().expect("a complete vector")
}

/// What one side knows before the first message.
struct Side {
    prologue: Vec<u8>,
    psk: Option<[u8; 32]>,
    own: Vec<u8>,
    remote: Option<Vec<u8>>,
}

impl Side {
    fn builder(&self, vector: &Vector, ephemeral: [u8; 32]) -> Builder<'_> {
        let params = vector.protocol_name.parse().expect("a name snow knows");
        let mut builder = Builder::with_resolver(params, Box::new(Given(ephemeral)))
            .prologue(&self.prologue)
            .and_then(|builder| builder.local_private_key(&self.own))
            .expect("set once");
        if let Some(psk) = &self.psk {
            builder = builder.psk(0, psk).expect("set once");
        }
        if let Some(remote) = &self.remote {
            builder = builder.remote_public_key(remote).expect("set once");
        }
        builder
    }
}

/// Resolves to snow's own primitives, with the vector's ephemeral key in place of randomness.
#[derive(Clone, Copy)]
struct Given([u8; 32]);

impl CryptoResolver for Given {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(*self))
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

impl Random for Given {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        if dest.len() != self.0.len() {
            return Err(Error::Rng);
        }
        dest.copy_from_slice(&self.0);
        Ok(())
    }
}
