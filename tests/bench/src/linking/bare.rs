//! The floor under linking: as many bytes copied over quinn and nothing else, from this network to another's disk.

use std::{
    fs,
    io::{BufRead, BufReader, Write, stdout},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio::runtime::Builder;

use crate::{
    bare_quinn::{self, Waiting},
    cable::{self, HERE, Other, THERE},
    file::bare_copy,
};

/// What [`copy`] starts on the other network, to be a program of its own.
pub(crate) const NAME: &str = "bare-copy-arrives";

/// Where the other program waits, and what it is known by.
#[derive(Serialize, Deserialize)]
struct Told {
    address: SocketAddr,
    certificate: Vec<u8>,
}

/// Copies so many bytes; how long it took until the other program said that all of them are on the disk.
pub(crate) fn copy(other: &Other, bytes: usize) -> Result<Duration> {
    let folder = TempDir::with_prefix("lamplit-bench-")?;
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    fs::write(&from, vec![0xA5; bytes])?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(NAME).arg(&to);
    let mut arriving = cable::within(&other.network(), &command).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(arriving.stdout.take().context("it has an output")?).lines();
    let told: Told = serde_json::from_str(&lines.next().context("it says where it waits")??)?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let (endpoint, connection) =
        runtime.block_on(bare_quinn::dial(HERE.parse()?, told.address, CertificateDer::from(told.certificate)))?;
    let start = Instant::now();
    runtime.block_on(bare_copy::send(&connection, &from))?;
    lines.next().context("it says that all has come")??;
    let took = start.elapsed();
    drop((connection, endpoint));
    ensure!(arriving.wait()?.success() && fs::metadata(&to)?.len() == u64::try_from(bytes)?, "not all has come");
    Ok(took)
}

/// The other program.
pub(crate) fn arrive(to: &Path) -> Result<()> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let waiting = Waiting::at(&runtime, THERE.parse()?)?;
    let told = Told { address: waiting.address, certificate: waiting.certificate.to_vec() };
    println!("{}", serde_json::to_string(&told)?);
    stdout().flush()?;
    runtime.block_on(async {
        let connection = waiting.accept().await?;
        bare_copy::receive(&connection, to).await?;
        println!();
        anyhow::Ok(())
    })
}
