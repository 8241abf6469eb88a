use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use tempfile::TempDir;

use crate::{Host, Lan, Running, program};

/// `lamplit-demo --lines`, with a loopback network and a directory for temporary files that nobody else uses.
#[derive(Debug)]
pub struct Demo {
    running: Running,
    temporary: TempDir,
}

impl Demo {
    /// Starts it on the left host of `lan`.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(lan: &Lan, options: &[&str]) -> Result<Self> {
        let temporary = TempDir::with_prefix("lamplit-e2e-")?;
        let mut command = lan.command(Host::LEFT, &program::demo()?);
        command.arg("--lines").args(options).env("TMPDIR", temporary.path());
        Ok(Self { running: Running::start(&mut command)?, temporary })
    }

    /// The program.
    pub const fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// The directories it has made and not removed.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub fn directories(&self) -> Result<Vec<PathBuf>> {
        fs::read_dir(self.temporary.path())?.map(|entry| Ok(entry?.path())).collect()
    }

    /// How many daemons and servers run on these directories.
    ///
    /// # Errors
    /// If the processes cannot be listed.
    pub fn daemons(&self) -> Result<usize> {
        let processes = fs::read_dir("/proc")?.filter_map(Result::ok);
        Ok(processes.filter(|process| self.is_daemon(&process.path())).count())
    }

    /// Whether a process is `lamplit run` or a server on one of these directories. One that is no more isn't.
    fn is_daemon(&self, process: &Path) -> bool {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        let mut words = line.split('\0');
        line.contains(&*self.temporary.path().to_string_lossy())
            && words.any(|word| word == "run" || word.ends_with("lamplit-server"))
    }
}
