use super::*;
use crate::{Cause, Refusal};

const LATER: Tried = Tried::Asked(Answer::Later { cause: Cause::Silence, after: None });
const TAKEN: Tried = Tried::Asked(Answer::Delivered);

fn all(rounds: &mut Rounds<u32>, now: Instant) -> Vec<u32> {
    core::iter::from_fn(|| rounds.take(now)).collect()
}

#[test]
fn many_wakes_for_one_device_are_one() {
    let (mut rounds, now) = (Rounds::new(), Instant::now());
    for _ in 0..100 {
        assert!(rounds.ask(1, now));
    }
    assert_eq!(all(&mut rounds, now), [1]);
    // While it is under way, and while the device rests, too: then it is one more.
    for _ in 0..100 {
        assert!(rounds.ask(1, now));
    }
    assert!(all(&mut rounds, now).is_empty());
    assert!(!rounds.tried(&1, TAKEN, now, 0.5));
    for _ in 0..100 {
        assert!(rounds.ask(1, now));
    }
    let soon = now + limits::REST;
    assert_eq!(rounds.next(), Some(soon));
    assert!(all(&mut rounds, soon - Duration::from_millis(1)).is_empty());
    assert_eq!(all(&mut rounds, soon), [1]);
    assert!(!rounds.tried(&1, TAKEN, soon, 0.5));
    // And when nobody asks any more nothing is left of it.
    assert!(all(&mut rounds, soon + limits::REST).is_empty());
    assert!(rounds.next().is_none() && rounds.devices.is_empty() && rounds.times.is_empty());
}

#[test]
fn who_came_is_not_woken() {
    let (mut rounds, now) = (Rounds::new(), Instant::now());
    rounds.ask(1, now);
    rounds.came(&1);
    assert!(all(&mut rounds, now).is_empty());
    rounds.ask(1, now);
    assert_eq!(all(&mut rounds, now), [1]);
    rounds.ask(1, now);
    rounds.came(&1);
    rounds.tried(&1, TAKEN, now, 0.5);
    assert!(all(&mut rounds, now + limits::REST).is_empty());
    rounds.came(&2);
}

#[test]
fn pauses_grow_are_cut_by_chance_and_end() {
    let (mut rounds, mut now) = (Rounds::new(), Instant::now());
    rounds.ask(1, now);
    let mut whole = limits::PAUSE;
    for tries in 1..limits::TRIES {
        assert_eq!(all(&mut rounds, now), [1]);
        let chance = f64::from(tries % 2);
        assert!(rounds.tried(&1, LATER, now, chance));
        let pause = rounds.next().unwrap() - now;
        assert_eq!(pause, if tries % 2 == 0 { whole / 2 } else { whole }, "{tries}");
        // Nobody makes it sooner.
        rounds.ask(1, now);
        now += pause;
        whole = (2 * whole).min(limits::PAUSE_MOST);
    }
    assert_eq!(all(&mut rounds, now), [1]);
    assert!(!rounds.tried(&1, LATER, now, 0.0), "given up");
    // Asked for again, it is left alone for a while, and then begins anew.
    rounds.ask(1, now);
    assert_eq!(rounds.next(), Some(now + limits::PAUSE_MOST));
    assert_eq!(all(&mut rounds, now + limits::PAUSE_MOST), [1]);
    assert!(rounds.tried(&1, LATER, now, 0.0));
}

#[test]
fn a_push_service_that_says_when_is_asked_no_sooner_and_within_the_hour() {
    let later =
        |seconds| Tried::Asked(Answer::Later { cause: Cause::Http(429), after: Some(Duration::from_secs(seconds)) });
    for (seconds, least, most) in [(0, 1, 2), (1, 1, 3), (120, 120, 122), (1_000_000, 3600, 3602)] {
        for chance in [0.0, 0.3, 1.0] {
            let (mut rounds, now) = (Rounds::new(), Instant::now());
            rounds.ask(1, now);
            assert_eq!(all(&mut rounds, now), [1]);
            assert!(rounds.tried(&1, later(seconds), now, chance));
            let pause = rounds.next().unwrap() - now;
            let range = Duration::from_secs(least)..=Duration::from_secs(most);
            assert!(range.contains(&pause), "{seconds} {chance} {pause:?}");
        }
    }
}

#[test]
fn who_is_gone_is_forgotten_and_who_is_refused_is_left_alone() {
    let (mut rounds, now) = (Rounds::new(), Instant::now());
    for tried in [Tried::Nobody, Tried::Asked(Answer::Gone)] {
        rounds.ask(1, now);
        assert_eq!(all(&mut rounds, now), [1]);
        assert!(!rounds.tried(&1, tried, now, 0.5));
        assert!(rounds.devices.is_empty());
    }
    rounds.ask(1, now);
    assert_eq!(all(&mut rounds, now), [1]);
    // It may have named another target meanwhile, for which somebody asked.
    rounds.ask(1, now);
    rounds.tried(&1, Tried::Asked(Answer::Gone), now, 0.5);
    assert_eq!(all(&mut rounds, now), [1]);
    rounds.tried(&1, Tried::Asked(Answer::Refused(Refusal::Inner)), now, 0.5);
    rounds.ask(1, now);
    assert!(all(&mut rounds, now + limits::REST).is_empty());
    assert_eq!(all(&mut rounds, now + limits::PAUSE_MOST), [1]);
}

#[test]
fn so_many_are_woken_at_once_and_so_many_wait() {
    let (mut rounds, now) = (Rounds::new(), Instant::now());
    let most = u32::try_from(limits::WAITING).unwrap();
    for who in 0..most {
        assert!(rounds.ask(who, now));
    }
    assert!(!rounds.ask(most, now), "one too many");
    assert!(rounds.ask(0, now), "who is there already needs no room");
    let first = all(&mut rounds, now);
    assert_eq!(first.len(), limits::AT_ONCE);
    assert!(rounds.next().is_none(), "nothing to do until one comes to its end");
    rounds.tried(&first[0], Tried::Nobody, now, 0.5);
    assert!(rounds.ask(most, now));
    assert_eq!(all(&mut rounds, now), [u32::try_from(limits::AT_ONCE).unwrap()]);
    // What was never begun has no end.
    assert!(!rounds.tried(&(most + 1), TAKEN, now, 0.5));
}
