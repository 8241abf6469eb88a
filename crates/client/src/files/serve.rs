use std::{fs::File, io, os::unix::fs::FileExt};

use lamplit_blob::{Ask, Layout, Part, Reply, Seal, Tree, TreeBuilder};
use lamplit_node::FileJob;
use lamplit_transport::Lane;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};

use super::{Doing, Folder, Transfers, background, folder::is_gone, progress::Meter, steady};
use crate::limits;

/// Why a file could not be served to its end.
#[derive(Debug)]
pub(crate) enum ServeError {
    /// It is not there any more, or is not what it was.
    Lost,
    /// It cannot be read now. Whoever asked asks again.
    Unreadable(io::Error),
}

impl From<io::Error> for ServeError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // Gone, another thing in its place, or shorter than it was.
            io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::UnexpectedEof => Self::Lost,
            _ => Self::Unreadable(error),
        }
    }
}

/// Answers on a lane: with the file, or why it does not come. Whatever breaks the lane, the other side asks again.
pub(crate) async fn run(
    job: Result<FileJob, Reply>,
    ask: Ask,
    mut lane: Lane,
    folder: &Folder,
    transfers: &Transfers,
) -> Result<(), ServeError> {
    let job = match job {
        Ok(job) => job,
        Err(reply) => {
            let _ = steady::write(&mut lane.writer, &[reply as u8]).await;
            let _ = lane.writer.shutdown().await;
            return Ok(());
        }
    };
    let layout = Layout::new(job.size);
    let meter = transfers.begin(job.blob, Doing::Serving, job.size.bytes());
    let (sealed, mut sealed_parts) = mpsc::channel(limits::PIECES_AHEAD);
    let (used, unused) = mpsc::channel(limits::PIECES_AHEAD);
    let folder = folder.clone();
    let reading = tokio::spawn(background::run(move || read(&job, ask, layout, &folder, &sealed, unused)));
    if steady::write(&mut lane.writer, &[Reply::Coming as u8]).await.is_ok() {
        for skipped in 0..ask.from.min(layout.pieces()) {
            meter.add(layout.piece_bytes(skipped));
        }
        send(&mut lane.writer, &mut sealed_parts, &used, &meter).await;
    }
    // Lets the reader see that nobody wants more.
    drop(sealed_parts);
    let read = reading.await.ok().flatten().unwrap_or(Ok(()));
    if read.is_ok() {
        let _ = lane.writer.shutdown().await;
    }
    read
}

async fn send(
    writer: &mut (dyn AsyncWrite + Send + Sync + Unpin),
    parts: &mut mpsc::Receiver<(Part, Vec<u8>)>,
    used: &mpsc::Sender<Vec<u8>>,
    meter: &Meter,
) {
    while let Some((part, bytes)) = parts.recv().await {
        if steady::write(writer, &bytes).await.is_err() {
            return;
        }
        if let Part::Piece(_) = part {
            meter.add(bytes.len().saturating_sub(lamplit_blob::SEALING_BYTES));
        }
        // To be used again; if there are enough, it is let go of.
        let _ = used.try_send(bytes);
    }
}

/// Reads, checks and seals what was asked for, until nobody wants more.
fn read(
    job: &FileJob,
    ask: Ask,
    layout: Layout,
    folder: &Folder,
    sealed: &mpsc::Sender<(Part, Vec<u8>)>,
    mut unused: mpsc::Receiver<Vec<u8>>,
) -> Result<(), ServeError> {
    let place = job.place.as_ref().ok_or(ServeError::Lost)?;
    let file = File::open(place).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if !is_gone(place.as_ref()) => ServeError::Unreadable(error),
        _ => error.into(),
    })?;
    let tree = match folder.tree(job) {
        Some(tree) => tree,
        None => {
            let tree = tree_of(&file, job, layout)?;
            // If it cannot be kept it is made again the next time.
            let _ = folder.keep_tree(job.blob, &tree);
            tree
        }
    };
    let seal = Seal::new(&job.key, job.blob, layout);
    let put =
        |part, mut bytes: Vec<u8>| seal.seal(part, &mut bytes).is_ok() && sealed.blocking_send((part, bytes)).is_ok();
    if ask.tree && !put(Part::Tree, tree.to_bytes()) {
        return Ok(());
    }
    for piece in ask.from..layout.pieces() {
        let mut bytes = unused.try_recv().unwrap_or_default();
        read_into(&mut bytes, &file, layout, piece)?;
        // Only what the tree proves is ever sealed: see `Seal`.
        if !tree.proves(piece, &bytes) {
            return Err(ServeError::Lost);
        }
        if !put(Part::Piece(piece), bytes) {
            return Ok(());
        }
    }
    Ok(())
}

/// The tree of a file whose own was lost, unless it is another file.
pub(super) fn tree_of(file: &File, job: &FileJob, layout: Layout) -> Result<Tree, ServeError> {
    let mut tree = TreeBuilder::new(layout);
    for piece in 0..layout.pieces() {
        tree.push(&read_piece(file, layout, piece)?);
    }
    tree.finish().ok().filter(|tree| tree.root() == job.hash).ok_or(ServeError::Lost)
}

/// One piece of a file, with room to be sealed in.
pub(crate) fn read_piece(file: &File, layout: Layout, piece: u32) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_into(&mut bytes, file, layout, piece)?;
    Ok(bytes)
}

fn read_into(bytes: &mut Vec<u8>, file: &File, layout: Layout, piece: u32) -> io::Result<()> {
    bytes.reserve_exact(layout.sealed_piece_bytes(piece).saturating_sub(bytes.len()));
    bytes.resize(layout.piece_bytes(piece), 0);
    file.read_exact_at(bytes, layout.offset(piece))
}
