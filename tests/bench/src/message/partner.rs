//! The client that answers, in a process of its own. It is told what to do line by line, and says what it has spent.

use std::{
    env,
    io::{BufRead, BufReader, Write, stdin, stdout},
    process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};
use lamplit_client::{Command, Event, identity::Invite};
use lamplit_types::{Text, Wall};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{
    TEXT,
    clients::{Side, Spent},
    medium::{Medium, Syncs},
};
use crate::cost;

/// What this process is started with, besides the medium of its database.
pub(crate) const NAME: &str = "partner-of-one";
const MET: &str = "met";
/// Asks what it has spent.
const SPENT: &str = "spent";
/// Lines that may wait.
const LINES: usize = 4;

/// The process, from outside.
pub(super) struct Partner {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What it has spent, on its line.
#[derive(Serialize, Deserialize)]
struct Line {
    committing_ns: u64,
    processor_ns: u64,
    syncs: u64,
}

impl Partner {
    /// Starts it and waits until it has accepted an invite.
    pub(super) fn start(medium: &Medium, link: &str) -> Result<Self> {
        let mut process = Process::new(env::current_exe()?);
        process.arg(NAME).arg(medium.name()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = process.spawn()?;
        let asks = child.stdin.take().context("its input is piped")?;
        let answers = BufReader::new(child.stdout.take().context("its output is piped")?);
        let mut partner = Self { child, asks, answers };
        match partner.ask(link)?.as_str() {
            MET => Ok(partner),
            other => bail!("the process that answers says {other:?}"),
        }
    }

    pub(super) fn spent(&mut self) -> Result<Spent> {
        let line: Line = serde_json::from_str(&self.ask(SPENT)?)?;
        Ok(Spent {
            committing: Duration::from_nanos(line.committing_ns),
            processor: Duration::from_nanos(line.processor_ns),
            syncs: line.syncs,
        })
    }

    /// It stops in order when nobody asks any more.
    pub(super) fn stop(self) -> Result<()> {
        let Self { mut child, asks, .. } = self;
        drop(asks);
        if child.wait()?.success() { Ok(()) } else { bail!("the process that answers did not end well") }
    }

    fn ask(&mut self, what: &str) -> Result<String> {
        writeln!(self.asks, "{what}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }
}

/// The process, from inside: accepts the invite on the first line, then answers whatever is said.
pub(crate) fn run(medium: &str) -> Result<()> {
    let mut lines = stdin().lock().lines();
    let link = lines.next().context("nobody invites")??;
    let syncs = Syncs::default();
    let mut grace = Side::start(2, "Grace", &Medium::named(medium), &syncs)?;
    let now = Wall(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?);
    let accept = Command::Accept(Box::new(Invite::parse(&link, now)?));
    grace.runtime.block_on(grace.handle.command(accept))?;
    grace.meet()?;
    tell(MET)?;

    let (asked_in, mut asked) = mpsc::channel(LINES);
    drop(lines);
    thread::spawn(move || {
        stdin().lock().lines().map_while(Result::ok).try_for_each(|line| asked_in.blocking_send(line))
    });
    let Side { handle, events, contact, runtime, .. } = &mut grace;
    runtime.block_on(async {
        loop {
            tokio::select! {
                event = events.next() => if let Event::Message { .. } = event? {
                    handle.command(Command::Say { to: (*contact).into(), text: Text::parse(TEXT)? }).await?;
                },
                line = asked.recv() => match line.as_deref() {
                    None => return anyhow::Ok(()),
                    Some(_) => {
                        let line = Line {
                            committing_ns: u64::try_from(handle.commits().1.as_nanos())?,
                            processor_ns: u64::try_from(cost::processor_time(cost::Whose::Own)?.as_nanos())?,
                            syncs: syncs.count(),
                        };
                        tell(&serde_json::to_string(&line)?)?;
                    }
                },
            }
        }
    })?;
    grace.stop()
}

fn tell(line: &str) -> Result<()> {
    let mut stdout = stdout().lock();
    writeln!(stdout, "{line}")?;
    Ok(stdout.flush()?)
}
