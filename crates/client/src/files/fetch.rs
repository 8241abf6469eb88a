use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use lamplit_blob::{Ask, Layout, Part, Reply, Seal, Tree};
use lamplit_node::{FetchError, FileJob};
use lamplit_transport::{Lane, Lanes};
use tokio::{io::AsyncReadExt, sync::mpsc, time::timeout};

use super::{
    Doing, Folder, Transfers, background,
    folder::open_part,
    progress::Meter,
    serve::{read_piece, tree_of},
    steady,
    turns::Turn,
};
use crate::limits;

/// What is here of a file.
enum Begun {
    /// All of it, at that path: it had come, and then it was not kept that it had.
    Whole(PathBuf),
    Part(Box<Rest>),
}

/// What is needed to go on with a file.
struct Rest {
    part: PathBuf,
    file: File,
    tree: Option<Tree>,
    /// The first piece that is not here.
    from: u32,
}

/// Fetches what is missing of a file over a lane; where it is once it is whole.
pub(crate) async fn run(
    job: &FileJob,
    lanes: &dyn Lanes,
    folder: &Folder,
    transfers: &Transfers,
    turn: Turn,
) -> Result<PathBuf, FetchError> {
    let layout = Layout::new(job.size);
    let begun = {
        let (folder, job) = (folder.clone(), job.clone());
        blocking(&turn, move || begin(&job, layout, &folder).map_err(storage)).await?
    };
    let Rest { part, file, tree, from } = match begun {
        Begun::Whole(path) => return Ok(path),
        Begun::Part(rest) => *rest,
    };
    let meter = Arc::new(transfers.begin(job.blob, Doing::Fetching, job.size.bytes()));
    (0..from).for_each(|piece| meter.add(layout.piece_bytes(piece)));

    let mut lane = within(lanes.open()).await?.map_err(|_| FetchError::Broken)?;
    let ask = Ask { blob: job.blob, from, tree: tree.is_none() };
    steady::write(&mut lane.writer, &ask.encode()).await.map_err(|_| FetchError::Broken)?;
    let answer = within(lane.reader.read_u8()).await?.map_err(|_| FetchError::Broken)?;
    match Reply::try_from(answer) {
        Ok(Reply::Coming) => {}
        Ok(Reply::Busy) => return Err(FetchError::Busy),
        Ok(Reply::NotHere) | Err(_) => return Err(FetchError::NotThere),
    }
    let seal = Seal::new(&job.key, job.blob, layout);
    let tree = match tree {
        Some(tree) => tree,
        None => take_tree(job, layout, &seal, &mut lane, folder, &turn).await?,
    };
    let (came, pieces) = mpsc::channel(limits::PIECES_AHEAD);
    let (used, mut unused) = mpsc::channel(limits::PIECES_AHEAD);
    let keeping = {
        let (folder, meter, turn) = (folder.clone(), meter.clone(), turn.clone());
        let to = Kept { file: Arc::new(file), tree, seal, layout, folder, meter };
        let keep = move || {
            let kept = keep(pieces, &used, &to);
            drop(turn);
            kept
        };
        tokio::spawn(background::run(keep))
    };
    let received = receive(&mut lane, layout, from, &came, &mut unused).await;
    drop(came);
    // What is wrong with what came says more than that it ended.
    keeping.await.ok().flatten().unwrap_or(Err(FetchError::Broken))?;
    received?;
    let (folder, blob, name) = (folder.clone(), job.blob, job.name.clone());
    blocking(&turn, move || folder.finish(blob, &part, &name).map_err(storage)).await
}

/// Looks at what is here already. Nothing is believed that the tree does not prove, so no crash can have spoilt it.
fn begin(job: &FileJob, layout: Layout, folder: &Folder) -> io::Result<Begun> {
    if let Some(path) = folder.finished(job.blob).filter(|path| is_whole(path, job, layout)) {
        return Ok(Begun::Whole(path));
    }
    let part = folder.part(job.blob)?;
    let file = open_part(&part)?;
    let tree = folder.tree(job);
    let mut from = 0;
    if let Some(tree) = &tree {
        let proved = |piece: &u32| read_piece(&file, layout, *piece).is_ok_and(|bytes| tree.proves(*piece, &bytes));
        from = u32::try_from((0..layout.pieces()).take_while(proved).count()).unwrap_or(0);
    }
    let missing = job.size.bytes().saturating_sub(layout.offset(from));
    if !folder.has_room(missing)? {
        return Err(io::Error::from(io::ErrorKind::StorageFull));
    }
    Ok(Begun::Part(Box::new(Rest { part, file, tree, from })))
}

