//! Asking for what nobody may read over a shoulder.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    process::{Command, Stdio},
};

use anyhow::{Context, anyhow};

use crate::failure::Failure;

/// The longest line that is read, in bytes.
const LONGEST: u64 = 4096;

/// A line from the terminal, which does not show it; without a terminal, from standard input.
pub(crate) fn line(question: &str) -> Result<String, Failure> {
    let mut stderr = io::stderr().lock();
    let hides = io::stdin().is_terminal();
    if hides {
        stderr.write_all(question.as_bytes())?;
        stderr.flush()?;
        echo(false)?;
    }
    let line = read();
    if hides {
        echo(true)?;
        stderr.write_all(b"\n")?;
    }
    match line?.trim() {
        "" => Err(Failure::Other(anyhow!("nothing was typed, and nothing was done"))),
        line => Ok(line.to_owned()),
    }
}

fn read() -> io::Result<String> {
    let mut line = String::new();
    io::Read::take(io::stdin().lock(), LONGEST).read_line(&mut line)?;
    Ok(line)
}

/// Whether the terminal shows what is typed (POSIX `stty`).
fn echo(on: bool) -> Result<(), Failure> {
    let status = Command::new("stty").arg(if on { "echo" } else { "-echo" }).stdin(Stdio::inherit()).status();
    match status.context("`stty` is missing, and without it the phrase would be seen: pipe it in instead")?.success() {
        true => Ok(()),
        false => Err(Failure::Other(anyhow!("the terminal does not hide what is typed: pipe the phrase in instead"))),
    }
}
