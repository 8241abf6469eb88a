//! The server in its world: who reaches it, what it hears and says, and what befalls it.

use std::collections::{BTreeSet, VecDeque};

use futures_util::FutureExt;
use lamplit_node::{Address, Command, Input};
use lamplit_service::{Session, Turn};
use lamplit_types::{Channel, Class, DeviceId, Mono, Now, Pipe as Promise, Wall};
use lamplit_wire::server::{Down, Lamp, Up};

use super::{START, World};
use crate::{
    disk::Trouble,
    failure::{Done, Failure},
    pipe::{End, Weather, Wire},
    queue::{Dialling, Happening},
    server::{ADDRESS, SERVER, Talk},
    tally::Fault,
};

/// How long the server is off, in milliseconds.
const OFF_MS: (u64, u64) = (200, 20_000);
/// How long after it sent packets it looks whether some were lost, in milliseconds.
const LOOK_MS: u64 = 2_000;

impl World {
    /// The server starts, and everybody uses it.
    pub(super) fn begin_server(&mut self) -> Done {
        self.start_server()?;
        self.use_server()
    }

    pub(super) fn use_server(&mut self) -> Done {
        for at in 0..self.devices.len() {
            self.command(at, Command::UseServer(Some(Address(ADDRESS.to_owned()))))?;
        }
        Ok(())
    }

    pub(super) fn start_server(&mut self) -> Done {
        let Some(server) = self.server.as_mut().filter(|server| server.service.is_none()) else { return Ok(()) };
        if server.start()?.is_none() {
            self.queue.after(1_000, Happening::StartServer);
        }
        self.tell(|| "the server starts".to_owned());
        Ok(())
    }

    /// A dial to the server arrives.
    pub(super) fn server_dialled(&mut self, dialling: Dialling) {
        let Dialling { from, boot, dial, .. } = dialling;
        let here = self.devices.get(from).is_some_and(|device| device.is_up() && device.boot == boot);
        let may = here && self.has_signal(from);
        let Some(server) = self.server.as_ref().filter(|server| may && server.service.is_some()) else {
            return self.reach(from, boot, Input::DialFailed(dial));
        };
        let server_boot = server.boot;
        let (near, far) = (self.numbers.link(), self.numbers.link());
        let number = self.next_wire;
        self.next_wire += 1;
        let is_slow = !self.is_calm && self.dice.permille(120);
        let delay = if is_slow { self.dice.between(200, 1_500) } else { self.dice.between(5, 80) };
        let jitter = self.dice.between(0, delay);
        let late = if self.is_calm { 0 } else { 2 };
        let (loss, twice) = if self.is_calm { (0, 0) } else { (self.dice.below(100), self.dice.below(50)) };
        let weather = Weather { delay, jitter, loss, twice, late };
        let ends = [End::new(from, boot, near), End::new(SERVER, server_boot, far)];
        self.places.insert(near, (number, 0));
        self.places.insert(far, (number, 1));
        self.wires.insert(number, Wire { weather, ends, packets: 0 });
        let Some(device) = self.devices.get(from).map(|device| device.id) else { return };
        if let Some(server) = &mut self.server {
            let session = Session::new(device);
            server.talks.insert(number, Talk { session, buffer: Default::default(), link: far, is_known: false });
        }
        let pipe = Promise::Streams { binding: [0; 32], packet: 1200 };
        self.reach(from, boot, Input::Connected { link: near, pipe, dial: Some(dial) });
        self.tell(|| format!("{from} reaches the server"));
    }

    /// Whether a device reaches the server: all do but those that are out of everybody's reach.
    pub(super) fn has_signal(&self, at: usize) -> bool {
        self.devices.get(at).is_some_and(|device| device.island < super::NO_SIGNAL)
    }

    /// By a right clock.
    fn server_clock(&self) -> Now {
        let now = self.queue.now();
        Now { mono: Mono(now), wall: Wall(START + now) }
    }

