//! What files from other devices take, and what they may take.

use lamplit_rpc::api::{FileSpace, GetFileSpace, SetFileLimit};

use super::Desk;
use crate::{
    args::Storage,
    bytes::bytes,
    failure::Failure,
    output::{Output, Style},
    table::{self, Cell},
};

pub(super) async fn run(desk: &Desk, Storage { limit }: Storage) -> Result<(), Failure> {
    let mut daemon = desk.connect().await?;
    if let Some(limit) = limit {
        daemon.call(SetFileLimit { limit: limit.bytes() }).await?;
    }
    let space = daemon.call(GetFileSpace {}).await?;
    desk.out.print(&space, || describe(desk.out, &space))?;
    Ok(())
}

fn describe(out: Output, space: &FileSpace) -> String {
    let taken = space.here.saturating_add(space.coming);
    let files = match space.coming {
        0 => format!("{} here", bytes(space.here)),
        coming => format!("{} here, {} on their way", bytes(space.here), bytes(coming)),
    };
    let left = match space.limit.checked_sub(taken) {
        None | Some(0) => "all of it taken: no more are fetched".to_owned(),
        Some(left) => format!("{} left", bytes(left)),
    };
    let free = space.free.map_or_else(|| "not known".to_owned(), |free| format!("{} on the disk", bytes(free)));
    let rows = [("files", files), ("limit", format!("{}, {left}", bytes(space.limit))), ("free", free)];
    let row = |(label, value): (&'static str, String)| {
        vec![Cell::new(label, |label| out.paint(Style::Dim, label)), value.into()]
    };
    let rows: Vec<Vec<Cell>> = rows.into_iter().map(row).collect();
    table::lines(&rows).join("\n")
}

#[cfg(test)]
mod tests;
