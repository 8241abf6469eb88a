use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use core::time::Duration;

use super::*;

/// RFC 8292, section 2.4, with its lines put together.
const EXAMPLE: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA";
const EXAMPLES_KEY: &str = "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";

fn verifies(token: &str, key: &[u8]) -> bool {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(signed.as_bytes(), &signature).is_ok()
}

#[test]
fn what_rfc_8292_signs_in_its_example_we_sign_byte_by_byte_the_same() {
    let examples_key = BASE64URL_NOPAD.decode(EXAMPLES_KEY.as_bytes()).unwrap();
    assert!(verifies(EXAMPLE, &examples_key));
    let key = VapidKey::generate().unwrap();
    let endpoint = Endpoint::parse("https://push.example.net/p/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV").unwrap();
    let subject: Subject = "mailto:push@example.com".parse().unwrap();
    let made = UNIX_EPOCH + Duration::from_secs(1_453_523_768) - limits::VAPID_GOOD;
    let said = key.authorization(&endpoint, Some(&subject), made).unwrap();
    let (token, public) = said.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    assert_eq!(token.rsplit_once('.').unwrap().0, EXAMPLE.rsplit_once('.').unwrap().0);
    assert_eq!(BASE64URL_NOPAD.decode(public.as_bytes()).unwrap(), key.public());
    assert!(verifies(token, key.public()) && !verifies(token, &examples_key));
}

#[test]
fn a_key_is_the_same_from_its_bytes() {
    let key = VapidKey::generate().unwrap();
    let again = VapidKey::from_bytes(&key.to_bytes().unwrap()).unwrap();
    assert_eq!(again.public(), key.public());
    assert_eq!(again.to_bytes().unwrap(), key.to_bytes().unwrap());
    assert_ne!(VapidKey::generate().unwrap().public(), key.public());
    // Nothing, and more than there are points.
    assert!(VapidKey::from_bytes(&[0; 32]).is_err() && VapidKey::from_bytes(&[0xFF; 32]).is_err());
    assert_eq!(format!("{key:?}"), "VapidKey(…)");
}

#[test]
fn the_operator_is_reached_by_mail_or_https() {
    for good in ["mailto:push@example.org", "https://example.org/contact"] {
        assert!(good.parse::<Subject>().is_ok(), "{good}");
    }
    let long = format!("https://example.org/{}", "a".repeat(limits::SUBJECT_BYTES));
    for wrong in ["", "push@example.org", "mailto:", "mailto:push", "mailto:@b", "http://example.org", "tel:1", &long] {
        assert!(wrong.parse::<Subject>().is_err(), "{wrong}");
    }
}
