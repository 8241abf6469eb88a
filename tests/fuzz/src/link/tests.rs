//! Controls: a script can reach the end of a handshake and beyond, so what it does not find was looked for.

use super::*;

/// Says two frames and delivers all packets, on every pipe, as strangers and as contacts.
#[test]
fn a_script_of_two_frames_is_heard() {
    for first in 8..16 {
        let mut script = vec![first];
        script.extend([6, 2, 0, b'h', b'i', 6, 3, 0, b'y', b'o', b'u']);
        script.extend([2; 60]);
        let scene = play(&script).expect("a scene");
        assert_eq!(scene.heard, [MET, b"hi", b"you"], "pipe and handshake {first}");
    }
}

/// The handshake is played packet by packet too.
#[test]
fn a_script_can_make_the_handshake() {
    for first in 0..8 {
        let mut script = vec![first];
        script.extend([2, 2, 2, 2, 2, 2, 7].repeat(8));
        script.extend([6, 2, 0, b'h', b'i']);
        script.extend([2; 20]);
        let scene = play(&script).expect("a scene");
        assert_eq!(scene.heard, [b"hi"], "pipe and handshake {first}");
    }
}

#[test]
#[should_panic(expected = "Bob read what Alice didn't write")]
fn a_frame_that_nobody_wrote_is_noticed() {
    let mut scene = play(&[8]).expect("a scene");
    scene.heard.push(b"forged".to_vec());
    scene.check();
}
