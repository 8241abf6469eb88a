//! The lamplit program: a daemon and the commands that talk to it.

mod args;
mod commands;
mod failure;
mod hidden;
mod output;
mod qr;
mod table;
mod waiting;
mod who;

use std::process::ExitCode;

use clap::Parser;
use lamplit_tui::{bytes, time};

use crate::{args::Args, output::complain};

fn main() -> ExitCode {
    let args = Args::parse();
    let json = args.global.json;
    match commands::run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            complain(json, &failure.message());
            failure.code()
        }
    }
}
