//! The world: devices, what is between them, and time.

mod acts;
mod batch;
mod power;
mod server;
mod setup;
mod wires;

use std::{collections::BTreeMap, sync::Arc};

use lamplit_identity::RootKey;
use lamplit_types::{Beacon, LinkId, Mono, Now, Wall};

use crate::{
    Settings,
    deck::{self, Action},
    device::Device,
    dice::Dice,
    failure::{Done, Failure, Rule},
    model::Model,
    pipe::Wire,
    queue::{Happening, Numbers, Place, Queue},
    server::Server,
    story::Story,
    tally::{Deed, Tally},
};

/// Where virtual time begins, by a right clock.
pub(crate) const START: u64 = 1_800_000_000_000;
/// Devices on islands from this on are out of everybody's reach, the server's too.
const NO_SIGNAL: u64 = 100;
/// How often everybody looks around, in milliseconds.
const LOOK_AROUND_MS: u64 = 40_000;
/// How often a device may be woken at one moment. More is a device that finds no rest.
const RESTLESS: u32 = 200;
/// How much may happen in a run, for each device and step: five times what the busiest of the tests needs. More is a run
/// without end.
const HAPPENINGS: u64 = 20;
/// A run of fewer steps may need as much as one of these: people meet, and all is made whole.
const LEAST_STEPS: u64 = 2_000;

