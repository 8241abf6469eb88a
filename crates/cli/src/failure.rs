use std::{io, process::ExitCode};

use lamplit_rpc::{CallError, ConnectError};

/// Why a command ends without having done what it should. The exit codes are part of the interface: `lamplit --help`
/// lists them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Refused, or failed.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
    /// No daemon.
    #[error(transparent)]
    NoDaemon(#[from] ConnectError),
    /// The daemon says no.
    #[error(transparent)]
    Call(#[from] CallError),
    /// No such contact, or more than one.
    #[error("{0}")]
    Who(String),
    /// It took too long.
    #[error("{0}")]
    Timeout(String),
    /// Standard output failed.
    #[error("nothing can be printed: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::NoDaemon(ConnectError::NoDaemon) => 3,
            Self::Who(_) => 4,
            Self::Timeout(_) => 5,
            Self::Other(_) | Self::NoDaemon(_) | Self::Call(_) | Self::Output(_) => 1,
        })
    }

    /// What was wrong and what to do, with the causes that are not said already.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Other(error) => format!("{error:#}"),
            error => error.to_string(),
        }
    }

    /// Whether whoever read the output has gone, which is nobody's failure.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
