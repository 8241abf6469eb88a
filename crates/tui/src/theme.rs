//! How things stand out: the terminal's own sixteen colours, or none where its owner refuses them (no-color.org).

use ratatui::style::{Color, Modifier, Style};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    pub(crate) colours: bool,
}

impl Theme {
    const fn colour(self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }

    /// What is there and need not be read.
    pub(crate) const fn quiet(self) -> Style {
        if self.colours { Style::new().fg(Color::DarkGray) } else { Style::new().add_modifier(Modifier::DIM) }
    }

    pub(crate) const fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// An app that is on.
    pub(crate) const fn lit(self) -> Style {
        self.colour(Color::Yellow)
    }

    pub(crate) const fn near(self) -> Style {
        self.colour(Color::Green)
    }

    pub(crate) const fn bad(self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Where the keyboard is.
    pub(crate) const fn focus(self) -> Style {
        self.colour(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    pub(crate) const fn frame(self, has_focus: bool) -> Style {
        if has_focus { self.colour(Color::Cyan) } else { self.quiet() }
    }

    pub(crate) const fn theirs(self) -> Style {
        self.colour(Color::Cyan)
    }

    /// One of several people, by their place among them.
    pub(crate) fn one_of_many(self, at: usize) -> Style {
        const COLOURS: [Color; 4] = [Color::Cyan, Color::Magenta, Color::LightGreen, Color::LightRed];
        let at = at.checked_rem(COLOURS.len()).unwrap_or(0);
        self.colour(COLOURS.get(at).copied().unwrap_or(Color::Cyan))
    }

    pub(crate) const fn mine(self) -> Style {
        self.colour(Color::Blue)
    }

    /// How many are unread.
    pub(crate) const fn badge(self) -> Style {
        let style = if self.colours { Style::new().fg(Color::Black).bg(Color::Cyan) } else { Style::new() };
        if self.colours { style } else { style.add_modifier(Modifier::REVERSED) }
    }

    /// A code that a camera reads: light on dark, whatever the terminal's colours are.
    pub(crate) const fn code(self) -> Style {
        if self.colours { Style::new().fg(Color::White).bg(Color::Black) } else { Style::new() }
    }
}
