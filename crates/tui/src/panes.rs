//! What is where on the screen.

use ratatui::layout::{Constraint, Layout, Margin, Rect};

use crate::limits;

/// What the keyboard is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Focus {
    #[default]
    People,
    Chat,
    Nearby,
}

/// Where the panes are, each with its frame; a pane that is not on the screen has no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Panes {
    pub(crate) people: Rect,
    pub(crate) chat: Rect,
    pub(crate) nearby: Rect,
    pub(crate) status: Rect,
}

/// Where the parts of the chat are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChatParts {
    pub(crate) head: Rect,
    pub(crate) history: Rect,
    pub(crate) hints: Rect,
    pub(crate) composer: Rect,
}

/// The least a screen must have.
const LEAST: (u16, u16) = (24, 8);
/// Rows from which what is nearby has room below the people.
const TALL: u16 = 22;
/// Rows of what is nearby there.
const NEARBY_ROWS: u16 = 11;

impl Focus {
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::People => Self::Chat,
            Self::Chat => Self::Nearby,
            Self::Nearby => Self::People,
        }
    }

    pub(crate) const fn previous(self) -> Self {
        match self {
            Self::People => Self::Nearby,
            Self::Chat => Self::People,
            Self::Nearby => Self::Chat,
        }
    }
}

/// Lays the panes out; `None` if there is no room for anything.
pub(crate) fn panes(area: Rect, focus: Focus) -> Option<Panes> {
    if area.width < LEAST.0 || area.height < LEAST.1 {
        return None;
    }
    let [rest, status] = Layout::vertical([Constraint::Min(1), Constraint::Length(1)]).areas(area);
    let nothing = Panes { status, ..Panes::default() };
    if area.width <= limits::STACKED {
        return Some(match focus {
            Focus::People => Panes { people: rest, ..nothing },
            Focus::Chat => Panes { chat: rest, ..nothing },
            Focus::Nearby => Panes { nearby: rest, ..nothing },
        });
    }
    if area.width >= limits::WIDE {
        let columns = [Constraint::Length(30), Constraint::Min(40), Constraint::Length(32)];
        let [people, chat, nearby] = Layout::horizontal(columns).areas(rest);
        return Some(Panes { people, chat, nearby, status });
    }
    let [left, chat] = Layout::horizontal([Constraint::Length(28), Constraint::Min(1)]).areas(rest);
    if area.height >= TALL {
        let [people, nearby] = Layout::vertical([Constraint::Min(1), Constraint::Length(NEARBY_ROWS)]).areas(left);
        return Some(Panes { people, chat, nearby, status });
    }
    Some(match focus {
        Focus::Nearby => Panes { nearby: left, chat, ..nothing },
        Focus::People | Focus::Chat => Panes { people: left, chat, ..nothing },
    })
}

/// What is inside a pane's frame.
pub(crate) fn inside(pane: Rect) -> Rect {
    pane.inner(Margin::new(1, 1))
}

/// Lays out the chat inside its frame: a line about the person, a note if there is one, the conversation, what could be
/// typed, and what is being typed.
pub(crate) fn chat_parts(pane: Rect, head: u16, hints: u16, typed: u16) -> ChatParts {
    let inside = inside(pane);
    let most = (inside.height / 3).max(1);
    let typed = typed.clamp(1, most);
    let hints = hints.min(inside.height.saturating_sub(head).saturating_sub(typed).saturating_sub(2));
    let rows = [
        Constraint::Length(head),
        Constraint::Min(1),
        Constraint::Length(hints),
        Constraint::Length(1),
        Constraint::Length(typed),
    ];
    let [head, history, hints, _rule, composer] = Layout::vertical(rows).areas(inside);
    ChatParts { head, history, hints, composer }
}
