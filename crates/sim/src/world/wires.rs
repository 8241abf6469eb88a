//! What is between the devices: dials, pipes, beacons.

use lamplit_node::{Address, DialId, Input, Transmit};
use lamplit_types::{Channel, LinkId, Pipe as Promise};

use super::World;
use crate::{
    failure::Done,
    pipe::{End, Weather, Wire, pieces},
    queue::{Dialling, Happening},
    server::{ADDRESS, SERVER},
    tally::Fault,
};

/// How long a side that hears nothing waits before it gives a pipe up, in milliseconds.
const IDLE_MS: (u64, u64) = (8_000, 14_000);
/// How long a dial takes that nobody answers.
const UNANSWERED_MS: (u64, u64) = (300, 6_000);
/// MTUs of pipes that only carry packets: BLE with and without negotiation, serial lines.
const MTUS: &[usize] = &[247, 247, 185, 128, 64];

impl World {
    /// Something comes to a device, if it is still in the boot that it was meant for.
    pub(super) fn reach(&mut self, at: usize, boot: u64, input: Input) {
        let Some(device) = self.devices.get_mut(at).filter(|device| device.boot == boot) else { return };
        let Some(running) = &mut device.running else { return };
        running.pending.push(input);
        if !running.is_working {
            running.is_working = true;
            let busy = if self.dice.permille(600) { 0 } else { self.dice.between(1, 12) };
            self.queue.after(busy, Happening::Work(at, boot));
        }
    }

    /// Carries out what a device wants done.
    pub(super) fn carry(&mut self, at: usize, transmit: Transmit) -> Done {
        match transmit {
            Transmit::Send { link, channel, bytes } => self.send(link, channel, bytes),
            Transmit::Close(link) => self.close(link),
            // The wires here have no lanes, and no story sends a file.
            Transmit::AllowLanes(_)
            | Transmit::Fetch { .. }
            | Transmit::StopFile(_)
            | Transmit::FileKept(_)
            | Transmit::Serve { .. }
            | Transmit::StopServing(_) => {}
            Transmit::Dial { dial, address } => self.dial(at, dial, &address)?,
            Transmit::Advertise(beacon) => {
                self.device_mut(at)?.running()?.beacon = Some(beacon);
                for other in 0..self.devices.len() {
                    let wait = self.dice.between(50, 1_500);
                    self.queue.after(wait, Happening::Sight(other, at));
                }
            }
        }
        Ok(())
    }

    pub(super) fn send(&mut self, link: LinkId, channel: Channel, bytes: Vec<u8>) {
        let Some((number, side)) = self.places.get(&link).copied() else { return };
        let Some(wire) = self.wires.get_mut(&number) else { return };
        let to = Wire::other(side);
        if !wire.ends.get(side).is_some_and(|end| end.is_open) {
            return;
        }
        let now = self.queue.now();
        match channel {
            Channel::Stream(class) => {
                for piece in pieces(&bytes, &mut self.dice) {
                    let (wait, late) = wire.travel(&mut self.dice);
                    if late {
                        self.tally.fault(Fault::Delay);
                    }
                    let Some(end) = wire.ends.get_mut(to) else { return };
                    let arrival = end.plan(class, now + wait, piece.len());
                    self.queue.at(arrival, Happening::Piece(number, to, channel, piece));
                }
            }
            Channel::Packet => {
                wire.packets += 1;
                let packet = wire.packets;
                if self.dice.permille(wire.weather.loss) {
                    self.tally.fault(Fault::Loss);
                    return;
                }
                let copies = if self.dice.permille(wire.weather.twice) { 2 } else { 1 };
                if copies == 2 {
                    self.tally.fault(Fault::Duplicate);
                }
                for _ in 0..copies {
                    let (wait, late) = wire.travel(&mut self.dice);
                    if late {
                        self.tally.fault(Fault::Delay);
                    }
                    self.queue.at(now + wait, Happening::Packet(number, to, bytes.clone(), packet));
                }
            }
        }
    }

