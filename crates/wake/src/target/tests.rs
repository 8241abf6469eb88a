use proptest::prelude::*;

use super::*;
use crate::receiver::Device;

const ENDPOINT: &str = "https://push.example/v2/abc?d=e";

fn subscription(endpoint: &str) -> Result<WebPush, TargetError> {
    let device = Device::new().unwrap();
    let (key, auth) = device.keys();
    WebPush::parse(endpoint, key, &auth)
}

#[test]
fn a_subscription_is_read_as_a_browser_writes_it() {
    // Those of RFC 8291, appendix A; one with the filling that some leave at its end.
    let key = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    let one = WebPush::parse_text(ENDPOINT, key, "BTBZMqHH6r4Tts7J_aSIgg").unwrap();
    let other = WebPush::parse_text(ENDPOINT, &format!("{key}="), "BTBZMqHH6r4Tts7J_aSIgg==").unwrap();
    assert!(one == other);
    assert_eq!(one.endpoint().origin(), "https://push.example");
    assert_eq!(WebPush::parse_text(ENDPOINT, "BCVx+/", "BTBZMqHH6r4Tts7J_aSIgg"), Err(TargetError::Key));
    assert_eq!(WebPush::parse_text(ENDPOINT, key, "BTBZ"), Err(TargetError::Auth));
}

#[test]
fn only_a_point_on_the_curve_is_a_key() {
    let device = Device::new().unwrap();
    let (key, auth) = device.keys();
    assert!(WebPush::parse(ENDPOINT, key, &auth).is_ok());
    let mut off = key.to_vec();
    off[64] ^= 1;
    let mut compressed = key[..33].to_vec();
    compressed[0] = 2 + (key[64] & 1);
    let mut hybrid = key.to_vec();
    hybrid[0] = 6 + (key[64] & 1);
    for wrong in [&[][..], &off, &compressed, &hybrid, &[0; 65], &[4; 65], &key[1..]] {
        assert_eq!(WebPush::parse(ENDPOINT, wrong, &auth), Err(TargetError::Key));
    }
    assert_eq!(WebPush::parse(ENDPOINT, key, &auth[1..]), Err(TargetError::Auth));
}

#[test]
fn an_endpoint_is_reached_by_https_and_by_nothing_else() {
    let long = format!("https://push.example/{}", "a".repeat(limits::ENDPOINT_BYTES));
    let widened = format!("https://push.example/{}", "灯".repeat(limits::ENDPOINT_BYTES / 4));
    for wrong in [
        "",
        "push.example",
        "http://push.example/",
        "ftp://push.example/",
        "file:///etc/passwd",
        "https://",
        "https://user@push.example/",
        "https://user:password@push.example/",
        "https://push.example/#a",
        "https://[::1",
        &long,
        &widened,
    ] {
        assert_eq!(subscription(wrong), Err(TargetError::Endpoint), "{wrong}");
    }
    assert!(subscription("https://push.example:8443/").is_ok());
}

#[test]
fn an_address_of_an_inner_network_is_seen_however_it_is_written() {
    for inner in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://017700000001/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://10.0.0.1:6379/",
        "https://169.254.169.254/latest/meta-data",
    ] {
        let endpoint = Endpoint::parse(inner).unwrap();
        assert!(!endpoint.is_within(Reach::Public), "{inner}");
        assert!(endpoint.is_within(Reach::Inner), "{inner}");
    }
    assert!(Endpoint::parse("https://1.1.1.1/").unwrap().is_within(Reach::Public));
    // What it means shows when it is looked up.
    assert!(Endpoint::parse("https://localhost/").unwrap().is_within(Reach::Public));
}

#[test]
fn tokens_are_what_can_stand_in_a_path_or_a_header() {
    assert!(FcmToken::parse("dQw4w9WgXcQ:APA91bH_-x").is_ok());
    for wrong in ["", "a b", "a\"", "a\r\nb", "a/b", "灯", &"a".repeat(limits::FCM_TOKEN_BYTES + 1)] {
        assert_eq!(FcmToken::parse(wrong), Err(TargetError::Fcm), "{wrong}");
    }
    let target = ApnsTarget::parse("C0FFEE00", "org.example.lamp").unwrap();
    assert_eq!((target.token(), target.topic()), ("c0ffee00", "org.example.lamp"));
    for wrong in ["", "0", "xy", "../..", "c0 f", &"00".repeat(limits::APNS_TOKEN_BYTES + 1)] {
        assert_eq!(ApnsTarget::parse(wrong, "org.example.lamp"), Err(TargetError::Apns), "{wrong}");
    }
    for wrong in ["", "a b", "a\nb", &"a".repeat(limits::TOPIC_BYTES + 1)] {
        assert_eq!(ApnsTarget::parse("c0", wrong), Err(TargetError::Topic), "{wrong}");
    }
}

#[test]
fn no_debug_output_tells_whom() {
    let sealed = subscription("https://push.example/secret").unwrap();
    let plain = UnifiedPush::Plain(Endpoint::parse("https://push.example/secret").unwrap());
    for target in [
        Target::WebPush(sealed.clone()),
        Target::UnifiedPush(UnifiedPush::Sealed(sealed.clone())),
        Target::UnifiedPush(plain),
        Target::Fcm(FcmToken::parse("secret").unwrap()),
        Target::Apns(ApnsTarget::parse("5ec2e700", "org.secret").unwrap()),
    ] {
        let shown = format!("{target:?}");
        assert_eq!(shown, format!("Target({}, …)", target.service().name()));
    }
    assert_eq!(format!("{sealed:?} {:?}", sealed.endpoint()), "WebPush(…) Endpoint(…)");
}

proptest! {
    #[test]
    fn whatever_is_said_is_a_target_or_an_error(text in ".{0,80}", host in "[a-z0-9.:\\[\\]%@#/-]{0,40}") {
        for endpoint in [text.clone(), format!("https://{host}"), format!("https://{host}/{text}")] {
            if let Ok(endpoint) = Endpoint::parse(&endpoint) {
                let written = endpoint.url().as_str();
                prop_assert!(written.starts_with("https://") && written.len() <= limits::ENDPOINT_BYTES);
                prop_assert!(Endpoint::parse(written).unwrap() == endpoint);
            }
        }
        let _ = (FcmToken::parse(&text), ApnsTarget::parse(&text, &host), WebPush::parse_text(&text, &host, &text));
    }
}
