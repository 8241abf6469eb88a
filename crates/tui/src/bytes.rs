//! Bytes as people read them.

const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];

/// Three digits at the most and a unit: `1.4 MiB`.
pub fn bytes(bytes: u64) -> String {
    let mut unit = 0_usize;
    let mut scaled = bytes;
    let mut tenths = 0;
    while scaled >= 1024 && unit + 1 < UNITS.len() {
        tenths = scaled % 1024 * 10 / 1024;
        scaled /= 1024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 || scaled >= 100 { format!("{scaled} {name}") } else { format!("{scaled}.{tenths} {name}") }
}

#[cfg(test)]
mod tests;
