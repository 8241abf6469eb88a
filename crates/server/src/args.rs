use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// The sync server of Lamplit: keeps what is for devices that are away, and can read none of it.
///
/// Start it, and type the address it prints into your devices. Its key is in its data directory: who copies that directory
/// copies the server, and without the key no device knows it again. Devices reach it by UDP, so let that port through your
/// firewall. Each option may be said in the environment too, as LAMPLIT_SERVER_LISTEN for --listen, or in a file: see
/// `lamplit-server config`. LAMPLIT_LOG says what is logged, such as "debug"; no log says who was served.
#[derive(Debug, Parser)]
#[command(name = "lamplit-server", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: Run,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the server until it is told to stop (Ctrl-C, SIGTERM). This is what happens without a command too.
    Run(Run),
    /// Prints the server's address for devices, a line for each way to it.
    Address(Place),
    /// Prints a file of settings: each with what holds without it, and what it means.
    Config,
}

/// How it runs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Run {
    /// Say what would be used and who says so, and whether it can be; start nothing
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) place: Place,
}

/// Which server.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Place {
    /// A file of settings [default: lamplit-server.toml in its data directory, if that is there]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where its key and its store are [default: $XDG_DATA_HOME/lamplit-server or ~/.local/share/lamplit-server]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Where it listens: UDP. [::] takes IPv4 too [default: [::]:4433]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Whether anybody who has its address may open an account [default: true]
    #[arg(long, value_name = "true|false")]
    pub(crate) open: Option<bool>,
}
