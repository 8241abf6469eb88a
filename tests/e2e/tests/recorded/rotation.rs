//! What few daemons show when their names change: by themselves, with a link that goes on, and after a sleep.

use std::{collections::BTreeSet, thread::sleep, time::Duration};

use lamplit_e2e::{Clock, Datagram, Device, Host, Lan, acquainted};

use crate::{
    EPOCH, linker, now,
    rest::{micros, says},
    rogue,
};

/// From the start of the daemons to the change of their names.
const BEFORE: Duration = Duration::from_secs(25);
/// How long after that they may still be at it, on a busy machine.
const LATE: Duration = Duration::from_secs(5);

fn sleep_until(time: u64) {
    sleep(Duration::from_micros(time.saturating_sub(now())));
}

/// The ports of what goes from one to the other, the smaller first.
fn ports<'a>(datagrams: impl Iterator<Item = &'a Datagram>) -> BTreeSet<[u16; 2]> {
    let sorted = |datagram: &Datagram| {
        let mut ports = datagram.ports;
        ports.sort_unstable();
        ports
    };
    datagrams.map(sorted).collect()
}

#[test]
fn a_link_goes_on_while_the_names_of_both_its_ends_change() {
    let lan = Lan::of(3).unwrap();
    let (mut ada, mut grace) = acquainted(&lan).unwrap();
    ada.stop().unwrap();
    grace.stop().unwrap();
    let recorder = lan.record().unwrap();
    let stranger = lan.mouth(Host::THIRD).unwrap();
    let clock = Clock::before_the_end_of(EPOCH, BEFORE).unwrap();
    let change = now() + micros(clock.until_the_end_of(EPOCH).unwrap());
    for device in [&mut ada, &mut grace] {
        device.start_by(&clock, &[]).unwrap();
    }
    ada.wait_until_near(&grace).unwrap();
    says(&ada, &grace, "under our old names");
    let before = rogue::ask(&stranger, |names| names.len() == 2);
    assert!(now() < change, "their names changed before they had met: there is nothing to see");
    sleep_until(change + micros(LATE));
    says(&grace, &ada, "between two names");
    let both = |names: &BTreeSet<String>| names.difference(&before).count() == 2;
    rogue::ask(&stranger, both);
    let changed = now();
    says(&ada, &grace, "under our new names");
    says(&grace, &ada, "the same to you");
    rogue::ask(&stranger, both);
    let recording = recorder.stop().unwrap();

    let names = linker::names(&recording.datagrams);
    let (old, new): (Vec<_>, Vec<_>) = names.values().partition(|seen| seen.first() < change);
    for shown in [&old, &new] {
        let cards: BTreeSet<_> = shown.iter().map(|seen| seen.mac).collect();
        assert_eq!((shown.len(), cards.len()), (2, 2), "each shows one name before the change, and one after it");
    }
    // What was shown before is said no more, also to who asks.
    assert!(old.iter().all(|seen| seen.last() < change + micros(LATE)), "an old name is said after the change");
    for seen in &new {
        let kept = old.iter().any(|before| before.port == seen.port || before.host == seen.host);
        assert!(!kept, "port and host are as new as the name");
    }
    assert!(linker::goodbyes(&recording.datagrams).is_empty(), "nobody takes back a name");

    // The link that was there goes on over the ports that were shown before. Nobody dials anew.
    let [left, right] = [Host::LEFT, Host::RIGHT].map(|host| lan.addresses(host).unwrap());
    let (before, after): (Vec<_>, Vec<_>) = recording.between(&left, &right).partition(|datagram| datagram.at < change);
    let (before, link) = (ports(before.into_iter()), ports(after.iter().copied()));
    println!("{} packets over {link:?} after the change, {before:?} before it", after.len());
    assert!(link.len() == 1 && link.is_subset(&before), "after the change they speak over {link:?}, not {before:?}");
    let shown: BTreeSet<u16> = old.iter().map(|seen| seen.port).collect();
    assert_eq!(link.iter().flatten().copied().collect::<BTreeSet<_>>(), shown, "over the ports that were shown");
    assert!(after.iter().any(|datagram| datagram.at > changed), "also what they said at the end");
}

/// A machine that slept finds that the time of day has gone on, and what measures how long something takes has not.
#[test]
fn who_slept_while_all_names_changed_says_the_old_one_no_more() {
    let lan = Lan::of(3).unwrap();
    let mut clock = Clock::at_the_beginning_of(EPOCH).unwrap();
    let mut grace = Device::new(&lan, Host::RIGHT, "Grace").unwrap();
    let recorder = lan.record().unwrap();
    let stranger = lan.mouth(Host::THIRD).unwrap();
    grace.start_by(&clock, &[]).unwrap();
    let before = rogue::ask(&stranger, |names| names.len() == 1);
    // Until it has said it as often as it does at first.
    sleep(LATE);
    clock.advance(EPOCH).unwrap();
    let woken = now();
    rogue::ask(&stranger, |names| names.difference(&before).count() == 1);
    let recording = recorder.stop().unwrap();

    let names = linker::names(&recording.datagrams);
    let (old, new): (Vec<_>, Vec<_>) = names.values().partition(|seen| seen.first() < woken);
    assert_eq!((old.len(), new.len()), (1, 1), "it shows one name before its sleep, and one after it");
    assert!(old[0].times.len() > 2 && old[0].last() < woken, "the old name is said after the sleep");
    assert!(new[0].port != old[0].port && new[0].host != old[0].host, "port and host are as new as the name");
    assert!(linker::goodbyes(&recording.datagrams).is_empty(), "nobody takes back a name");
}