    /// A piece of a stream arrives, or waits because the two are apart.
    pub(super) fn piece(&mut self, number: u64, side: usize, channel: Channel, bytes: Vec<u8>) -> Done {
        let apart = self.is_apart(number);
        let Some(end) = self.wires.get_mut(&number).and_then(|wire| wire.ends.get_mut(side)) else { return Ok(()) };
        if !end.is_open {
            return Ok(());
        }
        if apart || !end.stalled.is_empty() {
            end.stalled.push_back((channel, bytes));
            return Ok(());
        }
        let Channel::Stream(class) = channel else { return Ok(()) };
        let bytes = end.arrive(class, bytes);
        let (device, boot, link) = (end.device, end.boot, end.link);
        if bytes.is_empty() {
            return Ok(());
        }
        if device == SERVER {
            return self.server_hears(number, &bytes);
        }
        self.reach(device, boot, Input::Received { link, channel, bytes });
        Ok(())
    }

    pub(super) fn packet(&mut self, number: u64, side: usize, bytes: Vec<u8>, packet: u64) {
        if self.is_apart(number) {
            return;
        }
        let Some(end) = self.wires.get_mut(&number).and_then(|wire| wire.ends.get_mut(side)) else { return };
        if !end.is_open {
            return;
        }
        if packet < end.latest_packet {
            self.tally.fault(Fault::Reorder);
        }
        end.latest_packet = packet.max(end.latest_packet);
        let (device, boot, link) = (end.device, end.boot, end.link);
        self.reach(device, boot, Input::Received { link, channel: Channel::Packet, bytes });
    }

    fn is_apart(&self, number: u64) -> bool {
        let Some(wire) = self.wires.get(&number) else { return true };
        let [one, other] = &wire.ends;
        if other.device == SERVER {
            return !self.has_signal(one.device);
        }
        let island = |end: &End| self.devices.get(end.device).map(|device| device.island);
        island(one) != island(other)
    }

    /// A device ends a pipe: the other hears of it after what was sent before.
    pub(super) fn close(&mut self, link: LinkId) {
        let Some((number, side)) = self.places.get(&link).copied() else { return };
        let Some(wire) = self.wires.get_mut(&number) else { return };
        let (wait, _) = wire.travel(&mut self.dice);
        let other = Wire::other(side);
        let last = wire.ends.get(other).map_or(0, End::last_arrival);
        self.queue.at(last.max(self.queue.now() + wait), Happening::Dead(number, other));
        self.shut(number, side);
    }

    /// One end is open no more; a pipe with no open end is gone.
    fn shut(&mut self, number: u64, side: usize) {
        let Some(wire) = self.wires.get_mut(&number) else { return };
        if let Some(end) = wire.ends.get_mut(side) {
            end.is_open = false;
            self.places.remove(&end.link);
        }
        if wire.ends.iter().all(|end| !end.is_open) {
            self.wires.remove(&number);
        }
    }

    /// One end notices that the pipe is dead.
    pub(super) fn dead(&mut self, number: u64, side: usize) {
        let Some(end) = self.wires.get(&number).and_then(|wire| wire.ends.get(side)) else { return };
        let (device, boot, link, is_open) = (end.device, end.boot, end.link, end.is_open);
        if is_open {
            self.shut(number, side);
            if device == SERVER {
                self.server_lost(number);
            }
            self.reach(device, boot, Input::Disconnected(link));
        }
    }

    /// One end heard nothing for long: it gives up, unless the two have found together again, and the other has not.
    pub(super) fn idle(&mut self, number: u64, side: usize) {
        let other = self.wires.get(&number).and_then(|wire| wire.ends.get(Wire::other(side)));
        if self.is_apart(number) || !other.is_some_and(|other| other.is_open) {
            self.dead(number, side);
        }
    }

