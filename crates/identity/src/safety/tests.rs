#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
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
fn what_is_written_is_read_with_any_space_in_it_or_none() {
    let code = safety_code(&ONE, &OTHER);
    let text = code.to_string();
    let rows = text.replacen(" 55040", "\n55040", 1);
    for written in [text.clone(), text.replace(' ', ""), format!("  {rows}\r\n"), text.replace(' ', "\t ")] {
        assert_eq!(written.parse::<SafetyCode>(), Ok(code), "{written:?}");
    }
    assert_eq!(["00007"; 12].join(" ").parse::<SafetyCode>(), Ok(SafetyCode([7; 12])));
}

#[test]
fn what_is_not_all_of_a_code_or_not_only_that_is_none() {
    let text = safety_code(&ONE, &OTHER).to_string();
    let length = |found| Err::<SafetyCode, _>(SafetyCodeError::Length { found });
    assert_eq!("".parse::<SafetyCode>(), length(0));
    assert_eq!(text[1..].parse::<SafetyCode>(), length(59));
    assert_eq!(format!("{text}1").parse::<SafetyCode>(), length(61));
    assert_eq!(text.repeat(1_000).parse::<SafetyCode>(), length(60_000));
    // Digits of other scripts are none.
    for other in ["3412x", "lamplit:safety/", "-34122", "٣", "３"] {
        assert_eq!(text.replacen("34122", other, 1).parse::<SafetyCode>(), Err(SafetyCodeError::NoDigit), "{other}");
    }
}

#[test]
fn one_other_digit_is_another_code() {
    let code = SafetyCode([1; 12]);
    let mut text = code.to_string();
    text.replace_range(4..5, "2");
    assert_eq!(text, format!("00002{}", " 00001".repeat(11)));
    assert_ne!(text.parse::<SafetyCode>(), Ok(code));
}

#[test]
fn it_stays_out_of_logs() {
    assert_eq!(format!("{:?}", safety_code(&ONE, &OTHER)), "SafetyCode(…)");
}
