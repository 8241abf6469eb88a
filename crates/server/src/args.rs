use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::settings::Status;

/// The sync server of Lamplit: keeps what is for devices that are away, and can read none of it.
///
/// Start it, and type the address it prints into your devices. Its key is in its data directory: who copies that directory
/// copies the server, and without the key no device knows it again. Devices reach it by UDP, so let that port through your
/// firewall. Each option may be said in the environment too, as LAMPLIT_SERVER_LISTEN for --listen, or in a file: see
/// `lamplit-server config`. How codes go to telephones is said in that file alone; LAMPLIT_SERVER_SMS, which is off or log, comes
/// before it, and LAMPLIT_SERVER_CODES_OF_ALL, such as 500,6, before how many of them there are. LAMPLIT_LOG says what is logged,
/// such as "debug"; no log says who was served, unless quinn, which makes the connections, is named there.
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
    /// Copies the store to a new file, while the server runs or not. The running server writes it: into a place where it may.
    Backup {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        at: Where,
    },
    /// Makes a store from a backup, if there is none. The server must not run.
    Restore {
        /// The backup
        file: PathBuf,
        #[command(flatten)]
        at: Where,
    },
    /// Reads all of the store, or of a backup, and says whether it is sound. No server may have it open.
    Verify {
        /// The file [default: the store in the data directory]
        file: Option<PathBuf>,
        #[command(flatten)]
        at: Where,
    },
    /// Says how the running server stands.
    Stats {
        /// As JSON: {"accounts", "connections", "uptime_seconds", "store_bytes"}
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        at: Where,
    },
    /// Prints a file of settings: each with what holds without it, and what it means.
    Config,
    /// Prints the manual page: `lamplit-server manual | man -l -`.
    Manual,
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

/// Where a server's things are.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Where {
    /// A file of settings [default: lamplit-server.toml in its data directory, if that is there]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where its key and its store are [default: $XDG_DATA_HOME/lamplit-server or ~/.local/share/lamplit-server]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Which server.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Place {
    #[command(flatten)]
    pub(crate) at: Where,
    /// Where it listens: UDP. [::] takes IPv4 too [default: [::]:4433]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Whether anybody who has its address may open an account [default: true]
    #[arg(long, value_name = "true|false")]
    pub(crate) open: Option<bool>,
    /// Where programs on this machine may ask by HTTP for /metrics, /healthz and /readyz, or "off" [default: off]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) status: Option<Status>,
}
