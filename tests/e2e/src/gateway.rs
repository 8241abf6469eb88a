//! The SMS gateway of a host: a real Kannel, with its own fake message centre.

use std::{
    fs::{self, File},
    path::Path,
    thread,
};

use anyhow::{Context, Result, anyhow, ensure};
use lamplit_sms::kannel::Kannel;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::os::fd::AsFd as _;

use crate::{Host, Lan, eventually};

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

/// What the operator of a server with this gateway writes into its data directory.
///
/// # Errors
/// If it cannot be written.
pub fn use_gateway(data: &Path, kannel: &Kannel) -> Result<()> {
    let url = kannel.sendsms();
    let text =
        format!("[sms]\nkind = \"http\"\nurl = {url:?}\nsuccess = {{ status = [202, 202], body = \"^[03]: \" }}\n");
    Ok(fs::write(data.join("lamplit-server.toml"), text)?)
}

/// The code that came to a telephone, after so many that came there before.
///
/// # Errors
/// If none comes.
pub fn code(kannel: &Kannel, number: &str, before: usize) -> Result<String> {
    let text = eventually(&format!("a text comes to {number}"), || {
        let received = kannel.received()?;
        let mut texts = received.into_iter().filter(|text| text.to.ends_with(number.trim_start_matches('+')));
        Ok(texts.nth(before).map(|received| received.text))
    })?;
    let code: String = text.chars().take_while(char::is_ascii_digit).collect();
    ensure!(code.len() == 6, "the text is {text:?}");
    Ok(code)
}
