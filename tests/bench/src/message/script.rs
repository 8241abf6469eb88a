//! What two nodes commit when they talk, row by row.

use std::sync::Arc;

use anyhow::{Context, Result};
use lamplit_node::{Command, Input, Transmit, Write};
use lamplit_types::{AccountId, Channel, Class, Text};

use super::TEXT;
use crate::devices::Devices;

/// Who takes part, by number.
pub(crate) const TWO: [usize; 2] = [0, 1];

/// The commits of one message, of which one waits for the other. What they have to say to each other of the message
/// before goes with them: its receipt, and acknowledgements.
pub(crate) struct Message {
    /// Its sender keeps it.
    pub(crate) said: Vec<Write>,
    /// Its receiver has it, and a receipt for it.
    pub(crate) came: Vec<Write>,
}

pub(crate) struct Script {
    /// What each of the two databases begins with.
    pub(crate) begins: [Vec<Write>; 2],
    /// In turns by the one and by the other.
    pub(crate) messages: Arc<[Message]>,
    /// Bytes of one message on its stream.
    pub(crate) there: usize,
    /// Of one round: its commits, their rows and the bytes in them.
    pub(crate) commits: usize,
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

impl Script {
    pub(crate) fn play(rounds: usize) -> Result<Self> {
        let [ada, grace] = TWO;
        let mut devices = Devices::new(7);
        let begins = [devices.join(ada, "Ada")?, devices.join(grace, "Grace")?];
        devices.befriend(ada, grace)?;
        let mut there = 0;
        let mut messages = Vec::new();
        for _ in 0..rounds {
            for (from, to) in [(ada, grace), (grace, ada)] {
                let (message, size) = Message::play(&mut devices, from, to)?;
                messages.push(message);
                there = size;
            }
        }
        let round = messages.iter().rev().take(2).flat_map(Message::parts);
        let (commits, rows, bytes) = round.fold((0, 0, 0), |(commits, rows, bytes), writes| {
            (commits + 1, rows + writes.len(), bytes + writes.iter().map(size).sum::<usize>())
        });
        Ok(Self { begins, messages: messages.into(), there, commits, rows, bytes })
    }
}

impl Message {
    /// Lets one say something to the other; returns also how many bytes it was on its stream.
    fn play(devices: &mut Devices, from: usize, to: usize) -> Result<(Self, usize)> {
        let say = Command::Say { to: contact(devices, from)?.into(), text: Text::parse(TEXT)? };
        let said = devices.step(from, vec![Input::Command(0, say)])?;
        let message = Channel::Stream(Class::Message);
        let sizes = said.transmits.iter().filter_map(|transmit| match transmit {
            Transmit::Send { channel, bytes, .. } if *channel == message => Some(bytes.len()),
            _ => None,
        });
        let size = sizes.sum();
        devices.carry(from, said.transmits)?;
        let inputs = devices.settle(Some(to))?;
        let came = devices.step(to, inputs)?;
        devices.carry(to, came.transmits)?;
        Ok((Self { said: said.writes, came: came.writes }, size))
    }

    fn parts(&self) -> [&[Write]; 2] {
        [&self.said, &self.came]
    }
}

fn size(write: &Write) -> usize {
    write.key.len() + write.value.as_ref().map_or(0, Vec::len)
}

/// The only one a device can talk to.
fn contact(devices: &Devices, at: usize) -> Result<AccountId> {
    let (account, _) = devices.node(at)?.near().first().copied().context("nobody is near")?;
    Ok(account)
}
