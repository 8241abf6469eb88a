use super::*;
use crate::Level;

#[test]
fn a_clock_behind_its_own_files_or_this_program_is_wrong() {
    let alone = |now, newest| judge(now, newest, Others::Unknown);
    let now = UNIX_EPOCH + MADE + Duration::from_secs(1_000_000);
    let fine = Finding::Clock { others: 0 };
    assert_eq!(alone(now, None), fine);
    assert_eq!(alone(now, Some(now - Duration::from_secs(9))), fine);
    assert_eq!(alone(now, Some(now + SLACK)), fine);
    assert_eq!(alone(now, Some(now + Duration::from_secs(7200))), Finding::ClockBehind { seconds: 7200 });
    assert_eq!(alone(UNIX_EPOCH, None), Finding::ClockBeforeProgram);
}

#[test]
fn a_clock_that_differs_from_others_is_told_with_what_to_do() {
    let now = UNIX_EPOCH + MADE + Duration::from_secs(1_000_000);
    let compared = |others| judge(now, None, others);
    for (others, level, says) in [
        (Others::Unknown, Level::Good, "can be told once others are met"),
        (Others::Agrees { others: 3 }, Level::Good, "neither ahead of nor behind most of the 3 others"),
        (Others::Ahead { minutes: 90, others: 1 }, Level::Warning, "90 minutes ahead of that of the one other"),
        (Others::Ahead { minutes: 400, others: 2 }, Level::Failure, "6 hours ahead of those of most of the 2 others"),
        (Others::Behind { minutes: 4_000, others: 5 }, Level::Failure, "2 days behind those of most of the 5 others"),
        (Others::Disputed, Level::Warning, "more than a day apart"),
    ] {
        let finding = compared(others);
        assert_eq!(finding.level(), level, "{finding}");
        assert!(finding.to_string().contains(says), "{finding}");
        assert_eq!(finding.advice().is_some_and(|advice| advice.contains("timedatectl")), level != Level::Good);
    }
    // What it wrote itself says more than what others show.
    let written = Some(now + Duration::from_secs(7200));
    let finding = judge(now, written, Others::Agrees { others: 3 });
    assert_eq!(finding, Finding::ClockBehind { seconds: 7200 });
}
