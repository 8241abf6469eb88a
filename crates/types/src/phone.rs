use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits;

/// A telephone number as the whole world writes it: `+`, a country code that exists, and up to
/// [`limits::PHONE_NUMBER_DIGITS`] digits in all (ITU-T E.164).
///
/// It has the shape of a number; whether the country's plan has such a number is for whoever takes it in to find out.
/// `Display` writes E.164, `Debug` the country code alone.
///
/// ```
/// use lamplit_types::{PhoneNumber, PhoneNumberError};
///
/// let number = PhoneNumber::parse("0086 (138) 0013-8000")?;
/// assert_eq!(number.to_string(), "+8613800138000");
/// assert_eq!(format!("{number:?}"), "PhoneNumber(+86…)");
/// assert_eq!(PhoneNumber::parse("138 0013 8000"), Err(PhoneNumberError::NoCountry));
/// # Ok::<(), PhoneNumberError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber {
    /// All digits, country code first: it never begins with 0, so a number says as much as its digits.
    digits: u64,
    country: u16,
}

/// Why something is no telephone number. It never tells a digit of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneNumberError {
    /// Neither `+` nor `00`.
    #[error("a number begins with + and the country code, such as +86 138 0013 8000")]
    NoCountry,
    /// No country has this code.
    #[error("no country has the code that this number begins with: look at the digits after the +")]
    UnknownCountry,
    /// A trunk prefix in brackets.
    #[error("leave out the (0): it is dialled within the country only")]
    TrunkZero,
    /// Something that is in no number.
    #[error("a number is made of digits, spaces, dashes, dots and brackets; this one holds U+{:04X}", *.0 as u32)]
    Character(char),
    /// Too few digits.
    #[error("a number has at least {min} digits with its country code, this one has {found}: some are missing", min = limits::PHONE_NUMBER_DIGITS_LEAST)]
    TooShort {
        /// Digits found.
        found: usize,
    },
    /// Too many digits.
    #[error("a number has at most {max} digits with its country code: this one has more", max = limits::PHONE_NUMBER_DIGITS)]
    TooLong,
}

impl PhoneNumber {
    /// Parses a number as people write it: after `+` or `00`, with spaces, dashes, dots, slashes and brackets between
    /// the digits.
    ///
    /// # Errors
    /// [`PhoneNumberError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PhoneNumberError> {
        if text.len() > limits::PHONE_NUMBER_TEXT_BYTES {
            return Err(PhoneNumberError::TooLong);
        }
        let text = text.trim();
        if text.replace(is_between, "").contains("(0)") {
            return Err(PhoneNumberError::TrunkZero);
        }
        let (plus, rest) = text.strip_prefix('+').map_or((false, text), |rest| (true, rest));
        let mut digits = String::new();
        for c in rest.chars() {
            match c {
                '0'..='9' => digits.push(c),
                c if is_between(c) || matches!(c, '(' | ')' | '[' | ']') => {}
                c => return Err(PhoneNumberError::Character(c)),
            }
        }
        let digits =
            if plus { digits.as_str() } else { digits.strip_prefix("00").ok_or(PhoneNumberError::NoCountry)? };
        Self::of_digits(digits)
    }

    /// The code of the country, or of the network that is in none, such as 86.
    pub fn country_code(&self) -> u16 {
        self.country
    }

    /// All digits with the country code and without the `+`, as many gateways want it.
    pub fn digits(&self) -> String {
        self.digits.to_string()
    }

    /// The number as one: its digits read as a decimal. Two that differ have different ones.
    pub const fn value(&self) -> u64 {
        self.digits
    }

    /// The number that has this [`Self::value`], if one does.
    pub fn from_value(value: u64) -> Option<Self> {
        Self::of_digits(&value.to_string()).ok()
    }

    fn of_digits(digits: &str) -> Result<Self, PhoneNumberError> {
        let country = country_of(digits).ok_or(PhoneNumberError::UnknownCountry)?;
        match digits.len() {
            found if found < limits::PHONE_NUMBER_DIGITS_LEAST => Err(PhoneNumberError::TooShort { found }),
            found if found > limits::PHONE_NUMBER_DIGITS => Err(PhoneNumberError::TooLong),
            _ => {
                let digits = digits.parse().map_err(|_| PhoneNumberError::TooLong)?;
                Ok(Self { digits, country })
            }
        }
    }
}

/// The country code at the beginning of these digits. No code begins with another, so there is one at most.
fn country_of(digits: &str) -> Option<u16> {
    let codes = (1..=3).filter_map(|length| digits.get(..length)?.parse().ok());
    // Leading zeros would vanish in a number, and no code has any.
    let mut codes = codes.filter(|_| !digits.starts_with('0'));
    codes.find(|code| COUNTRY_CODES.binary_search(code).is_ok())
}

/// What people and address books put between digits.
fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '.' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// All country codes that ITU-T assigned (List of E.164 assigned country codes), with the satellite and other networks
/// that phones are in (870, 878, 881 to 883), and without services that no phone is in: 800, 808, 888 and 979.
const COUNTRY_CODES: &[u16] = &[
    1, 7, 20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60,
    61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98, 211, 212, 213, 216, 218, 220, 221, 222, 223,
    224, 225, 226, 227, 228, 229, 230, 231, 232, 233, 234, 235, 236, 237, 238, 239, 240, 241, 242, 243, 244, 245, 246,
    247, 248, 249, 250, 251, 252, 253, 254, 255, 256, 257, 258, 260, 261, 262, 263, 264, 265, 266, 267, 268, 269, 290,
    291, 297, 298, 299, 350, 351, 352, 353, 354, 355, 356, 357, 358, 359, 370, 371, 372, 373, 374, 375, 376, 377, 378,
    379, 380, 381, 382, 383, 385, 386, 387, 389, 420, 421, 423, 500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 590,
    591, 592, 593, 594, 595, 596, 597, 598, 599, 670, 672, 673, 674, 675, 676, 677, 678, 679, 680, 681, 682, 683, 685,
    686, 687, 688, 689, 690, 691, 692, 850, 852, 853, 855, 856, 870, 878, 880, 881, 882, 883, 886, 960, 961, 962, 963,
    964, 965, 966, 967, 968, 970, 971, 972, 973, 974, 975, 976, 977, 992, 993, 994, 995, 996, 998,
];

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.digits)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber(+{}…)", self.country)
    }
}

impl core::str::FromStr for PhoneNumber {
    type Err = PhoneNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for PhoneNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
