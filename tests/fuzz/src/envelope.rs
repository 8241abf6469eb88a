//! Sealed messages: what opens is what was sealed, and nothing else changes anything.

use std::sync::OnceLock;

use lamplit_seal::{AudienceKey, OlmAccount, OlmKind, OlmMessage, Sessions, open_with, padding};

use crate::script::Script;

/// What a sealed thing was sealed for.
const CONTEXT: &[u8] = b"fuzz";

/// Opens `data` as everything that comes sealed: its first byte says as what kind of Olm message.
pub fn envelope(data: &[u8]) {
    let mut script = Script::new(data);
    let kind = if script.byte().is_multiple_of(2) { OlmKind::PreKey } else { OlmKind::Normal };
    let data = script.rest();
    olm(kind, data);
    unpadded(data);
    sealed(data);
    restored(data);
}

/// A stranger's bytes never open, and a session that met them still opens the next true message.
fn olm(kind: OlmKind, data: &[u8]) {
    let Ok(message) = OlmMessage::parse(kind, data) else { return };
    assert_eq!(message.body(), data, "a message has one form");
    let Some((mut account, mut sessions)) = receiver() else { return };
    let claimed = message.claimed_identity().unwrap_or(scene().sender);
    assert!(sessions.receive(&mut account, claimed, &message).is_err(), "a stranger's message opened");

    for (kind, body) in &scene().messages {
        let opened = OlmMessage::parse(*kind, body)
            .map(|message| sessions.receive(&mut account, scene().sender, &message))
            .is_ok_and(|received| received.is_ok());
        assert!(opened, "a true message doesn't open after a false one");
    }
}

fn unpadded(data: &[u8]) {
    if let Ok(content) = padding::unpad(data) {
        let again = padding::pad(content);
        assert!(again.is_ok_and(|padded| padded.as_slice() == data), "padding has one form");
    }
}

fn sealed(data: &[u8]) {
    let key = AudienceKey::from_parts(1, 1, [7; 32]);
    assert!(key.open(CONTEXT, data).is_err());
    assert!(key.open_fixed(CONTEXT, data).is_err());
    assert!(open_with(&[7; 32], CONTEXT, data).is_err());
}

/// What was stored may be damaged. If it is taken nevertheless, it can be stored again.
fn restored(data: &[u8]) {
    if let Ok(sessions) = Sessions::from_bytes(data) {
        assert!(sessions.to_bytes().is_ok());
    }
    if let Ok(account) = OlmAccount::from_bytes(data) {
        assert!(account.to_bytes().is_ok());
    }
}

/// A receiver as it was stored before the true messages came, and those messages. Made once: it costs more than the
/// rest. Its keys differ from run to run, which changes nothing that is asserted.
struct Scene {
    account: Vec<u8>,
    sessions: Vec<u8>,
    sender: [u8; 32],
    messages: Vec<(OlmKind, Vec<u8>)>,
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let scene = make_scene();
        assert!(scene.is_some(), "two accounts can't talk");
        scene.unwrap_or(Scene { account: Vec::new(), sessions: Vec::new(), sender: [0; 32], messages: Vec::new() })
    })
}

fn make_scene() -> Option<Scene> {
    let (alice, mut bob) = (OlmAccount::new(), OlmAccount::new());
    let (mut to_bob, mut to_alice) = (Sessions::new(), Sessions::new());
    to_bob.add(alice.start(bob.identity_key(), bob.one_time_key()).ok()?);
    let first = to_bob.encrypt(&padding::pad(b"first").ok()?).ok()?;
    to_alice.receive(&mut bob, alice.identity_key(), &first).ok()?;

    let mut alice = alice;
    let answer = to_alice.encrypt(&padding::pad(b"answer").ok()?).ok()?;
    to_bob.receive(&mut alice, bob.identity_key(), &answer).ok()?;
    let second = to_bob.encrypt(&padding::pad(b"second").ok()?).ok()?;

    // A second session, which begins only after the false message.
    let mut anew = Sessions::new();
    anew.add(alice.start(bob.identity_key(), bob.one_time_key()).ok()?);
    let other = anew.encrypt(&padding::pad(b"anew").ok()?).ok()?;

    Some(Scene {
        account: bob.to_bytes().ok()?.to_vec(),
        sessions: to_alice.to_bytes().ok()?.to_vec(),
        sender: alice.identity_key(),
        messages: [second, other].iter().map(|message| (message.kind(), message.body())).collect(),
    })
}

fn receiver() -> Option<(OlmAccount, Sessions)> {
    let scene = scene();
    Some((OlmAccount::from_bytes(&scene.account).ok()?, Sessions::from_bytes(&scene.sessions).ok()?))
}
