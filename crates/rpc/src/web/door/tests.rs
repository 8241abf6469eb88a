#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tokio_tungstenite::tungstenite::http::{HeaderValue, header::HOST, header::ORIGIN};

use super::*;

const PORT: u16 = 4300;

fn door() -> Door {
    Door::new(
        PORT,
        vec![Origin::parse("https://example.org").unwrap(), Origin::parse("http://localhost:8080").unwrap()],
    )
}

fn knock(path: &str, headers: &[(HeaderName, &str)]) -> Result<(), TurnedAway> {
    let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
    let mut all = HeaderMap::new();
    headers.for_each(|(name, value)| {
        all.append(name, value);
    });
    door().admit(&path.parse().unwrap(), &all)
}

#[test]
fn names_of_this_machine_are_taken_and_no_other() {
    for host in ["127.0.0.1:4300", "[::1]:4300", "localhost:4300", "LocalHost:4300"] {
        assert_eq!(knock("/", &[(HOST, host)]), Ok(()), "{host}");
    }
    for host in [
        "",
        "localhost",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1:4301",
        "[::1]",
        "127.0.0.1:4300:4300",
        "127.0.0.1.:4300",
        "127.1:4300",
        "2130706433:4300",
        "0.0.0.0:4300",
        "localhost.evil.example:4300",
        "evil.example:4300",
        "evil.example@127.0.0.1:4300",
        "localhost:4300 ",
        "localhost:+4300x",
    ] {
        assert_eq!(knock("/", &[(HOST, host)]), Err(TurnedAway::Host), "{host}");
    }
    assert_eq!(knock("/", &[]), Err(TurnedAway::Host));
    let twice = [(HOST, "127.0.0.1:4300"), (HOST, "127.0.0.1:4300")];
    assert_eq!(knock("/", &twice), Err(TurnedAway::Host));
}

#[test]
fn pages_come_in_from_where_they_may_and_from_nowhere_else() {
    let from = |origin| knock("/", &[(HOST, "localhost:4300"), (ORIGIN, origin)]);
    assert_eq!((from("https://example.org"), from("http://localhost:8080")), (Ok(()), Ok(())));
    for origin in [
        "",
        "null",
        "http://example.org",
        "https://example.org:444",
        "https://example.org/",
        "https://example.org.evil.example",
        "https://sub.example.org",
        "http://localhost:4300",
        "http://localhost",
        "file://",
    ] {
        assert_eq!(from(origin), Err(TurnedAway::Origin), "{origin}");
    }
    let twice = [(HOST, "localhost:4300"), (ORIGIN, "https://example.org"), (ORIGIN, "https://example.org")];
    assert_eq!(knock("/", &twice), Err(TurnedAway::Origin));
}

#[test]
fn there_is_one_path() {
    assert_eq!(knock("/?token=abc", &[(HOST, "localhost:4300")]), Err(TurnedAway::Path));
    assert_eq!(knock("/status", &[(HOST, "localhost:4300")]), Err(TurnedAway::Path));
}

#[test]
fn a_port_of_http_itself_may_be_left_out() {
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_static("localhost"));
    assert_eq!(Door::new(80, Vec::new()).admit(&Uri::from_static("/"), &headers), Ok(()));
}

#[test]
fn an_origin_is_written_as_browsers_write_it() {
    for good in ["https://example.org", "http://127.0.0.1:8080", "http://[::1]:8080", "chrome-extension://abcdef"] {
        assert_eq!(Origin::parse(good).unwrap().to_string(), good);
    }
    for bad in [
        "",
        "null",
        "*",
        "example.org",
        "https://",
        "://example.org",
        "https://example.org/",
        "https://Example.org",
        "https://example.org:443",
        "http://example.org:80",
        "https://*.example.org/x",
        "https://*.example.org",
        "https://a b",
    ] {
        assert_eq!(Origin::parse(bad), Err(OriginError), "{bad}");
    }
}
