//! What is on the way: when it counts as lost, how much of it there may be, when the peer counts as gone.

use std::collections::BTreeMap;

use lamplit_types::{Class, Mono};

use super::{received::Ack, rtt::Rtt};
use crate::{
    LinkError,
    limits::{PROBES, REORDER, TIMEOUTS, WINDOW_FIRST, WINDOW_LEAST, WINDOW_MOST},
};

/// One segment on the way: what must be sent again if it is lost.
pub(crate) struct Flight {
    pub(crate) sent: Mono,
    /// Class, start and end of stream bytes.
    pub(crate) data: Vec<(Class, u64, u64)>,
    /// Classes for which it grants credit.
    pub(crate) credit: Vec<Class>,
}

/// What an acknowledgement tells.
pub(crate) struct News {
    pub(crate) acked: Vec<Flight>,
    pub(crate) lost: Vec<Flight>,
    /// Something was lost after the last time the window was cut: it was cut again.
    pub(crate) is_cut: bool,
}

/// The segments on the way, by number. Congestion window as in RFC 5681, in segments.
pub(crate) struct Recovery {
    flights: BTreeMap<u64, Flight>,
    rtt: Rtt,
    window: usize,
    /// Until the first loss the window grows with every acknowledged segment, then once a window.
    is_slow_start: bool,
    grown: usize,
    /// Losses before this number belong to a cut that was made.
    cut_at: u64,
    timer: Option<Mono>,
    timeouts: u32,
    probes: usize,
}

impl Recovery {
    pub(crate) fn new() -> Self {
        Self {
            flights: BTreeMap::new(),
            rtt: Rtt::default(),
            window: WINDOW_FIRST,
            is_slow_start: true,
            grown: 0,
            cut_at: 0,
            timer: None,
            timeouts: 0,
            probes: 0,
        }
    }

    /// Whether another segment may go on its way.
    pub(crate) fn may_send(&self) -> bool {
        self.probes > 0 || self.flights.len() < self.window
    }

    pub(crate) fn on_sent(&mut self, number: u64, flight: Flight) {
        self.timer.get_or_insert(flight.sent);
        self.flights.insert(number, flight);
        self.probes = self.probes.saturating_sub(1);
    }

    /// Takes an acknowledgement; `next` is the first number not yet sent.
    pub(crate) fn on_ack(&mut self, now: Mono, ack: Ack, next: u64) -> Result<News, LinkError> {
        if ack.largest >= next {
            return Err(LinkError::Malformed("an acknowledgement of what was never sent"));
        }
        let covered: Vec<u64> =
            self.flights.range(..=ack.largest).map(|(&n, _)| n).filter(|&n| ack.covers(n)).collect();
        let mut news = News { acked: Vec::new(), lost: Vec::new(), is_cut: false };
        for number in covered {
            let Some(flight) = self.flights.remove(&number) else { continue };
            if number == ack.largest {
                self.rtt.on_sample(now.since(flight.sent));
            }
            news.acked.push(flight);
        }
        if news.acked.is_empty() {
            return Ok(news);
        }
        for _ in &news.acked {
            self.widen();
        }
        while let Some(entry) = self.flights.first_entry()
            && entry.key().saturating_add(REORDER) <= ack.largest
        {
            let (number, flight) = entry.remove_entry();
            news.is_cut |= number >= self.cut_at;
            news.lost.push(flight);
        }
        if news.is_cut {
            self.narrow(next);
        }
        (self.timeouts, self.probes) = (0, 0);
        self.timer = (!self.flights.is_empty()).then_some(now);
        Ok(news)
    }

    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.timer.map(|since| since.plus(self.rtt.timeout(self.timeouts)))
    }

    /// Whether nothing was acknowledged for too long: then the oldest flights should be sent again.
    pub(crate) fn on_deadline(&mut self, now: Mono, next: u64) -> Result<bool, LinkError> {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return Ok(false);
        }
        if self.timeouts >= TIMEOUTS {
            return Err(LinkError::Silent);
        }
        self.timeouts += 1;
        self.timer = Some(now);
        self.narrow(next);
        Ok(true)
    }

    /// Offers the flights, oldest first, to `resend`, until [`PROBES`] of them were useful. The others, of which all
    /// has come by another segment, are dropped. The useful ones stay: their acknowledgement may be late, not lost.
    pub(crate) fn probe(&mut self, mut resend: impl FnMut(&Flight) -> bool) {
        let mut probes = 0;
        self.flights.retain(|_, flight| {
            if probes == PROBES {
                return true;
            }
            let is_useful = resend(flight);
            probes += usize::from(is_useful);
            is_useful
        });
        self.probes = probes;
        if self.flights.is_empty() {
            self.timer = None;
        }
    }

    fn widen(&mut self) {
        self.grown += 1;
        if self.is_slow_start || self.grown >= self.window {
            self.window = (self.window + 1).min(WINDOW_MOST);
            self.grown = 0;
        }
    }

    fn narrow(&mut self, next: u64) {
        self.window = (self.window / 2).max(WINDOW_LEAST);
        self.is_slow_start = false;
        self.cut_at = next;
    }
}

#[cfg(test)]
mod tests;
