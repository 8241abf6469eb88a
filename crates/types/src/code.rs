use core::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use subtle::ConstantTimeEq;

use crate::limits;

/// A code that is sent to a telephone number and typed in by whoever reads it there: [`limits::SMS_CODE_DIGITS`] digits.
///
/// `Display` writes all digits, `Debug` none. Two are compared in constant time.
///
/// ```
/// use lamplit_types::{SmsCode, SmsCodeError};
///
/// let code = SmsCode::from_random(7_000_042);
/// assert_eq!(code.to_string(), "000042");
/// assert_eq!(format!("{code:?}"), "SmsCode(…)");
/// assert_eq!(SmsCode::parse(" 000-042 "), Ok(code));
/// assert_eq!(SmsCode::parse("42"), Err(SmsCodeError::TooShort { found: 2 }));
/// ```
#[derive(Clone, Copy, Serialize)]
pub struct SmsCode(u32);

/// How many codes there are.
const CODES: u32 = 10_u32.pow(limits::SMS_CODE_DIGITS as u32);

/// Why something is no code. It never tells a digit of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmsCodeError {
    /// No digit at all.
    #[error("a code is {digits} digits: type in those of the text message", digits = limits::SMS_CODE_DIGITS)]
    Empty,
    /// Digits of another script, or full-width ones.
    #[error("write the code in the digits 0 to 9")]
    OtherDigits,
    /// Something that is in no code.
    #[error("a code is made of digits, spaces and dashes; this one holds U+{:04X}", *.0 as u32)]
    Character(char),
    /// Too few digits.
    #[error("a code has {digits} digits, this one has {found}: some are missing", digits = limits::SMS_CODE_DIGITS)]
    TooShort {
        /// Digits found.
        found: usize,
    },
    /// Too many digits.
    #[error("a code has {digits} digits: this one has more", digits = limits::SMS_CODE_DIGITS)]
    TooLong,
}

impl SmsCode {
    /// Makes a code from 64 random bits. Of them all codes come out alike, up to one part in 10 million million.
    pub const fn from_random(random: u64) -> Self {
        Self((random % CODES as u64) as u32)
    }

    /// Parses a code as people write it: with spaces and dashes between the digits, or without.
    ///
    /// # Errors
    /// [`SmsCodeError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, SmsCodeError> {
        if text.len() > limits::SMS_CODE_TEXT_BYTES {
            return Err(SmsCodeError::TooLong);
        }
        let (mut code, mut found) = (0_u32, 0_usize);
        for c in text.chars() {
            match c.to_digit(10) {
                Some(digit) if found < limits::SMS_CODE_DIGITS => {
                    code = code * 10 + digit;
                    found += 1;
                }
                Some(_) => return Err(SmsCodeError::TooLong),
                None if is_between(c) => {}
                None if c.is_numeric() => return Err(SmsCodeError::OtherDigits),
                None => return Err(SmsCodeError::Character(c)),
            }
        }
        match found {
            0 => Err(SmsCodeError::Empty),
            limits::SMS_CODE_DIGITS => Ok(Self(code)),
            found => Err(SmsCodeError::TooShort { found }),
        }
    }
}

/// What people put between digits.
fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// In constant time.
impl PartialEq for SmsCode {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SmsCode {}

impl fmt::Display for SmsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.0, width = limits::SMS_CODE_DIGITS)
    }
}

impl fmt::Debug for SmsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmsCode(…)")
    }
}

impl<'de> Deserialize<'de> for SmsCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = u32::deserialize(deserializer)?;
        if code < CODES { Ok(Self(code)) } else { Err(serde::de::Error::custom(SmsCodeError::TooLong)) }
    }
}

#[cfg(test)]
mod tests;
