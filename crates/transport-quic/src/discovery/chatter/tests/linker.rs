//! An eavesdropper who tries to link the names of devices over thousands of changes, from what is said alone: no MAC, no IP.

use super::*;

const DEVICES: usize = 8;
const CHANGES: u64 = 600;
const EPOCH: Duration = Duration::from_secs(900);
/// Names that are followed by another.
const ALL: usize = DEVICES * CHANGES as usize;
/// How rarely one that knows nothing may come beyond chance.
const BY_CHANCE: f64 = 1e-6;

/// What the eavesdropper has: when it heard what of which name.
struct Trace {
    first: Instant,
    last: Instant,
    port: u16,
    host: [u8; 16],
    times: Vec<Instant>,
    goodbye: Option<Instant>,
    bytes: usize,
}

/// What is wrong with the devices on purpose.
#[derive(Clone, Copy, PartialEq)]
enum Leak {
    None,
    /// The port stays.
    Port,
    /// The name is taken back, and the next follows at once.
    Goodbye,
}

/// What was heard in one epoch: the names of each device, in their order. There are two of one whose key changed meanwhile, if
/// there was time for both.
type Epoch = Vec<Vec<Trace>>;

/// The name of a device in an epoch, before and after its key changed.
fn name(epoch: u64, device: usize, turn: u64) -> Beacon {
    beacon(epoch * 100 + device as u64 * 10 + turn)
}

/// Lets devices change their names, and gives what was heard. In each epoch each changes its key with some odds, at any
/// time of it.
fn listen(leak: Leak, odds: f64) -> Vec<Epoch> {
    let start = Instant::now();
    let mut random = seeded(99);
    let pause = if leak == Leak::Goodbye { Duration::ZERO } else { limits::ROTATION_PAUSE };
    let mut chatters: Vec<_> =
        (0..DEVICES as u64).map(|number| Chatter::new(start, pause, seeded(1000 + number))).collect();
    // Set by the network, their clocks are a little apart, each by as much as it is.
    let skews: Vec<_> = (0..DEVICES).map(|_| Duration::from_secs(1).mul_f64(fraction(random()))).collect();
    let mut ports: Vec<_> = (0..DEVICES as u16).map(|number| 40_000 + number).collect();
    let mut traces: BTreeMap<Beacon, Trace> = BTreeMap::new();
    for (chatter, skew) in chatters.iter_mut().zip(&skews) {
        chatter.faces(start + *skew, [(LAN, HERE)].into_iter());
    }
    for epoch in 0..=CHANGES {
        let boundary = start + EPOCH * epoch as u32;
        let mut wishes: Vec<VecDeque<(Instant, Beacon)>> = Vec::new();
        for (device, skew) in skews.iter().enumerate() {
            let mut of_one = VecDeque::from([(boundary + *skew, name(epoch, device, 0))]);
            if odds > 0.0 && fraction(random()) < odds {
                let later = (EPOCH - Duration::from_secs(2)).mul_f64(fraction(random()));
                of_one.push_back((boundary + *skew + later, name(epoch, device, 1)));
            }
            wishes.push(of_one);
        }
        // Everything that happens until the next change, in order of time, and heard by all.
        loop {
            let next = (0..DEVICES).map(|at| {
                let wish = wishes[at].front().map(|(when, _)| *when);
                (wish.into_iter().chain(chatters[at].deadline()).min().unwrap_or(boundary + EPOCH), at)
            });
            let (now, at) = next.min().unwrap();
            if now >= boundary + EPOCH {
                break;
            }
            if let Some((_, wish)) = wishes[at].pop_front_if(|(when, _)| *when <= now) {
                if leak == Leak::Goodbye {
                    chatters[at].goodbye();
                }
                chatters[at].show(now, Some(wish));
            }
            chatters[at].due(now, &mut || {
                if leak != Leak::Port {
                    ports[at] = (random() >> 48) as u16 | 1024;
                }
                Some(ports[at])
            });
            while let Some(out) = chatters[at].poll() {
                let Out::Say(_, packet) = out else { continue };
                note(&mut traces, now, &packet);
                for (other, chatter) in chatters.iter_mut().enumerate().filter(|(other, _)| *other != at) {
                    chatter.heard(now, LAN, IpAddr::from([192, 0, 2, other as u8]), &packet);
                }
            }
        }
    }
    let mut of =
        |epoch, device| [0, 1].into_iter().filter_map(|turn| traces.remove(&name(epoch, device, turn))).collect();
    (0..=CHANGES).map(|epoch| (0..DEVICES).map(|device| of(epoch, device)).collect()).collect()
}

