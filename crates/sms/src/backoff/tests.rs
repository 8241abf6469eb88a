use super::*;

#[test]
fn pauses_double_up_to_the_longest_and_keep_at_least_half() {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
    for whole in [100, 200, 350, 350] {
        let whole = Duration::from_millis(whole);
        let pause = backoff.pause();
        assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
    }
    backoff.reset();
    assert!(backoff.pause() <= Duration::from_millis(100));
}

#[test]
fn two_that_began_together_do_not_come_back_together() {
    let pauses = || {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(64));
        core::array::from_fn::<_, 8, _>(|_| backoff.pause())
    };
    assert_ne!(pauses(), pauses());
}
