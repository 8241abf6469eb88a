//! What is printed, and how: text or JSON, with colours on a terminal only. A reader that goes away, as `head` does, is
//! no failure of ours.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

/// Characters of an id that are shown where it stands beside a name.
const SHORT_ID: usize = 8;

/// Standard output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    colour: bool,
}

/// How some text stands out (ECMA-48, SGR).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Style {
    Bold,
    Dim,
    Lit,
    Bad,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, colour: !json && colours(io::stdout().is_terminal()) }
    }

    /// Whether JSON is wanted.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints `value` as JSON, or else what `text` makes.
    pub(crate) fn print(self, value: &impl Serialize, text: impl FnOnce() -> String) -> io::Result<()> {
        if self.json { self.line(&serde_json::to_string(value)?) } else { self.line(&text()) }
    }

    /// Prints a line.
    pub(crate) fn line(self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    }

    /// Prints a line for people, and nothing as JSON.
    pub(crate) fn text(self, text: &str) -> io::Result<()> {
        if self.json { Ok(()) } else { self.line(text) }
    }

    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        paint(self.colour, style, text)
    }
}

/// Prints what went wrong to standard error.
pub(crate) fn complain(json: bool, message: &str) {
    let mut stderr = io::stderr().lock();
    let line = if json {
        serde_json::json!({ "error": message }).to_string()
    } else {
        let colour = colours(stderr.is_terminal());
        format!("{} {message}", paint(colour, Style::Bad, "lamplit:"))
    };
    // Nobody is left to tell if this fails.
    let _ = writeln!(stderr, "{line}");
}

/// Text of other people, made safe for a terminal. Line feeds of a message are for the caller to place.
pub(crate) fn safe(text: &str) -> String {
    lamplit_types::safe(text).replace('\t', " ")
}

/// The beginning of an id, enough to name a device or a file by.
pub(crate) fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

/// Colours belong on a terminal whose owner does not refuse them (no-color.org).
pub(crate) fn colours(terminal: bool) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    terminal && !refused && !dumb
}

fn paint(colour: bool, style: Style, text: &str) -> String {
    if !colour {
        return text.to_owned();
    }
    let code = match style {
        Style::Bold => "1",
        Style::Dim => "2",
        Style::Lit => "33",
        Style::Bad => "1;31",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

#[cfg(test)]
mod tests;
