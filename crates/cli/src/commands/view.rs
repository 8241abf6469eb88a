use std::{
    future::pending,
    io::{self, IsTerminal},
};

use anyhow::anyhow;
use lamplit_tui::View;

use super::Desk;
use crate::{failure::Failure, output::colours};

pub(super) async fn run(desk: &Desk) -> Result<(), Failure> {
    check(desk)?;
    // Whoever starts it without a daemon is told; one that stops later is waited for.
    drop(desk.connect().await?);
    Ok(view(desk)?.run(pending()).await?)
}

/// Whether there is a terminal to show it on.
pub(super) fn check(desk: &Desk) -> Result<(), Failure> {
    if !desk.out.is_json() && io::stdin().is_terminal() && io::stdout().is_terminal() {
        return Ok(());
    }
    Err(Failure::Other(anyhow!(
        "the view needs a terminal, and has no JSON: `lamplit contacts` and `lamplit history` do without"
    )))
}

/// The view of the daemon on this data.
pub(super) fn view(desk: &Desk) -> Result<View, Failure> {
    Ok(View { socket: desk.socket()?, colours: colours(true) })
}
