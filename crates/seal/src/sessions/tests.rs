#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use proptest::{prelude::*, sample::Index};

use super::*;
use crate::{
    fixture::{Device, met},
    limits::RECEIVING_CHAINS,
};

#[test]
fn only_the_first_message_of_a_session_changes_the_account() {
    let (mut alice, mut bob) = (Device::new(), Device::new());
    alice.start(&mut bob);
    let (first, second) = (alice.send("one"), alice.send("two"));
    assert!(bob.receive(&alice, &first).unwrap().account_changed);
    assert!(!bob.receive(&alice, &second).unwrap().account_changed);
    assert_eq!(bob.sessions.len(), 1);
}

#[test]
fn a_session_begins_though_its_first_messages_are_lost_or_late() {
    let (mut alice, mut bob) = (Device::new(), Device::new());
    alice.start(&mut bob);
    let (_lost, late, in_time) = (alice.send("one"), alice.send("two"), alice.send("three"));
    assert_eq!(bob.read(&alice, &in_time), "three");
    assert_eq!(bob.read(&alice, &late), "two");
    assert_eq!(bob.sessions.len(), 1);
}

#[test]
fn two_sides_that_start_at_once_come_to_use_one_session() {
    let (mut alice, mut bob) = (Device::new(), Device::new());
    alice.start(&mut bob);
    bob.start(&mut alice);
    // Their first messages cross, and so do their second ones.
    for _ in 0..2 {
        let (there, back) = (alice.send("hello"), bob.send("hello"));
        assert_eq!(bob.read(&alice, &there), "hello");
        assert_eq!(alice.read(&bob, &back), "hello");
        assert_eq!((alice.sessions.len(), bob.sessions.len()), (2, 2));
    }
    let message = alice.send("whose turn?");
    assert_eq!(bob.read(&alice, &message), "whose turn?");
    let agreed = bob.sessions.preferred();
    assert_eq!(agreed, alice.sessions.preferred());
    for _ in 0..3 {
        let message = bob.send("mine");
        alice.read(&bob, &message);
        let message = alice.send("yours");
        bob.read(&alice, &message);
        assert_eq!((alice.sessions.preferred(), bob.sessions.preferred()), (agreed, agreed));
    }
}

#[test]
fn of_two_that_start_at_once_one_first_message_may_be_lost() {
    let (mut alice, mut bob) = (Device::new(), Device::new());
    alice.start(&mut bob);
    bob.start(&mut alice);
    alice.send("lost");
    let message = bob.send("hello");
    assert_eq!(alice.read(&bob, &message), "hello");
    let answer = alice.send("hello");
    assert_eq!(bob.read(&alice, &answer), "hello");
    assert_eq!(alice.sessions.preferred(), bob.sessions.preferred());
}

#[test]
fn a_late_message_of_an_older_session_still_opens() {
    let (mut alice, mut bob) = met();
    let late = alice.send("late");
    for _ in 1..SESSIONS {
        alice.start(&mut bob);
        let message = alice.send("anew");
        assert_eq!(bob.read(&alice, &message), "anew");
    }
    assert_eq!(bob.sessions.len(), SESSIONS);
    assert_eq!(bob.read(&alice, &late), "late");
}

#[test]
fn beyond_the_limit_the_session_longest_out_of_use_is_dropped() {
    let (mut alice, mut bob) = met();
    let late = alice.send("too late");
    for _ in 0..SESSIONS {
        alice.start(&mut bob);
        let message = alice.send("anew");
        bob.read(&alice, &message);
    }
    assert_eq!((alice.sessions.len(), bob.sessions.len()), (SESSIONS, SESSIONS));
    assert_eq!(bob.receive(&alice, &late).unwrap_err(), DecryptError::Forged.into());
}

#[test]
fn a_message_that_comes_twice_is_named_as_such_whatever_the_session() {
    let (mut alice, mut bob) = met();
    let message = alice.send("once");
    bob.read(&alice, &message);
    // Other sessions come before and after the one it belongs to.
    for _ in 0..2 {
        alice.start(&mut bob);
        let other = alice.send("anew");
        bob.read(&alice, &other);
    }
    let before = bob.state();
    assert!(matches!(bob.receive(&alice, &message), Err(ReceiveError::Decrypt(DecryptError::Spent { .. }))));
    assert!(bob.state() == before);
}

