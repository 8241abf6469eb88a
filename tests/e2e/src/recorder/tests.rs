use std::str::FromStr as _;

use super::*;
use crate::{Host, Lan};

/// The most bytes that a datagram on the cable has.
const LARGEST: usize = 1472;

/// Says something of that size so many times.
fn say(lan: &Lan, bytes: usize, times: usize) {
    let (socket, to) = lan.speaker(Host::LEFT).unwrap();
    for _ in 0..times {
        socket.send_to(&vec![7; bytes], to).unwrap();
    }
}

fn signal(recorder: &Recorder, name: &str) {
    let status = Command::new("kill").args([name, &recorder.tcpdump.id().to_string()]).status().unwrap();
    assert!(status.success(), "kill {name} failed");
}

#[test]
fn what_went_by_unheard_is_told() {
    let lan = Lan::new().unwrap();
    let recorder = lan.record().unwrap();
    say(&lan, 100, 100);
    let heard = recorder.stop().unwrap();
    assert_eq!(heard.datagrams.iter().filter(|datagram| datagram.payload == [7; 100]).count(), 100);

    let recorder = lan.record().unwrap();
    // While it does not listen, more comes than is kept for it.
    signal(&recorder, "-STOP");
    say(&lan, LARGEST, usize::from_str(BUFFER).unwrap() * 1024 / LARGEST);
    signal(&recorder, "-CONT");
    let error = recorder.stop().map(drop).unwrap_err().to_string();
    assert!(error.contains("did not hear") && error.contains("gaps"), "{error}");
}

#[test]
fn a_recorder_that_says_nothing_of_it_is_not_believed() {
    let end = "7 packets captured\n7 packets received by filter\n0 packets dropped by kernel\n";
    assert!(check_whole(end).is_ok());
    assert!(check_whole(&end.replace("0 packets", "10 packets")).is_err());
    assert!(check_whole("tcpdump: br0: No such device exists").is_err());
}
