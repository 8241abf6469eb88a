#![allow(clippy::unwrap_used, clippy::string_slice, reason = "a test fails by panicking")]

use super::*;

fn key() -> ServerKey {
    ServerKey(core::array::from_fn(|at| u8::try_from(at).unwrap()))
}

#[test]
fn an_address_and_its_text_say_the_same() {
    for place in ["sync.example.org:4433", "localhost:1", "192.0.2.7:65535", "[2001:db8::1]:4433", "a-b.7e:443"] {
        let text = format!("server:{}@{place}", key());
        let address: ServerAddress = text.parse().unwrap();
        assert_eq!(address.to_string(), text);
        assert_eq!(address.to_address().unwrap().as_str(), text);
        assert_eq!(address.place().unwrap().as_str(), format!("server:{place}"));
    }
    let capitals: ServerAddress = format!("server:{}@Sync.Example.ORG:4433", key()).parse().unwrap();
    assert_eq!(capitals.host, Host::Name("sync.example.org".to_owned()), "names have no capitals");
}

#[test]
fn what_is_no_address_is_refused_with_what_is_wrong() {
    let key = key().to_string();
    let long = format!("{}.example.org", "a".repeat(60));
    for (text, why) in [
        (String::new(), ServerAddressError::Form),
        (format!("udp:{key}@host:1"), ServerAddressError::Form),
        (format!("server{key}@host:1"), ServerAddressError::Form),
        (format!("server:{key}"), ServerAddressError::Form),
        (format!("server:{key}@host"), ServerAddressError::Form),
        ("server:host:1".to_owned(), ServerAddressError::Form),
        ("server:@host:1".to_owned(), ServerAddressError::Key(lamplit_tls::ServerKeyError)),
        (format!("server:{}@host:1", &key[1..]), ServerAddressError::Key(lamplit_tls::ServerKeyError)),
        (format!("server:{}@host:1", key.to_ascii_uppercase()), ServerAddressError::Key(lamplit_tls::ServerKeyError)),
        (format!("server:{key}@host:"), ServerAddressError::Port),
        (format!("server:{key}@host:0"), ServerAddressError::Port),
        (format!("server:{key}@host:+1"), ServerAddressError::Port),
        (format!("server:{key}@host:01"), ServerAddressError::Port),
        (format!("server:{key}@host:65536"), ServerAddressError::Port),
        (format!("server:{key}@:1"), ServerAddressError::Host),
        (format!("server:{key}@host@host:1"), ServerAddressError::Host),
        (format!("server:{key}@ho st:1"), ServerAddressError::Host),
        (format!("server:{key}@hôst:1"), ServerAddressError::Host),
        (format!("server:{key}@-host:1"), ServerAddressError::Host),
        (format!("server:{key}@host.:1"), ServerAddressError::Host),
        (format!("server:{key}@{}:1", "a".repeat(64)), ServerAddressError::Host),
        (format!("server:{key}@192.0.2:1"), ServerAddressError::Host),
        (format!("server:{key}@192.0.2.256:1"), ServerAddressError::Host),
        (format!("server:{key}@0.0.0.0:1"), ServerAddressError::Host),
        (format!("server:{key}@224.0.0.251:1"), ServerAddressError::Host),
        (format!("server:{key}@2001:db8::1:1"), ServerAddressError::Host),
        (format!("server:{key}@[2001:db8::1:1"), ServerAddressError::Host),
        (format!("server:{key}@[192.0.2.1]:1"), ServerAddressError::Host),
        (format!("server:{key}@[::]:1"), ServerAddressError::Host),
        (format!("server:{key}@[::ffff:0.0.0.0]:1"), ServerAddressError::Host),
        (format!("server:{key}@{long}:1"), ServerAddressError::TooLong),
    ] {
        assert_eq!(text.parse::<ServerAddress>(), Err(why), "{text}");
    }
}

#[test]
fn nothing_of_it_reaches_a_log() {
    let address: ServerAddress = format!("server:{}@sync.example.org:4433", key()).parse().unwrap();
    assert_eq!(format!("{address:?} {:?} {:?}", address.key, address.host), "ServerAddress(…) ServerKey(…) Host(…)");
}
