//! Forty daemons change their names, and somebody who hears all of it tries to tell which belong together. Beside them are three
//! who give themselves away.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread::sleep,
    time::{Duration, Instant},
};

use lamplit_e2e::{Clock, Device, Host, Lan};

use crate::{
    EPOCH, PAUSE, linker,
    linker::Pairs,
    now,
    rogue::{Leak, Rogue},
};

/// How long until all have a new name, and have said it: they see within seconds that it is time, and wait up to 20 s.
const ROUND: Duration = Duration::from_secs(28);
const DEVICES: u8 = 40;
const ROUNDS: usize = 7;
/// After its first time, when a name is said again at first.
const AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

type Owners = BTreeMap<String, [u8; 6]>;

/// Lets a round pass in which each rogue takes another name, as late as a device might, and says it.
fn pass(rogues: &mut [Rogue]) {
    let start = Instant::now();
    let mut due = Vec::new();
    for at in 0..rogues.len() {
        let late = PAUSE.mul_f64(f64::from(getrandom::u32().unwrap()) / f64::from(u32::MAX));
        due.push((late, at, true));
        due.extend(AGAIN.map(|again| (late + again, at, false)));
    }
    due.sort_unstable();
    for (when, at, is_new) in due {
        sleep(when.saturating_sub(start.elapsed()));
        if is_new { rogues[at].change() } else { rogues[at].say() }
    }
    sleep(ROUND.saturating_sub(start.elapsed()));
}

#[test]
fn names_of_one_device_are_linked_no_better_than_by_chance() {
    let mut clock = Clock::at_the_beginning_of(EPOCH).unwrap();
    let lan = Lan::of(DEVICES + Leak::ALL.len() as u8).unwrap();
    let recorder = lan.record().unwrap();
    let mut rounds = vec![now()];
    let (hosts, others): (Vec<Host>, Vec<Host>) = lan.hosts().partition(|host| host.0 <= DEVICES);
    let mut devices: Vec<Device<'_>> = Vec::new();
    for host in hosts {
        let mut device = Device::new(&lan, host, &format!("Guest {}", host.0)).unwrap();
        device.start_by(&clock, &[]).unwrap();
        devices.push(device);
    }
    // Some know each other, and have links over which they say what they are on.
    for pair in devices.chunks(2).take(4) {
        pair[0].meet(&pair[1]).unwrap();
        pair[0].ask(&["on", "qq"]).unwrap();
    }
    let mut rogues: Vec<Rogue> =
        others.iter().zip(Leak::ALL).map(|(host, leak)| Rogue::new(&lan, *host, leak)).collect();
    pass(&mut rogues);
    for _ in 1..ROUNDS {
        rounds.push(now());
        clock.advance(EPOCH).unwrap();
        pass(&mut rogues);
    }
    let recording = recorder.stop().unwrap();

    let mut names = linker::names(&recording.datagrams);
    let owners: Owners = names.iter().map(|(name, seen)| (name.clone(), seen.mac)).collect();
    let rogues: BTreeMap<Leak, [u8; 6]> = rogues.iter().map(|rogue| (rogue.leak, owners[rogue.name()])).collect();
    let is_rogue = |mac: &[u8; 6]| rogues.values().any(|rogue| rogue == mac);
    let daemons: BTreeSet<[u8; 6]> = owners.values().copied().filter(|mac| !is_rogue(mac)).collect();
    assert_eq!(daemons.len(), usize::from(DEVICES), "all devices were heard");

    // Of the daemons nobody takes anything back; and it would be heard.
    let goodbyes = linker::goodbyes(&recording.datagrams);
    assert_eq!(goodbyes, BTreeMap::from([(rogues[&Leak::Goodbye], ROUNDS - 1)]));

    let compared = linker::compare(&names, &rounds);
    let heard = judge(&compared, &owners, &daemons);
    println!("{heard:?}");
    assert!(heard.changes >= 200, "only {} changes of names were heard", heard.changes);
    // A run in a million is beyond this by chance.
    let (beyond, before) = (linker::beyond_chance(heard.changes, DEVICES.into()), linker::before_chance(heard.changes));
    assert!(heard.right < beyond, "{} of {} changes were linked", heard.right, heard.changes);
    // What stands behind all others as reliably would give as much away.
    let off = (heard.place - 0.5).abs();
    assert!(off < 0.5 - before, "what is right stands at {}, and by chance at 0.5 and hardly {before}", heard.place);
    let ways = linker::by_times(&names, &rounds);
    for (way, pairs) in &ways {
        let right = linked(pairs, &owners, &daemons);
        println!("by times, {way}: {right} of {} are right", heard.changes);
        assert!(right < beyond, "by times, {way}: {right} of {} changes were linked", heard.changes);
    }

    // Whoever gives himself away in the same recording is linked, in the way that is his.
    for (leak, mac) in &rogues {
        let own = BTreeSet::from([*mac]);
        let right = match leak {
            Leak::Port | Leak::Host => judge(&compared, &owners, &own).right,
            Leak::Goodbye => linked(&ways["back as soon as it was taken back"], &owners, &own),
        };
        println!("{leak:?}: {right} of {} are right", ROUNDS - 1);
        assert_eq!(right, ROUNDS - 1, "{leak:?}");
    }

    // A device that says a number of its own, once with each name, is linked nearly always.
    for (name, seen) in &mut names {
        let packet = linker::leak(name, &owners[name]);
        seen.hear(&packet);
    }
    let planted = judge(&linker::compare(&names, &rounds), &owners, &daemons);
    println!("planted: {planted:?}");
    assert!(planted.right * 20 >= planted.changes * 19, "of {} planted, {} are found", planted.changes, planted.right);
    assert!(planted.place < 0.05, "what was planted stands at {}", planted.place);
}

/// What came of guessing.
#[derive(Debug)]
struct Judged {
    changes: usize,
    /// Changes that were guessed right.
    right: usize,
    /// Where the right one stands among those asked for, in the mean: 0.5 is chance.
    place: f64,
}

/// What came of guessing the next names of those that have one of these cards.
fn judge(compared: &[(&str, Vec<linker::Candidate<'_>>)], owners: &Owners, asked: &BTreeSet<[u8; 6]>) -> Judged {
    let mut places = Vec::new();
    let (mut changes, mut right) = (0, 0);
    for (name, candidates) in compared.iter().filter(|(name, _)| asked.contains(&owners[*name])) {
        changes += 1;
        let is_right = |next: &str| owners[next] == owners[*name];
        right += usize::from(linker::likeliest(candidates).is_some_and(is_right));
        let among: Vec<_> = candidates.iter().filter(|one| asked.contains(&owners[one.name])).collect();
        places.extend(linker::place(&among, is_right));
    }
    assert!(places.len() * 20 >= changes * 19, "only {} names of {changes} have a next", places.len());
    Judged { changes, right, place: places.iter().sum::<f64>() / places.len() as f64 }
}

/// How many names of those that have one of these cards were paired with the right ones.
fn linked(pairs: &Pairs<'_>, owners: &Owners, asked: &BTreeSet<[u8; 6]>) -> usize {
    let right = pairs.iter().filter(|(old, new)| owners[*old] == owners[*new] && asked.contains(&owners[*old]));
    right.count()
}
