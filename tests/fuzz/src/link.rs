//! Links over a pipe that somebody else holds.

use std::collections::VecDeque;

use chacha20::ChaCha8Rng;
use lamplit_link::{Candidate, Directory, Link, LinkError, LinkEvent, Opening, Psk, StaticKey};
use lamplit_types::{Channel, Class, DeviceId, Mono, PairTag, Pipe, limits};
use rand_core::SeedableRng;

use crate::script::Script;

/// Instructions of one script. Further ones are not read.
const INSTRUCTIONS: usize = 256;
/// The pair of contacts that the script's first byte may choose.
const TAG: PairTag = PairTag::from_bytes([5; 8]);
const PSK: [u8; 32] = [6; 32];
/// The first frame after a handshake that was left alone.
const MET: &[u8] = b"good evening";
const CALLER: DeviceId = DeviceId::from_bytes([1; 32]);
const CALLED: DeviceId = DeviceId::from_bytes([2; 32]);

/// Plays a script between Alice, who dials, and Bob: the first byte chooses the pipe and the handshake, the rest is
/// what happens on the way. On a pipe of packets, which anyone may hold, whatever Bob reads is what Alice wrote, in
/// her order. On a pipe with streams, whose other end is who it claims to be, every frame keeps its limits.
pub fn link(data: &[u8]) {
    if let Some(scene) = play(data) {
        scene.check();
    }
}

/// The scene at the end of the script.
fn play(data: &[u8]) -> Option<Scene> {
    let mut script = Script::new(data);
    let first = script.byte();
    let pipe = match first % 4 {
        0 => Pipe::Packets { mtu: limits::MIN_MTU },
        1 => Pipe::Packets { mtu: 247 },
        2 => Pipe::Streams { binding: [4; 32], packet: 1_200 },
        _ => Pipe::Streams { binding: [4; 32], packet: 0 },
    };
    let mut scene = Scene::new(pipe, first & 4 != 0)?;
    if first & 8 != 0 {
        scene.meet();
    }
    for _ in 0..INSTRUCTIONS {
        if script.is_over() || scene.play(&mut script).is_err() {
            break;
        }
    }
    Some(scene)
}

struct Scene {
    now: Mono,
    rng: ChaCha8Rng,
    pipe: Pipe,
    alice: Link,
    bob: Link,
    to_bob: VecDeque<(Channel, Vec<u8>)>,
    said: Vec<Vec<u8>>,
    heard: Vec<Vec<u8>>,
}

/// Knows one contact, and lets strangers in.
struct Bobs;

impl Directory for Bobs {
    fn candidates(&self, tag: PairTag) -> Vec<Candidate> {
        let caller = || Candidate { peer: CALLER, remote_static: key(1).public(), psk: Psk::from_bytes(PSK) };
        if tag == TAG { vec![caller()] } else { Vec::new() }
    }

    fn accepts_strangers(&self) -> bool {
        true
    }

    fn first_seen(&mut self, _: PairTag, _: [u8; 32]) -> bool {
        true
    }
}

impl Scene {
    fn new(pipe: Pipe, contacts: bool) -> Option<Self> {
        let (now, mut rng) = (Mono(0), ChaCha8Rng::from_seed([3; 32]));
        let opening = if contacts {
            let psk = Psk::from_bytes(PSK);
            Opening::Known { tag: TAG, peer: CALLED, local_static: key(1), remote_static: key(2).public(), psk }
        } else {
            Opening::Stranger
        };
        let alice = Link::dial(now, &mut rng, pipe, opening);
        assert!(alice.is_ok(), "a good pipe is refused");
        let alice = alice.ok()?;
        let bob = Link::accept(now, &mut rng, pipe, key(2));
        let (to_bob, said, heard) = (VecDeque::new(), Vec::new(), Vec::new());
        Some(Self { now, rng, pipe, alice, bob, to_bob, said, heard })
    }

    /// Lets the handshake end undisturbed.
    fn meet(&mut self) {
        for _ in 0..8 {
            self.collect();
            while let Some((channel, bytes)) = self.to_bob.pop_front() {
                assert!(self.give_bob(channel, &bytes).is_ok(), "Bob refuses Alice");
            }
            assert!(self.answer().is_ok(), "Alice refuses Bob");
        }
        assert!(self.alice.send(self.now, Class::Message, MET).is_ok(), "an undisturbed handshake fails");
        self.said.push(MET.to_vec());
    }

    /// One instruction.
    fn play(&mut self, script: &mut Script<'_>) -> Result<(), LinkError> {
        self.collect();
        match script.byte() % 9 {
            0 => {
                let channel = channel(script.byte());
                self.give_bob(channel, script.bytes(limits::FRAME_BYTES))
            }
            1 => {
                let channel = channel(script.byte());
                let bytes = script.bytes(limits::FRAME_BYTES);
                self.alice.receive(self.now, &mut self.rng, &mut Bobs, channel, bytes)
            }
            2 => self.to_bob.pop_front().map_or(Ok(()), |(channel, bytes)| self.give_bob(channel, &bytes)),
            3 => {
                self.to_bob.pop_front();
                Ok(())
            }
            4 => {
                if let Some(first) = self.to_bob.pop_front() {
                    self.to_bob.push_back(first);
                }
                Ok(())
            }
            5 => {
                let (place, change) = (script.byte(), script.byte());
                let Some((channel, mut bytes)) = self.to_bob.front().cloned() else { return Ok(()) };
                if let Some(byte) = bytes.get_mut(usize::from(place)) {
                    *byte ^= change;
                }
                self.give_bob(channel, &bytes)
            }
            6 => {
                let frame = script.bytes(2_000).to_vec();
                if self.alice.send(self.now, Class::Message, &frame).is_ok() {
                    self.said.push(frame);
                }
                Ok(())
            }
            7 => self.answer(),
            _ => {
                self.now = self.now.plus(u64::from(script.byte()) * 10);
                self.alice.on_deadline(self.now)?;
                self.bob.on_deadline(self.now)
            }
        }
    }

    fn collect(&mut self) {
        while let Some(sent) = self.alice.poll_transmit(self.now) {
            self.to_bob.push_back(sent);
        }
        while self.alice.poll_event().is_some() {}
    }

    fn give_bob(&mut self, channel: Channel, bytes: &[u8]) -> Result<(), LinkError> {
        let result = self.bob.receive(self.now, &mut self.rng, &mut Bobs, channel, bytes);
        while let Some(event) = self.bob.poll_event() {
            if let LinkEvent::Frame { bytes, .. } = event {
                assert!((1..=limits::FRAME_BYTES).contains(&bytes.len()), "a frame of {} bytes", bytes.len());
                self.heard.push(bytes);
            }
        }
        result
    }

    fn answer(&mut self) -> Result<(), LinkError> {
        while let Some((channel, bytes)) = self.bob.poll_transmit(self.now) {
            self.alice.receive(self.now, &mut self.rng, &mut Bobs, channel, &bytes)?;
        }
        Ok(())
    }

    /// A stranger may have opened a link of its own, but nobody speaks for Alice.
    fn check(&self) {
        if matches!(self.pipe, Pipe::Packets { .. }) {
            assert!(self.said.starts_with(&self.heard), "Bob read what Alice didn't write");
        }
    }
}

fn key(number: u8) -> StaticKey {
    StaticKey::from_bytes([number; 32])
}

fn channel(number: u8) -> Channel {
    match number % 4 {
        0 => Channel::Packet,
        1 => Channel::Stream(Class::Control),
        2 => Channel::Stream(Class::Message),
        _ => Channel::Stream(Class::Bulk),
    }
}

#[cfg(test)]
mod tests;