#[test]
fn a_replay_under_a_fallback_key_begins_no_second_session() {
    let (mut alice, mut bob) = (Device::new(), Device::new());
    let key = bob.account.fallback_key();
    alice.sessions.add(alice.account.start(bob.account.identity_key(), key).unwrap());
    let message = alice.send("once");
    assert_eq!(bob.read(&alice, &message), "once");
    assert_eq!(bob.receive(&alice, &message).unwrap_err(), DecryptError::Spent { index: 0 }.into());
    assert_eq!(bob.sessions.len(), 1);
}

#[test]
fn a_lost_one_time_key_is_a_clear_error_and_a_new_one_helps() {
    let (mut alice, mut bob) = (Device::new(), Device::new());
    let backup = bob.restarted();
    alice.start(&mut bob);
    let message = alice.send("hello");
    let mut bob = backup;
    let error = bob.receive(&alice, &message).unwrap_err();
    assert_eq!(error, AcceptError::UnknownOneTimeKey.into());
    assert!(error.to_string().contains("give its sender another one"));
    alice.start(&mut bob);
    let message = alice.send("hello");
    assert_eq!(bob.read(&alice, &message), "hello");
}

#[test]
fn who_dropped_its_sessions_says_so_and_starts_anew() {
    let (mut alice, mut bob) = met();
    bob.sessions.drop_all();
    assert!(bob.sessions.is_empty() && bob.sessions.preferred().is_none());
    assert_eq!(bob.sessions.encrypt(b"hello").unwrap_err(), EncryptError::NoSession);
    let message = alice.send("hello?");
    assert_eq!(bob.receive(&alice, &message).unwrap_err(), DecryptError::NoSession.into());

    bob.start(&mut alice);
    let message = bob.send("here again");
    assert_eq!(alice.read(&bob, &message), "here again");
    let answer = alice.send("welcome back");
    assert_eq!(bob.read(&alice, &answer), "welcome back");
}

#[test]
fn debug_tells_no_key_and_no_text() {
    let (mut alice, mut bob) = met();
    let message = alice.send("a secret");
    let received = bob.receive(&alice, &message).unwrap();
    assert_eq!(
        format!("{:?} {received:?}", bob.sessions),
        "Sessions { len: 1, .. } Received { account_changed: false, .. }"
    );
}

/// What can happen between two devices.
#[derive(Clone, Debug)]
enum Step {
    /// One sends.
    Send { alice: bool },
    /// A message on its way arrives.
    Deliver { to_alice: bool, which: Index },
    /// It arrives, and then once more.
    DeliverTwice { to_alice: bool, which: Index },
    /// It never arrives.
    Lose { to_alice: bool, which: Index },
    /// A copy of it arrives damaged.
    Damage { to_alice: bool, which: Index, bit: Index },
    /// One stores its state and loads it again.
    Restart { alice: bool },
    /// One starts a new session.
    Start { alice: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let which = any::<Index>;
    prop_oneof![
        6 => any::<bool>().prop_map(|alice| Step::Send { alice }),
        6 => (any::<bool>(), which()).prop_map(|(to_alice, which)| Step::Deliver { to_alice, which }),
        1 => (any::<bool>(), which()).prop_map(|(to_alice, which)| Step::DeliverTwice { to_alice, which }),
        1 => (any::<bool>(), which()).prop_map(|(to_alice, which)| Step::Lose { to_alice, which }),
        2 => (any::<bool>(), which(), which()).prop_map(|(to_alice, which, bit)| Step::Damage { to_alice, which, bit }),
        1 => any::<bool>().prop_map(|alice| Step::Restart { alice }),
        1 => any::<bool>().prop_map(|alice| Step::Start { alice }),
    ]
}

/// A message on its way.
struct Sent {
    text: String,
    message: OlmMessage,
    /// Messages sent after it. So often at most has the conversation turned since.
    later: usize,
}

/// Two devices and what is on its way to each.
struct Pair {
    devices: [Device; 2],
    to: [Vec<Sent>; 2],
    count: usize,
    starts: usize,
}

impl Pair {
    fn send(&mut self, from: usize) {
        // Nothing may fall so far behind that its chain is forgotten.
        let to = 1 - from;
        while self.to[to].first().is_some_and(|sent| sent.later + 1 >= RECEIVING_CHAINS) {
            self.deliver(to, 0);
        }
        self.count += 1;
        let text = format!("message {}", self.count);
        let message = self.devices[from].send(&text);
        self.to[to].iter_mut().for_each(|sent| sent.later += 1);
        self.to[to].push(Sent { text, message, later: 0 });
    }

