use std::{
    fs::File,
    io::{Read, Write},
    num::NonZeroU16,
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitStatus},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, sleep},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::{
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use vt100::Parser;

use crate::eventually;

/// A screen that did not change for so long is not being drawn.
const STILL: Duration = Duration::from_millis(100);

/// A program on a terminal of its own, and what that terminal shows. It is killed when it is dropped.
pub struct Screen {
    child: Child,
    keyboard: File,
    parser: Arc<Mutex<Parser>>,
}

impl Screen {
    /// Starts a program with its arguments on a terminal of that size.
    ///
    /// # Errors
    /// If there is no terminal to be had, or `setsid` is missing (util-linux).
    pub fn start(command: &Command, columns: u16, rows: u16) -> Result<Self> {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&terminal)?;
        unlockpt(&terminal)?;
        tcsetwinsize(&terminal, size(columns, rows))?;
        let name = ptsname(&terminal, Vec::new())?;
        let inside = rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        // A session of its own, whose terminal this is: so it hears of another size. The process becomes the program.
        let mut within = Command::new("setsid");
        within.arg("--ctty").arg(command.get_program()).args(command.get_args());
        within.env("TERM", "xterm-256color").env_remove("NO_COLOR").env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        within
            .stdin(File::from(inside.try_clone()?))
            .stdout(File::from(inside.try_clone()?))
            .stderr(File::from(inside));
        let child = within.spawn().context("setsid does not start: install util-linux")?;
        let parser = Arc::new(Mutex::new(Parser::new(cells(rows), cells(columns), 0)));
        let keyboard = File::from(terminal);
        watch(keyboard.try_clone()?, parser.clone());
        Ok(Self { child, keyboard, parser })
    }

    /// Types, or presses keys by what a terminal sends for them.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn press(&mut self, keys: &str) -> Result<()> {
        Ok(self.keyboard.write_all(keys.as_bytes())?)
    }

    /// Pastes, as terminals do that were asked to say so.
    ///
    /// # Errors
    /// If the terminal is gone.
    pub fn paste(&mut self, text: &str) -> Result<()> {
        self.press(&format!("\u{1b}[200~{text}\u{1b}[201~"))
    }

    /// Gives the terminal another size.
    ///
    /// # Errors
    /// If it is gone.
    pub fn resize(&self, columns: u16, rows: u16) -> Result<()> {
        self.parser().screen_mut().set_size(cells(rows), cells(columns));
        Ok(tcsetwinsize(&self.keyboard, size(columns, rows))?)
    }

    /// What it shows.
    pub fn text(&self) -> String {
        self.parser().screen().contents()
    }

    /// Whether the cursor can be seen, and where: its row and column.
    pub fn cursor(&self) -> Option<(u16, u16)> {
        let parser = self.parser();
        let screen = parser.screen();
        (!screen.hide_cursor()).then(|| screen.cursor_position())
    }

    /// A copy of the whole screen, colours and all, once nothing is being drawn.
    ///
    /// # Errors
    /// If something is drawn without end.
    pub fn copy(&self) -> Result<vt100::Screen> {
        let now = || self.parser().screen().clone();
        let mut before = now();
        eventually("the screen shall be still", || {
            sleep(STILL);
            let after = now();
            let still = before.state_formatted() == after.state_formatted();
            before = after;
            Ok(still.then(|| before.clone()))
        })
    }

    /// Waits until it shows something.
    ///
    /// # Errors
    /// If that does not happen; with what it shows.
    pub fn until(&self, wanted: &str) -> Result<()> {
        self.until_so(&format!("{wanted:?} on the screen"), |text| text.contains(wanted))
    }

    /// Waits until what it shows is as wanted.
    ///
    /// # Errors
    /// If that does not happen; with what it shows.
    pub fn until_so(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Result<()> {
        eventually(what, || Ok(wanted(&self.text()).then_some(()))).with_context(|| self.text())
    }

    /// Sends the program a signal, such as `TERM`.
    ///
    /// # Errors
    /// If that cannot be done.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let sent = Command::new("kill").args([format!("-{signal}"), self.child.id().to_string()]).status()?;
        if sent.success() { Ok(()) } else { bail!("{signal} could not be sent") }
    }

    /// Waits until the program ends.
    ///
    /// # Errors
    /// If it does not, or was killed.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let status = eventually("the program on the terminal shall end", || Ok(self.child.try_wait()?))?;
        if let Some(signal) = status.signal() {
            bail!("it was killed by signal {signal}");
        }
        Ok(status)
    }

    /// Whether it shows the other screen, that programs of the whole screen use, and so leave what was there.
    pub fn is_other(&self) -> bool {
        self.parser().screen().alternate_screen()
    }

    fn parser(&self) -> MutexGuard<'_, Parser> {
        self.parser.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl core::fmt::Debug for Screen {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // They may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap_or(NonZeroU16::MIN)
}

const fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// Shows what is written, as it comes. Ends with the program.
fn watch(mut terminal: File, parser: Arc<Mutex<Parser>>) {
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = terminal.read(&mut bytes) {
            let written = bytes.get(..read).unwrap_or_default();
            parser.lock().unwrap_or_else(PoisonError::into_inner).process(written);
        }
    });
}
