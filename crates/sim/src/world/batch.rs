//! A device works off what came in, commits, and lets out what may leave: the driver's loop.

use lamplit_node::{Input, Outputs, Write};

use super::{World, acts::YEAR_OFF_MS};
use crate::{
    checks::presence::lit_by,
    failure::{Done, Failure, Rule},
    mirror::Mirror,
    plant::Plant,
    queue::Happening,
    tally::Fault,
};

/// How long changes may wait that nobody is to be told of, in milliseconds: as in the client.
const SILENT_MS: u64 = 100;

/// What became of a commit.
enum Committed {
    /// All is there.
    Yes,
    /// It failed.
    No,
    /// The power went.
    PowerCut,
}

impl World {
    /// Works off what came in.
    pub(super) fn work(&mut self, at: usize, boot: u64) -> Done {
        let now = self.clock(at);
        let device = self.device_mut(at)?;
        if device.boot != boot {
            return Ok(());
        }
        let Some(running) = &mut device.running else { return Ok(()) };
        running.is_working = false;
        let inputs = std::mem::take(&mut running.pending);
        let skew = device.skew.unsigned_abs();
        if skew > 0 {
            self.tally.fault(if skew >= YEAR_OFF_MS { Fault::YearOff } else { Fault::Skew });
        }
        let device = self.device_mut(at)?;
        let Some(running) = &mut device.running else { return Ok(()) };
        let snapshot = match running.store.snapshot() {
            Ok(snapshot) => snapshot,
            // The disk is still in trouble: the process gives up, and is started again later.
            Err(_) => return self.process_died(at),
        };
        let mut summary = Vec::new();
        let mut failed = false;
        for input in inputs {
            summary.push(kind_of(&input));
            let may_light = matches!(input, Input::Command(..));
            let handled = running.node.handle(now, device.dice.source(), &snapshot, input);
            failed |= handled.is_err();
            if may_light {
                running.glimmers.push(lit_by(&running.node));
            }
        }
        drop(snapshot);
        self.tally.steps += 1;
        let time = self.queue.now();
        self.story.note(&[time, at as u64]);
        self.story.note(&summary);
        if failed {
            return self.roll_back(at, &[]);
        }
        if self.may_wait(at)? {
            return self.plan_due(at);
        }
        self.commit(at)
    }

    /// Whether changes may wait for the next ones, as in the driver: nobody is to be told of them.
    fn may_wait(&mut self, at: usize) -> Done<bool> {
        let now = self.queue.now();
        let running = self.device_mut(at)?.running()?;
        if !running.node.is_silent() || !running.node.has_changes() {
            return Ok(false);
        }
        Ok(*running.silent_until.get_or_insert(now + SILENT_MS) > now)
    }

    /// Commits what a device changed, and lets out what follows from it.
    pub(super) fn commit(&mut self, at: usize) -> Done {
        let early = self.settings.plant == Some(Plant::SendBeforeCommit);
        let running = self.device_mut(at)?.running()?;
        running.silent_until = None;
        let writes = running.node.take_writes();
        let outputs = if early { running.node.committed() } else { Outputs::default() };
        for transmit in outputs.transmits {
            self.carry(at, transmit)?;
        }
        match self.try_commit(at, &writes)? {
            Committed::PowerCut => return Ok(()),
            Committed::No => return self.roll_back(at, &writes),
            Committed::Yes => {}
        }
        let mut events = outputs.events;
        let outputs = self.device_mut(at)?.running()?.node.committed();
        events.extend(outputs.events);
        self.audit(at, &writes, Some(&events))?;
        self.heard(at, events)?;
        for transmit in outputs.transmits {
            self.carry(at, transmit)?;
        }
        self.plan_due(at)
    }

    fn try_commit(&mut self, at: usize, writes: &[Write]) -> Done<Committed> {
        let device = self.device_mut(at)?;
        let running = device.running()?;
        let error = match running.store.commit(writes.iter().cloned()) {
            Ok(()) if device.disk.is_synced() => return Ok(Committed::Yes),
            Ok(()) => {
                let what = format!("{} was told that a batch is committed, and it is not synced", device.name);
                return Err(Failure::broken(Rule::Stored, what));
            }
            Err(error) => error,
        };
        if device.doomed {
            device.in_doubt = Some(writes.to_vec());
            self.power_cut(at, Fault::TornCommit)?;
            return Ok(Committed::PowerCut);
        }
        self.tally.fault(match error {
            lamplit_store::CommitError::DiskFull => Fault::DiskFull,
            lamplit_store::CommitError::Io(_) => Fault::DiskError,
        });
        self.tell(|| format!("{at}: a commit fails: {error}"));
        Ok(Committed::No)
    }

    /// The batch could not be committed: the device goes back to what the database has.
    fn roll_back(&mut self, at: usize, writes: &[Write]) -> Done {
        let now = self.clock(at);
        let device = self.device_mut(at)?;
        let running = device.running()?;
        let Ok(snapshot) = running.store.snapshot() else {
            device.in_doubt = Some(writes.to_vec());
            return self.process_died(at);
        };
        let found = Mirror::of(&snapshot).map_err(Failure::simulation)?;
        let was_kept = device.resolve(writes, &found)?;
        if was_kept {
            self.audit(at, writes, None)?;
        }
        let skips = self.settings.plant == Some(Plant::SkipRollback);
        let device = self.device_mut(at)?;
        let running = device.running.as_mut().ok_or_else(|| Failure::simulation("it is off"))?;
        running.asked.clear();
        running.silent_until = None;
        running.glimmers.clear();
        if skips {
            let _lost = running.node.committed();
            return self.plan_due(at);
        }
        let closed = running.node.rolled_back(&snapshot, now, device.dice.source());
        drop(snapshot);
        match closed {
            Ok(transmits) => {
                for transmit in transmits {
                    self.carry(at, transmit)?;
                }
            }
            Err(_) => return self.process_died(at),
        }
        // What it wants done after it opened anew.
        let boot = self.device(at)?.boot;
        let running = self.device_mut(at)?.running()?;
        if !running.is_working {
            running.is_working = true;
            self.queue.after(1, Happening::Work(at, boot));
        }
        Ok(())
    }
}

fn kind_of(input: &Input) -> u64 {
    match input {
        Input::Tick => 1,
        Input::Command(number, _) => 2 + (number << 8),
        Input::Sighted { .. } => 3,
        Input::Lost(_) => 8,
        Input::Connected { link, .. } => 4 + (link.0 << 8),
        Input::DialFailed(dial) => 5 + (dial.0 << 8),
        Input::Received { link, bytes, .. } => 6 + (link.0 << 8) + ((bytes.len() as u64) << 32),
        Input::Disconnected(link) => 7 + (link.0 << 8),
        Input::Asked { ask, .. } => 8 + (ask.0 << 8),
        Input::Fetched { result, .. } => 9 + (u64::from(result.is_ok()) << 8),
        Input::FileLost(_) | Input::Served(_) => 10,
    }
}
