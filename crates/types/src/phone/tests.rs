use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<String, PhoneNumberError> {
    PhoneNumber::parse(text).map(|number| number.to_string())
}

#[test]
fn numbers_are_taken_as_people_write_them() {
    for (written, number) in [
        ("+8613800138000", "+8613800138000"),
        ("  +86 138 0013 8000 ", "+8613800138000"),
        ("00 86 138-0013-8000", "+8613800138000"),
        ("+1 (650) 253-0000", "+16502530000"),
        ("+49.171/1234567", "+491711234567"),
        ("+44\u{a0}20\u{2011}7946\u{2013}0958", "+442079460958"),
        ("+39 06 6982 1234", "+390669821234"),
        ("+881 6 1234 5678", "+881612345678"),
        ("+2901234", "+2901234"),
        ("+123456789012345", "+123456789012345"),
    ] {
        assert_eq!(parse(written).as_deref(), Ok(number), "{written}");
    }
}

#[test]
fn what_is_no_number_is_told_why() {
    use PhoneNumberError as Error;
    for (written, why) in [
        ("", Error::NoCountry),
        ("+", Error::UnknownCountry),
        ("13800138000", Error::NoCountry),
        ("0171 1234567", Error::NoCountry),
        ("+0086 138 0013 8000", Error::UnknownCountry),
        ("+210 1234567", Error::UnknownCountry),
        ("+800 1234 5678", Error::UnknownCountry),
        ("+999 1234567", Error::UnknownCountry),
        ("+49 (0) 171 1234567", Error::TrunkZero),
        ("+49 ( 0 )171 1234567", Error::TrunkZero),
        ("+29012", Error::TooShort { found: 5 }),
        ("+290123", Error::TooShort { found: 6 }),
        ("+1234567890123456", Error::TooLong),
        ("++8613800138000", Error::Character('+')),
        ("+86138O0138000", Error::Character('O')),
        ("+86138\u{202e}00138000", Error::Character('\u{202e}')),
        ("+86\u{0661}3800138000", Error::Character('\u{0661}')),
        ("+86 138 0013 8000 ext 5", Error::Character('e')),
    ] {
        assert_eq!(parse(written), Err(why), "{written:?}");
    }
    assert_eq!(parse(&format!("+{}", "1 ".repeat(1_000_000))), Err(Error::TooLong));
}

#[test]
fn the_country_is_the_one_code_that_fits() {
    for (number, country) in [("+16502530000", 1), ("+8613800138000", 86), ("+85223456789", 852), ("+390669821234", 39)]
    {
        assert_eq!(PhoneNumber::parse(number).map(|number| number.country_code()), Ok(country));
    }
    // The list is one that can be searched, and no code in it begins with another: a number has one country.
    assert!(COUNTRY_CODES.is_sorted_by(|a, b| a < b));
    for code in COUNTRY_CODES {
        let text = code.to_string();
        let shorter = (1..text.len()).map(|length| text.get(..length).unwrap().parse::<u16>().unwrap());
        assert!(shorter.into_iter().all(|code| !COUNTRY_CODES.contains(&code)), "{code}");
    }
}

#[test]
fn it_is_stored_as_it_is_shown_and_read_only_if_good() {
    let number = PhoneNumber::parse("+8613800138000").unwrap();
    let bytes = postcard::to_allocvec(&number).unwrap();
    assert_eq!(bytes, postcard::to_allocvec("+8613800138000").unwrap());
    assert_eq!(postcard::from_bytes::<PhoneNumber>(&bytes).unwrap(), number);
    assert!(postcard::from_bytes::<PhoneNumber>(&postcard::to_allocvec("+8").unwrap()).is_err());
}

/// Digits, and something between some of them.
fn written() -> impl Strategy<Value = (String, String)> {
    let between = prop_oneof![Just(""), Just(" "), Just("-"), Just(" ("), Just(") "), Just("."), Just("\u{2010}")];
    let country = proptest::sample::select(COUNTRY_CODES);
    let rest = proptest::collection::vec((1..=9u8, between), 6..=12);
    (country, rest, prop::bool::ANY).prop_map(|(country, rest, plus)| {
        let mut written = format!("{}{country}", if plus { "+" } else { "00" });
        let mut number = format!("+{country}");
        for (digit, between) in rest {
            written.push_str(&format!("{between}{digit}"));
            number.push_str(&digit.to_string());
        }
        (written, number)
    })
}

proptest! {
    #[test]
    fn anything_may_be_asked(text in prop_oneof![any::<String>(), "[+0-9 ()x]{0,24}"]) {
        if let Ok(number) = PhoneNumber::parse(&text) {
            prop_assert_eq!(PhoneNumber::parse(&number.to_string()), Ok(number));
        }
    }

    #[test]
    fn what_lies_between_the_digits_changes_nothing((written, number) in written()) {
        prop_assert_eq!(parse(&written), Ok(number));
    }

    #[test]
    fn debug_and_errors_tell_no_more_than_the_country((_, number) in written(), junk in "[a-z]{1,3}") {
        let good = PhoneNumber::parse(&number).unwrap();
        let rest = number.strip_prefix(&format!("+{}", good.country_code())).unwrap();
        let shown = format!("{good:?}");
        prop_assert_eq!(&shown, &format!("PhoneNumber(+{}…)", good.country_code()));
        prop_assert!(!shown.contains(rest));
        for bad in [format!("{number}{junk}"), number.replacen('+', "+0", 1), number.replacen('+', "", 1), format!("{number}{number}")] {
            let error = PhoneNumber::parse(&bad).unwrap_err();
            prop_assert!(!format!("{error} {error:?}").contains(rest), "{}", error);
        }
    }
}
