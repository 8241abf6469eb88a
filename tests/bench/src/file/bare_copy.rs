//! A file copied over quinn and nothing else, from the disk to the disk.

use std::{
    fs::File,
    io::{Read, Write},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Result;
use quinn::Connection;
use tokio::runtime::Builder;

use crate::bare_quinn;

const PIECE: usize = 256 * 1024;

/// Copies a file on loopback; how long it took until all of it was on the disk, by `fsync`.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<Duration> {
    let [near, far] = [(); 2].map(|()| Builder::new_multi_thread().enable_all().build());
    let (near, far) = (near?, far?);
    let ends = bare_quinn::connect(&near, &far)?;
    let (arriving, to) = (ends.far.clone(), to.to_owned());
    let start = Instant::now();
    let receiving = far.spawn(async move { receive(&arriving, &to).await });
    near.block_on(send(&ends.near, from))?;
    far.block_on(receiving)??;
    Ok(start.elapsed())
}

/// Sends a file.
pub(crate) async fn send(connection: &Connection, from: &Path) -> Result<()> {
    let mut stream = connection.open_uni().await?;
    let mut file = File::open(from)?;
    let mut bytes = vec![0; PIECE];
    loop {
        let many = file.read(&mut bytes)?;
        if many == 0 {
            break;
        }
        stream.write_all(bytes.get(..many).unwrap_or_default()).await?;
    }
    Ok(stream.finish()?)
}

/// Writes what is sent to the disk, by `fsync`.
pub(crate) async fn receive(connection: &Connection, to: &Path) -> Result<()> {
    let mut stream = connection.accept_uni().await?;
    let mut file = File::create(to)?;
    let mut bytes = vec![0; PIECE];
    while let Some(many) = stream.read(&mut bytes).await? {
        file.write_all(bytes.get(..many).unwrap_or_default())?;
    }
    Ok(file.sync_all()?)
}
