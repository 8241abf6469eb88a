//! What can be asked of `lamplit-sim`.

use clap::{Parser, ValueEnum};
use lamplit_sim::Settings;

/// Plays devices, their disks and the network between them in virtual time, with everything that can go wrong, and
/// checks after every step that nothing is lost, doubled, out of order or in the wrong hands.
#[derive(Parser)]
#[command(name = "lamplit-sim", version)]
pub(crate) struct Arguments {
    /// Where all chance comes from: the same seed, devices, people and steps give the same run [default: a new one]
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    pub(crate) seed: Option<u64>,
    /// Plays all seeds from A to before B, until one fails
    #[arg(long, value_name = "A..B", value_parser = parse_range)]
    pub(crate) seeds: Option<(u64, u64)>,
    /// How many devices take part
    #[arg(long, value_name = "D", default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..=200))]
    pub(crate) devices: u64,
    /// How many people they belong to [default: three for five devices]
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(u64).range(2..=200))]
    pub(crate) people: Option<u64>,
    /// How many things happen before the network is made whole
    #[arg(long, value_name = "S", default_value_t = 2_000)]
    pub(crate) steps: u64,
    /// Tells the story of a single run, also if nothing is wrong with it
    #[arg(long)]
    pub(crate) trace: bool,
    /// Prints no story and no progress
    #[arg(long)]
    pub(crate) quiet: bool,
    /// With --seeds: goes on after a failure
    #[arg(long)]
    pub(crate) keep_going: bool,
    /// Whether there is a server, which carries what cannot go directly [default: in three of ten seeds; none with --hour]
    #[arg(long, value_name = "WHETHER")]
    pub(crate) server: Option<Whether>,
    /// Measures how long an hour of ordinary life takes
    #[arg(long)]
    pub(crate) hour: bool,
}

/// Yes or no.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Whether {
    Yes,
    No,
}

impl Arguments {
    /// The seeds to play.
    pub(crate) fn range(&self) -> (u64, u64) {
        let one = |seed: u64| (seed, seed.saturating_add(1));
        self.seeds.unwrap_or_else(|| one(self.seed.unwrap_or_else(new_seed)))
    }

    /// The run of a seed.
    pub(crate) fn settings(&self, seed: u64) -> Settings {
        let usual = Settings::of_seed(seed);
        let people = self.people.unwrap_or((self.devices * 3).div_ceil(5)).max(2);
        Settings {
            devices: usize::try_from(self.devices).unwrap_or(usize::MAX),
            people: usize::try_from(people).unwrap_or(usize::MAX),
            steps: self.steps,
            has_server: self.server.map_or(usual.has_server, |server| server == Whether::Yes),
            ..usual
        }
    }
}

fn parse_range(text: &str) -> Result<(u64, u64), String> {
    let range = text.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
    range.filter(|(from, to)| from < to).ok_or_else(|| "two numbers, such as 0..500".to_owned())
}

/// A seed that was not tried before, most likely.
fn new_seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.subsec_nanos().into()) ^ u64::from(std::process::id()) << 20
}