    /// A pipe dies with something half through.
    pub(super) fn kill(&mut self, number: u64) {
        let now = self.queue.now();
        let Some(wire) = self.wires.get_mut(&number) else { return };
        let mut parted = false;
        for (side, end) in wire.ends.iter_mut().enumerate() {
            parted |= end.cut(&mut self.dice);
            let notices = end.last_arrival().max(now) + self.dice.below(300);
            self.queue.at(notices, Happening::Dead(number, side));
        }
        if parted {
            self.tally.fault(Fault::MidFrame);
        }
    }

    /// All pipes that are open at some device.
    pub(super) fn open_wires(&self) -> Vec<u64> {
        self.wires.keys().copied().collect()
    }

    /// A device is gone: the other ends of its pipes notice, soon or late.
    pub(super) fn unplug(&mut self, at: usize) {
        for number in self.open_wires() {
            for side in [0, 1] {
                let Some(wire) = self.wires.get(&number) else { continue };
                let Some(end) = wire.ends.get(side).filter(|end| end.device == at && end.is_open) else { continue };
                let last = end.last_arrival();
                self.shut(number, side);
                let (soonest, latest) = if self.dice.permille(500) { (0, 400) } else { IDLE_MS };
                let wait = self.dice.between(soonest, latest);
                self.queue.at(last.max(self.queue.now() + wait), Happening::Dead(number, Wire::other(side)));
            }
        }
    }

    /// The islands have changed: what now lies between two of them dies, at once or when its ends have waited for long
    /// enough; what had stalled and lies within one goes on.
    pub(super) fn islands_changed(&mut self) -> Done {
        for number in self.open_wires() {
            if !self.is_apart(number) {
                self.go_on(number)?;
                continue;
            }
            self.tally.fault(Fault::Partition);
            if self.dice.permille(350) {
                self.kill(number);
            } else {
                for side in [0, 1] {
                    let wait = self.dice.between(IDLE_MS.0, IDLE_MS.1);
                    self.queue.after(wait, Happening::Idle(number, side));
                }
            }
        }
        for at in 0..self.devices.len() {
            for other in 0..self.devices.len() {
                if at != other && self.can_reach(at, other) && !self.is_near(at, other) {
                    let wait = self.dice.between(100, 5_000);
                    self.queue.after(wait, Happening::Sight(at, other));
                }
            }
        }
        Ok(())
    }

    fn go_on(&mut self, number: u64) -> Done {
        for side in [0, 1] {
            let end = self.wires.get_mut(&number).and_then(|wire| wire.ends.get_mut(side));
            let stalled = end.map(|end| std::mem::take(&mut end.stalled)).unwrap_or_default();
            for (channel, bytes) in stalled {
                self.piece(number, side, channel, bytes)?;
            }
        }
        Ok(())
    }

    fn dial(&mut self, at: usize, dial: DialId, address: &Address) -> Done {
        if address.0 == ADDRESS {
            return self.dial_server(at, dial);
        }
        let to = device_at(address).filter(|to| *to != at && self.can_reach(at, *to));
        let lost = to.is_some() && !self.is_calm && self.dice.permille(80);
        if lost {
            self.tally.fault(Fault::DialLost);
        }
        let to = to.filter(|_| !lost);
        let wait = match to {
            Some(_) => self.dice.between(5, 120),
            None => self.dice.between(UNANSWERED_MS.0, UNANSWERED_MS.1),
        };
        let boot = self.device(at)?.boot;
        self.queue.after(wait, Happening::Dialled(Dialling { from: at, boot, dial, to }));
        Ok(())
    }

    fn dial_server(&mut self, at: usize, dial: DialId) -> Done {
        let boot = self.device(at)?.boot;
        let wait = match self.has_signal(at) {
            true => self.dice.between(10, 200),
            false => self.dice.between(UNANSWERED_MS.0, UNANSWERED_MS.1),
        };
        self.queue.after(wait, Happening::Dialled(Dialling { from: at, boot, dial, to: Some(SERVER) }));
        Ok(())
    }

