//! What the model looks like. Nothing is decided here.

mod chat;
mod nearby;
mod overlay;
mod people;

use lamplit_rpc::api::{LitApp, Transfer};
use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::Line,
    widgets::{Block, BorderType, Clear, Widget},
};

use crate::{
    panes::Focus,
    peer::Peer,
    state::State,
    text::{cut, tame_line, width},
    theme::Theme,
    time::age,
    words::{apps, percent},
};

pub(crate) fn draw(state: &State, frame: &mut Frame<'_>) {
    let theme = Theme { colours: state.colours };
    let Some(panes) = state.panes() else {
        return frame.render_widget(Line::styled("Lamplit needs more room", theme.bad()), frame.area());
    };
    if !panes.people.is_empty() {
        people::draw(state, theme, frame.buffer_mut(), panes.people);
    }
    if !panes.nearby.is_empty() {
        nearby::draw(state, theme, frame.buffer_mut(), panes.nearby);
    }
    if !panes.chat.is_empty() {
        let cursor = chat::draw(state, theme, frame.buffer_mut(), panes.chat);
        if state.focus == Focus::Chat && state.overlay.is_none() {
            frame.set_cursor_position(cursor);
        }
    }
    status(state, theme, frame.buffer_mut(), panes.status);
    if let Some(overlay) = &state.overlay {
        overlay::draw(overlay, state, theme, frame.buffer_mut());
    }
}

/// A frame with a title, and what is inside it.
fn frame_around(
    theme: Theme,
    buffer: &mut Buffer,
    area: Rect,
    title: Line<'_>,
    below: Line<'_>,
    has_focus: bool,
) -> Rect {
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.frame(has_focus))
        .title(title)
        .title_bottom(below.right_aligned());
    let inside = block.inner(area);
    block.render(area, buffer);
    inside
}

/// A title as it stands in a frame.
fn title(text: &str, style: Style, room: u16) -> Line<'static> {
    let most = usize::from(room).saturating_sub(6);
    if text.is_empty() { Line::default() } else { Line::styled(format!(" {} ", cut(&tame_line(text), most)), style) }
}

/// Puts something at the left of a row, cut where it would meet what is at its right.
fn row(buffer: &mut Buffer, area: Rect, left: &[(String, Style)], right: &[(String, Style)]) {
    let total = usize::from(area.width);
    let taken: usize = right.iter().map(|(text, _)| width(text)).sum();
    let mut room = total.saturating_sub(if taken == 0 { 0 } else { taken.saturating_add(1) });
    let mut x = area.x;
    for (text, style) in left {
        let text = cut(text, room);
        room = room.saturating_sub(width(&text));
        (x, _) = buffer.set_stringn(x, area.y, &text, usize::from(area.right().saturating_sub(x)), *style);
    }
    if taken <= total {
        let mut x = area.right().saturating_sub(u16::try_from(taken).unwrap_or(u16::MAX));
        for (text, style) in right {
            (x, _) = buffer.set_stringn(x, area.y, text, usize::from(area.right().saturating_sub(x)), *style);
        }
    }
}

/// The rows of an area, from its top.
fn rows_of(area: Rect) -> impl Iterator<Item = Rect> {
    area.rows()
}

/// A lamp, lit or dark.
fn lamp(theme: Theme, lit: &[LitApp]) -> (String, Style) {
    if lit.is_empty() { ("○ ".to_owned(), theme.quiet()) } else { ("● ".to_owned(), theme.lit()) }
}

/// What stands before a name: a contact's lamp, or a group's mark.
fn sign(theme: Theme, peer: &Peer) -> (String, Style) {
    if peer.circle.is_some() { ("◇ ".to_owned(), theme.theirs()) } else { lamp(theme, &peer.lit) }
}

/// Apps, with how long they have been lit.
fn lit_since(lit: &[LitApp], now_ms: u64) -> String {
    let one = |app: &LitApp| format!("{} {}", app.app, age(now_ms, app.since_ms));
    lit.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The last row: what was done or went wrong, or else how this device is.
fn status(state: &State, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let help = if state.focus == Focus::Chat { "F1 help " } else { "? help " };
    let help = vec![(help.to_owned(), theme.quiet())];
    let left = if let Some(reason) = &state.down {
        vec![(format!(" {reason}. Looking for it…"), theme.bad())]
    } else if let Some(notice) = &state.notice {
        vec![(format!(" {}", notice.text), if notice.bad { theme.bad() } else { theme.near() })]
    } else if let Some(trouble) = state.trouble() {
        vec![(format!(" {trouble}"), theme.bad())]
    } else if state.is_slow() {
        vec![(" The daemon takes its time…".to_owned(), theme.lit())]
    } else if let Some(status) = &state.status {
        let mut left = vec![(" ".to_owned(), Style::new()), lamp(theme, &status.lit)];
        left.push((status.name.clone(), theme.strong()));
        if !status.lit.is_empty() {
            left.push((format!(" on {}", apps(&status.lit)), theme.lit()));
        }
        if status.waiting > 0 {
            left.push((format!(" · {} to be sent", status.waiting), theme.quiet()));
        }
        left.extend(under_way(&state.transfers).map(|text| (format!(" · {text}"), theme.quiet())));
        left
    } else {
        vec![(" Looking for the daemon…".to_owned(), theme.quiet())]
    };
    row(buffer, area, &left, &help);
}

/// How far files are that are under way, if any are.
fn under_way(transfers: &[Transfer]) -> Option<String> {
    let sum = |bytes: fn(&Transfer) -> u64| transfers.iter().map(bytes).fold(0, u64::saturating_add);
    let percent = percent(sum(|transfer| transfer.done), sum(|transfer| transfer.total));
    match transfers.len() {
        0 => None,
        1 => Some(format!("1 file under way, {percent} %")),
        many => Some(format!("{many} files under way, {percent} %")),
    }
}

/// An empty place in the middle of the screen, with a frame and what stands in it above and below.
fn middle(theme: Theme, buffer: &mut Buffer, wanted: (u16, u16), above: &str, below: Line<'_>) -> Rect {
    let whole = buffer.area;
    let (columns, rows) = (wanted.0.min(whole.width), wanted.1.min(whole.height));
    let x = whole.width.saturating_sub(columns) / 2;
    let y = whole.height.saturating_sub(rows) / 2;
    let area = Rect::new(whole.x.saturating_add(x), whole.y.saturating_add(y), columns, rows);
    Clear.render(area, buffer);
    frame_around(theme, buffer, area, title(above, theme.focus(), columns), below, true)
}

#[cfg(test)]
mod tests;
