//! The methods about files.

use std::path::PathBuf;

use data_encoding::BASE64;
use lamplit_client::{
    Command, Handle, SendFailed,
    files::{Doing, Manner, PrepareError},
    view,
};
use lamplit_types::{BlobId, FileLimit, MessageId};

use super::{Serve, done, fit, invalid, text};
use crate::{
    api::{
        CancelFile, Done, FetchFile, FileNow, FilePage, FileSpace, GetFile, GetFileSpace, GetFiles, GetPreview,
        GetTransfers, Preview, Said, SendFile, SetFileLimit, Transfer, TransferKind, Transfers,
    },
    convert,
    frame::{Error, ErrorCode},
    limits,
};

impl Serve for SendFile {
    async fn serve(self, handle: &Handle) -> Result<Said, Error> {
        let path = PathBuf::from(self.path);
        if !path.is_absolute() {
            return Err(invalid("the path of a file begins with /, since the daemon has a directory of its own"));
        }
        let caption = self.caption.map(text).transpose()?;
        let manner = Manner { caption, keep_metadata: self.keep_metadata };
        let id = handle.send_file(super::conversation(&self.conversation)?, path, manner).await?;
        Ok(Said { id: id.to_string() })
    }
}

impl Serve for GetFiles {
    async fn serve(self, handle: &Handle) -> Result<FilePage, Error> {
        let after = self.after.as_deref().map(blob).transpose()?;
        let limit = self.limit.unwrap_or(limits::PAGE).clamp(1, limits::PAGE);
        let mut page = handle.read(move |read| view::files(read, after, limit.saturating_add(1))).await?;
        let more = page.len() > limit;
        page.truncate(limit);
        let files = page.into_iter().map(|file| convert::message(file, &Vec::new())).collect();
        let (files, cut) = fit(files, limits::PAGE_BYTES)?;
        Ok(FilePage { files, more: more || cut })
    }
}

impl Serve for GetFile {
    async fn serve(self, handle: &Handle) -> Result<FileNow, Error> {
        let id = message(&self.message)?;
        let found = handle.read(move |read| view::message(read, id)).await?;
        let found = found.map(|found| convert::message(found, &Vec::new()));
        let Some((message, file)) = found.and_then(|found| Some((found.clone(), found.file?))) else {
            return Err(Error::new(
                ErrorCode::BadFile,
                "no message of that id is a file: `files` lists those that are",
            ));
        };
        let mut transfers = transfers(handle);
        transfers.retain(|transfer| transfer.file == file.id);
        Ok(FileNow { message, transfers })
    }
}

impl Serve for FetchFile {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        done(handle, Command::FetchFile(message(&self.message)?)).await
    }
}

impl Serve for CancelFile {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        done(handle, Command::CancelFile(message(&self.message)?)).await
    }
}

impl Serve for GetTransfers {
    async fn serve(self, handle: &Handle) -> Result<Transfers, Error> {
        Ok(Transfers { transfers: transfers(handle) })
    }
}

fn transfers(handle: &Handle) -> Vec<Transfer> {
    let transfers = handle.transfers().into_iter().map(|transfer| Transfer {
        file: transfer.blob.to_string(),
        kind: match transfer.doing {
            Doing::Reading => TransferKind::Reading,
            Doing::Fetching => TransferKind::Fetching,
            Doing::Serving => TransferKind::Serving,
        },
        done: transfer.done,
        total: transfer.total,
        trouble: transfer.trouble,
    });
    transfers.collect()
}

impl Serve for GetFileSpace {
    async fn serve(self, handle: &Handle) -> Result<FileSpace, Error> {
        let view::FileSpace { here, coming, limit } = handle.read(view::file_space).await?;
        Ok(FileSpace { here, coming, limit: limit.bytes(), free: handle.free_for_files().await.ok() })
    }
}

impl Serve for SetFileLimit {
    async fn serve(self, handle: &Handle) -> Result<Done, Error> {
        done(handle, Command::LimitFiles(FileLimit::new(self.limit).map_err(invalid)?)).await
    }
}

impl Serve for GetPreview {
    async fn serve(self, handle: &Handle) -> Result<Preview, Error> {
        let file = blob(&self.file)?;
        let jpeg = handle.read(move |read| view::preview(read, file)).await?;
        Ok(Preview { jpeg: jpeg.map(|jpeg| BASE64.encode(&jpeg)) })
    }
}

impl From<SendFailed> for Error {
    fn from(failed: SendFailed) -> Self {
        match failed {
            SendFailed::File(error) => {
                let code = match &error {
                    PrepareError::Picture { .. } => ErrorCode::BadPicture,
                    _ => ErrorCode::BadFile,
                };
                Self::new(code, error.to_string())
            }
            SendFailed::Busy => Self::new(ErrorCode::Full, failed.to_string()),
            SendFailed::Command(error) => error.into(),
        }
    }
}

fn message(hex: &str) -> Result<MessageId, Error> {
    bytes(hex).map(MessageId::from_bytes).ok_or_else(|| invalid("a message is named by 32 hexadecimal digits"))
}

fn blob(hex: &str) -> Result<BlobId, Error> {
    bytes(hex).map(BlobId::from_bytes).ok_or_else(|| invalid("a file is named by 32 hexadecimal digits"))
}

fn bytes(hex: &str) -> Option<[u8; 16]> {
    u128::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 32 && !hex.starts_with('+')).map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests;
