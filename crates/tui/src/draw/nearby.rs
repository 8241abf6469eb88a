use lamplit_rpc::api::{FileSpace, Hearing, NearDevice, Nearby};
use ratatui::{buffer::Buffer, layout::Rect, style::Style, text::Line};

use super::{frame_around, lamp, row, rows_of, title};
use crate::{
    bytes::bytes,
    hearing,
    panes::Focus,
    state::State,
    text::{self, wrap},
    theme::Theme,
    time::age,
    words::way,
};

/// Cells that stay free beside the text.
const MARGINS: usize = 2;

type Side = Vec<(String, Style)>;

/// Who can be reached now and over what; where this device is, and what files take on it.
pub(super) fn draw(state: &State, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let has_focus = state.focus == Focus::Nearby;
    let style = if has_focus { theme.focus() } else { theme.strong() };
    let inside = frame_around(theme, buffer, area, title("Nearby", style, area.width), Line::default(), has_focus);
    let lines = match &state.nearby {
        Some(nearby) => lines(state, theme, nearby, usize::from(inside.width)),
        None => Vec::new(),
    };
    let top = state.nearby_top.min(lines.len().saturating_sub(usize::from(inside.height)));
    for (area, left) in rows_of(inside).zip(lines.iter().skip(top)) {
        row(buffer, area, left, &[]);
    }
}

fn lines(state: &State, theme: Theme, nearby: &Nearby, width: usize) -> Vec<Side> {
    let quiet = |text: String| vec![(format!(" {text}"), theme.quiet())];
    let mut lines: Vec<Side> = Vec::new();
    for person in &nearby.people {
        let blank = (" ".to_owned(), Style::new());
        lines.push(vec![blank, lamp(theme, &person.lit), (person.name.clone(), Style::new())]);
        lines.extend(person.devices.iter().map(|device| quiet(format!("  {}", way_since(state, device)))));
    }
    for device in &nearby.own {
        lines.push(vec![("   your other device".to_owned(), Style::new())]);
        lines.push(quiet(format!("  {}", way_since(state, device))));
    }
    if lines.is_empty() {
        lines.push(quiet("Nobody you know".to_owned()));
    }
    match nearby.strangers {
        0 => {}
        1 => lines.push(quiet("1 device of a stranger".to_owned())),
        many => lines.push(quiet(format!("{many} devices of strangers"))),
    }
    lines.push(Vec::new());
    lines.push(vec![(" This device".to_owned(), theme.strong())]);
    let style = match nearby.hearing {
        Hearing::Others => theme.near(),
        Hearing::Untested | Hearing::Alone => theme.quiet(),
        Hearing::Off | Hearing::NoNetwork | Hearing::Blocked => theme.bad(),
    };
    lines.push(vec![(format!(" {}", hearing::briefly(nearby.hearing)), style)]);
    let advice = hearing::advice(nearby.hearing, hearing::KEYS).unwrap_or_default();
    lines.extend(advice.lines().flat_map(|advice| wrap(advice, width.saturating_sub(MARGINS))).map(quiet));
    lines.extend(nearby.addresses.iter().map(|address| quiet(address.clone())));
    lines.extend(state.space.iter().flat_map(|space| files(theme, space, width)));
    lines
}

/// What files from other devices take of what they may: in one row, or in two where that is too narrow.
fn files(theme: Theme, space: &FileSpace, room: usize) -> Vec<Side> {
    let taken = space.here.saturating_add(space.coming);
    let is_full = taken >= space.limit;
    let style = if is_full { theme.bad() } else { theme.quiet() };
    let (taken, limit) = (format!(" files {}", bytes(taken)), format!(" of {}", bytes(space.limit)));
    let whole = format!("{taken}{limit}");
    let mut rows = if text::width(&whole) <= room { vec![whole] } else { vec![taken, format!("  {limit}")] };
    if is_full {
        rows.push(" no more are fetched".to_owned());
    }
    rows.into_iter().map(|row| vec![(row, style)]).collect()
}

/// Over what a device is reached, and since when.
fn way_since(state: &State, device: &NearDevice) -> String {
    format!("{}, {}", way(device), age(state.now_ms, device.since_ms))
}