    /// A dial arrives: a pipe opens, or not.
    pub(super) fn dialled(&mut self, dialling: Dialling) {
        if dialling.to == Some(SERVER) {
            return self.server_dialled(dialling);
        }
        let Dialling { from, boot, dial, to } = dialling;
        let here = self.devices.get(from).is_some_and(|device| device.is_up() && device.boot == boot);
        let there = to.filter(|to| self.can_reach(from, *to)).and_then(|to| Some((to, self.devices.get(to)?.boot)));
        let Some((to, there)) = there.filter(|_| here) else {
            return self.reach(from, boot, Input::DialFailed(dial));
        };
        let (near, far) = (self.numbers.link(), self.numbers.link());
        let number = self.next_wire;
        self.next_wire += 1;
        let (promise, weather) = self.new_pipe();
        let ends = [End::new(from, boot, near), End::new(to, there, far)];
        self.places.insert(near, (number, 0));
        self.places.insert(far, (number, 1));
        self.wires.insert(number, Wire { weather, ends, packets: 0 });
        self.reach(from, boot, Input::Connected { link: near, pipe: promise, dial: Some(dial) });
        self.reach(to, there, Input::Connected { link: far, pipe: promise, dial: None });
        self.tell(|| match promise {
            Promise::Streams { .. } => format!("{from} reaches {to}: streams"),
            Promise::Packets { mtu } => format!("{from} reaches {to}: packets of {mtu}"),
        });
    }

    fn new_pipe(&mut self) -> (Promise, Weather) {
        let is_slow = !self.is_calm && self.dice.permille(120);
        let delay = if is_slow { self.dice.between(200, 1_500) } else { self.dice.between(1, 40) };
        let jitter = if is_slow { delay } else { self.dice.between(0, 20) };
        let rough = if self.is_calm { 0 } else { self.dice.pick(&[0, 10, 60, 150]).unwrap_or(0) };
        let late = if self.is_calm { 0 } else { 2 };
        if self.settings.is_radio || self.dice.permille(300) && !self.settings.is_wired {
            let mtu = self.dice.pick(MTUS).unwrap_or(247);
            let weather = Weather { delay, jitter, loss: rough, twice: rough / 2, late };
            return (Promise::Packets { mtu }, weather);
        }
        let mut binding = [0; 32];
        binding.iter_mut().for_each(|byte| *byte = u8::try_from(self.dice.below(256)).unwrap_or(0));
        let weather = Weather { delay, jitter, loss: 0, twice: 0, late };
        (Promise::Streams { binding, packet: 1200 }, weather)
    }

    /// A device may see another one's beacon.
    pub(super) fn sight(&mut self, at: usize, other: usize) {
        let boot = self.devices.get(at).map_or(0, |device| device.boot);
        if at == other || !self.can_reach(at, other) {
            if let Some(beacon) = self.seen.remove(&(at, other)) {
                self.reach(at, boot, Input::Lost(beacon));
            }
            return;
        }
        if !self.is_calm && self.dice.permille(150) {
            self.tally.fault(Fault::Unheard);
            return;
        }
        let beacon = self.devices.get(other).and_then(|other| other.running.as_ref()?.beacon);
        if let Some(beacon) = beacon {
            self.reach(at, boot, Input::Sighted { beacon, address: address_of(other) });
            let before = self.seen.insert((at, other), beacon);
            if let Some(before) = before.filter(|before| *before != beacon) {
                self.reach(at, boot, Input::Lost(before));
            }
        }
    }
}

/// Where a device can be dialled.
pub(super) fn socket_of(at: usize) -> Option<std::net::SocketAddr> {
    let host = u8::try_from(at.saturating_add(1)).ok()?;
    Some((std::net::Ipv4Addr::new(10, 0, 0, host), 4_000).into())
}

fn address_of(at: usize) -> Address {
    Address(socket_of(at).map(|socket| format!("udp:{socket}")).unwrap_or_default())
}

fn device_at(address: &Address) -> Option<usize> {
    let socket: std::net::SocketAddr = address.0.strip_prefix("udp:")?.parse().ok()?;
    match socket.ip() {
        std::net::IpAddr::V4(host) => usize::from(host.octets()[3]).checked_sub(1),
        std::net::IpAddr::V6(_) => None,
    }
}
