#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;

const ONE: RootHash = RootHash([1; 32]);
const OTHER: RootHash = RootHash([2; 32]);

#[test]
fn both_see_the_same_code() {
    assert_eq!(safety_code(&ONE, &OTHER), safety_code(&OTHER, &ONE));
}

#[test]
fn another_root_gives_another_code() {
    let code = safety_code(&ONE, &OTHER);
    assert_ne!(safety_code(&ONE, &RootHash([3; 32])), code);
    assert_ne!(safety_code(&OTHER, &OTHER), code);
}

#[test]
fn it_is_sixty_digits_in_twelve_groups() {
    let text = safety_code(&ONE, &OTHER).to_string();
    let groups: Vec<_> = text.split(' ').collect();
    assert_eq!(groups.len(), 12);
    assert!(groups.iter().all(|group| group.len() == 5 && group.bytes().all(|byte| byte.is_ascii_digit())), "{text}");
    assert_eq!(SafetyCode([7; 12]).to_string(), ["00007"; 12].join(" "));
}

#[test]
fn golden_code() {
    assert_eq!(
        safety_code(&ONE, &OTHER).to_string(),
        "34122 99506 86082 35485 55040 51611 94002 41381 52502 86878 97684 30247"
    );
}

#[test]
fn it_stays_out_of_logs() {
    assert_eq!(format!("{:?}", safety_code(&ONE, &OTHER)), "SafetyCode(…)");
}
