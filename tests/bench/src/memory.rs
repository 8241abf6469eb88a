//! How much memory a node with a thousand contacts takes, all of them linked to it: in a process that holds nothing
//! else. Its contacts come one after the other, each only until its link is there.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command as Process,
};

use anyhow::{Context, Result, bail};
use lamplit_node::{Command, Table, setup::DeviceSecrets};
use lamplit_store::{DataDir, Store, keys};
use serde::{Deserialize, Serialize};

use crate::{
    cost,
    devices::{Device, Devices, Disk, Rows, address},
    figures::verdict,
    handle::HUB,
};

/// What [`spawn`] calls this measurement.
pub(crate) const NAME: &str = "memory-of-one";
/// Mebibytes.
const TARGET: f64 = 40.0;

/// Where the node's data are.
pub(crate) fn hub(folder: &Path) -> PathBuf {
    folder.join("hub")
}

/// A contact between two processes.
#[derive(Serialize, Deserialize)]
struct Kept {
    secrets: Vec<u8>,
    /// Each with its table's place in [`Table::ALL`].
    rows: Vec<(usize, Vec<u8>, Vec<u8>)>,
}

/// Writes a contact down.
pub(crate) fn keep(folder: &Path, contact: usize, device: Device) -> Result<()> {
    let Disk::Rows(Rows(rows)) = device.disk else { bail!("a contact's rows are in memory") };
    let rows = rows.into_iter().filter_map(|((table, key), value)| {
        let place = Table::ALL.iter().position(|other| *other == table)?;
        Some((place, key, value))
    });
    let kept = Kept { secrets: device.secrets.to_vec(), rows: rows.collect() };
    Ok(fs::write(file(folder, contact), postcard::to_allocvec(&kept)?)?)
}

/// Measures in a process of its own.
pub(crate) fn spawn(folder: &Path) -> Result<()> {
    let status = Process::new(env::current_exe()?).arg(NAME).arg(folder).status()?;
    if !status.success() {
        bail!("the process that measures memory failed");
    }
    Ok(())
}

/// Opens the node, links it to one contact after the other, and says how much memory that takes.
pub(crate) fn measure(folder: &Path) -> Result<()> {
    let [nothing, _] = resident()?;
    let mut devices = Devices::new(13);
    let dir = DataDir::open(&hub(folder))?;
    let (secrets, _) = keys::load(&dir)?;
    devices.open(HUB, DeviceSecrets::from_bytes(&secrets)?, Disk::Store(Store::open(&dir)?))?;
    let [opened, _] = resident()?;

    let me = devices.node(HUB)?.account();
    let contacts = (1..).take_while(|contact| file(folder, *contact).exists());
    let mut linked = 0;
    for contact in contacts {
        let kept: Kept = postcard::from_bytes(&fs::read(file(folder, contact))?)?;
        let rows = kept.rows.into_iter().map(|(place, key, value)| {
            let table = Table::ALL.get(place).context("no such table")?;
            anyhow::Ok(((*table, key), value))
        });
        let rows = Rows(rows.collect::<Result<_>>()?);
        devices.open(contact, DeviceSecrets::from_bytes(&kept.secrets)?, Disk::Rows(rows))?;
        devices.command(contact, Command::Dial { contact: me, address: address(HUB) })?;
        devices.settle(None)?;
        devices.all.remove(&contact);
        linked += 1;
    }
    if devices.node(HUB)?.near().len() != linked {
        bail!("not every contact is linked");
    }
    let [all, most] = resident()?;
    println!("  memory of a process with that node alone, MiB");
    println!("    nothing yet {nothing:.1}, node open {opened:.1}, {linked} links {all:.1}, at most {most:.1}");
    println!("    target: under {TARGET} MiB: {}", verdict(most < TARGET));
    Ok(())
}

/// Mebibytes of this process in RAM: now, and when they were most.
fn resident() -> Result<[f64; 2]> {
    let [now, most] = cost::resident_kib(cost::Whose::Own)?;
    Ok([now, most].map(|kib| f64::from(kib) / 1024.0))
}

fn file(folder: &Path, contact: usize) -> PathBuf {
    folder.join(contact.to_string())
}
