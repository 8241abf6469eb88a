use super::*;

#[test]
fn timeouts_follow_what_was_measured() {
    let mut rtt = Rtt::default();
    assert_eq!(rtt.timeout(0), TIMEOUT_FIRST_MS);
    rtt.on_sample(100);
    assert_eq!(rtt.timeout(0), 100 + 200 + ACK_DELAY_MS);
    for _ in 0..50 {
        rtt.on_sample(40);
    }
    assert!((40 + ACK_DELAY_MS..90).contains(&rtt.timeout(0)), "{}", rtt.timeout(0));
}

#[test]
fn timeouts_double_up_to_a_limit() {
    let mut rtt = Rtt::default();
    rtt.on_sample(10);
    assert_eq!(rtt.timeout(1), 2 * rtt.timeout(0));
    assert_eq!(rtt.timeout(3), 8 * rtt.timeout(0));
    assert_eq!(rtt.timeout(u32::MAX), TIMEOUT_MAX_MS);
    rtt.on_sample(u64::MAX / 16);
    assert_eq!(rtt.timeout(9), TIMEOUT_MAX_MS);
}
