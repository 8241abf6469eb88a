//! The commits of a conversation on two databases, without the conversation.

use std::{
    collections::BTreeMap,
    iter,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result};
use lamplit_node::{Table, Write};
use redb::{Builder, Database, Durability, TableDefinition};

use super::{
    medium::{Medium, Room, Syncs},
    script::{Message, Script, TWO},
};

/// Memory for pages, as much as a device's own database takes.
const CACHE: usize = 8 << 20;
/// Longer than what follows from a round takes.
const REST: Duration = Duration::from_millis(100);

pub(crate) struct BareCommits {
    lanes: [Sender<Job>; 2],
    shown: Receiver<()>,
    next: usize,
    syncs: Syncs,
    threads: Vec<JoinHandle<Result<()>>>,
}

/// What a lane is to commit: a part of the message of that number.
#[derive(Clone, Copy)]
enum Job {
    Said(usize),
    Came(usize),
    End,
}

/// One database and its thread.
struct Lane {
    database: Database,
    messages: Arc<[Message]>,
    jobs: Receiver<Job>,
    other: Sender<Job>,
    shown: Sender<()>,
}

impl BareCommits {
    pub(crate) fn start(medium: &Medium, script: &Script) -> Result<Self> {
        let syncs = Syncs::default();
        let (shown_in, shown) = channel();
        let ((first, first_jobs), (second, second_jobs)) = (channel(), channel());
        let lanes = [first, second];
        let mut threads = Vec::new();
        for (((at, begins), jobs), other) in
            TWO.into_iter().zip(&script.begins).zip([first_jobs, second_jobs]).zip(lanes.iter().rev())
        {
            let database = open(medium.room(&format!("bare-{at}"), &syncs)?)?;
            commit(&database, begins)?;
            let (messages, other, shown) = (script.messages.clone(), other.clone(), shown_in.clone());
            let lane = Lane { database, messages, jobs, other, shown };
            threads.push(thread::spawn(move || lane.run()));
        }
        Ok(Self { lanes, shown, next: 0, syncs, threads })
    }

    /// The commits of a message there and one back.
    pub(crate) fn round(&mut self) -> Result<()> {
        for lane in &self.lanes {
            lane.send(Job::Said(self.next)).ok().context("a lane ended")?;
            self.shown.recv()?;
            self.next += 1;
        }
        Ok(())
    }

    /// Lets what follows from a round come to its end.
    pub(crate) fn rest(&self) {
        thread::sleep(REST);
    }

    pub(crate) fn synced(&self) -> u64 {
        self.syncs.count()
    }
}

impl Drop for BareCommits {
    fn drop(&mut self) {
        for lane in &self.lanes {
            // A lane that failed has ended.
            let _ = lane.send(Job::End);
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Lane {
    /// As a client does: all that waits goes into one commit, and what follows from it comes after.
    fn run(self) -> Result<()> {
        loop {
            let jobs: Vec<Job> = iter::once(self.jobs.recv()?).chain(self.jobs.try_iter()).collect();
            let mut writes = Vec::new();
            for job in &jobs {
                writes.extend_from_slice(self.writes(*job)?);
            }
            commit(&self.database, &writes)?;
            for job in jobs {
                match job {
                    Job::Said(message) => self.other.send(Job::Came(message))?,
                    Job::Came(_) => self.shown.send(())?,
                    Job::End => return Ok(()),
                }
            }
        }
    }

    fn writes(&self, job: Job) -> Result<&[Write]> {
        let of = |number: usize| self.messages.get(number).context("the script is at its end");
        Ok(match job {
            Job::Said(number) => &of(number)?.said,
            Job::Came(number) => &of(number)?.came,
            Job::End => &[],
        })
    }
}

fn open(room: Room) -> Result<Database> {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    let database = builder.create_with_backend(room)?;
    let transaction = database.begin_write()?;
    for table in Table::ALL {
        transaction.open_table(rows(table.name()))?;
    }
    transaction.commit()?;
    Ok(database)
}

fn commit(database: &Database, writes: &[Write]) -> Result<()> {
    if writes.is_empty() {
        return Ok(());
    }
    let mut tables: BTreeMap<Table, Vec<&Write>> = BTreeMap::new();
    for write in writes {
        tables.entry(write.table).or_default().push(write);
    }
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    for (table, writes) in tables {
        let mut table = transaction.open_table(rows(table.name()))?;
        for Write { key, value, .. } in writes {
            match value {
                Some(value) => table.insert(key.as_slice(), value.as_slice())?,
                None => table.remove(key.as_slice())?,
            };
        }
    }
    Ok(transaction.commit()?)
}

const fn rows(name: &str) -> TableDefinition<'_, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}
