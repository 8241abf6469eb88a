//! What a contact claims of the mail itself, through the server.

use lamplit_node::{Event, Warning, limits};
use lamplit_types::{EnvelopeId, Incarnation};
use lamplit_wire::Received;

use crate::{
    apart::{WHILE, events, two},
    world::World,
};

fn restored(world: &World, at: usize) -> usize {
    events(world, at, |event| matches!(event, Event::Warning(Warning::Restored)))
}

/// Two, and Wu whom only the first of them knows: all are apart, and use the server.
fn two_and_wu(seed: u8) -> (World, [usize; 3]) {
    let (mut world, [jia, yi]) = two(seed);
    world.meet_all();
    let wu = world.person("Wu");
    world.befriend(jia, wu);
    world.pass(WHILE);
    world.part_all();
    world.use_server(&[wu]);
    (world, [jia, yi, wu])
}

/// What somebody may claim who has the marks of all that came, and `stranger`, which another one has.
fn lies(truth: &Received, first: &Received, stranger: &Received) -> [Received; 7] {
    let truth = *truth;
    [
        // More than was sent, with a mark that belongs to less, or that is true.
        Received { seq: 1_000, highest: 1_000, ..truth },
        Received { highest: truth.highest + 1, ..truth },
        Received { seq: u64::MAX, ..truth },
        // Less than came.
        Received { seq: 0, ..truth },
        Received { seq: 0, ..*first },
        // Of a life that it never had, and what somebody else has.
        Received { incarnation: Incarnation(truth.incarnation.0 + 1), ..truth },
        *stranger,
    ]
}

#[test]
fn whatever_a_contact_claims_of_the_mail_no_other_loses_any_and_nobody_begins_anew() {
    let (mut world, [jia, yi, wu]) = two_and_wu(180);
    let mut said = Vec::new();
    let mut say = |world: &mut World| {
        said.push(format!("number {}", said.len()));
        for to in [yi, wu] {
            world.say(jia, to, said.last().unwrap());
        }
        world.settle();
    };
    say(&mut world);
    world.pass(WHILE);
    let first = world.received(yi, jia);
    let unread = [None, Some(vec![]), Some(vec![EnvelopeId::from_bytes([9; 16])])];
    for round in 0..7 {
        for unread in &unread {
            for away in [false, true] {
                // Wu does not answer for what came, so all of this waits for both.
                world.go_offline(wu);
                say(&mut world);
                let truth = world.received(yi, jia);
                let lie = &lies(&truth, &first, &world.received(wu, jia))[round];
                world.believe(yi, jia, lie);
                if let Some(unread) = unread {
                    world.complain(yi, jia, unread.clone());
                }
                if away {
                    world.go_offline(jia);
                }
                world.pass(3_000);
                world.believe(yi, jia, &truth);
                say(&mut world);
                assert!(world.waiting(jia, wu) >= 2);
                world.go_online(jia);
                world.go_online(wu);
                world.pass(2 * WHILE);
                assert_eq!(restored(&world, jia), 0, "anybody could make it begin anew: {lie:?}");
            }
        }
    }
    say(&mut world);
    world.pass(WHILE);
    assert_eq!(world.history(wu, jia), said);
    assert_eq!(world.history(yi, jia), said, "also to one who lies");
    assert_eq!(world.waiting(jia, wu), 0);
}

#[test]
fn one_who_can_never_read_anything_keeps_nobody_else_waiting() {
    let (mut world, [jia, yi, wu]) = two_and_wu(181);
    world.say(jia, yi, "can you read this?");
    world.settle();
    let nothing = Received { seq: 0, ..world.received(yi, jia) };
    let mut again = 0;
    for round in 0..100 {
        let ids = world.envelopes(jia, yi);
        world.believe(yi, jia, &nothing);
        world.complain(yi, jia, ids.clone());
        // Until its next letter and not longer: what comes again it would be glad of.
        world.pass(limits::LETTER_MS);
        again += usize::from(world.envelopes(jia, yi) != ids);
        let words = format!("number {round}");
        world.say(jia, wu, &words);
        world.settle();
        assert_eq!(world.history(wu, jia).last(), Some(&words));
    }
    assert_eq!(again, limits::REFUSALS_A_LINK as usize + 1, "then it is given time");
    assert_eq!(restored(&world, jia), 0);
    assert_eq!(world.history(yi, jia), ["can you read this?"]);
}

#[test]
fn who_was_restored_hears_of_it_by_letter() {
    let (mut world, [jia, yi]) = two(182);
    world.say(jia, yi, "one");
    world.pass(WHILE);
    let backup = world.devices[jia].store.clone();
    for words in ["two", "three"] {
        world.say(jia, yi, words);
    }
    world.pass(WHILE);
    world.crash(jia);
    world.devices[jia].store = backup;
    world.start(jia);
    // Said under numbers that were used, before anybody could say so.
    for words in ["four", "five"] {
        world.say(jia, yi, words);
    }
    world.pass(120_000);
    assert_eq!(restored(&world, jia), 1);
    assert_eq!(world.history(yi, jia), ["one", "two", "three", "four", "five"]);
    world.say(jia, yi, "six");
    world.say(yi, jia, "seven");
    world.pass(60_000);
    assert_eq!(world.history(yi, jia).len(), 7);
    assert_eq!(world.history(jia, yi).last().unwrap(), "seven");
    assert_eq!(restored(&world, jia), 1);
    assert_eq!((world.waiting(jia, yi), world.waiting(yi, jia)), (0, 0));
}
