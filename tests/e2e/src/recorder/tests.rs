use super::*;
use crate::{Host, Lan};

/// Sends a datagram to the other host so many times.
fn say(lan: &Lan, times: u32) {
    let other = Host::RIGHT.address();
    let line = format!("exec 3> /dev/udp/{other}/9; for i in $(seq {times}); do echo $i >&3; done; true");
    lan.must(Host::LEFT, &format!("bash -c '{line}' 2> /dev/null")).unwrap();
}

fn signal(recorder: &Recorder, name: &str) {
    let status = Command::new("kill").args([name, &recorder.tcpdump.id().to_string()]).status().unwrap();
    assert!(status.success(), "kill {name} failed");
}

#[test]
fn what_went_by_unheard_is_told() {
    let lan = Lan::new().unwrap();
    let recorder = lan.record().unwrap();
    say(&lan, 100);
    let heard = recorder.stop().unwrap();
    assert!(heard.datagrams.iter().any(|datagram| datagram.payload == b"100\n"), "{:?}", heard.datagrams);

    let recorder = lan.record().unwrap();
    // While it does not listen, more comes than is kept for it.
    signal(&recorder, "-STOP");
    say(&lan, 20_000);
    signal(&recorder, "-CONT");
    let error = recorder.stop().unwrap_err().to_string();
    assert!(error.contains("did not hear") && error.contains("gaps"), "{error}");
}

#[test]
fn a_recorder_that_says_nothing_of_it_is_not_believed() {
    let end = "7 packets captured\n7 packets received by filter\n0 packets dropped by kernel\n";
    assert!(check_whole(end).is_ok());
    assert!(check_whole(&end.replace("0 packets", "10 packets")).is_err());
    assert!(check_whole("tcpdump: br0: No such device exists").is_err());
}
