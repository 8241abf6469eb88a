#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod linker;

use std::net::Ipv4Addr;

use super::*;

const LAN: Face = Face { interface: 2, is_v6: false, is_loopback: false };
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

/// Numbers that look random and are the same each time (splitmix64).
pub(super) fn seeded(mut state: u64) -> Random {
    Box::new(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

fn beacon(number: u64) -> Beacon {
    Beacon::from_bytes(number.to_be_bytes())
}

/// One device on the network, with its time.
struct Device {
    chatter: Chatter,
    now: Instant,
    ports: u16,
}

impl Device {
    fn new() -> Self {
        let now = Instant::now();
        let mut chatter = Chatter::new(now, limits::ROTATION_PAUSE, seeded(1));
        chatter.faces(now, [(LAN, HERE)].into_iter());
        Self { chatter, now, ports: 1000 }
    }

    fn shown() -> Self {
        let mut device = Self::new();
        device.chatter.show(device.now, Some(beacon(1)));
        device
    }

    /// Lets time pass and gives what was said, with when.
    fn pass(&mut self, time: Duration) -> Vec<(Instant, Out)> {
        let end = self.now + time;
        let mut said = Vec::new();
        loop {
            let ports = &mut self.ports;
            self.chatter.due(self.now, &mut || {
                *ports += 1;
                Some(*ports)
            });
            while let Some(out) = self.chatter.poll() {
                said.push((self.now, out));
            }
            match self.chatter.deadline() {
                Some(next) if next <= end => self.now = next.max(self.now),
                _ => break,
            }
        }
        self.now = end;
        said
    }

    fn ears(&self) -> Ears {
        self.chatter.ears().next().unwrap().1
    }

    fn hears(&mut self, message: &[u8]) -> Vec<Out> {
        self.chatter.heard(self.now, LAN, THERE, message);
        core::iter::from_fn(|| self.chatter.poll()).collect()
    }

    fn hears_shown(&mut self, number: u64) -> Vec<Out> {
        let service = Service { beacon: beacon(number), host: [0; 16], port: 9 };
        self.hears(&service.announcement(THERE, limits::TTL_SECONDS).unwrap())
    }
}

/// What each announcement among `said` shows.
fn shown(said: &[(Instant, Out)]) -> Vec<(Instant, Beacon, u16)> {
    let packets = said.iter().filter_map(|(at, out)| match out {
        Out::Say(_, packet) => Some((at, dns::read(packet, LAN).unwrap())),
        _ => None,
    });
    packets
        .flat_map(|(at, heard)| heard.shown.into_iter().map(|(beacon, sockets)| (*at, beacon, sockets[0].port())))
        .collect()
}

#[test]
fn a_device_says_its_name_at_once_and_then_seldom() {
    let mut device = Device::shown();
    assert_eq!(shown(&device.pass(Duration::from_secs(10))).len(), 3);
    let hour = device.pass(Duration::from_secs(3600));
    let times = shown(&hour);
    assert!((40..=66).contains(&times.len()), "{}", times.len());
    let gaps = times.windows(2).map(|pair| pair[1].0 - pair[0].0);
    assert!(gaps.clone().max().unwrap().as_secs() < limits::TTL_SECONDS.into(), "nobody forgets it meanwhile");
    assert_eq!(hour.len(), times.len(), "it asks no more");
}

#[test]
fn a_name_is_followed_by_another_after_a_pause_with_nothing_in_common() {
    let mut device = Device::shown();
    let before = shown(&device.pass(Duration::from_secs(900)));
    let end = device.now;
    device.chatter.show(end, Some(beacon(2)));
    let said = device.pass(Duration::from_secs(30));
    let after = shown(&said);
    assert!(
        said.iter()
            .all(|(_, out)| matches!(out, Out::Say(_, packet) if dns::read(packet, LAN).unwrap().gone.is_empty()))
    );
    assert!(after.iter().all(|(at, shown, _)| *shown == beacon(2) && *at > end));
    assert_ne!(before[0].2, after[0].2, "another port");
    // Whoever asks for the name before hears nothing.
    let old = Service { beacon: beacon(1), host: [0; 16], port: 9 };
    let mut asked = simple_dns::Packet::new_query(0);
    let name = simple_dns::Name::new_unchecked("0000000000000001._lamplit._udp.local");
    assert_eq!(name.to_string(), old.instance());
    asked.questions.push(simple_dns::Question::new(name, simple_dns::QTYPE::ANY, simple_dns::QCLASS::ANY, false));
    device.hears(&asked.build_bytes_vec_compressed().unwrap());
    assert!(shown(&device.pass(Duration::from_secs(3))).is_empty());
}

#[test]
fn a_change_just_before_that_of_all_brings_nobody_back_sooner_or_later_than_others() {
    let (many, before) = (400, Duration::from_secs(8));
    let mut silent = 0;
    let mut came = Vec::new();
    for seed in 0..many {
        let mut device =
            Device { chatter: Chatter::new(Instant::now(), limits::ROTATION_PAUSE, seeded(seed)), ..Device::new() };
        device.chatter.faces(device.now, [(LAN, HERE)].into_iter());
        device.chatter.show(device.now, Some(beacon(1)));
        device.pass(Duration::from_secs(600));
        device.chatter.show(device.now, Some(beacon(2)));
        silent += usize::from(shown(&device.pass(before)).is_empty());
        let boundary = device.now;
        device.chatter.show(boundary, Some(beacon(3)));
        let said = shown(&device.pass(limits::ROTATION_PAUSE));
        came.push((said.first().unwrap().0 - boundary).as_secs_f64());
    }
    assert!(silent > 200, "{silent} of them are still in the pause of the name that nobody will hear");
    let late = |least: f64| came.iter().filter(|came| **came >= least).count();
    let quarters = [5.0, 10.0, 15.0].map(late);
    // Spread evenly over the pause: a quarter each, give or take what chance has once in some thousand runs.
    assert!(quarters.iter().zip([300_usize, 200, 100]).all(|(late, even)| late.abs_diff(even) < 35), "{quarters:?}");
}

#[test]
fn whoever_asks_is_answered_at_most_once_a_second() {
    let mut device = Device::shown();
    device.pass(Duration::from_secs(20));
    let mut answers = 0;
    for _ in 0..1000 {
        device.hears(&dns::query().unwrap());
        answers += shown(&device.pass(Duration::from_millis(10))).len();
    }
    assert!((8..=12).contains(&answers), "{answers} answers in ten seconds");
}

#[test]
fn whoever_knows_the_name_already_is_not_answered() {
    let mut device = Device::shown();
    device.pass(Duration::from_secs(20));
    let known = Service { beacon: beacon(1), host: [0; 16], port: 9 }.announcement(THERE, limits::TTL_SECONDS).unwrap();
    let mut asked = dns::query().unwrap();
    // The PTR record alone, as a known answer (RFC 6762 7.1).
    let mut answers = simple_dns::Packet::parse(&known).unwrap();
    let mut question = simple_dns::Packet::parse(&asked).unwrap();
    question.answers.push(answers.answers.remove(0));
    asked = question.build_bytes_vec_compressed().unwrap();
    device.hears(&asked);
    assert!(shown(&device.pass(Duration::from_secs(3))).is_empty());
}

#[test]
fn a_new_face_and_a_wake_begin_everything_anew() {
    let mut device = Device::shown();
    device.pass(Duration::from_secs(60));
    assert_eq!(device.hears_shown(7).len(), 1);
    assert_eq!(device.hears_shown(7).len(), 0, "the same sighting is told once");
    device.chatter.begin_anew(device.now);
    assert_eq!(device.pass(Duration::from_secs(6)).len(), 6, "three announcements, three questions");
    assert_eq!(device.hears_shown(7).len(), 1, "told again: links may have to be made anew");
    let other = Face { interface: 3, ..LAN };
    device.chatter.faces(device.now, [(LAN, HERE), (other, THERE)].into_iter());
    let said = device.pass(Duration::from_secs(6));
    assert_eq!(said.iter().filter(|(_, out)| matches!(out, Out::Say(face, _) if *face == other)).count(), 6);
    // A face that is gone says nothing.
    device.chatter.faces(device.now, [(LAN, HERE)].into_iter());
    let said = device.pass(Duration::from_secs(300));
    assert!(said.iter().all(|(_, out)| !matches!(out, Out::Say(face, _) if *face == other)));
}

#[test]
fn a_name_of_a_time_that_ended_in_sleep_is_said_no_more_and_the_next_is() {
    let mut device = Device::shown();
    device.pass(Duration::from_secs(60));
    // Somebody asked meanwhile.
    device.hears(&dns::query().unwrap());
    device.chatter.hold_back(device.now);
    device.chatter.begin_anew(device.now);
    let said = device.pass(Duration::from_secs(15));
    assert!(shown(&said).is_empty() && said.len() == 3, "it asks, and says nothing of itself: {said:?}");
    device.chatter.show(device.now, Some(beacon(2)));
    device.hears(&dns::query().unwrap());
    let said = shown(&device.pass(limits::ROTATION_PAUSE + Duration::from_secs(5)));
    assert!(said.len() == 3 && said.iter().all(|(_, shown, _)| *shown == beacon(2)), "{said:?}");
    // Where no other comes it is not lost.
    device.chatter.hold_back(device.now);
    let said = shown(&device.pass(limits::NEXT_NAME + Duration::from_secs(5)));
    assert!(said.len() == 3 && said.iter().all(|(_, shown, _)| *shown == beacon(2)), "{said:?}");
}

#[test]
fn who_is_not_heard_again_is_lost() {
    let mut device = Device::shown();
    device.hears_shown(7);
    let said = device.pass(Duration::from_secs(u64::from(limits::TTL_SECONDS) + 120));
    assert!(said.iter().any(|(_, out)| *out == Out::Lost(beacon(7))));
}

#[test]
fn who_is_heard_from_time_to_time_is_not_lost() {
    let mut device = Device::shown();
    device.hears_shown(7);
    for _ in 0..20 {
        let said = device.pass(limits::ANNOUNCE_AGAIN.mul_f64(1.25));
        assert!(!said.iter().any(|(_, out)| *out == Out::Lost(beacon(7))));
        assert!(device.hears_shown(7).is_empty());
    }
}

#[test]
fn who_is_not_heard_again_after_a_wake_is_lost_too() {
    let mut device = Device::shown();
    device.hears_shown(7);
    device.hears_shown(8);
    device.chatter.begin_anew(device.now);
    device.pass(Duration::from_secs(60));
    assert_eq!(device.hears_shown(8).len(), 1);
    let said = device.pass(Duration::from_secs(u64::from(limits::TTL_SECONDS) - 1));
    let lost: Vec<_> = said.into_iter().filter(|(_, out)| matches!(out, Out::Lost(_))).map(|(_, out)| out).collect();
    assert_eq!(lost, [Out::Lost(beacon(7))]);
}

#[test]
fn of_too_many_the_one_that_was_said_longest_ago_is_lost() {
    let mut device = Device::shown();
    let many = u64::try_from(limits::SIGHTED_BEACONS).unwrap();
    for number in 0..many {
        device.now += Duration::from_millis(100);
        assert_eq!(device.hears_shown(10 + number).len(), 1);
    }
    device.now += Duration::from_secs(1);
    device.hears_shown(10);
    let said = device.hears_shown(5);
    assert!(
        matches!(said.as_slice(), [Out::Lost(lost), Out::Sighted(seen, _)] if (*lost, *seen) == (beacon(11), beacon(5))),
        "{said:?}"
    );
    assert!(device.hears_shown(10).is_empty(), "it is seen as before");
}

#[test]
fn a_device_never_sees_itself_and_knows_whether_it_is_heard() {
    let mut device = Device::shown();
    let said = device.pass(Duration::from_secs(1));
    assert_eq!(device.ears(), Ears { own: false, others: false, unheard: 2 });
    for (_, out) in said {
        if let Out::Say(_, packet) = out {
            assert!(device.hears(&packet).is_empty());
        }
    }
    assert_eq!(device.ears(), Ears { own: true, others: false, unheard: 0 });
    device.hears_shown(7);
    assert_eq!(device.ears(), Ears { own: true, others: true, unheard: 0 });
    let again = shown(&device.pass(Duration::from_secs(4))).len();
    assert!(again > 0);
    assert_eq!(usize::try_from(device.ears().unheard), Ok(again), "it is counted anew");
}

#[test]
fn another_device_of_this_machine_tells_no_more_of_the_network_than_own_words() {
    let mut device = Device::shown();
    let service = Service { beacon: beacon(7), host: [0; 16], port: 9 };
    let packet = service.announcement(HERE, limits::TTL_SECONDS).unwrap();
    device.chatter.heard(device.now, LAN, HERE, &packet);
    assert_eq!(device.ears(), Ears { own: true, others: false, unheard: 0 });
    // A question says nothing of whoever shows itself.
    let mut device = Device::shown();
    device.hears(&dns::query().unwrap());
    assert_eq!(device.ears(), Ears::default());
}

#[test]
fn of_ten_thousand_answers_a_second_few_are_read_and_memory_is_bounded() {
    let mut device = Device::shown();
    device.pass(Duration::from_secs(20));
    let (mut told, mut lost, mut most) = (0, 0, 0);
    for second in 0..10_u64 {
        for number in 0..10_000 {
            let out = device.hears_shown(second << 32 | number);
            told += out.iter().filter(|out| matches!(out, Out::Sighted(..))).count();
            lost += out.iter().filter(|out| matches!(out, Out::Lost(_))).count();
            most = most.max(device.chatter.sighted.len());
        }
        device.pass(Duration::from_secs(1));
    }
    assert!(most <= limits::SIGHTED_BEACONS && device.chatter.sources.len() <= limits::SOURCES);
    assert!(told <= 11 * limits::PACKETS_A_SOURCE as usize, "{told} sightings told");
    assert_eq!(told - lost, device.chatter.sighted.len(), "whoever is forgotten is told to be lost");
    // Another one is heard all the same.
    let service = Service { beacon: beacon(7), host: [0; 16], port: 9 };
    device.chatter.heard(device.now, LAN, HERE, &service.announcement(HERE, 120).unwrap());
    let out: Vec<_> = core::iter::from_fn(|| device.chatter.poll()).collect();
    assert!(matches!(out.last(), Some(Out::Sighted(seen, _)) if *seen == beacon(7)), "{out:?}");
}

#[test]
fn without_a_port_a_name_waits() {
    let mut device = Device::shown();
    device.chatter.due(device.now, &mut || None);
    assert!(shown(&device.pass(Duration::ZERO)).is_empty());
    assert_eq!(shown(&device.pass(Duration::from_secs(20))).len(), 3);
}

#[test]
fn a_hundred_devices_on_one_network_chatter_little() {
    let start = Instant::now();
    let mut chatters: Vec<_> = (0..100).map(|seed| Chatter::new(start, limits::ROTATION_PAUSE, seeded(seed))).collect();
    for (number, chatter) in (0..).zip(&mut chatters) {
        chatter.faces(start, [(LAN, HERE)].into_iter());
        chatter.show(start, Some(beacon(number)));
    }
    // Minutes, and what was said in each. All come in the first one.
    let mut minutes = vec![0; 30];
    loop {
        let next = chatters.iter().enumerate().filter_map(|(at, chatter)| Some((chatter.deadline()?, at))).min();
        let (now, at) = next.unwrap();
        let minute = usize::try_from((now - start).as_secs() / 60).unwrap();
        if minute >= minutes.len() {
            break;
        }
        chatters[at].due(now, &mut || Some(9));
        while let Some(out) = chatters[at].poll() {
            let Out::Say(_, packet) = out else { continue };
            minutes[minute] += 1;
            for (other, chatter) in (0..=255_u8).zip(&mut chatters).filter(|(other, _)| usize::from(*other) != at) {
                chatter.heard(now, LAN, IpAddr::from([192, 0, 2, other]), &packet);
            }
        }
    }
    let steady = minutes.iter().skip(1).max().unwrap();
    assert!(*steady <= 120, "{minutes:?}");
    assert!(minutes[0] <= 1200, "{minutes:?}");
}
