use lamplit_rpc::api::{NearDevice, Nearby};
use ratatui::{buffer::Buffer, layout::Rect, style::Style, text::Line};

use super::{frame_around, lamp, row, rows_of, title};
use crate::{panes::Focus, state::State, theme::Theme, time::age, words::way};

type Side = Vec<(String, Style)>;

/// Who can be reached now and over what; where this device is.
pub(super) fn draw(state: &State, theme: Theme, buffer: &mut Buffer, area: Rect) {
    let has_focus = state.focus == Focus::Nearby;
    let style = if has_focus { theme.focus() } else { theme.strong() };
    let inside = frame_around(theme, buffer, area, title("Nearby", style, area.width), Line::default(), has_focus);
    let lines = match &state.nearby {
        Some(nearby) => lines(state, theme, nearby),
        None => Vec::new(),
    };
    let top = state.nearby_top.min(lines.len().saturating_sub(usize::from(inside.height)));
    for (area, left) in rows_of(inside).zip(lines.iter().skip(top)) {
        row(buffer, area, left, &[]);
    }
}

fn lines(state: &State, theme: Theme, nearby: &Nearby) -> Vec<Side> {
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
    let found =
        if nearby.discovery { ("found by others here", theme.near()) } else { ("not shown to others", theme.bad()) };
    lines.push(vec![(format!(" {}", found.0), found.1)]);
    lines.extend(nearby.addresses.iter().map(|address| quiet(address.clone())));
    lines
}

/// Over what a device is reached, and since when.
fn way_since(state: &State, device: &NearDevice) -> String {
    format!("{}, {}", way(device), age(state.now_ms, device.since_ms))
}
