//! What the server counts: how much of everything, and never whose.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lamplit_wire::server::{AppendOutcome, Appended, Down, Outcome};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::limits;

/// The one label there is: what became of it. Its values are all in this file.
type ByOutcome = Family<[(&'static str, &'static str); 1], Counter>;

/// All counts of one server.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    connections: Gauge,
    handshakes: ByOutcome,
    posts: ByOutcome,
    pieces: ByOutcome,
    oversized: Counter,
    texts: ByOutcome,
    batches: Counter,
    commits: ByOutcome,
    seconds: Histogram,
    store_bytes: Gauge,
    /// When a commit failed, unless a later one did not.
    failed: Mutex<Option<Instant>>,
}

/// What became of a handshake.
#[derive(Clone, Copy)]
pub(crate) enum Handshake {
    Made,
    /// There are too many.
    Refused,
    Failed,
}

/// What became of a text to a telephone.
#[derive(Clone, Copy)]
pub(crate) enum Texted {
    /// The gateway has it.
    Taken,
    /// The gateway may have it.
    Unclear,
    /// The gateway will not send it, now or later.
    Refused,
    Failed,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("lamplit_server"),
            connections: Gauge::default(),
            handshakes: ByOutcome::default(),
            posts: ByOutcome::default(),
            pieces: ByOutcome::default(),
            oversized: Counter::default(),
            texts: ByOutcome::default(),
            batches: Counter::default(),
            commits: ByOutcome::default(),
            // From half a millisecond to sixteen seconds.
            seconds: Histogram::new(exponential_buckets(0.0005, 2.0, 16)),
            store_bytes: Gauge::default(),
            failed: Mutex::default(),
        };
        // Told from the beginning: a rate needs a 0 to rise from.
        for handshake in [Handshake::Made, Handshake::Refused, Handshake::Failed] {
            drop(metrics.handshakes.get_or_create(&label(handshake.name())));
        }
        for outcome in [Outcome::Kept, Outcome::Nobody, Outcome::Full, Outcome::Expired, Outcome::Busy, Outcome::Failed]
        {
            drop(metrics.posts.get_or_create(&label(name_of(outcome))));
        }
        use AppendOutcome::{Busy, Elsewhere, Failed, Full, Kept};
        for outcome in [Kept, Elsewhere, Full, Busy, Failed] {
            drop(metrics.pieces.get_or_create(&label(name_of_piece(outcome))));
        }
        for texted in [Texted::Taken, Texted::Unclear, Texted::Refused, Texted::Failed] {
            drop(metrics.texts.get_or_create(&label(texted.name())));
        }
        for outcome in ["done", "failed"] {
            drop(metrics.commits.get_or_create(&label(outcome)));
        }
        let registry = &mut metrics.registry;
        registry.register(
            "connections",
            "Connections, with handshakes that are under way",
            metrics.connections.clone(),
        );
        registry.register("handshakes", "Handshakes, by what became of them", metrics.handshakes.clone());
        registry.register("posts", "Envelopes that devices brought, by what became of them", metrics.posts.clone());
        registry.register(
            "pieces",
            "Pieces of records that devices brought, by what became of them",
            metrics.pieces.clone(),
        );
        registry.register(
            "oversized",
            "Words to devices that were larger than a frame, an error of the server: their connections ended",
            metrics.oversized.clone(),
        );
        registry.register("texts", "Texts with codes to telephones, by what became of them", metrics.texts.clone());
        registry.register("batches", "Changes of the store that were asked for", metrics.batches.clone());
        registry.register("commits", "Commits, each of one or more changes", metrics.commits.clone());
        registry.register("commit_seconds", "How long a commit took", metrics.seconds.clone());
        registry.register("store_bytes", "How large the file of the store is", metrics.store_bytes.clone());
        metrics
    }
}

impl Metrics {
    pub(crate) fn handshake(&self, handshake: Handshake) {
        self.handshakes.get_or_create(&label(handshake.name())).inc();
    }

    /// What a device was to be told is larger than a frame may be.
    pub(crate) fn oversized(&self) {
        self.oversized.inc();
    }

    pub(crate) fn texted(&self, texted: Texted) {
        self.texts.get_or_create(&label(texted.name())).inc();
    }

    /// Counts the answers to envelopes and to pieces in what is told to a device.
    pub(crate) fn told(&self, down: &[Down]) {
        for frame in down {
            match frame {
                Down::Posted(posted) => self.posts.get_or_create(&label(name_of(posted.outcome))).inc(),
                Down::Appended(Appended { outcome, .. }) => {
                    self.pieces.get_or_create(&label(name_of_piece(*outcome))).inc()
                }
                _ => continue,
            };
        }
    }

    pub(crate) fn committed(&self, batches: usize, took: Duration, failed: bool) {
        self.batches.inc_by(batches as u64);
        self.commits.get_or_create(&label(if failed { "failed" } else { "done" })).inc();
        self.seconds.observe(took.as_secs_f64());
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed.then(Instant::now);
    }

    /// Whether a commit failed just now. Not for ever: who is told that the server is not ready brings nothing that could show
    /// that it is again.
    pub(crate) fn is_failing(&self) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|at| at.elapsed() < limits::FAILING)
    }

    /// All of it, as Prometheus reads it (OpenMetrics 1.0).
    pub(crate) fn text(&self, connections: usize, store_bytes: u64) -> String {
        self.connections.set(i64::try_from(connections).unwrap_or(i64::MAX));
        self.store_bytes.set(i64::try_from(store_bytes).unwrap_or(i64::MAX));
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            tracing::error!("the counts cannot be written down");
        }
        text
    }
}

impl Handshake {
    const fn name(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl Texted {
    const fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Unclear => "unclear",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

const fn name_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Kept => "kept",
        Outcome::Nobody => "nobody",
        Outcome::Full => "full",
        Outcome::Expired => "expired",
        Outcome::Busy => "busy",
        Outcome::Failed => "failed",
    }
}

const fn name_of_piece(outcome: AppendOutcome) -> &'static str {
    match outcome {
        AppendOutcome::Kept => "kept",
        AppendOutcome::Elsewhere => "elsewhere",
        AppendOutcome::Full => "full",
        AppendOutcome::Busy => "busy",
        AppendOutcome::Failed => "failed",
    }
}

const fn label(outcome: &'static str) -> [(&'static str, &'static str); 1] {
    [("outcome", outcome)]
}

#[cfg(test)]
mod tests;
