#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const LIFE: Incarnation = Incarnation(1);

fn at(next: u64) -> Inbox {
    let mut inbox = Inbox::default();
    inbox.advance(LIFE, next);
    inbox
}

#[test]
fn each_number_has_its_turn() {
    let table = [
        // next, seq, base, what to do
        (5, 5, 1, Turn::Now { release_below: 5 }),
        (5, 4, 1, Turn::Before),
        (5, 1, 1, Turn::Before),
        (5, 6, 1, Turn::Early { release_below: 5 }),
        // The sender gave up on what is below 8.
        (5, 8, 8, Turn::Now { release_below: 8 }),
        (5, 9, 8, Turn::Early { release_below: 8 }),
        (5, 7, 7, Turn::Now { release_below: 7 }),
        // It says the same of numbers that came: no matter.
        (5, 5, 3, Turn::Now { release_below: 5 }),
        // A base beyond the message itself speaks of others only.
        (5, 6, 9, Turn::Now { release_below: 6 }),
        (5, 4, 9, Turn::Before),
        // Room for so many, and one more.
        (5, 5 + HELD_AHEAD, 1, Turn::Early { release_below: 5 }),
        (5, 6 + HELD_AHEAD, 1, Turn::TooEarly),
        (5, 6 + HELD_AHEAD, 6, Turn::Early { release_below: 6 }),
        (5, u64::MAX, 1, Turn::TooEarly),
        (u64::MAX, u64::MAX, 1, Turn::Now { release_below: u64::MAX }),
        // No number is 0.
        (5, 0, 0, Turn::Before),
    ];
    for (next, seq, base, expected) in table {
        assert_eq!(at(next).turn(LIFE, seq, base), expected, "{seq} with base {base} where {next} is next");
    }
}

#[test]
fn a_life_not_heard_of_begins_at_its_base() {
    let table = [
        (1, 1, Turn::Now { release_below: 1 }),
        (3, 1, Turn::Early { release_below: 1 }),
        (7, 7, Turn::Now { release_below: 7 }),
        (9, 7, Turn::Early { release_below: 7 }),
        (2 + HELD_AHEAD, 1, Turn::TooEarly),
        // A sender that names no base begins at 1 as well.
        (1, 0, Turn::Now { release_below: 1 }),
        (2, 0, Turn::Early { release_below: 1 }),
        (0, 0, Turn::Before),
    ];
    for inbox in [Inbox::default(), at(5)] {
        for (seq, base, expected) in table {
            assert_eq!(inbox.turn(Incarnation(2), seq, base), expected, "{seq} with base {base}");
        }
    }
}

#[test]
fn a_turn_never_goes_back() {
    let mut inbox = at(5);
    assert_eq!(inbox.advance(LIFE, 3), None);
    assert_eq!(inbox.next(LIFE), Some(5));
    inbox.advance(LIFE, 6);
    assert_eq!(inbox.next(LIFE), Some(6));
    assert_eq!(inbox.next(Incarnation(2)), None);
}

#[test]
fn what_was_received_is_told_of_the_latest_life() {
    let mut inbox = Inbox::default();
    assert_eq!(inbox.received(), None);
    inbox.advance(LIFE, 1);
    assert_eq!(inbox.received(), Some((LIFE, 0)));
    inbox.advance(LIFE, 5);
    assert_eq!(inbox.received(), Some((LIFE, 4)));
    inbox.advance(Incarnation(2), 2);
    assert_eq!(inbox.received(), Some((Incarnation(2), 1)));
    // A late message of an earlier life does not make that the latest.
    inbox.advance(LIFE, 6);
    assert_eq!(inbox.received(), Some((Incarnation(2), 1)));
}

#[test]
fn the_oldest_life_is_forgotten() {
    let mut inbox = Inbox::default();
    let lives: Vec<Incarnation> = (0..=LIVES as u64).map(Incarnation).collect();
    for life in &lives[..LIVES] {
        assert_eq!(inbox.advance(*life, 9), None);
    }
    assert_eq!(inbox.advance(lives[LIVES], 9), Some(lives[0]));
    assert_eq!(inbox.next(lives[0]), None);
    for life in &lives[1..] {
        assert_eq!(inbox.next(*life), Some(9));
    }
}

