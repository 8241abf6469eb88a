//! The methods about safety codes.

use lamplit_client::{Command, CommandError, CommandFailed, Handle, identity::SafetyCode, view};
use lamplit_types::AccountId;

use super::{Serve, account, done, invalid};
use crate::{
    api::{Done, GetSafety, MarkSafety, Safety},
    frame::Error,
};

impl Serve for GetSafety {
    async fn serve(self, handle: &Handle) -> Result<Safety, Error> {
        let shown = shown(handle, account(&self.contact)?).await?;
        Ok(Safety { code: shown.code.to_string(), compared: shown.compared.into() })
    }
}

impl Serve for MarkSafety {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        let (contact, given) = (account(&self.contact)?, self.code.parse::<SafetyCode>().map_err(invalid)?);
        let shown = shown(handle, contact).await?;
        if shown.code != given {
            return Err(CommandFailed::from(CommandError::CodesDiffer).into());
        }
        done(handle, Command::KeepCompared { contact, root: shown.root, compared: self.compared.into() }).await
    }
}

async fn shown(handle: &Handle, contact: AccountId) -> Result<view::SafetyView, Error> {
    let shown = handle.read(move |read| view::safety(read, contact)).await?;
    shown.ok_or_else(|| CommandFailed::from(CommandError::UnknownContact).into())
}

#[cfg(test)]
mod tests;
