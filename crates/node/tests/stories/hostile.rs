//! What a contact may try, and somebody who repeats what was said.

use chacha20::rand_core::Rng;
use lamplit_node::{
    AcceptError, Answer, Command, Event, Input, Table, Warning,
    limits::{QUARANTINE_OF_ONE, RECEIPT_MS},
};
use lamplit_types::{
    Channel, Class, Incarnation, LinkId,
    limits::{DAY_MS, EPOCH_MS, FRAME_BYTES},
};
use lamplit_wire::{CloseReason, Decoded, Frame, Mark, Progress, Received, decode};

use crate::world::{World, app, name};

fn restored(world: &World, at: usize) -> bool {
    world.devices[at].events.iter().any(|event| matches!(event, Event::Warning(Warning::Restored)))
}

/// Every greeting on its way to the first device claims a life of it that it never had.
fn claims_a_later_past(to: usize, channel: Channel, bytes: Vec<u8>) -> Vec<u8> {
    if to != 0 || channel != Channel::Stream(Class::Control) {
        return bytes;
    }
    let mut rest = bytes.as_slice();
    let mut out = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (frame, after) = after.split_at(u32::from_le_bytes(*length) as usize);
        rest = after;
        let frame = match decode(&mut { frame }) {
            Ok(Some(Decoded::Frame(decoded))) => match *decoded {
                Frame::Hello(mut hello) => {
                    let claim =
                        Received { incarnation: Incarnation(u64::MAX), seq: 1, highest: 1, mark: Mark([1; 16]) };
                    hello.received = Some(claim);
                    Frame::Hello(hello).encode().unwrap()
                }
                _ => frame.to_vec(),
            },
            _ => frame.to_vec(),
        };
        out.extend(u32::try_from(frame.len()).unwrap().to_le_bytes());
        out.extend(frame);
    }
    out
}

#[test]
fn a_later_past_is_believed_with_its_mark_only() {
    let mut world = World::new(40);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.say(jia, yi, "one");
    world.pass(1_000);
    world.tamper = Some(claims_a_later_past);
    for _ in 0..3 {
        world.cut_between(jia, yi);
        world.pass(5_000);
    }
    assert!(!restored(&world, jia), "anybody could make it begin anew");
    world.say(jia, yi, "two");
    world.pass(5_000);
    assert_eq!(world.history(yi, jia), ["one", "two"]);
}

#[test]
fn a_contact_alone_can_show_that_a_device_was_restored() {
    let mut world = World::new(41);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.pass(5_000);
    let backup = world.devices[jia].store.clone();
    world.command(jia, Command::SetName(name("Jia the second"))).unwrap();
    world.pass(5_000);
    world.crash(jia);
    world.devices[jia].store = backup;
    world.start(jia);
    world.pass(60_000);
    assert!(restored(&world, jia), "Yi holds what Jia signed since");
    assert_eq!(world.contact(yi, jia).unwrap().name.as_str(), "Jia the second");
}

#[test]
fn whatever_a_contact_sends_loses_nothing() {
    let mut world = World::new(42);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.pass(5_000);
    let mut expected = Vec::new();
    for round in 0..60_usize {
        let mut noise = vec![0; 8 + round * 37 % 2000];
        world.rng.fill_bytes(&mut noise);
        let length = u32::try_from(noise.len()).unwrap();
        let bytes = match round % 6 {
            // A frame of a kind there is, with a body of noise; one that is cut off; one that says it is too large;
            0 => [&length.to_le_bytes()[..], &[1, 1 + (round % 16) as u8], &noise[2..]].concat(),
            1 => [&(length + 100).to_le_bytes()[..], &noise].concat(),
            2 => u32::try_from(FRAME_BYTES + 1).unwrap().to_le_bytes().to_vec(),
            // of no length; of a version and kind to come, which is passed over; and no frame at all.
            3 => vec![0; 4],
            4 => [&8_u32.to_le_bytes()[..], &[9, 99, 4, 0, 1, 2, 3, 4]].concat(),
            _ => noise,
        };
        let class = Class::ALL[round % 3];
        world.say(jia, yi, &format!("number {round}"));
        expected.push(format!("number {round}"));
        world.bytes_between(yi, jia, Channel::Stream(class), bytes);
        world.pass(5_000);
    }
    assert_eq!(world.history(yi, jia), expected);
    assert_eq!(world.history(jia, yi).len(), expected.len(), "nothing was made up");
}

#[test]
fn a_repeated_call_is_met_with_silence_also_after_a_restart() {
    let mut world = World::new(43);
    world.mtu = Some(100);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.pass(5_000);
    world.cut_between(jia, yi);
    // One of them calls again; what it sends first is recorded, and comes from somebody else before it arrives.
    let call = (0..40).find_map(|_| {
        world.settle_some(1);
        world.pass_quietly(250);
        [jia, yi].into_iter().find_map(|to| {
            let is_first = |packet: &Vec<u8>| packet[0] >> 6 == 0 && packet[1..3] == [0, 0];
            let first: Vec<_> = world.packets_for(to).into_iter().filter(is_first).collect();
            (!first.is_empty()).then_some((to, first))
        })
    });
    let (to, first) = call.expect("somebody calls");
    assert!(world.answers_packets(to, &first), "it is good");
    assert!(!world.answers_packets(to, &first), "but once");
    world.crash(to);
    world.start(to);
    assert!(!world.answers_packets(to, &first), "also after a restart");
    world.say(jia, yi, "found again");
    world.pass(120_000);
    assert_eq!(world.history(yi, jia), ["found again"]);
}

