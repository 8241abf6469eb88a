mod check;

use std::{
    io::{self, IsTerminal},
    path::absolute,
};

use anyhow::Context;
use lamplit_client::account::{self, Created, Kept, KeyringChoice};
use lamplit_types::Name;
use serde_json::json;

use super::Desk;
use crate::{
    args::{Init, Keyring},
    failure::Failure,
    output::{Output, Style},
    table::{self, Cell},
};

/// What is next.
const NEXT: &str = "\nStart with: lamplit run";
/// Words of the phrase that stand side by side.
const COLUMNS: usize = 3;

pub(super) async fn run(desk: &Desk, mut init: Init) -> Result<(), Failure> {
    let choice = match init.keyring {
        Keyring::Auto => KeyringChoice::Auto,
        Keyring::Never => KeyringChoice::Never,
        Keyring::Always => KeyringChoice::Always,
    };
    if let Some(code) = init.link.take() {
        return super::join::run(desk, init, choice, code).await;
    }
    if let Some(number) = init.recover.take() {
        return super::recover::run(desk, init, choice, number).await;
    }
    let name = Name::parse(&init.name.unwrap_or_else(login_name)).map_err(anyhow::Error::new)?;
    // Shown and used as it is, wherever the shell stands.
    let data = absolute(&desk.data).context("the data directory has no absolute path")?;
    let created = account::create(&data, name.clone(), choice).map_err(anyhow::Error::new)?;
    let words: Vec<&str> = created.phrase.words().collect();
    let json = json!({
        "account": created.account.to_string(),
        "device": created.device.to_string(),
        "name": name.as_str(),
        "phrase": words,
        "keys": match created.kept { Kept::Keyring => "keyring", Kept::File(_) => "file" },
        "data": data,
    });
    desk.out.print(&json, || describe(desk.out, &name, &words, &created))?;
    if !desk.out.is_json() && io::stdin().is_terminal() && io::stdout().is_terminal() {
        // The id of the account was drawn a moment ago.
        let places = check::places(created.account.as_bytes(), words.len());
        check::ask(&mut io::stdin().lock(), &mut io::stdout().lock(), &words, &places)?;
    }
    desk.out.text(NEXT)?;
    Ok(())
}

fn describe(out: Output, name: &Name, words: &[&str], created: &Created) -> String {
    let title = out.paint(Style::Bold, "Your recovery phrase");
    format!(
        "Welcome, {name}. Your account is made.\n\n\
         {title}, shown this once and kept nowhere:\n\n{}\n\n\
         Write it on paper, with the numbers, and keep it where nobody else looks. Whoever has it is you; without it,\n\
         an account whose devices are lost cannot be opened again.\n\n\
         This device's keys are kept in {}.",
        numbered(out, words).join("\n"),
        created.kept,
    )
}

/// The words with their numbers, down the columns, as they are read from paper.
fn numbered(out: Output, words: &[&str]) -> Vec<String> {
    let rows = words.len().div_ceil(COLUMNS);
    let cell = |index: usize| {
        let word = words.get(index)?;
        let plain = format!("{:>4}. {word}", index.saturating_add(1));
        Some(Cell::new(plain, |text| out.paint(Style::Bold, text)))
    };
    let row =
        |row: usize| (0..COLUMNS).filter_map(|column| cell(column.saturating_mul(rows).saturating_add(row))).collect();
    table::lines(&(0..rows).map(row).collect::<Vec<Vec<Cell>>>())
}

fn login_name() -> String {
    let variable = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    variable.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "Somebody".to_owned())
}
