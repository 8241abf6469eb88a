use std::env;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, Subcommand};

/// Where it listens if nobody says.
pub(crate) const LISTEN: SocketAddr = SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 4433, 0, 0));

/// The sync server of Lamplit: keeps what is for devices that are away, and can read none of it.
///
/// Start it, and type the address it prints into your devices. Its key is in its data directory: who copies that directory
/// copies the server, and without the key no device knows it again. Devices reach it by UDP, so let that port through your
/// firewall. LAMPLIT_LOG says what is logged, such as "debug"; no log says who was served.
#[derive(Debug, Parser)]
#[command(name = "lamplit-server", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the server until it is told to stop (Ctrl-C, SIGTERM). This is what happens without a command too.
    Run(Place),
    /// Prints the server's address for devices, a line for each way to it.
    Address(Place),
}

/// Which server.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Place {
    /// Where its key and its store are [default: $XDG_DATA_HOME/lamplit-server or ~/.local/share/lamplit-server]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Where it listens: UDP. [::] takes IPv4 too [default: [::]:4433]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) listen: Option<SocketAddr>,
}

impl Place {
    pub(crate) fn data(&self) -> anyhow::Result<PathBuf> {
        if let Some(data) = &self.data {
            return Ok(data.clone());
        }
        let of = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = of("XDG_DATA_HOME").or_else(|| of("HOME").map(|home| home.join(".local/share")));
        Ok(base.context("this user has no home: say where its data is with --data")?.join("lamplit-server"))
    }

    pub(crate) fn listen(&self) -> SocketAddr {
        self.listen.unwrap_or(LISTEN)
    }
}
