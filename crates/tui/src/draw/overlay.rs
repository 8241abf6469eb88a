use fast_qr::{ECL, QRBuilder};
use lamplit_rpc::api::{Compared, Invited, Safety};
use ratatui::{buffer::Buffer, style::Style, text::Line};

use super::{middle, row, rows_of, title};
use crate::{
    help,
    state::{Overlay, State},
    text::{tame_line, width, wrap},
    theme::Theme,
    time::local_in,
};

const CLOSING: &str = "c copies the link · Esc closes";
/// The widest that words get.
const WORDS: usize = 76;
/// Cells of a row of a safety code: four groups of five digits.
const CODE_ROW: usize = 23;

pub(super) fn draw(overlay: &Overlay, state: &State, theme: Theme, buffer: &mut Buffer) {
    match overlay {
        Overlay::Help { top } => help(theme, buffer, *top),
        Overlay::Invite(None) => {
            middle(theme, buffer, (30, 3), "Making an invite…", Line::default());
        }
        Overlay::Invite(Some(invited)) => invite(state, theme, buffer, invited),
        Overlay::Safety { shown: None, .. } => {
            middle(theme, buffer, (30, 3), "Looking for the code…", Line::default());
        }
        Overlay::Safety { name, shown: Some(safety), .. } => self::safety(theme, buffer, name, safety),
        Overlay::Forget { name, .. } => {
            let why = "You need a new invite to meet again.";
            question(theme, buffer, "Forget a contact", &format!("Forget {name}?"), why);
        }
        Overlay::Leave { name, .. } => {
            let why = "Its messages stay; others can add you again.";
            question(theme, buffer, "Leave a group", &format!("Leave {name}?"), why);
        }
    }
}

fn question(theme: Theme, buffer: &mut Buffer, title: &str, question: &str, why: &str) {
    let inside = middle(theme, buffer, (48, 6), title, Line::default());
    let lines = [question, why, ""].map(|line| (line, Style::new()));
    let lines = lines.into_iter().chain([("y yes · any other key no", theme.quiet())]);
    for (area, (line, style)) in rows_of(inside).zip(lines) {
        row(buffer, area, &[(format!(" {line}"), style)], &[]);
    }
}

fn help(theme: Theme, buffer: &mut Buffer, top: usize) {
    let screen = buffer.area;
    let (lines, end) = (help::rows(screen), help::end(screen));
    let below = if top < end { title("more below ↓", theme.focus(), screen.width) } else { Line::default() };
    let rows = u16::try_from(lines.len().saturating_add(2)).unwrap_or(u16::MAX);
    let inside = middle(theme, buffer, (help::WIDTH, rows), "Help", below);
    for (area, (key, does)) in rows_of(inside).zip(lines.into_iter().skip(top.min(end))) {
        row(buffer, area, &[(key, theme.focus()), (does, Style::new())], &[]);
    }
}

/// The code and the link, or as much of it as there is room for: the code is what a camera needs.
fn invite(state: &State, theme: Theme, buffer: &mut Buffer, invited: &Invited) {
    let whole = buffer.area;
    let most = usize::from(whole.width).saturating_sub(4).clamp(1, WORDS);
    let (code, columns) = qr(&invited.link);
    let around = aside(state, theme, invited, most);
    let closing = (CLOSING.to_owned(), theme.focus());
    let fits = |rows: usize| {
        columns.saturating_add(4) <= usize::from(whole.width) && rows.saturating_add(2) <= usize::from(whole.height)
    };
    let (code_alone, everything) =
        (code.len().saturating_add(1), code.len().saturating_add(around.len()).saturating_add(1));
    let left = most.max(columns).saturating_sub(columns) / 2;
    let code = code.iter().map(|line| (format!("{}{line}", " ".repeat(left)), theme.code()));
    let lines: Vec<(String, Style)> = if fits(everything) {
        code.chain(around).chain([closing]).collect()
    } else if fits(code_alone) {
        code.chain([closing]).collect()
    } else {
        let needed = format!("(the code needs {} × {} cells)", columns.saturating_add(4), code_alone.saturating_add(2));
        core::iter::once((needed, theme.quiet())).chain(around).chain([closing]).collect()
    };
    boxed(theme, buffer, "An invite", most.max(columns), lines);
}

