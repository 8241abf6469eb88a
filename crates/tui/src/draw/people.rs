use lamplit_rpc::api::Compared;
use ratatui::{buffer::Buffer, layout::Rect, style::Style, text::Line};

use super::{frame_around, lit_since, row, rows_of, sign, title};
use crate::{panes::Focus, peer::Peer, state::State, theme::Theme, words::people};

/// Everybody: who has said something, who is on, who is near.
pub(super) fn draw(state: &State, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let has_focus = state.focus == Focus::People;
    let (shown, all) = (state.people.shown().len(), state.people.count());
    let filter = state.people.filter();
    let heading = match (all, filter.is_empty()) {
        (0, _) => "People".to_owned(),
        (_, true) => format!("People {all}"),
        (_, false) => format!("People {shown} of {all}"),
    };
    let style = if has_focus { theme.focus() } else { theme.strong() };
    let below = match (filter, has_focus) {
        ("", true) if all > 0 => title("type to find", theme.quiet(), area.width),
        ("", _) => Line::default(),
        (filter, _) => title(&format!("find: {filter}"), theme.focus(), area.width),
    };
    let inside = frame_around(theme, buffer, area, title(&heading, style, area.width), below, has_focus);
    if shown == 0 {
        return nobody(state, theme, buffer, inside);
    }
    let (first, skipped) = first_shown(state, usize::from(inside.height));
    let mut rows = rows_of(inside);
    let chosen = state.people.at();
    for (at, peer) in state.people.shown().enumerate().skip(first) {
        let Some(peer) = peer else { continue };
        let lines = person(state, theme, peer, chosen == Some(at), has_focus);
        let hidden = if at == first { skipped } else { 0 };
        for (left, right) in lines.iter().skip(hidden) {
            let Some(area) = rows.next() else { return };
            row(buffer, area, left, right);
        }
    }
}

type Side = Vec<(String, Style)>;

/// A person or a group in one row; in another, lit apps or how many are in it.
fn person(state: &State, theme: Theme, peer: &Peer, chosen: bool, has_focus: bool) -> Vec<(Side, Side)> {
    let bar = match (chosen, has_focus) {
        (true, true) => ("▌".to_owned(), theme.focus()),
        (true, false) => ("▌".to_owned(), theme.quiet()),
        (false, _) => (" ".to_owned(), Style::new()),
    };
    let name = if chosen || peer.unread > 0 { theme.strong() } else { Style::new() };
    let mut right = Vec::new();
    if peer.compared == Compared::Different {
        right.push(("differs".to_owned(), theme.bad()));
    } else if peer.near {
        right.push(("near".to_owned(), theme.near()));
    }
    if peer.is_left() {
        right.push(("left".to_owned(), theme.quiet()));
    }
    if peer.unread > 0 {
        right.push((" ".to_owned(), Style::new()));
        right.push((format!(" {} ", peer.unread.min(999)), theme.badge()));
    }
    right.push((" ".to_owned(), Style::new()));
    let mut lines = vec![(vec![bar.clone(), sign(theme, peer), (peer.name.clone(), name)], right)];
    if !peer.lit.is_empty() {
        lines.push((vec![bar.clone(), (format!("  {}", lit_since(&peer.lit, state.now_ms)), theme.lit())], Vec::new()));
    }
    if let Some(circle) = peer.circle.as_ref().filter(|circle| circle.joined) {
        let near = match state.people.near_in(circle) {
            0 => String::new(),
            near => format!(", {near} near"),
        };
        lines.push((vec![bar, (format!("  {}{near}", people(circle.members.len())), theme.quiet())], Vec::new()));
    }
    lines
}

/// How many rows a person or a group has.
fn rows_for(peer: &Peer) -> usize {
    if peer.lit.is_empty() && (peer.circle.is_none() || peer.is_left()) { 1 } else { 2 }
}

/// The first person on the screen, and how many of their rows are above it, so that the chosen one is in the middle or
/// as near to it as there are people.
fn first_shown(state: &State, height: usize) -> (usize, usize) {
    let heights = || state.people.shown().map(|peer| peer.map_or(0, rows_for));
    let all: usize = heights().sum();
    let chosen: usize = heights().take(state.people.at().unwrap_or(0)).sum();
    let top = chosen.saturating_sub(height / 2).min(all.saturating_sub(height));
    let mut above = 0_usize;
    for (at, rows) in heights().enumerate() {
        if above.saturating_add(rows) > top {
            return (at, top.saturating_sub(above));
        }
        above = above.saturating_add(rows);
    }
    (0, 0)
}

fn nobody(state: &State, theme: Theme, buffer: &mut Buffer, inside: Rect) {
    let lines: &[&str] = match (state.people.count(), state.status.is_some()) {
        (0, true) => &["Nobody yet.", "", "/invite  for somebody", "/accept  an invite"],
        (0, false) => &[],
        _ => &["Nobody fits.", "Esc shows all again."],
    };
    for (area, line) in rows_of(inside).zip(lines) {
        row(buffer, area, &[(format!(" {line}"), theme.quiet())], &[]);
    }
}
