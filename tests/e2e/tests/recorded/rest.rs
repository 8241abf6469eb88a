//! A link over which nobody speaks: how it is heard to end, while both stay near, and to be made again for a word.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use lamplit_e2e::{Device, Host, Lan, acquainted, eventually};

use crate::now;

/// For how long nothing is said before a link rests.
const REST: Duration = Duration::from_secs(120);
/// How often a link is heard at the least as long as it is there, and some more.
const BREATH: Duration = Duration::from_secs(8);
/// What may be said, or noticed late, after the test counts from.
const SPARE: Duration = Duration::from_secs(5);

fn are_near(one: &Device<'_>, other: &Device<'_>) -> bool {
    [one, other].iter().all(|device| device.list(&["contacts"]).unwrap()[0]["near"] == true)
}

/// Says something, and waits until it is known to have arrived.
pub(crate) fn says(speaker: &Device<'_>, listener: &Device<'_>, text: &str) {
    speaker.ask(&["say", listener.name(), text]).unwrap();
    eventually("what was said shall arrive", || {
        let last = speaker.conversation(listener)?.pop();
        Ok(last.filter(|last| last["text"] == text && last["progress"] == "delivered"))
    })
    .unwrap();
    let heard = listener.conversation(speaker).unwrap().pop().unwrap();
    assert_eq!((&heard["text"], &heard["mine"]), (&text.into(), &false.into()));
}

#[test]
fn a_link_over_which_nobody_speaks_rests_and_a_word_wakes_it() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    says(&ada, &grace, "good night");
    ada.wait_until_sent().unwrap();
    grace.wait_until_sent().unwrap();
    let recorder = lan.record().unwrap();
    let (start, began) = (now(), Instant::now());
    while began.elapsed() < REST + SPARE + BREATH {
        assert!(are_near(&ada, &grace), "away after {:?}", began.elapsed());
        sleep(Duration::from_secs(1));
    }
    let woken = now();
    says(&ada, &grace, "are you asleep?");
    says(&grace, &ada, "not any more");
    assert!(are_near(&ada, &grace));
    let recording = recorder.stop().unwrap();

    // What goes from one to the other; what both show to all goes to nobody alone.
    let [left, right] = [Host::LEFT, Host::RIGHT].map(|host| lan.addresses(host).unwrap());
    let mut heard: Vec<u64> = recording.between(&left, &right).map(|datagram| datagram.at).collect();
    heard.sort_unstable();
    let (before, after): (Vec<u64>, Vec<u64>) = heard.iter().partition(|at| **at < woken);
    let last = *before.last().expect("there is a link at first");
    let rests = Duration::from_micros(last - start);
    println!("{} packets in {rests:?}, and then none until {} after the word", before.len(), after.len());
    assert!(before.is_sorted_by(|one, next| next - one < micros(BREATH)), "it was heard all the time until it rested");
    assert!(rests > REST - SPARE && rests < REST + SPARE, "it rests after {rests:?}");
    assert!(after.len() > 10, "it is woken");
}

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap()
}