/// One device that sends.
#[derive(Default)]
struct Sender {
    life: u64,
    last: u64,
    /// Not acknowledged, not expired; each with the base that was sealed into it.
    waiting: BTreeMap<u64, u64>,
    expired: BTreeSet<(u64, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Packet {
    life: u64,
    seq: u64,
    base: u64,
}

impl Sender {
    fn say(&mut self) -> Packet {
        self.last += 1;
        self.waiting.insert(self.last, self.base().unwrap_or(self.last));
        self.packets().pop().unwrap()
    }

    fn base(&self) -> Option<u64> {
        self.waiting.keys().next().copied()
    }

    /// What waits says from now on what will not come.
    fn seal_anew(&mut self) {
        let Some(base) = self.base() else { return };
        self.waiting.values_mut().for_each(|sealed| *sealed = base);
    }

    fn packets(&self) -> Vec<Packet> {
        self.waiting.iter().map(|(seq, base)| Packet { life: self.life, seq: *seq, base: *base }).collect()
    }

    fn acknowledged(&mut self, packet: Packet) {
        if packet.life == self.life {
            self.waiting.remove(&packet.seq);
        }
    }

    fn expire(&mut self) {
        if let Some((seq, _)) = self.waiting.pop_first() {
            self.expired.insert((self.life, seq));
            self.seal_anew();
        }
    }

    /// It comes back from a backup: what waited is lost, or said again in the new life as something new.
    fn begin_a_new_life(&mut self) {
        *self = Self { life: self.life + 1, expired: core::mem::take(&mut self.expired), ..Self::default() };
    }
}

/// The device that receives, as the node uses an inbox.
#[derive(Default)]
struct Receiver {
    inbox: Inbox,
    held: BTreeSet<(u64, u64)>,
    delivered: Vec<(u64, u64)>,
    acknowledged: BTreeSet<(u64, u64)>,
}

impl Receiver {
    /// Says whether it acknowledges.
    fn receive(&mut self, packet: Packet) -> bool {
        let life = Incarnation(packet.life);
        match self.inbox.turn(life, packet.seq, packet.base) {
            Turn::TooEarly => return false,
            Turn::Before => {}
            Turn::Now { release_below } => {
                self.release(packet.life, release_below);
                self.held.remove(&(packet.life, packet.seq));
                self.delivered.push((packet.life, packet.seq));
                self.follow(packet.life, packet.seq + 1);
            }
            Turn::Early { release_below } => {
                self.held.insert((packet.life, packet.seq));
                self.release(packet.life, release_below);
                self.follow(packet.life, release_below);
            }
        }
        self.acknowledged.insert((packet.life, packet.seq));
        true
    }

    fn release(&mut self, life: u64, below: u64) {
        let due: Vec<(u64, u64)> = self.held.range((life, 0)..(life, below)).copied().collect();
        for message in due {
            self.held.remove(&message);
            self.delivered.push(message);
        }
    }

    fn follow(&mut self, life: u64, mut next: u64) {
        while self.held.remove(&(life, next)) {
            self.delivered.push((life, next));
            next += 1;
        }
        assert_eq!(self.inbox.advance(Incarnation(life), next), None, "no more lives than are remembered");
    }

    /// What is held expires.
    fn expire(&mut self) {
        for life in 0..LIVES as u64 {
            self.release(life, u64::MAX);
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Say(usize),
    /// Everything that waits is sent again, as it is or sealed anew.
    SendAgain {
        anew: bool,
    },
    /// Any packet under way arrives; the acknowledgement may be lost.
    Arrive {
        which: prop::sample::Index,
        acknowledged: bool,
    },
    /// Any packet arrives and stays under way too.
    ArriveTwice(prop::sample::Index),
    Lose(prop::sample::Index),
    /// The sender gives up on the oldest.
    Expire,
    NewLife,
}

fn any_acts() -> impl Strategy<Value = Vec<Act>> {
    let index = any::<prop::sample::Index>;
    let act = prop_oneof![
        6 => (1..4usize).prop_map(Act::Say),
        1 => (200..400usize).prop_map(Act::Say),
        3 => any::<bool>().prop_map(|anew| Act::SendAgain { anew }),
        12 => (index(), any::<bool>()).prop_map(|(which, acknowledged)| Act::Arrive { which, acknowledged }),
        4 => index().prop_map(Act::ArriveTwice),
        4 => index().prop_map(Act::Lose),
        2 => Just(Act::Expire),
        1 => Just(Act::NewLife),
    ];
    proptest::collection::vec(act, 0..80)
}

#[derive(Default)]
struct World {
    sender: Sender,
    receiver: Receiver,
    under_way: Vec<Packet>,
}

impl World {
    fn act(&mut self, act: &Act) {
        match act {
            Act::Say(count) => (0..*count).for_each(|_| self.under_way.push(self.sender.say())),
            Act::SendAgain { anew } => {
                if *anew {
                    self.sender.seal_anew();
                }
                self.send_again();
            }
            Act::Expire => self.sender.expire(),
            Act::NewLife if self.sender.life + 1 < LIVES as u64 => self.sender.begin_a_new_life(),
            Act::NewLife => {}
            Act::Arrive { .. } | Act::ArriveTwice(_) | Act::Lose(_) if self.under_way.is_empty() => {}
            Act::Lose(which) => drop(self.under_way.swap_remove(which.index(self.under_way.len()))),
            Act::Arrive { which, acknowledged } => {
                let packet = self.under_way.swap_remove(which.index(self.under_way.len()));
                self.arrive(packet, *acknowledged);
            }
            Act::ArriveTwice(which) => self.arrive(*which.get(&self.under_way), true),
        }
        for life in 0..LIVES as u64 {
            let held = self.receiver.held.range((life, 0)..=(life, u64::MAX)).count();
            assert!(held as u64 <= HELD_AHEAD, "{held} are held");
        }
    }

    fn send_again(&mut self) {
        self.under_way.extend(self.sender.packets());
    }

    fn arrive(&mut self, packet: Packet, acknowledged: bool) {
        if self.receiver.receive(packet) && acknowledged {
            self.sender.acknowledged(packet);
        }
    }

    /// From now on nothing is lost, but the order is still anyhow.
    fn become_whole(&mut self, seed: u64) {
        for round in 0..1000 {
            if self.sender.waiting.is_empty() && self.under_way.is_empty() {
                return;
            }
            self.send_again();
            let mut packets = core::mem::take(&mut self.under_way);
            packets.sort_by_key(|packet| packet.seq.wrapping_mul(seed | 1).rotate_left(17).wrapping_add(packet.life));
            packets.into_iter().for_each(|packet| self.arrive(packet, true));
            assert!(round < 999, "{} are never acknowledged", self.sender.waiting.len());
        }
    }

    fn check(&self) {
        let delivered: BTreeSet<(u64, u64)> = self.receiver.delivered.iter().copied().collect();
        assert_eq!(delivered.len(), self.receiver.delivered.len(), "something came twice");
        let mut last: BTreeMap<u64, u64> = BTreeMap::new();
        for (life, seq) in &self.receiver.delivered {
            let before = last.insert(*life, *seq);
            assert!(before.is_none_or(|before| before < *seq), "{seq} came after {before:?} in life {life}");
        }
        for message in &self.receiver.acknowledged {
            // One that expired may come after its turn was given up: the sender no longer waits for it.
            assert!(delivered.contains(message) || self.sender.expired.contains(message), "{message:?} is lost");
        }
        for seq in 1..=self.sender.last {
            let message = (self.sender.life, seq);
            assert!(delivered.contains(&message) || self.sender.expired.contains(&message), "{message:?} is lost");
        }
    }
}

#[test]
fn in_order_over_a_good_path_nothing_is_ever_held() {
    let mut world = World::default();
    for number in 1..=1000 {
        let packet = world.sender.say();
        world.arrive(packet, true);
        assert!(world.receiver.held.is_empty());
        assert_eq!(world.receiver.delivered.len(), number);
    }
    world.check();
}

#[test]
fn a_gap_that_is_given_up_lets_the_rest_through() {
    let mut world = World::default();
    let packets: Vec<Packet> = (0..4).map(|_| world.sender.say()).collect();
    world.arrive(packets[2], true);
    world.arrive(packets[3], true);
    assert_eq!(world.receiver.delivered, []);
    world.sender.expire();
    // Number 2 says now that 1 will not come.
    let packet = world.sender.packets()[0];
    world.arrive(packet, true);
    assert_eq!(world.receiver.delivered, [(0, 2), (0, 3), (0, 4)]);
    // Number 1 comes at last, from somewhere; and what was held expires.
    world.arrive(packets[0], true);
    world.receiver.expire();
    assert_eq!(world.receiver.delivered.len(), 3);
}

#[test]
fn what_is_its_turn_only_because_of_an_early_one_goes_through_too() {
    let mut receiver = Receiver::default();
    // 3 is held for 1 and 2; then 5 comes and says that nothing below 3 will.
    receiver.receive(Packet { life: 0, seq: 3, base: 1 });
    receiver.receive(Packet { life: 0, seq: 5, base: 3 });
    assert_eq!(receiver.delivered, [(0, 3)]);
    assert_eq!(receiver.held, BTreeSet::from([(0, 5)]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn everything_comes_once_and_in_order_and_nothing_is_lost(acts in any_acts(), seed: u64) {
        let mut world = World::default();
        acts.iter().for_each(|act| world.act(act));
        world.become_whole(seed);
        world.receiver.expire();
        world.check();
    }
}
