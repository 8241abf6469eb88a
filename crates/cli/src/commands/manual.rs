//! What the command line tells about itself: to shells and to `man`.

use std::{fs, io::Write, path::Path};

use anyhow::{Context, anyhow};
use clap::CommandFactory;
use serde_json::json;

use crate::{
    args::{Args, Completions, Man},
    failure::Failure,
    output::Output,
};

pub(super) fn completions(Completions { shell }: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(*shell, &mut Args::command(), "lamplit", &mut script);
    print(&script)
}

pub(super) fn pages(out: Output, Man { out: folder }: &Man) -> Result<(), Failure> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Args::command()).render(&mut page)?;
        return print(&page);
    };
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let pages = write(folder).with_context(|| format!("the pages cannot be written into {}", folder.display()))?;
    out.print(&json!({ "pages": pages }), || format!("{} pages are in {}.", pages.len(), folder.display()))?;
    Ok(())
}

/// A page for the program and one for each command. Returns their paths.
fn write(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    let commands: Vec<clap::Command> =
        program.get_subcommands().filter(|command| !command.is_hide_set()).cloned().collect();
    let mut pages = vec![page(folder, program.clone())?];
    for command in commands {
        pages.push(page(folder, command)?);
    }
    Ok(pages)
}

fn page(folder: &Path, command: clap::Command) -> anyhow::Result<String> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let path = folder.join(format!("{name}.1"));
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    fs::write(&path, page)?;
    path.into_os_string().into_string().map_err(|path| anyhow!("{} is no text", path.display()))
}

fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()?;
    Ok(())
}
