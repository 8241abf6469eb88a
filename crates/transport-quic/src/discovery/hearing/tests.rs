use super::*;

const LOOPBACK: Face = Face { interface: 1, is_v6: false, is_loopback: true };
const CABLE: Face = Face { interface: 2, is_v6: false, is_loopback: false };
const WIFI: Face = Face { interface: 3, is_v6: true, is_loopback: false };

/// A face that has heard itself or others, and has said its name so often since.
const fn heard(own: bool, others: bool, unheard: u32) -> Known {
    Known { ears: Some(Ears { own, others, unheard }), is_refused: false }
}

const EARLY: Known = heard(false, false, limits::UNHEARD - 1);
const SILENT: Known = heard(false, false, limits::UNHEARD);
const ITSELF: Known = heard(true, false, 0);
const OTHERS: Known = heard(true, true, 0);

fn of(faces: &[(Face, Known)]) -> Hearing {
    hearing_of(faces.iter().copied())
}

#[test]
fn loopback_does_not_speak_for_the_network() {
    for on_loopback in [ITSELF, OTHERS, SILENT] {
        assert_eq!(of(&[(LOOPBACK, on_loopback), (CABLE, SILENT)]), Hearing::Blocked);
        assert_eq!(of(&[(LOOPBACK, on_loopback), (CABLE, EARLY)]), Hearing::Untested);
        assert_eq!(of(&[(LOOPBACK, on_loopback), (CABLE, ITSELF)]), Hearing::Alone);
    }
}

#[test]
fn one_of_two_interfaces_that_is_heard_is_enough() {
    assert_eq!(of(&[(CABLE, SILENT), (WIFI, ITSELF)]), Hearing::Alone);
    assert_eq!(of(&[(CABLE, OTHERS), (WIFI, SILENT)]), Hearing::Others);
    assert_eq!(of(&[(CABLE, ITSELF), (WIFI, OTHERS)]), Hearing::Others);
}

#[test]
fn nothing_is_said_of_silence_before_it_was_waited_for() {
    assert_eq!(of(&[(CABLE, heard(false, false, 0))]), Hearing::Untested);
    assert_eq!(of(&[(CABLE, EARLY), (WIFI, SILENT)]), Hearing::Untested, "one of them may still be heard");
    assert_eq!(of(&[(CABLE, SILENT), (WIFI, SILENT)]), Hearing::Blocked);
}

#[test]
fn whoever_was_heard_once_and_is_heard_no_more_is_blocked() {
    for before in [heard(true, false, limits::UNHEARD), heard(true, true, limits::UNHEARD)] {
        assert_eq!(of(&[(CABLE, before)]), Hearing::Blocked);
    }
}

#[test]
fn what_cannot_be_listened_on_or_lets_nothing_out_is_blocked_at_once() {
    assert_eq!(of(&[(CABLE, Known { ears: None, is_refused: false })]), Hearing::Blocked);
    assert_eq!(of(&[(CABLE, Known { is_refused: true, ..EARLY })]), Hearing::Blocked);
    // A packet that could not leave once is no more than that where others did.
    assert_eq!(of(&[(CABLE, Known { is_refused: true, ..ITSELF })]), Hearing::Alone);
}

#[test]
fn where_there_is_nothing_but_loopback_there_is_no_network() {
    assert_eq!(of(&[]), Hearing::NoNetwork);
    assert_eq!(of(&[(LOOPBACK, OTHERS)]), Hearing::NoNetwork);
}
