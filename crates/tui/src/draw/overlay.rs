use fast_qr::{ECL, QRBuilder};
use lamplit_rpc::api::Invited;
use ratatui::{buffer::Buffer, style::Style};

use super::{middle, row, rows_of};
use crate::{
    command,
    state::{Overlay, State},
    text::{cut, width, wrap},
    theme::Theme,
    time::local_in,
};

const KEYS: &[(&str, &str)] = &[
    ("Tab, Shift-Tab", "the next pane, the one before"),
    ("Ctrl-N", "the next person who said something"),
    ("Esc", "back; all people again"),
    ("Ctrl-C", "leave; the daemon goes on"),
    ("", ""),
    ("letters", "among the people: find by name, app or note"),
    ("Enter", "open the conversation; send what is typed"),
    ("Alt-Enter, Ctrl-J", "begin a new line"),
    ("PgUp, PgDn", "scroll the conversation"),
    ("Home, End", "its beginning, its end, if nothing is typed"),
    ("Ctrl-W, Ctrl-U", "delete a word, or all before the cursor"),
    ("", ""),
];
const MARKS: &[(&str, &str)] = &[("", ""), ("● ○", "on some app, on none"), ("· ✓ ✓✓", "kept here, delivered, read")];

pub(super) fn draw(overlay: &Overlay, state: &State, theme: Theme, buffer: &mut Buffer) {
    match overlay {
        Overlay::Help { top } => help(theme, buffer, *top),
        Overlay::Invite(None) => {
            middle(theme, buffer, (30, 3), "Making an invite…");
        }
        Overlay::Invite(Some(invited)) => invite(state, theme, buffer, invited),
        Overlay::Forget { name, .. } => {
            let text = [format!("Forget {name}?"), "You need a new invite to meet again.".to_owned()];
            let inside = middle(theme, buffer, (44, 6), "Forget a contact");
            let lines = text
                .iter()
                .map(|line| (line.as_str(), Style::new()))
                .chain([("", Style::new()), ("y yes · any other key no", theme.quiet())]);
            for (area, (line, style)) in rows_of(inside).zip(lines) {
                row(buffer, area, &[(format!(" {line}"), style)], &[]);
            }
        }
    }
}

fn help(theme: Theme, buffer: &mut Buffer, top: usize) {
    let commands = command::ALL.iter().map(|known| (format!("/{} {}", known.name, known.with), known.does));
    let owned = |rows: &[(&'static str, &'static str)]| {
        rows.iter().map(|(key, does)| ((*key).to_owned(), *does)).collect::<Vec<_>>()
    };
    let lines: Vec<(String, &str)> = owned(KEYS).into_iter().chain(commands).chain(owned(MARKS)).collect();
    let rows = u16::try_from(lines.len().saturating_add(2)).unwrap_or(u16::MAX);
    let inside = middle(theme, buffer, (78, rows), "Help");
    let keys = if inside.width < 60 { 15 } else { 20 };
    let top = top.min(lines.len().saturating_sub(usize::from(inside.height)));
    for (area, (key, does)) in rows_of(inside).zip(lines.iter().skip(top)) {
        let key = cut(key, keys);
        let aside = " ".repeat(keys.saturating_sub(width(&key)).saturating_add(1));
        row(buffer, area, &[(format!(" {key}{aside}"), theme.focus()), ((*does).to_owned(), Style::new())], &[]);
    }
}

/// The code if there is room for it, and the link.
fn invite(state: &State, theme: Theme, buffer: &mut Buffer, invited: &Invited) {
    let whole = buffer.area;
    let most = usize::from(whole.width).saturating_sub(4).clamp(1, 76);
    let link = wrap(&invited.link, most);
    let until = local_in(invited.expires_ms, state.zone.clone());
    let until = until.map(|(date, time)| format!("Good until {}, {time}, for one person.", date.strftime("%-d %B")));
    let words: Vec<String> =
        until.into_iter().chain(["Hand it over in person, or on a way you trust.".to_owned()]).collect();
    let (code, columns) = qr(&invited.link);
    let around = link.len().saturating_add(words.len()).saturating_add(6);
    let fits = code.len().saturating_add(around) <= usize::from(whole.height)
        && columns.saturating_add(4) <= usize::from(whole.width);
    let code = if fits { code } else { Vec::new() };
    let aside = most.max(columns).saturating_sub(columns) / 2;
    let mut lines: Vec<(String, Style)> =
        code.iter().map(|line| (format!("{}{line}", " ".repeat(aside)), theme.code())).collect();
    if !fits {
        lines.push((
            format!(
                "(the code needs {} × {} cells)",
                columns.saturating_add(4),
                code_rows(&invited.link).saturating_add(around)
            ),
            theme.quiet(),
        ));
    }
    lines.push((String::new(), Style::new()));
    lines.extend(link.into_iter().map(|line| (line, theme.strong())));
    lines.push((String::new(), Style::new()));
    lines.extend(words.into_iter().flat_map(|line| wrap(&line, most)).map(|line| (line, theme.quiet())));
    lines.push(("c copies the link · Esc closes".to_owned(), theme.focus()));
    let cells = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let size = (cells(most.max(columns).saturating_add(4)), cells(lines.len().saturating_add(2)));
    let inside = middle(theme, buffer, size, "An invite");
    for (area, (line, style)) in rows_of(inside).zip(lines) {
        row(buffer, area, &[(format!(" {line}"), style)], &[]);
    }
}

fn code_rows(link: &str) -> usize {
    qr(link).0.len()
}

/// The link in half blocks, and how many cells wide that is. None if it makes no code.
fn qr(link: &str) -> (Vec<String>, usize) {
    // Capitals mean the same in an invite, and need a third less room.
    let Ok(code) = QRBuilder::new(link.to_uppercase()).ecl(ECL::L).build() else { return (Vec::new(), 0) };
    let rows: Vec<String> = code.to_str().lines().map(str::to_owned).collect();
    let columns = rows.iter().map(|row| width(row)).max().unwrap_or(0);
    (rows, columns)
}
