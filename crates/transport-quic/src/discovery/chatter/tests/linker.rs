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

/// Lets devices change their names and gives, for each change, the traces before and after in order of device.
fn listen(leak: Leak) -> Vec<(Vec<Trace>, Vec<Trace>)> {
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
    for change in 0..=CHANGES {
        let boundary = start + EPOCH * change as u32;
        let mut shown = [false; DEVICES];
        // Everything that happens until the next change, in order of time, and heard by all.
        loop {
            let next = (0..DEVICES).map(|at| {
                let wish = (!shown[at]).then_some(boundary + skews[at]);
                (wish.into_iter().chain(chatters[at].deadline()).min().unwrap_or(boundary + EPOCH), at)
            });
            let (now, at) = next.min().unwrap();
            if now >= boundary + EPOCH {
                break;
            }
            if !shown[at] && now >= boundary + skews[at] {
                shown[at] = true;
                if leak == Leak::Goodbye {
                    chatters[at].goodbye();
                }
                chatters[at].show(now, Some(beacon(change * 100 + at as u64)));
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
    let mut of = |change: u64| -> Vec<Trace> {
        (0..DEVICES as u64).map(|at| traces.remove(&beacon(change * 100 + at)).unwrap()).collect()
    };
    let all: Vec<_> = (0..=CHANGES).map(&mut of).collect();
    let copy = |trace: &Trace| Trace { times: trace.times.clone(), ..*trace };
    all.windows(2).map(|pair| (pair[0].iter().map(copy).collect(), pair[1].iter().map(copy).collect())).collect()
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

/// Pairs names before with names after, the most alike first, and counts the right pairs.
fn right(changes: &[(Vec<Trace>, Vec<Trace>)], unlike: impl Fn(&Trace, &Trace) -> f64) -> usize {
    let mut random = seeded(7);
    let mut hits = 0;
    for (before, after) in changes {
        let mut pairs = Vec::new();
        for (old, was) in before.iter().enumerate() {
            for (new, is) in after.iter().enumerate() {
                // Those that are equally alike come in an order that tells nothing.
                pairs.push((unlike(was, is), random(), old, new));
            }
        }
        pairs.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        let (mut olds, mut news) = ([false; DEVICES], [false; DEVICES]);
        for (_, _, old, new) in pairs {
            if !olds[old] && !news[new] {
                (olds[old], news[new]) = (true, true);
                hits += usize::from(old == new);
            }
        }
    }
    hits
}

/// How long after `since` something was; negative if it was before.
fn seconds(at: Instant, since: Instant) -> f64 {
    if at >= since { (at - since).as_secs_f64() } else { -(since - at).as_secs_f64() }
}

/// Every way the eavesdropper knows, with the right links it comes to.
fn guesses(changes: &[(Vec<Trace>, Vec<Trace>)]) -> Vec<(&'static str, usize)> {
    let start = changes[0].0.iter().map(|trace| trace.first).min().unwrap();
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
        ("what was silent first speaks first", right(changes, |old, new| seconds(new.first, old.last))),
        ("what was silent last speaks first", right(changes, |old, new| -seconds(new.first, old.last))),
        (
            "when it first spoke in its time",
            right(changes, |old, new| (seconds(new.first, old.first) - EPOCH.as_secs_f64()).abs()),
        ),
        ("how often it speaks", right(changes, |old, new| (rhythm(old) - rhythm(new)).abs())),
        ("at which beat it speaks", right(changes, |old, new| (phase(old.last) - phase(new.times[3])).abs())),
        (
            "the next beat after the last",
            right(changes, |old, new| (seconds(new.first, old.last) - limits::ANNOUNCE_AGAIN.as_secs_f64()).abs()),
        ),
    ]
}

/// The fewest right links that a way of guessing that knows nothing comes to more rarely than [`BY_CHANCE`]. It deals out
/// the names at each change, and of names that are dealt out one is right in the mean, in Poisson's distribution but for
/// what is beyond their number. So all of them together are, too, with a mean of one a change.
fn beyond_chance() -> usize {
    let mut exactly = (-(CHANGES as f64)).exp();
    let (mut right, mut more) = (0, 1.0);
    while more >= BY_CHANCE {
        more -= exactly;
        right += 1;
        exactly *= CHANGES as f64 / right as f64;
    }
    right
}

#[test]
fn thousands_of_changes_link_no_better_than_chance() {
    let changes = listen(Leak::None);
    assert_eq!(changes.len() * DEVICES, ALL);
    assert!(
        changes.iter().all(|(before, _)| before.iter().all(|trace| trace.goodbye.is_none() && trace.times.len() > 8))
    );
    for (way, hits) in guesses(&changes) {
        println!("by {way}: {hits} of {ALL} are right");
        assert!(
            hits < beyond_chance(),
            "by {way}: {hits} of {ALL} are right, and {} are beyond chance",
            beyond_chance()
        );
    }
}

#[test]
fn planted_leaks_are_found() {
    let hits = |leak, wanted| guesses(&listen(leak)).into_iter().find(|(way, _)| *way == wanted).unwrap().1;
    assert_eq!(hits(Leak::Port, "the port"), ALL);
    let by_time = hits(Leak::Goodbye, "the time of the goodbye");
    println!("{by_time} of {ALL} are right by the time of the goodbye");
    assert!(by_time * 10 > ALL * 9, "{by_time}");
}