/// Whether there is all of a file at a path.
fn is_whole(path: &Path, job: &FileJob, layout: Layout) -> bool {
    File::open(path).is_ok_and(|file| tree_of(&file, job, layout).is_ok())
}

async fn take_tree(
    job: &FileJob,
    layout: Layout,
    seal: &Seal,
    lane: &mut Lane,
    folder: &Folder,
    turn: &Turn,
) -> Result<Tree, FetchError> {
    let mut bytes = vec![0; layout.sealed_tree_bytes()];
    steady::read(&mut lane.reader, &mut bytes).await.map_err(|_| FetchError::Broken)?;
    seal.open(Part::Tree, &mut bytes).map_err(|_| FetchError::Lied)?;
    let tree = Tree::parse(layout, &bytes, &job.hash).map_err(|_| FetchError::Lied)?;
    let (folder, blob, kept) = (folder.clone(), job.blob, tree.clone());
    blocking(turn, move || folder.keep_tree(blob, &kept).map_err(storage)).await?;
    Ok(tree)
}

/// Hands the pieces on as they come.
async fn receive(
    lane: &mut Lane,
    layout: Layout,
    from: u32,
    came: &mpsc::Sender<(u32, Vec<u8>)>,
    unused: &mut mpsc::Receiver<Vec<u8>>,
) -> Result<(), FetchError> {
    for piece in from..layout.pieces() {
        let mut bytes = unused.try_recv().unwrap_or_default();
        bytes.resize(layout.sealed_piece_bytes(piece), 0);
        tokio::select! {
            read = steady::read(&mut lane.reader, &mut bytes) => read.map_err(|_| FetchError::Broken)?,
            // What came before was no good: nothing more is waited for.
            () = came.closed() => return Ok(()),
        }
        if came.send((piece, bytes)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Where pieces go.
struct Kept {
    file: Arc<File>,
    tree: Tree,
    seal: Seal,
    layout: Layout,
    folder: Folder,
    meter: Arc<Meter>,
}

/// Opens, proves and writes pieces, each before the next; at the end all of it is on the disk.
fn keep(mut pieces: mpsc::Receiver<(u32, Vec<u8>)>, used: &mpsc::Sender<Vec<u8>>, to: &Kept) -> Result<(), FetchError> {
    let mut unsynced: usize = 0;
    let mut syncing: Option<thread::JoinHandle<io::Result<()>>> = None;
    while let Some((piece, mut bytes)) = pieces.blocking_recv() {
        to.seal.open(Part::Piece(piece), &mut bytes).map_err(|_| FetchError::Lied)?;
        if !to.tree.proves(piece, &bytes) {
            return Err(FetchError::Lied);
        }
        to.file.write_all_at(&bytes, to.layout.offset(piece)).map_err(storage)?;
        to.meter.add(bytes.len());
        unsynced = unsynced.saturating_add(bytes.len());
        // To be used again; if there are enough, it is let go of.
        let _ = used.try_send(bytes);
        if unsynced >= limits::SYNC_BYTES {
            unsynced = 0;
            if !to.folder.has_room(0).map_err(storage)? {
                return Err(storage(io::Error::from(io::ErrorKind::StorageFull)));
            }
            // Beside the writing, but never two at a time: the disk is at most so much behind.
            synced(syncing.take())?;
            let file = to.file.clone();
            syncing = Some(thread::spawn(move || file.sync_data()));
        }
    }
    synced(syncing)?;
    to.file.sync_all().map_err(storage)
}

fn synced(syncing: Option<thread::JoinHandle<io::Result<()>>>) -> Result<(), FetchError> {
    let Some(syncing) = syncing else { return Ok(()) };
    syncing.join().unwrap_or_else(|_| Err(io::Error::other("a thread ended"))).map_err(storage)
}

async fn within<T>(what: impl Future<Output = T>) -> Result<T, FetchError> {
    timeout(limits::STALLED, what).await.map_err(|_| FetchError::Broken)
}

/// Does what waits for the disk. Nobody else touches the file before it is done, also if nobody waits for it any more.
async fn blocking<T: Send + 'static>(
    turn: &Turn,
    work: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
) -> Result<T, FetchError> {
    let turn = turn.clone();
    let work = move || {
        let result = work();
        drop(turn);
        result
    };
    background::run(work).await.unwrap_or(Err(FetchError::Broken))
}

fn storage(error: io::Error) -> FetchError {
    let free = limits::FREE_BYTES >> 20;
    FetchError::Storage(match error.kind() {
        io::ErrorKind::StorageFull => {
            format!("the disk has no room for it beside the {free} MiB that stay free: make some")
        }
        _ => error.to_string(),
    })
}