/// The world of one run.
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) dice: Dice,
    pub(crate) queue: Queue,
    pub(crate) devices: Vec<Device>,
    pub(crate) people: usize,
    /// What follows from the phrases that people wrote down.
    pub(crate) roots: BTreeMap<usize, Arc<RootKey>>,
    pub(crate) model: Model,
    pub(crate) story: Story,
    pub(crate) tally: Tally,
    /// The server, if there is one in this world.
    pub(crate) server: Option<Server>,
    wires: BTreeMap<u64, Wire>,
    places: BTreeMap<LinkId, Place>,
    next_wire: u64,
    /// How much happened.
    happened: u64,
    numbers: Numbers,
    deck: Vec<Action>,
    /// Nothing goes wrong: the time before and after the story.
    pub(crate) is_calm: bool,
    next_command: u64,
    /// Whom an invite is for that was asked for with a command.
    guests: BTreeMap<u64, usize>,
    /// The beacon that the first device last saw the second show.
    seen: BTreeMap<(usize, usize), Beacon>,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            dice: Dice::new(settings.seed, 0),
            queue: Queue::default(),
            devices: Vec::new(),
            people: settings.people.min(settings.devices).max(2),
            roots: BTreeMap::new(),
            model: Model::default(),
            story: Story::new(settings.told),
            tally: Tally::default(),
            server: settings.has_server.then(|| Server::new(settings.seed)),
            wires: BTreeMap::new(),
            places: BTreeMap::new(),
            next_wire: 0,
            happened: 0,
            numbers: Numbers::default(),
            deck: Vec::new(),
            is_calm: true,
            next_command: 0,
            guests: BTreeMap::new(),
            seen: BTreeMap::new(),
            settings,
        }
    }

    /// Plays the deck, until so many steps are done and the deck is at its end.
    pub(crate) fn play(&mut self) -> Done {
        self.is_calm = false;
        self.deck = deck::shuffled(self.settings.steps, self.settings.has_server, &mut self.dice);
        self.next_act();
        while !self.deck.is_empty() || self.tally.steps < self.settings.steps {
            if self.deck.is_empty() {
                self.deck = deck::shuffled(self.settings.steps / 20, self.settings.has_server, &mut self.dice);
                self.next_act();
            }
            self.one(u64::MAX)?;
        }
        Ok(())
    }

    fn next_act(&mut self) {
        if let Some(action) = self.deck.pop() {
            let pause = deck::pause(&mut self.dice);
            self.queue.after(pause, Happening::Act(action));
        }
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, millis: u64) -> Done {
        let until = self.queue.now().saturating_add(millis);
        while self.one(until)? {}
        Ok(())
    }

    /// Lets the next thing happen; whether there was one.
    fn one(&mut self, until: u64) -> Done<bool> {
        let before = self.queue.now();
        let Some(happening) = self.queue.next(until) else {
            self.tally.passed_ms += self.queue.now() - before;
            return Ok(false);
        };
        self.tally.passed_ms += self.queue.now() - before;
        self.happened += 1;
        if self.happened > self.most_happenings() {
            return Err(Failure::broken(Rule::Rest, format!("{} things have happened", self.happened)));
        }
        match happening {
            Happening::Work(at, boot) => self.work(at, boot)?,
            Happening::Due(at, boot) => self.due(at, boot)?,
            Happening::Piece(wire, side, channel, bytes) => self.piece(wire, side, channel, bytes)?,
            Happening::Packet(wire, side, bytes, number) => self.packet(wire, side, bytes, number),
            Happening::Dead(wire, side) => self.dead(wire, side),
            Happening::Idle(wire, side) => self.idle(wire, side),
            Happening::Dialled(dialling) => self.dialled(dialling),
            Happening::Sight(at, other) => self.sight(at, other),
            Happening::LookAround => {
                self.look_around();
                self.check_all_lit()?;
            }
            Happening::Start(at, boot) => self.start_again(at, boot)?,
            Happening::Mend(at, boot) => self.mend(at, boot)?,
            Happening::StartServer => self.start_server()?,
            Happening::LookForLosses(wire) => self.look_for_losses(wire)?,
            Happening::CutServer => self.cut_server()?,
            Happening::MendServer => self.mend_server(),
            // The story is over, and this its last action.
            Happening::Act(_) if self.is_calm => {}
            Happening::Act(action) => {
                self.tally.steps += 1;
                self.act(action)?;
                self.next_act();
            }
        }
        Ok(true)
    }

    fn most_happenings(&self) -> u64 {
        let devices = u64::try_from(self.settings.devices).unwrap_or(u64::MAX);
        HAPPENINGS.saturating_mul(self.settings.steps.max(LEAST_STEPS)).saturating_mul(devices)
    }

    /// Everybody may see everybody's beacon, now and from time to time.
    fn look_around(&mut self) {
        self.queue.after(LOOK_AROUND_MS, Happening::LookAround);
        for at in 0..self.devices.len() {
            for other in 0..self.devices.len() {
                // Somebody who is near is seen again less often: nothing about them is new.
                let near = self.is_near(at, other);
                if at != other && (!near || self.dice.permille(100)) {
                    let wait = self.dice.below(4_000);
                    self.queue.after(wait, Happening::Sight(at, other));
                }
            }
        }
    }

    pub(crate) fn is_near(&self, at: usize, other: usize) -> bool {
        let other = self.devices.get(other).map(|other| other.id);
        let running = self.devices.get(at).and_then(|device| device.running.as_ref());
        running.is_some_and(|running| running.node.near().iter().any(|(_, device)| Some(*device) == other))
    }

    /// Whether two devices that are up can reach each other.
    pub(crate) fn can_reach(&self, at: usize, other: usize) -> bool {
        match (self.devices.get(at), self.devices.get(other)) {
            (Some(at), Some(other)) => at.is_up() && other.is_up() && at.island == other.island,
            _ => false,
        }
    }

    /// What the clocks of a device show.
    pub(crate) fn clock(&self, at: usize) -> Now {
        let skew = self.devices.get(at).map_or(0, |device| device.skew);
        let now = self.queue.now();
        Now { mono: Mono(now), wall: Wall((START + now).saturating_add_signed(skew)) }
    }

    pub(crate) fn device(&self, at: usize) -> Done<&Device> {
        self.devices.get(at).ok_or_else(|| Failure::simulation(format!("there is no device {at}")))
    }

    pub(crate) fn device_mut(&mut self, at: usize) -> Done<&mut Device> {
        self.devices.get_mut(at).ok_or_else(|| Failure::simulation(format!("there is no device {at}")))
    }

    /// The device of an id.
    pub(crate) fn whose(&self, id: &lamplit_types::DeviceId) -> Option<usize> {
        self.devices.iter().position(|device| device.id == *id)
    }

    /// The person of an account.
    pub(crate) fn person_of(&self, account: &lamplit_types::AccountId) -> Option<usize> {
        self.devices.iter().find(|device| device.account == *account).map(|device| device.person)
    }

    pub(crate) fn account_of(&self, person: usize) -> Done<lamplit_types::AccountId> {
        let device = self.devices.iter().find(|device| device.person == person);
        device.map(|device| device.account).ok_or_else(|| Failure::simulation(format!("there is no person {person}")))
    }

    /// The devices that a person has now.
    pub(crate) fn devices_of(&self, person: usize) -> impl Iterator<Item = usize> {
        self.devices
            .iter()
            .enumerate()
            .filter(move |(_, device)| device.person == person && !device.is_removed)
            .map(|(at, _)| at)
    }

    /// Plans the next time a device wants to be woken.
    pub(crate) fn plan_due(&mut self, at: usize) -> Done {
        let now = self.queue.now();
        let device = self.device_mut(at)?;
        let (boot, name) = (device.boot, device.name.clone());
        let Some(running) = &mut device.running else { return Ok(()) };
        let deadlines = [running.node.deadline().map(|deadline| deadline.0), running.silent_until];
        let Some(deadline) = deadlines.into_iter().flatten().min() else { return Ok(()) };
        let due = deadline.max(now);
        if running.due.is_some_and(|planned| planned <= due && planned >= now) {
            return Ok(());
        }
        running.restless = if running.restless.0 == due { (due, running.restless.1 + 1) } else { (due, 0) };
        if running.restless.1 > RESTLESS {
            let what = format!("{name} wants to be woken again and again at {deadline} (now {now})");
            return Err(Failure::broken(Rule::Rest, what));
        }
        running.due = Some(due);
        self.queue.at(due, Happening::Due(at, boot));
        Ok(())
    }

    fn due(&mut self, at: usize, boot: u64) -> Done {
        let now = self.queue.now();
        let device = self.device_mut(at)?;
        let Some(running) = device.running.as_mut().filter(|_| device.boot == boot) else { return Ok(()) };
        if running.due != Some(now) {
            return Ok(());
        }
        running.due = None;
        self.reach(at, boot, lamplit_node::Input::Tick);
        Ok(())
    }

    /// A deed is done.
    pub(crate) fn did(&mut self, deed: Deed) {
        self.tally.deed(deed);
    }

    /// Tells a line of the story.
    pub(crate) fn tell(&mut self, line: impl FnOnce() -> String) {
        let now = self.queue.now();
        self.story.tell(now, line);
    }
}
