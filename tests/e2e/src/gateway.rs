//! The SMS gateway of a host: a real Kannel, with its own fake message centre.

use std::{fs::File, thread};

use anyhow::{Context, Result, anyhow};
use lamplit_sms::kannel::Kannel;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::os::fd::AsFd as _;

use crate::{Host, Lan};

/// Starts Kannel on a host's loopback, where that host's server reaches it.
///
/// # Errors
/// If it does not start, or the system lacks it.
pub fn gateway(lan: &Lan, host: Host) -> Result<Kannel> {
    let network = lan.network_of(host);
    // A thread of its own goes there, and what it starts is there with it.
    let there = thread::spawn(move || {
        let file = File::open(&network).with_context(|| network.display().to_string())?;
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))
            .context("the thread stays where it is")?;
        Kannel::start().map_err(|error| anyhow!("{error}"))
    });
    there.join().map_err(|_| anyhow!("the thread that starts Kannel failed"))?
}
