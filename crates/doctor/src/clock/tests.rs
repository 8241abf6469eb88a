use super::*;

#[test]
fn a_clock_behind_its_own_files_or_this_program_is_wrong() {
    let now = UNIX_EPOCH + MADE + Duration::from_secs(1_000_000);
    assert_eq!(judge(now, None), Finding::Clock);
    assert_eq!(judge(now, Some(now - Duration::from_secs(9))), Finding::Clock);
    assert_eq!(judge(now, Some(now + SLACK)), Finding::Clock);
    assert_eq!(judge(now, Some(now + Duration::from_secs(7200))), Finding::ClockBehind { seconds: 7200 });
    assert_eq!(judge(UNIX_EPOCH, None), Finding::ClockBeforeProgram);
}
