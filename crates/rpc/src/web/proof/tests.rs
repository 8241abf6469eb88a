#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn meeting() -> Meeting {
    let nonce = |byte: &str| Nonce::parse(&byte.repeat(32)).unwrap();
    Meeting { port: 4300, program: nonce("01"), daemon: nonce("02") }
}

fn token() -> Token {
    Token::parse(&"ab".repeat(32)).unwrap()
}

/// What others compute who read docs/api.md: these are Python's `hmac`.
#[test]
fn a_proof_is_what_the_documents_say() {
    assert_eq!(
        token().prove(Side::Daemon, &meeting()).unwrap(),
        "36549fa121f435c9f9d836f5b9f097cd81f1c803ffe460a1989bd058866b3b25"
    );
    assert_eq!(
        token().prove(Side::Program, &meeting()).unwrap(),
        "ee27b5c8eb1fcf6467efb305dc5dca9c22f674b8279b32cc57c0ac15ff2d7668"
    );
}

#[test]
fn a_proof_holds_for_one_token_side_port_and_pair_of_nonces() {
    let proof = token().prove(Side::Program, &meeting()).unwrap();
    assert!(token().holds(Side::Program, &meeting(), &proof));
    assert!(!token().holds(Side::Daemon, &meeting(), &proof));
    let other = Token::parse(&"ac".repeat(32)).unwrap();
    assert!(!other.holds(Side::Program, &meeting(), &proof));
    let Meeting { program, daemon, .. } = meeting();
    for meeting in [
        Meeting { port: 4301, ..meeting() },
        Meeting { program: daemon.clone(), ..meeting() },
        Meeting { daemon: program.clone(), ..meeting() },
        Meeting { port: 4300, program: daemon, daemon: program },
    ] {
        assert!(!token().holds(Side::Program, &meeting, &proof), "{meeting:?}");
    }
    for wrong in ["", "zz", proof.split_at(1).1, &format!("{proof}00"), &proof.to_uppercase(), &"00".repeat(32)] {
        assert!(!token().holds(Side::Program, &meeting(), wrong), "{wrong}");
    }
}

#[test]
fn tokens_and_nonces_are_new_each_time_and_no_token_is_printed() {
    let (one, other) = (Token::new().unwrap(), Token::new().unwrap());
    assert_ne!(one.expose(), other.expose());
    assert_eq!(one.expose().len(), 64);
    assert_ne!(Nonce::new().unwrap(), Nonce::new().unwrap());
    assert!(!format!("{one:?}").contains(one.expose()));
    for bad in ["", "ab", &"AB".repeat(32), &"ab".repeat(33), &"zz".repeat(32)] {
        assert!(Token::parse(bad).is_none() && Nonce::parse(bad).is_none(), "{bad}");
    }
}
