use reqwest::header::HeaderValue;

use super::*;

fn said(value: &str) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
    // 26 February 2026, 12:00:00.
    retry_after(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_107_200))
}

#[test]
fn when_to_come_again_is_said_in_seconds_or_by_a_date() {
    assert_eq!(said("120"), Some(Duration::from_secs(120)));
    assert_eq!(said(" 0 "), Some(Duration::ZERO));
    assert_eq!(said("Thu, 26 Feb 2026 12:05:00 GMT"), Some(Duration::from_secs(300)));
    assert_eq!(said("Thu, 26 Feb 2026 11:00:00 GMT"), Some(Duration::ZERO), "a date that has passed");
    assert_eq!(said("soon"), None);
    assert_eq!(said("-1"), None);
    assert_eq!(said("99999999999999999999999"), None);
    assert_eq!(retry_after(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
}
