#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

#[test]
fn a_keyring_that_never_answers_is_given_up() {
    let (_never, silence) = mpsc::channel::<()>();
    let stuck = within(Duration::from_millis(20), move || {
        let _ = silence.recv();
        Ok(())
    });
    assert!(matches!(stuck, Err(KeyringError::Unavailable(why)) if why.contains("did not answer")));
}

#[test]
fn answers_come_through() {
    assert_eq!(within(ANSWER, || Ok(7)), Ok(7));
    assert_eq!(within::<()>(ANSWER, || Err(Error::NoEntry)), Err(KeyringError::NoEntry));
    assert!(matches!(within::<()>(ANSWER, || Err(Error::NoDefaultStore)), Err(KeyringError::Unavailable(_))));
}
