use core::{fmt, str::FromStr};

const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
/// Digits behind the point. A number with more is refused.
const FRACTION_DIGITS: usize = 9;

/// So many bytes, as people write and read them.
///
/// Shown with a unit that leaves four digits at most: `1.4 MiB`. Read as GNU programs read sizes (coreutils manual, "Block size"): `K`, `M`,
/// `G` and `T`, also with `iB` behind them, are powers of 1024, `KB`, `MB`, `GB` and `TB` powers of 1000. Letters may be small, a
/// space may stand before the unit, and the number may have a fraction.
///
/// ```
/// use lamplit_types::{ByteCount, ByteCountError};
///
/// assert_eq!("20GiB".parse(), Ok(ByteCount(20 << 30)));
/// assert_eq!("1.5 mb".parse(), Ok(ByteCount(1_500_000)));
/// assert_eq!("20".parse::<ByteCount>(), Err(ByteCountError::Unreadable));
/// assert_eq!(ByteCount(20 << 30).to_string(), "20.0 GiB");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteCount(pub u64);

/// Some text is no number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ByteCountError {
    /// No number, or no unit that is known.
    #[error("give a number and a unit, such as 500MiB or 20GiB: there are B, KiB, MiB, GiB, TiB, and KB, MB, GB, TB")]
    Unreadable,
    /// 2^64 bytes or more.
    #[error("that is more than can be counted")]
    TooMany,
}

impl FromStr for ByteCount {
    type Err = ByteCountError;

    fn from_str(text: &str) -> Result<Self, ByteCountError> {
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(end).ok_or(ByteCountError::Unreadable)?;
        let factor = factor(unit.trim_start()).ok_or(ByteCountError::Unreadable)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) || fraction.len() > FRACTION_DIGITS {
            return Err(ByteCountError::Unreadable);
        }
        // Digits alone, so nothing else can be wrong with them.
        let digits = |digits: &str| digits.parse::<u64>().map_err(|_| ByteCountError::TooMany);
        let scale = fraction.bytes().fold(1_u128, |scale, _| scale.saturating_mul(10));
        let part = u128::from(digits(fraction)?).saturating_mul(factor.into()).checked_div(scale).unwrap_or(0);
        let bytes = u128::from(digits(whole)?).saturating_mul(factor.into()).saturating_add(part);
        u64::try_from(bytes).map(Self).map_err(|_| ByteCountError::TooMany)
    }
}

/// Bytes in one of a unit.
fn factor(unit: &str) -> Option<u64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return None,
    })
}

impl fmt::Display for ByteCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut scaled, mut tenths) = (self.0, 0);
        let mut units = UNITS.iter();
        let mut unit = units.next();
        while scaled >= 1024
            && let Some(larger) = units.next()
        {
            tenths = (scaled % 1024).saturating_mul(10) / 1024;
            scaled /= 1024;
            unit = Some(larger);
        }
        let name = unit.copied().unwrap_or_default();
        if self.0 < 1024 || scaled >= 100 {
            write!(f, "{scaled} {name}")
        } else {
            write!(f, "{scaled}.{tenths} {name}")
        }
    }
}

#[cfg(test)]
mod tests;
