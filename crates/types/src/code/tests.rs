use proptest::prelude::*;

use super::*;

#[test]
fn codes_are_taken_as_people_write_them() {
    for (written, code) in [
        ("123456", "123456"),
        ("123 456", "123456"),
        ("123-456", "123456"),
        ("  12\u{a0}34\u{2011}56\n", "123456"),
        ("000000", "000000"),
        ("000 042", "000042"),
        ("999999", "999999"),
    ] {
        assert_eq!(SmsCode::parse(written).unwrap().to_string(), code, "{written}");
    }
}

#[test]
fn what_is_no_code_is_told_why() {
    use SmsCodeError as Error;
    for (written, why) in [
        ("", Error::Empty),
        (" - ", Error::Empty),
        ("12345", Error::TooShort { found: 5 }),
        ("1234567", Error::TooLong),
        ("\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}", Error::OtherDigits),
        ("12345\u{0666}", Error::OtherDigits),
        ("12345\u{b2}", Error::OtherDigits),
        ("+12345", Error::Character('+')),
        ("12345O", Error::Character('O')),
        ("123\u{202e}456", Error::Character('\u{202e}')),
        ("123456.", Error::Character('.')),
    ] {
        assert_eq!(SmsCode::parse(written), Err(why), "{written:?}");
    }
    assert_eq!(SmsCode::parse(&" ".repeat(1_000_000)), Err(Error::TooLong));
}

#[test]
fn every_code_comes_of_chance() {
    assert_eq!(SmsCode::from_random(0).to_string(), "000000");
    assert_eq!(SmsCode::from_random(999_999).to_string(), "999999");
    assert_eq!(SmsCode::from_random(1_000_000).to_string(), "000000");
    assert_eq!(SmsCode::from_random(u64::MAX).to_string(), "551615");
}

#[test]
fn one_is_another_only_if_all_digits_are() {
    let code = SmsCode::from_random(123_456);
    assert_eq!(code, SmsCode::parse("123456").unwrap());
    for digit in 0..6 {
        assert_ne!(code, SmsCode::from_random(123_456 + 10_u64.pow(digit)));
    }
}

#[test]
fn debug_and_errors_tell_nothing_of_it() {
    assert_eq!(format!("{:?}", Some(SmsCode::from_random(123_456))), "Some(SmsCode(…))");
    for bad in ["48151", "4815162", "48151x", "48151\u{ff16}"] {
        let error = SmsCode::parse(bad).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("4815"), "{error}");
    }
}

#[test]
fn it_is_stored_as_a_number_and_read_only_if_good() {
    let code = SmsCode::from_random(42);
    assert_eq!(postcard::to_allocvec(&code).unwrap(), postcard::to_allocvec(&42_u32).unwrap());
    let read = |code: u32| postcard::from_bytes::<SmsCode>(&postcard::to_allocvec(&code).unwrap());
    assert_eq!(read(42).unwrap(), code);
    assert_eq!(read(999_999).unwrap().to_string(), "999999");
    assert!(read(1_000_000).is_err());
    assert!(read(u32::MAX).is_err());
}

proptest! {
    #[test]
    fn anything_may_be_asked(text in prop_oneof![any::<String>(), "[0-9 -]{0,12}"]) {
        if let Ok(code) = SmsCode::parse(&text) {
            prop_assert_eq!(SmsCode::parse(&code.to_string()), Ok(code));
        }
    }

    #[test]
    fn what_is_shown_is_what_is_read(random in any::<u64>()) {
        let code = SmsCode::from_random(random);
        prop_assert_eq!(code.to_string().len(), limits::SMS_CODE_DIGITS);
        prop_assert_eq!(SmsCode::parse(&code.to_string()), Ok(code));
    }
}
