//! Who calls, shakes hands, and never says who they are.

use lamplit_link::{Candidate, Directory, Link, Opening};
use lamplit_node::{Command, Input, limits};
use lamplit_types::{Class, LinkId, Mono, PairTag, Pipe};

use crate::world::World;

/// A caller who holds the other end of a pipe, and no more than a link.
struct Caller {
    to: usize,
    /// The pipe, as the one who is called knows it.
    pipe: LinkId,
    link: Link,
}

/// Somebody who knows nobody.
struct Nobody;

impl Directory for Nobody {
    fn candidates(&self, _: PairTag) -> Vec<Candidate> {
        Vec::new()
    }
    fn accepts_strangers(&self) -> bool {
        false
    }
    fn first_seen(&mut self, _: PairTag, _: [u8; 32]) -> bool {
        true
    }
}

impl Caller {
    /// Calls a device and shakes hands as strangers do.
    fn call(world: &mut World, to: usize) -> Self {
        let pipe = Pipe::Streams { binding: [0; 32], packet: 1200 };
        let link = Link::dial(Mono(world.now), &mut world.rng, pipe, Opening::Stranger).unwrap();
        let mut caller = Self { to, pipe: world.pipe_to(to, pipe), link };
        for _ in 0..4 {
            caller.exchange(world);
        }
        assert!(caller.link.poll_event().is_some(), "the handshake is over");
        caller
    }

    /// What waits goes, and what is answered comes.
    fn exchange(&mut self, world: &mut World) {
        while let Some((channel, bytes)) = self.link.poll_transmit(Mono(world.now)) {
            world.input(self.to, Input::Received { link: self.pipe, channel, bytes });
        }
        for (channel, bytes) in world.for_nobody() {
            self.link.receive(Mono(world.now), &mut world.rng, &mut Nobody, channel, &bytes).unwrap();
        }
    }

    /// Says something that the other steps over: a frame of a later version.
    fn hum(&mut self, world: &mut World) {
        self.link.send(Mono(world.now), Class::Control, &[9, 1, 0, 0]).unwrap();
        self.exchange(world);
    }

    fn is_on(&self, world: &World) -> bool {
        world.has_pipe(self.pipe)
    }
}

#[test]
fn a_stranger_who_never_knocks_is_not_waited_for() {
    let mut world = World::new(95);
    let jia = world.person("Jia");
    world.invite(jia);
    let mut caller = Caller::call(&mut world, jia);
    let since = world.now;
    while caller.is_on(&world) && world.now < since + 10 * limits::GREETING_MS {
        world.pass(3_000);
        caller.hum(&mut world);
    }
    assert!(!caller.is_on(&world), "the link is held for as long as the stranger likes");
    assert!(world.now >= since + limits::GREETING_MS, "it had its time");
}

#[test]
fn strangers_who_say_nothing_keep_no_place_from_others() {
    let mut world = World::new(96);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    let invite = world.invite(jia);
    let callers: Vec<_> = (0..limits::LINKS).map(|_| Caller::call(&mut world, jia)).collect();
    world.command(yi, Command::Accept(Box::new(invite.clone()))).unwrap();
    world.pass(2_000);
    assert!(world.contact(jia, yi).is_none(), "there is no room");
    world.pass(limits::GREETING_MS);
    assert!(callers.iter().all(|caller| !caller.is_on(&world)));
    world.command(yi, Command::Accept(Box::new(invite))).unwrap();
    world.pass(2_000);
    assert!(world.contact(jia, yi).is_some());
}