#[test]
fn names_on_the_network_change_with_every_epoch_also_after_a_sleep() {
    let mut world = World::new(44);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..4 {
        assert!(seen.insert(world.devices[jia].beacon.unwrap()), "a beacon was shown in an epoch before");
        world.pass(EPOCH_MS);
    }
    // The machine sleeps for some epochs: its deadlines have not come when it wakes up, but something else has.
    for at in [jia, yi] {
        world.devices[at].skew += 5 * i64::try_from(EPOCH_MS).unwrap();
    }
    let before = world.devices[jia].beacon;
    world.input(jia, Input::Disconnected(LinkId(999)));
    assert_ne!(world.devices[jia].beacon, before);
}

#[test]
fn a_lamp_is_seen_again_after_a_clock_was_set_right() {
    let mut world = World::new(45);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.devices[jia].skew = i64::try_from(DAY_MS).unwrap();
    world.command(jia, Command::Light { app: app("qq"), on: true }).unwrap();
    world.pass(5_000);
    assert_eq!(world.lit(yi, jia), ["qq"]);
    world.crash(jia);
    world.devices[jia].skew = 0;
    world.start(jia);
    world.command(jia, Command::Light { app: app("msn"), on: true }).unwrap();
    world.pass(100_000);
    assert_eq!(world.lit(yi, jia), ["msn"]);
}

#[test]
fn an_invite_is_accepted_at_whichever_of_its_addresses_answers() {
    let mut world = World::new(46);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.blind = true;
    let addresses = [90, 91, 92, jia].map(|at| format!("10.0.0.1:{}", 1000 + at).parse().unwrap()).to_vec();
    let Answer::Invited(invite) = world.command(jia, Command::Invite { addresses }).unwrap() else {
        panic!("an invite")
    };
    world.apart.push((jia, yi));
    world.command(yi, Command::Accept(invite)).unwrap();
    world.pass(3_000);
    assert!(world.contact(yi, jia).is_none());
    // The inviter was asleep; each address has its turn again.
    world.apart.clear();
    world.pass(20_000);
    assert!(world.contact(yi, jia).is_some() && world.contact(jia, yi).is_some());
    // And where nobody announces anything, the address that answered is kept.
    world.crash(yi);
    world.start(yi);
    world.pass(20_000);
    world.say(yi, jia, "it is me");
    world.pass(5_000);
    assert_eq!(world.history(jia, yi), ["it is me"]);
}

#[test]
fn one_contact_cannot_stop_what_devices_of_an_account_tell_each_other() {
    let mut world = World::new(47);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    let pad = world.sibling(jia);
    world.befriend(jia, yi);
    world.pass(5_000);
    // Yi's clock is a year ahead: all that Yi writes has to wait at Jia's, far more than there is room for.
    world.devices[yi].skew = 300 * i64::try_from(DAY_MS).unwrap();
    for number in 0..QUARANTINE_OF_ONE + 300 {
        world.command(yi, Command::SetName(name(&format!("Yi {number}")))).unwrap();
        // Each is told at once: of what waits longer only the last would be left.
        world.settle();
    }
    world.pass(30_000);
    let waiting = world.devices[jia].store.0.keys().filter(|(table, _)| *table == Table::Quarantine).count();
    assert_eq!(waiting, QUARANTINE_OF_ONE, "as many as there is room for");
    let contact = world.devices[yi].account;
    world.command(pad, Command::RenameContact { contact, alias: Some(name("The one ahead")) }).unwrap();
    world.pass(5_000);
    assert_eq!(world.contact(jia, yi).unwrap().alias, Some(name("The one ahead")));
}

#[test]
fn receipts_that_wait_go_together() {
    let mut world = World::new(49);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    world.pass(5_000);
    let ids: Vec<_> = (0..5).map(|number| world.say(jia, yi, &format!("number {number}"))).collect();
    world.settle();
    let waiting = world.devices[yi].store.0.keys().filter(|(table, _)| *table == Table::Outbox).count();
    assert_eq!(waiting, 1, "five messages, one receipt");
    world.pass(RECEIPT_MS);
    assert!(ids.iter().all(|id| world.message(jia, *id).unwrap().progress == Some(Progress::Delivered)));
}

#[test]
fn two_who_pair_by_very_different_clocks_hear_that_it_is_the_clocks() {
    let mut world = World::new(50);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    let invite = world.invite(jia);
    // So far behind that the inviter's certificate is still to come.
    world.devices[yi].skew = -400 * i64::try_from(DAY_MS).unwrap();
    world.command(yi, Command::Accept(Box::new(invite))).unwrap();
    world.pass(5_000);
    let errors = world.devices[yi].events.iter().filter_map(|event| match event {
        Event::AcceptFailed { error, .. } => Some(*error),
        _ => None,
    });
    assert_eq!(errors.collect::<Vec<_>>(), [AcceptError::Refused(CloseReason::Clock)]);
    assert!(world.contact(jia, yi).is_none() && world.contact(yi, jia).is_none());
}
