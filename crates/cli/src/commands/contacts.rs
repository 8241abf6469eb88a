use lamplit_rpc::api::{Compared, Contact, LitApp};

use super::{Desk, status::by};
use crate::{
    failure::Failure,
    output::{Output, Style, safe},
    table::{self, Cell},
    time, who,
};

pub(super) async fn run(desk: &Desk) -> Result<(), Failure> {
    let mut contacts = who::all(&mut desk.connect().await?).await?;
    // Whoever is on comes first, then whoever is near, then by name.
    contacts.sort_by_key(|contact| (contact.lit.is_empty(), !contact.near, contact.name.to_lowercase()));
    if desk.out.is_json() {
        for contact in &contacts {
            desk.out.print(contact, String::new)?;
        }
        return Ok(());
    }
    if contacts.is_empty() {
        desk.out.line("Nobody yet: `lamplit invite` makes an invite for somebody, `lamplit accept` takes one.")?;
        return Ok(());
    }
    for line in table::lines(&rows(desk.out, &contacts)) {
        desk.out.line(&line)?;
    }
    Ok(())
}

fn rows(out: Output, contacts: &[Contact]) -> Vec<Vec<Cell>> {
    // Who shows no number needs no room for one, and whoever compared no code none for that.
    let shown = Shown {
        numbers: contacts.iter().any(|contact| contact.number.is_some()),
        codes: contacts.iter().any(|contact| contact.compared != Compared::NotYet),
    };
    let head = ["NAME", "NEAR", "UNREAD", "ON", "NUMBER", "CODE", "NOTE"].into_iter().filter(|title| match *title {
        "NUMBER" => shown.numbers,
        "CODE" => shown.codes,
        _ => true,
    });
    let head = head.map(|title| Cell::new(title, |title| out.paint(Style::Dim, title))).collect();
    let now = time::now_ms();
    let rows = contacts.iter().map(|contact| row(out, now, contact, shown));
    core::iter::once(head).chain(rows).collect()
}

/// Columns that are not always there.
#[derive(Clone, Copy)]
struct Shown {
    numbers: bool,
    codes: bool,
}

fn row(out: Output, now: u64, contact: &Contact, shown: Shown) -> Vec<Cell> {
    let bold = |text: &str| out.paint(Style::Bold, text);
    let unread = if contact.unread == 0 { String::new() } else { contact.unread.to_string() };
    let lit: Vec<String> = contact.lit.iter().map(|app| one(now, app)).collect();
    // A note may have lines; the table has one.
    let note = contact.note.as_deref().map(|note| safe(note).replace('\n', " ")).unwrap_or_default();
    let mut cells = vec![
        Cell::new(safe(&contact.name), bold),
        if contact.near { "near" } else { "" }.into(),
        Cell::new(unread, bold),
        Cell::new(lit.join(", "), |text| out.paint(Style::Lit, text)),
    ];
    if shown.numbers {
        cells.push(contact.number.as_deref().map(safe).unwrap_or_default().into());
    }
    if shown.codes {
        cells.push(match contact.compared {
            Compared::NotYet => "".into(),
            Compared::Same => "same".into(),
            Compared::Different => Cell::new("DIFFERS", |text| out.paint(Style::Bad, text)),
        });
    }
    cells.push(note.into());
    cells
}

fn one(now: u64, app: &LitApp) -> String {
    format!("{} ({}, {})", safe(&app.app), by(&app.source), time::age(now, app.since_ms))
}