    fn deliver(&mut self, to: usize, which: usize) -> Sent {
        let sent = self.to[to].remove(which);
        assert_eq!(self.read(to, &sent.message), sent.text);
        sent
    }

    fn read(&mut self, to: usize, message: &OlmMessage) -> String {
        let [alice, bob] = &mut self.devices;
        if to == 0 { alice.read(bob, message) } else { bob.read(alice, message) }
    }

    fn must_refuse(&mut self, to: usize, message: &OlmMessage) {
        let before = self.devices[to].state();
        let [alice, bob] = &mut self.devices;
        let result = if to == 0 { alice.receive(bob, message) } else { bob.receive(alice, message) };
        assert!(result.is_err());
        assert!(self.devices[to].state() == before, "a refused message changed something");
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Send { alice } => self.send(usize::from(!alice)),
            Step::Start { alice } => {
                // More would push out sessions that messages on their way still need.
                if self.starts < SESSIONS {
                    self.starts += 1;
                    let [a, b] = &mut self.devices;
                    if *alice { a.start(b) } else { b.start(a) }
                }
            }
            Step::Restart { alice } => {
                let device = usize::from(!alice);
                self.devices[device] = self.devices[device].restarted();
            }
            Step::Deliver { to_alice, which } => {
                if let Some((to, which)) = self.pick(*to_alice, which) {
                    self.deliver(to, which);
                }
            }
            Step::DeliverTwice { to_alice, which } => {
                if let Some((to, which)) = self.pick(*to_alice, which) {
                    let sent = self.deliver(to, which);
                    self.must_refuse(to, &sent.message);
                }
            }
            Step::Lose { to_alice, which } => {
                if let Some((to, which)) = self.pick(*to_alice, which) {
                    self.to[to].remove(which);
                }
            }
            Step::Damage { to_alice, which, bit } => {
                if let Some((to, which)) = self.pick(*to_alice, which) {
                    let message = &self.to[to][which].message;
                    let (kind, mut body) = (message.kind(), message.body());
                    let bit = bit.index(body.len() * 8);
                    body[bit / 8] ^= 1 << (bit % 8);
                    if let Ok(damaged) = OlmMessage::parse(kind, &body) {
                        self.must_refuse(to, &damaged);
                    }
                }
            }
        }
    }

    fn pick(&self, to_alice: bool, which: &Index) -> Option<(usize, usize)> {
        let to = usize::from(!to_alice);
        let len = self.to[to].len();
        (len > 0).then(|| (to, which.index(len)))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever starts, and whatever the network does, each message that arrives opens once, as it was sent, and one
    /// quiet exchange later both use the same session.
    #[test]
    fn two_devices_understand_each_other(starts in 1_u8..4, steps in proptest::collection::vec(step(), 1..120)) {
        let mut pair = Pair { devices: [Device::new(), Device::new()], to: Default::default(), count: 0, starts: 0 };
        if starts & 1 != 0 {
            pair.take(&Step::Start { alice: true });
        }
        if starts & 2 != 0 {
            pair.take(&Step::Start { alice: false });
        }
        for step in &steps {
            // Who has no session waits for the other's first message.
            if let Step::Send { alice } = step && pair.devices[usize::from(!alice)].sessions.is_empty() {
                continue;
            }
            pair.take(step);
        }
        for to in [0, 1] {
            while !pair.to[to].is_empty() {
                pair.deliver(to, 0);
            }
        }
        let speaker = usize::from(pair.devices[0].sessions.is_empty());
        for from in [speaker, 1 - speaker] {
            pair.send(from);
            pair.deliver(1 - from, 0);
        }
        prop_assert_eq!(pair.devices[0].sessions.preferred(), pair.devices[1].sessions.preferred());
    }
}