/// Names that end, and names that begin, each with its device. Which of these belong together?
struct Change<'a> {
    before: Vec<(usize, &'a Trace)>,
    after: Vec<(usize, &'a Trace)>,
    /// Of which devices that is asked.
    asked: Vec<usize>,
}

/// From an epoch to the next: `which` of the names of each device leads to its first one of the next. It is asked of those devices
/// whose names `is_asked` picks.
fn across<'a>(
    epochs: &'a [Epoch],
    which: impl Fn(&'a [Trace]) -> Option<&'a Trace>,
    is_asked: impl Fn(&[Trace]) -> bool,
) -> Vec<Change<'a>> {
    let change = |pair: &'a [Epoch]| Change {
        before: pair[0].iter().map(|names| which(names).unwrap()).enumerate().collect(),
        after: pair[1].iter().map(|names| &names[0]).enumerate().collect(),
        asked: (0..DEVICES).filter(|device| is_asked(&pair[0][*device])).collect(),
    };
    epochs.windows(2).map(change).collect()
}

/// Of all devices, from their last name of an epoch.
fn all_across(epochs: &[Epoch]) -> Vec<Change<'_>> {
    across(epochs, |names| names.last(), |_| true)
}

fn asked(changes: &[Change<'_>]) -> usize {
    changes.iter().map(|change| change.asked.len()).sum()
}

/// Takes down a packet as the eavesdropper has it: addresses are cut out.
fn note(traces: &mut BTreeMap<Beacon, Trace>, now: Instant, packet: &[u8]) {
    let heard = dns::read(packet, LAN).unwrap();
    for gone in heard.gone {
        traces.entry(gone).and_modify(|trace| trace.goodbye = Some(now));
    }
    let parsed = simple_dns::Packet::parse(packet).unwrap();
    for (beacon, sockets) in heard.shown {
        let host = parsed.answers.iter().find_map(|answer| match &answer.rdata {
            simple_dns::rdata::RData::SRV(srv) => Some(srv.target.to_string()),
            _ => None,
        });
        let host = data_encoding::HEXLOWER.decode(&host.unwrap().as_bytes()[..32]).unwrap().try_into().unwrap();
        let (port, bytes) = (sockets[0].port(), packet.len());
        let first = Trace { first: now, last: now, port, host, times: Vec::new(), goodbye: None, bytes };
        let trace = traces.entry(beacon).or_insert(first);
        trace.last = now;
        trace.times.push(now);
    }
}

/// Pairs names before with names after, the most alike first, and counts the right pairs of those that are asked for.
fn right(changes: &[Change<'_>], unlike: impl Fn(&Trace, &Trace) -> f64) -> usize {
    let mut random = seeded(7);
    let mut hits = 0;
    for change in changes {
        let mut pairs = Vec::new();
        for (old, was) in &change.before {
            for (new, is) in &change.after {
                // Those that are equally alike come in an order that tells nothing.
                pairs.push((unlike(was, is), random(), *old, *new));
            }
        }
        pairs.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        let (mut olds, mut news) = ([false; DEVICES], [false; DEVICES]);
        for (_, _, old, new) in pairs {
            if !olds[old] && !news[new] {
                (olds[old], news[new]) = (true, true);
                hits += usize::from(old == new && change.asked.contains(&old));
            }
        }
    }
    hits
}

/// Pairs names in the order in which those before were heard last with the order in which those after were heard first, or with that
/// order reversed, and counts the right pairs of those that are asked for.
fn in_order(changes: &[Change<'_>], is_reversed: bool) -> usize {
    let right = |change: &Change<'_>| {
        let (mut before, mut after) = (change.before.clone(), change.after.clone());
        before.sort_by_key(|(_, trace)| trace.last);
        after.sort_by_key(|(_, trace)| trace.first);
        if is_reversed {
            after.reverse();
        }
        let pairs = before.iter().zip(&after).filter(|((old, _), (new, _))| old == new && change.asked.contains(old));
        pairs.count()
    };
    changes.iter().map(right).sum()
}

/// How long after `since` something was; negative if it was before.
fn seconds(at: Instant, since: Instant) -> f64 {
    if at >= since { (at - since).as_secs_f64() } else { -(since - at).as_secs_f64() }
}

/// Every way the eavesdropper knows, with the right links it comes to.
fn guesses(changes: &[Change<'_>]) -> Vec<(&'static str, usize)> {
    let start = changes[0].before.iter().map(|(_, trace)| trace.first).min().unwrap();
    let rhythm = |trace: &Trace| {
        let late: Vec<_> = trace.times.iter().skip(3).collect();
        let gaps = late.windows(2).map(|pair| seconds(*pair[1], *pair[0]));
        gaps.sum::<f64>() / late.len().max(2) as f64
    };
    let phase = |at: Instant| seconds(at, start) % 80.0;
    vec![
        ("the port", right(changes, |old, new| f64::from(old.port.abs_diff(new.port)))),
        ("the host", right(changes, |old, new| f64::from(u8::from(old.host != new.host)))),
        ("the length", right(changes, |old, new| old.bytes.abs_diff(new.bytes) as f64)),
        (
            "the time of the goodbye",
            right(changes, |old, new| old.goodbye.map_or(0.0, |goodbye| seconds(new.first, goodbye).abs())),
        ),
        ("what was silent first speaks first", in_order(changes, false)),
        ("what was silent last speaks first", in_order(changes, true)),
        (
            "when it first spoke in its time",
            right(changes, |old, new| (seconds(new.first, old.first) - EPOCH.as_secs_f64()).abs()),
        ),
        ("how often it speaks", right(changes, |old, new| (rhythm(old) - rhythm(new)).abs())),
        (
            "at which beat it speaks",
            right(changes, |old, new| (phase(old.last) - phase(*new.times.get(3).unwrap_or(&new.last))).abs()),
        ),
        (
            "how long it is heard",
            right(changes, |old, new| (seconds(old.last, old.first) - seconds(new.last, new.first)).abs()),
        ),
        (
            "the next beat after the last",
            right(changes, |old, new| (seconds(new.first, old.last) - limits::ANNOUNCE_AGAIN.as_secs_f64()).abs()),
        ),
    ]
}

/// The fewest right links of those asked for that a way of guessing that knows nothing comes to more rarely than [`BY_CHANCE`].
/// It deals out the names at each change, and of names that are dealt out one is right in the mean, in Poisson's distribution
/// but for what is beyond their number. So all of them together are, too, and of a part of them a part.
fn beyond_chance(asked: usize) -> usize {
    let mean = asked as f64 / DEVICES as f64;
    let mut exactly = (-mean).exp();
    let (mut right, mut more) = (0, 1.0);
    while more >= BY_CHANCE {
        more -= exactly;
        right += 1;
        exactly *= mean / right as f64;
    }
    right
}

/// Guesses in every way, and sees that none knows anything.
fn assert_chance(changes: &[Change<'_>]) {
    let asked = asked(changes);
    let beyond = beyond_chance(asked);
    for (way, hits) in guesses(changes) {
        println!("by {way}: {hits} of {asked} are right");
        assert!(hits < beyond, "by {way}: {hits} of {asked} are right, and {beyond} are beyond chance");
    }
}

#[test]
fn thousands_of_changes_link_no_better_than_chance() {
    let epochs = listen(Leak::None, 0.0);
    let heard = epochs.iter().take(CHANGES as usize).flatten();
    assert!(heard.flatten().all(|trace| trace.goodbye.is_none() && trace.times.len() > 8));
    let changes = all_across(&epochs);
    assert_eq!(asked(&changes), ALL);
    assert_chance(&changes);
}

#[test]
fn planted_leaks_are_found() {
    let hits = |leak, wanted| {
        let epochs = listen(leak, 0.0);
        guesses(&all_across(&epochs)).into_iter().find(|(way, _)| *way == wanted).unwrap().1
    };
    assert_eq!(hits(Leak::Port, "the port"), ALL);
    let by_time = hits(Leak::Goodbye, "the time of the goodbye");
    println!("{by_time} of {ALL} are right by the time of the goodbye");
    assert!(by_time * 10 > ALL * 9, "{by_time}");
}

/// How many devices change their key in an epoch, of all.
const ODDS: f64 = 0.25;

fn has_turned(names: &[Trace]) -> bool {
    names.len() == 2
}

#[test]
fn a_change_of_key_links_two_names_of_one_epoch_and_none_of_the_next() {
    let epochs = listen(Leak::None, ODDS);
    assert!(epochs.iter().flatten().all(|names| !names.is_empty() && names.iter().all(|name| name.goodbye.is_none())));
    // Within the epoch: of those that are heard no more once the new name is there, the last to fall silent is likeliest its owner.
    let within: Vec<_> = epochs
        .iter()
        .map(|epoch| {
            let named = |turn| epoch.iter().enumerate().filter_map(move |(at, names)| Some((at, names.get(turn)?)));
            Change { before: named(0).collect(), after: named(1).collect(), asked: (0..DEVICES).collect() }
        })
        .collect();
    let turned: usize = within.iter().map(|change| change.after.len()).sum();
    let silence = |old: &Trace, new: &Trace| match seconds(new.first, old.last) {
        gap if gap > 0.0 => gap,
        _ => f64::INFINITY,
    };
    let found = right(&within, silence);
    println!("{found} of {turned} are right within the epoch");
    assert!(turned > 1000 && found * 4 > turned * 3, "{found} of {turned}");
    // Across: of those that changed and of all, from the name before and from the one after.
    assert_chance(&all_across(&epochs));
    assert_chance(&across(&epochs, |names| names.last(), has_turned));
    assert_chance(&across(&epochs, |names| names.first(), has_turned));
    // It would see a device that is known again after the next change by a port that stays.
    let planted = listen(Leak::Port, ODDS);
    for changes in
        [across(&planted, |names| names.last(), has_turned), across(&planted, |names| names.first(), has_turned)]
    {
        let (_, by_port) = guesses(&changes).into_iter().find(|(way, _)| *way == "the port").unwrap();
        assert_eq!(by_port, asked(&changes));
    }
}
