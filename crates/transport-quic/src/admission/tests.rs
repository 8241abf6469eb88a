#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn source(number: usize) -> IpAddr {
    IpAddr::from(u32::try_from(number).unwrap().to_be_bytes())
}

#[test]
fn one_source_has_its_share_and_gets_it_back() {
    let admission = Arc::new(Admission::default());
    let mut places: Vec<_> = (0..limits::INCOMING_PER_SOURCE).map(|_| admission.enter(source(1)).unwrap()).collect();
    assert!(admission.enter(source(1)).is_none());
    assert!(admission.enter("::ffff:0.0.0.1".parse().unwrap()).is_none(), "the same source, mapped");
    assert!(admission.enter(source(2)).is_some(), "another is not touched");
    places.pop();
    assert!(admission.enter(source(1)).is_some());
    drop(places);
    assert!(admission.lock().each.is_empty());
    assert_eq!(admission.lock().total, 0);
}

#[test]
fn all_together_have_theirs() {
    let admission = Arc::new(Admission::default());
    let places: Vec<_> = (0..limits::INCOMING).map(|number| admission.enter(source(number)).unwrap()).collect();
    assert!(admission.enter(source(limits::INCOMING)).is_none());
    drop(places);
    assert!(admission.enter(source(limits::INCOMING)).is_some());
}