/// Lines in the middle of the screen, with so many cells.
fn boxed(theme: Theme, buffer: &mut Buffer, above: &str, columns: usize, lines: Vec<(String, Style)>) {
    let cells = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let size = (cells(columns.saturating_add(4)), cells(lines.len().saturating_add(2)));
    let inside = middle(theme, buffer, size, above, Line::default());
    for (area, (line, style)) in rows_of(inside).zip(lines) {
        row(buffer, area, &[(format!(" {line}"), style)], &[]);
    }
}

/// The safety code with a contact, and what to do with it. Digits and words go before the code for a camera, which is there only where
/// all has room; where the codes differ nothing is left to compare.
fn safety(theme: Theme, buffer: &mut Buffer, name: &str, safety: &Safety) {
    let whole = buffer.area;
    let most = usize::from(whole.width).saturating_sub(4).clamp(1, WORDS);
    let digits = wrap(&tame_line(&safety.code), most.min(CODE_ROW)).into_iter().map(|line| (line, theme.strong()));
    let (style, sentences) = advice(theme, name, safety.compared);
    let words = sentences.iter().flat_map(|line| wrap(line, most)).map(|line| (line, style));
    let blank = || core::iter::once((String::new(), Style::new()));
    let closing = core::iter::once(("Esc closes".to_owned(), theme.focus()));
    let lines: Vec<(String, Style)> = if safety.compared == Compared::Different {
        words.chain(blank()).chain(digits).chain(closing).collect()
    } else {
        digits.chain(blank()).chain(words).chain(closing).collect()
    };
    let (code, columns) = qr(&safety.code);
    let fits = columns.saturating_add(4) <= usize::from(whole.width)
        && code.len().saturating_add(lines.len()).saturating_add(3) <= usize::from(whole.height);
    if safety.compared == Compared::Different || !fits {
        return boxed(theme, buffer, "The safety code", most, lines);
    }
    let left = most.max(columns).saturating_sub(columns) / 2;
    let code = code.iter().map(|line| (format!("{}{line}", " ".repeat(left)), theme.code()));
    let lines = code.chain(blank()).chain(lines).collect();
    boxed(theme, buffer, "The safety code", most.max(columns), lines);
}

/// What to do about a safety code.
fn advice(theme: Theme, name: &str, compared: Compared) -> (Style, Vec<String>) {
    match compared {
        Compared::NotYet => (
            theme.quiet(),
            vec![
                format!("Not compared yet. {name} sees the same with /safety, if nobody stands between you."),
                "Compare face to face, or in a call in which you know the voice; not by messages here.".to_owned(),
                "Then /safety same, or /safety differs.".to_owned(),
            ],
        ),
        Compared::Same => (theme.near(), vec![format!("Compared: {name} saw the same. /safety differs, if not.")]),
        Compared::Different => (
            theme.bad(),
            vec![
                format!("THE CODES DIFFER. Whoever you write to here may not be {name}, or somebody reads along."),
                "Look again, both of you, each at the code with the other. The same after all? /safety same".to_owned(),
                "If they still differ, say nothing here that is not for strangers. Then /forget, and meet again by an invite \
                 that goes from hand to hand."
                    .to_owned(),
            ],
        ),
    }
}

/// What stands beside the code: the link, and what to do with it.
fn aside(state: &State, theme: Theme, invited: &Invited, most: usize) -> Vec<(String, Style)> {
    let until = local_in(invited.expires_ms, state.zone.clone());
    let until = until.map(|(date, time)| format!("Good until {}, {time}, for one person.", date.strftime("%-d %B")));
    let words = until.into_iter().chain(["Hand it over in person, or on a way you trust.".to_owned()]);
    let blank = || core::iter::once((String::new(), Style::new()));
    let link = wrap(&tame_line(&invited.link), most).into_iter().map(|line| (line, theme.strong()));
    let words = words.flat_map(|line| wrap(&line, most)).map(|line| (line, theme.quiet()));
    blank().chain(link).chain(blank()).chain(words).collect()
}

/// The link in half blocks, and how many cells wide that is. None if it makes no code.
fn qr(link: &str) -> (Vec<String>, usize) {
    // Capitals mean the same in an invite, and need a third less room.
    let Ok(code) = QRBuilder::new(link.to_uppercase()).ecl(ECL::L).build() else { return (Vec::new(), 0) };
    let rows: Vec<String> = code.to_str().lines().map(str::to_owned).collect();
    let columns = rows.iter().map(|row| width(row)).max().unwrap_or(0);
    (rows, columns)
}