    /// Something comes to the server.
    pub(super) fn server_hears(&mut self, number: u64, bytes: &[u8]) -> Done {
        let now = self.server_clock();
        let Some(server) = &mut self.server else { return Ok(()) };
        let (Some(service), Some(talk)) = (&server.service, server.talks.get_mut(&number)) else { return Ok(()) };
        talk.buffer.push(bytes);
        let mut frames = Vec::new();
        loop {
            match talk.buffer.pop::<Up>() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return Err(Failure::simulation(format!("a device says what is no frame: {error}"))),
            }
        }
        if frames.is_empty() {
            return Ok(());
        }
        self.story.note(&[9_000, number, frames.len() as u64]);
        let turn = talk.session.take(service, now, frames).now_or_never();
        let turn = turn.ok_or_else(|| Failure::simulation("the server waits for something"))?;
        // Now and then, as when it has little to do.
        if server.dice.permille(60) {
            let _ = service.store().spread();
        }
        self.server_says(number, turn)
    }

    /// What the server has to say goes out, and whoever there is something new for hears of it.
    fn server_says(&mut self, number: u64, turn: Turn) -> Done {
        let now = self.server_clock();
        let mut turns = VecDeque::from([(number, turn)]);
        while let Some((number, turn)) = turns.pop_front() {
            let Some(server) = &mut self.server else { return Ok(()) };
            let Some(talk) = server.talks.get_mut(&number) else { continue };
            let (link, device) = (talk.link, talk.session.device());
            talk.is_known |= turn.welcomed;
            let mut older = Vec::new();
            if turn.welcomed {
                let others = server
                    .talks
                    .iter()
                    .filter(|(other, talk)| **other != number && talk.is_known && talk.session.device() == device);
                older.extend(others.map(|(other, talk)| (*other, talk.session.newer())));
            }
            let woken: BTreeSet<DeviceId> = turn.wake;
            if let Some(service) = &server.service {
                for (other, talk) in &mut server.talks {
                    if talk.is_known && woken.contains(&talk.session.device()) {
                        let more = talk.session.pump(service, now).now_or_never();
                        turns.push_back((*other, more.ok_or_else(|| Failure::simulation("the server waits"))?));
                    }
                }
            }
            turns.extend(older);
            self.server_lights(turn.lamps)?;
            for down in turn.down {
                let bytes = down.encode().map_err(Failure::simulation)?;
                self.send(link, Channel::Stream(Class::Control), bytes);
            }
            if turn.ends {
                if let Some(server) = &mut self.server {
                    server.talks.remove(&number);
                }
                self.close(link);
            }
        }
        Ok(())
    }

    /// Sends devices their packets, and looks after a while whether some were lost.
    fn server_lights(&mut self, lamps: Vec<(DeviceId, Lamp)>) -> Done {
        for (device, lamp) in lamps {
            let Some(server) = &self.server else { return Ok(()) };
            let mut talks = server.talks.iter().filter(|(_, talk)| talk.is_known);
            let Some((number, link)) =
                talks.find(|(_, talk)| talk.session.device() == device).map(|(number, talk)| (*number, talk.link))
            else {
                continue;
            };
            let bytes = Down::Lamp(Box::new(lamp)).encode().map_err(Failure::simulation)?;
            self.send(link, Channel::Packet, bytes);
            self.queue.after(LOOK_MS, Happening::LookForLosses(number));
        }
        Ok(())
    }

    /// Packets of a connection may have been lost.
    pub(super) fn look_for_losses(&mut self, number: u64) -> Done {
        let talk = self.server.as_ref().and_then(|server| server.talks.get(&number));
        let Some(turn) = talk.map(|talk| talk.session.packets_lost()) else { return Ok(()) };
        self.server_says(number, turn)
    }

    /// A connection to the server is dead there.
    pub(super) fn server_lost(&mut self, number: u64) {
        if let Some(server) = &mut self.server {
            server.talks.remove(&number);
        }
    }

    /// The server loses its power, and comes back after a while.
    pub(super) fn cut_server(&mut self) -> Done {
        let Some(server) = self.server.as_mut().filter(|server| server.service.is_some()) else { return Ok(()) };
        let lost = server.power_cut(&mut self.dice);
        self.tally.fault(if lost { Fault::ServerTorn } else { Fault::ServerCrash });
        self.tell(|| format!("the server loses its power{}", if lost { ", and some of what it wrote" } else { "" }));
        self.unplug(SERVER);
        let off = self.dice.between(OFF_MS.0, OFF_MS.1);
        self.queue.after(off, Happening::StartServer);
        Ok(())
    }

    /// The server's disk fails for a while; with the next power cut, in the middle of a commit, if it is doomed.
    pub(super) fn trouble_server(&mut self, is_doomed: bool) {
        let (after, times) = (self.dice.below(16), self.dice.between(1, 20));
        let until = self.dice.between(50, 4_000);
        let Some(server) = self.server.as_mut().filter(|server| server.service.is_some()) else { return };
        let times = if is_doomed { 0 } else { times };
        server.disk.plan(Trouble { after, times, full: self.dice.permille(500) });
        let then = if is_doomed { Happening::CutServer } else { Happening::MendServer };
        self.queue.after(until, then);
        if !is_doomed {
            self.tally.fault(Fault::ServerDisk);
        }
    }

    pub(crate) fn mend_server(&self) {
        if let Some(server) = &self.server {
            server.disk.mend();
        }
    }

    pub(super) fn back_up_server(&mut self) {
        if let Some(server) = &mut self.server {
            server.back_up();
        }
        self.tell(|| "the server is backed up".to_owned());
    }

    /// The server comes back from an old backup.
    pub(super) fn restore_server(&mut self) -> Done {
        let is_up = self.server.as_ref().is_some_and(|server| server.service.is_some());
        if !is_up {
            return Ok(());
        }
        self.cut_server()?;
        let Some(server) = &mut self.server else { return Ok(()) };
        if server.restore()? {
            self.tally.fault(Fault::ServerRestored);
            self.tell(|| "the server is restored from an old backup".to_owned());
        }
        Ok(())
    }

    /// Everybody is alone, and reaches nothing but the server.
    pub(crate) fn only_server(&mut self) -> Done {
        for (island, device) in (1..).zip(&mut self.devices) {
            device.island = island;
        }
        self.tell(|| "nobody is near anybody".to_owned());
        self.islands_changed()
    }
}
