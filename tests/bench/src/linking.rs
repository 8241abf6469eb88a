//! How long it takes to link a new device of an account that has said much: the program as it is shipped, over a cable, until
//! the new device has all that was said; beside a bare copy of as many bytes.

pub(crate) mod bare;

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::runtime::{Builder, Runtime};

use crate::{
    cable::{self, INTERFACE, Other},
    counters,
    daemons::{Daemons, Known},
    figures::{Times, rate, thousands},
};

/// What [`run`] calls this measurement once it is on its network.
pub(crate) const NAME: &str = "linking-on-its-network";
/// Texts in the conversation with a contact.
const SAID: usize = 70_000;
/// Texts in a group.
const IN_A_GROUP: usize = 28_000;
/// Files in the conversation with a contact.
const FILES: usize = 200;
const ROUNDS: usize = 3;
/// What the cable lets through, after all that it can.
const RATE: &str = "100mbit";
/// The daemons are not looked for: the code says where they are.
const OPTIONS: &[&str] = &["--no-discovery"];

/// Runs this program once more, on a network of its own.
pub(crate) fn run() -> Result<()> {
    cable::run_there(NAME)
}

/// Measures on the network that this process is on.
pub(crate) fn measure() -> Result<()> {
    let other = Other::plug()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut accounts = runtime.block_on(Accounts::make())?;
    println!(
        "  a device is linked to an account with {} messages, over a cable, p50 of {ROUNDS}:",
        thousands((SAID + FILES + IN_A_GROUP) as f64)
    );
    println!(
        "    {} texts with a contact, {} in a group, {FILES} files",
        thousands(SAID as f64),
        thousands(IN_A_GROUP as f64)
    );
    accounts.link(&runtime, &other, "a cable that takes what comes")?;
    other.set_rate(RATE)?;
    accounts.link(&runtime, &other, "a cable of 100 Mbit/s")
}

/// Ada's accounts, each with a contact and a group.
struct Accounts {
    /// The one in which much was said.
    full: (Daemons, String),
    /// One in which nothing was said, by which is seen what linking itself takes.
    quiet: (Daemons, String),
}

impl Accounts {
    async fn make() -> Result<Self> {
        let mut full = Daemons::start(OPTIONS).await?;
        full.chat(SAID).await?;
        full.send_small(FILES).await?;
        let group = full.chat_in_a_group(IN_A_GROUP).await?;
        let mut quiet = Daemons::start(OPTIONS).await?;
        let quiet_group = quiet.chat_in_a_group(0).await?;
        Ok(Self { full: (full, group), quiet: (quiet, quiet_group) })
    }

    fn link(&mut self, runtime: &Runtime, other: &Other, over: &str) -> Result<()> {
        let (mut ours, mut start, mut bare) = (Times::default(), Times::default(), Times::default());
        let mut carried = 0;
        for _ in 0..ROUNDS {
            let (daemons, group) = &mut self.quiet;
            start.add(runtime.block_on(daemons.link_one_more(group, &other.network()))?.0);
            let (daemons, group) = &mut self.full;
            let before = counters::sent(INTERFACE)?.bytes;
            let (took, known) = runtime.block_on(daemons.link_one_more(group, &other.network()))?;
            carried = usize::try_from(counters::sent(INTERFACE)?.bytes - before)?;
            let all = Known { with_grace: SAID + FILES, in_the_group: IN_A_GROUP, files: FILES };
            ensure!(known == all, "the new device has {known:?} of {all:?}");
            ours.add(took);
            bare.add(bare::copy(other, carried)?);
        }
        let [took, start, bare] = [&ours, &start, &bare].map(|times| times.percentile(50));
        let beyond = took.saturating_sub(start);
        println!(
            "    {over}: {:.2} s, {} messages a second",
            took.as_secs_f64(),
            thousands(rate(SAID + IN_A_GROUP, took))
        );
        println!(
            "      {:.2} s of that for an account in which nothing was said; in the rest {:.1} MiB, {:.0} Mbit/s",
            start.as_secs_f64(),
            carried as f64 / f64::from(1 << 20),
            megabits(carried, beyond)
        );
        println!(
            "      a bare quinn copy of as many bytes, with fsync: {:.2} s, {:.0} Mbit/s; ours takes {:.1} times as long",
            bare.as_secs_f64(),
            megabits(carried, bare),
            beyond.as_secs_f64() / bare.as_secs_f64()
        );
        Ok(())
    }
}

/// Millions of bits a second.
fn megabits(bytes: usize, time: Duration) -> f64 {
    bytes as f64 * 8e-6 / time.as_secs_f64()
}
