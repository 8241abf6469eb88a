use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{PATIENCE, eventually};

/// After how long a command is taken to hang. Some wait for a large file.
const LONGEST: Duration = Duration::from_secs(300);

/// A program that goes on while a test looks at what it prints. It is killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let lines = lines(child.stdout.take().context("the output is piped")?);
        Ok(Self { child, lines })
    }

    /// The next line that it prints.
    ///
    /// # Errors
    /// If none comes.
    pub fn line(&self) -> Result<String> {
        self.lines.recv_timeout(PATIENCE).context("no line came")
    }

    /// The lines that it prints, to the first that has `end` in it.
    ///
    /// # Errors
    /// If no such line comes.
    pub fn lines_to(&self, end: &str) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            lines.push(self.line().with_context(|| format!("no {end:?} after {lines:#?}"))?);
            if lines.last().is_some_and(|line| line.contains(end)) {
                return Ok(lines);
            }
        }
    }

    /// Sends it a signal, such as `INT`.
    ///
    /// # Errors
    /// If that cannot be done.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let sent = Command::new("kill").args([format!("-{signal}"), self.child.id().to_string()]).status()?;
        if !sent.success() {
            bail!("{signal} could not be sent");
        }
        Ok(())
    }

    /// Waits until it ends.
    ///
    /// # Errors
    /// If it does not.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        eventually("the program shall end", || Ok(self.child.try_wait()?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command that reads nothing prints until it ends.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    ended(child).with_context(|| format!("{command:?}"))
}

/// What a program prints until it ends; its outputs are piped. One that hangs is killed.
pub(crate) fn ended(child: Child) -> Result<Output> {
    let process = child.id().to_string();
    let (end, ended) = mpsc::channel();
    thread::spawn(move || end.send(child.wait_with_output()));
    match ended.recv_timeout(LONGEST) {
        Ok(output) => Ok(output?),
        Err(_) => {
            Command::new("kill").args(["-KILL", &process]).status()?;
            bail!("it did not end within {} s", LONGEST.as_secs())
        }
    }
}

/// What is printed, line by line. All of it is read, so that whoever prints never waits for the test.
pub(crate) fn lines(stdout: ChildStdout) -> Receiver<String> {
    let (line, lines) = mpsc::channel();
    thread::spawn(move || {
        for read in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Nobody may be left who wants to know.
            let _ = line.send(read);
        }
    });
    lines
}
