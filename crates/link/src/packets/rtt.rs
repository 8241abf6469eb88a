use crate::limits::{ACK_DELAY_MS, TIMEOUT_FIRST_MS, TIMEOUT_MAX_MS};

/// The least a timeout leaves for variance, in milliseconds.
const GRANULARITY_MS: u64 = 10;

/// How long a round trip takes (RFC 6298, 2): a smoothed mean and how far it swings.
#[derive(Default)]
pub(crate) struct Rtt {
    measured: Option<Measured>,
}

/// In eighths and quarters of a millisecond, so that whole numbers lose nothing.
struct Measured {
    mean_eighths: u64,
    swing_quarters: u64,
}

impl Rtt {
    /// Notes the round trip of one segment.
    pub(crate) fn on_sample(&mut self, millis: u64) {
        let Some(Measured { mean_eighths, swing_quarters }) = &mut self.measured else {
            let (mean_eighths, swing_quarters) = (millis.saturating_mul(8), millis.saturating_mul(2));
            self.measured = Some(Measured { mean_eighths, swing_quarters });
            return;
        };
        let off = (*mean_eighths / 8).abs_diff(millis);
        *swing_quarters = (*swing_quarters - *swing_quarters / 4).saturating_add(off);
        *mean_eighths = (*mean_eighths - *mean_eighths / 8).saturating_add(millis);
    }

    /// The wait for an acknowledgement after `timeouts` in a row, which doubles with each.
    pub(crate) fn timeout(&self, timeouts: u32) -> u64 {
        // The mean and four times the swing.
        let first = self.measured.as_ref().map_or(TIMEOUT_FIRST_MS, |measured| {
            (measured.mean_eighths / 8)
                .saturating_add(measured.swing_quarters.max(GRANULARITY_MS))
                .saturating_add(ACK_DELAY_MS)
        });
        first.saturating_mul(1 << timeouts.min(16)).min(TIMEOUT_MAX_MS)
    }
}

#[cfg(test)]
mod tests;
