#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::{fs, io, path::PathBuf, sync::Mutex, time::Duration};

use lamplit_blob::{Layout, PIECE_BYTES, Part, Seal, TreeBuilder};
use lamplit_picture::{StripError, limits::PICTURE_BYTES};
use lamplit_transport::{Pending, SendError};
use lamplit_types::{FileName, limits::FILE_BYTES};
use tempfile::TempDir;
use tokio::io::{AsyncWriteExt, duplex, split};

use super::*;

/// A device that has a file, and one that fetches it; between them a lane that something may happen to.
struct Scene {
    here: TempDir,
    there: TempDir,
    transfers: Transfers,
}

/// What happens to the bytes that come to the one who fetches.
#[derive(Clone, Copy)]
enum Weather {
    Fair,
    /// The lane breaks after so many.
    Cut(usize),
    /// This one is another.
    Flipped(usize),
}

/// A lane to somebody who serves, once.
struct Direct(Mutex<Option<Lane>>);

impl Lanes for Direct {
    fn allow(&self) {}

    fn open(&self) -> Pending<'static, Result<Lane, SendError>> {
        let lane = self.0.lock().unwrap().take().ok_or(SendError::Closed);
        Box::pin(async { lane })
    }

    fn accept(&self) -> Pending<'static, Option<Lane>> {
        Box::pin(async { None })
    }
}

impl Scene {
    fn new() -> Self {
        Self { here: TempDir::new().unwrap(), there: TempDir::new().unwrap(), transfers: Transfers::default() }
    }

    fn folder(&self, dir: &TempDir) -> Folder {
        Folder::new(dir.path().join("files"))
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.here.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn prepare(&self, path: &std::path::Path) -> Result<FileJob, PrepareError> {
        let new = prepare(path, Manner::default(), &self.folder(&self.here), &self.transfers)?;
        let card = new.card;
        let (blob, key, hash, size) = (card.blob, card.key, card.hash, card.size);
        Ok(FileJob { blob, key, hash, size, name: card.name, place: Some(new.place) })
    }

    /// Fetches what is served; what came of both.
    async fn fetch(&self, job: &FileJob, weather: Weather) -> (Result<PathBuf, FetchError>, Result<(), ServeError>) {
        let ((near, mut middle), (mut other, far)) = (duplex(64 * 1024), duplex(64 * 1024));
        let (reader, writer) = split(near);
        let lanes = Direct(Mutex::new(Some(Lane { reader: Box::new(reader), writer: Box::new(writer) })));
        let serving = {
            let (job, folder, transfers) = (job.clone(), self.folder(&self.here), self.transfers.clone());
            tokio::spawn(async move {
                let (mut reader, writer) = split(far);
                let mut bytes = [0; ASK_BYTES];
                reader.read_exact(&mut bytes).await.unwrap();
                let lane = Lane { reader: Box::new(reader), writer: Box::new(writer) };
                serve::run(Ok(job), Ask::parse(&bytes).unwrap(), lane, &folder, &transfers).await
            })
        };
        let wire = tokio::spawn(async move {
            let mut ask = [0; ASK_BYTES];
            middle.read_exact(&mut ask).await.unwrap();
            other.write_all(&ask).await.unwrap();
            let (mut passed, mut buffer) = (0, vec![0; 10_000]);
            loop {
                let many = other.read(&mut buffer).await.unwrap_or(0);
                if many == 0 {
                    return;
                }
                match weather {
                    Weather::Cut(after) if passed + many > after => return,
                    Weather::Flipped(at) if (passed..passed + many).contains(&at) => buffer[at - passed] ^= 1,
                    _ => {}
                }
                passed += many;
                if middle.write_all(&buffer[..many]).await.is_err() {
                    return;
                }
            }
        });
        let mut fetching = job.clone();
        fetching.place = None;
        let turn = Turns::default().stand(job.blob).turn().await;
        let fetched = fetch::run(&fetching, &lanes, &self.folder(&self.there), &self.transfers, turn).await;
        drop(lanes);
        wire.abort();
        (fetched, serving.await.unwrap())
    }
}

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at / 3 + at / 4096) as u8).collect()
}

#[tokio::test]
async fn files_of_all_sizes_arrive_as_they_are() {
    let scene = Scene::new();
    for size in [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 5 * PIECE_BYTES + 77] {
        let bytes = pattern(size);
        let job = scene.prepare(&scene.file(&format!("{size}.bin"), &bytes)).unwrap();
        let (fetched, served) = scene.fetch(&job, Weather::Fair).await;
        let path = fetched.unwrap();
        assert_eq!(path.file_name().unwrap().to_str().unwrap(), format!("{size}.bin"));
        assert!(fs::read(path).unwrap() == bytes, "{size}");
        assert!(served.is_ok(), "{served:?}");
    }
    assert!(scene.transfers.all().is_empty(), "nothing is under way any more");
}

#[tokio::test]
async fn what_broke_off_goes_on_where_it_was() {
    let scene = Scene::new();
    let bytes = pattern(8 * PIECE_BYTES);
    let job = scene.prepare(&scene.file("film", &bytes)).unwrap();
    let (fetched, _) = scene.fetch(&job, Weather::Cut(5 * PIECE_BYTES + 1000)).await;
    assert_eq!(fetched, Err(FetchError::Broken));
    // The second time less is on its way than is missing of the whole: it would break again if all of it came.
    let (fetched, _) = scene.fetch(&job, Weather::Cut(5 * PIECE_BYTES)).await;
    assert!(fs::read(fetched.unwrap()).unwrap() == bytes);
}

#[tokio::test]
async fn what_was_spoilt_meanwhile_is_fetched_again() {
    let scene = Scene::new();
    let bytes = pattern(4 * PIECE_BYTES);
    let job = scene.prepare(&scene.file("film", &bytes)).unwrap();
    let (fetched, _) = scene.fetch(&job, Weather::Cut(3 * PIECE_BYTES + 1000)).await;
    assert_eq!(fetched, Err(FetchError::Broken));
    let part = scene.folder(&scene.there).part(job.blob).unwrap();
    let mut half = fs::read(&part).unwrap();
    half[PIECE_BYTES + 5] ^= 1;
    fs::write(&part, half).unwrap();
    let (fetched, _) = scene.fetch(&job, Weather::Fair).await;
    assert!(fs::read(fetched.unwrap()).unwrap() == bytes);
}

#[tokio::test]
async fn a_piece_that_lies_is_found_and_not_kept() {
    let scene = Scene::new();
    let bytes = pattern(3 * PIECE_BYTES);
    let job = scene.prepare(&scene.file("film", &bytes)).unwrap();
    // In the tree, and in the second piece.
    for at in [30, 2 * PIECE_BYTES] {
        let (fetched, _) = scene.fetch(&job, Weather::Flipped(at)).await;
        assert_eq!(fetched, Err(FetchError::Lied), "{at}");
        assert!(!scene.there.path().join("files/film").exists());
    }
    let (fetched, _) = scene.fetch(&job, Weather::Fair).await;
    assert!(fs::read(fetched.unwrap()).unwrap() == bytes);
}

#[tokio::test]
async fn who_has_the_key_and_lies_is_found_by_the_tree() {
    let scene = Scene::new();
    let job = scene.prepare(&scene.file("film", &pattern(2 * PIECE_BYTES))).unwrap();
    let layout = Layout::new(job.size);
    let false_piece = vec![9; PIECE_BYTES];
    let mut of_lies = TreeBuilder::new(layout);
    (0..layout.pieces()).for_each(|_| of_lies.push(&false_piece));
    let true_tree = scene.folder(&scene.here).tree(&job).unwrap();
    for tree in [true_tree, of_lies.finish().unwrap()] {
        let seal = Seal::new(&job.key, job.blob, layout);
        let (mut sealed_tree, mut sealed_piece) = (tree.to_bytes(), false_piece.clone());
        seal.seal(Part::Tree, &mut sealed_tree).unwrap();
        seal.seal(Part::Piece(0), &mut sealed_piece).unwrap();
        let (near, mut far) = duplex(4 * PIECE_BYTES);
        let (reader, writer) = split(near);
        let lanes = Direct(Mutex::new(Some(Lane { reader: Box::new(reader), writer: Box::new(writer) })));
        let lying = tokio::spawn(async move {
            far.read_exact(&mut [0; ASK_BYTES]).await.unwrap();
            far.write_all(&[&[Reply::Coming as u8], &*sealed_tree, &*sealed_piece].concat()).await.unwrap();
            far
        });
        let mut fetching = job.clone();
        fetching.place = None;
        let turn = Turns::default().stand(job.blob).turn().await;
        let fetched = fetch::run(&fetching, &lanes, &scene.folder(&scene.there), &scene.transfers, turn).await;
        assert_eq!(fetched, Err(FetchError::Lied));
        drop(lying.await);
        scene.folder(&scene.there).throw_away(&job.blob.to_string());
    }
}

#[tokio::test]
async fn a_file_that_changes_or_vanishes_while_it_is_sent_is_said_to_be_lost() {
    let scene = Scene::new();
    let path = scene.file("film", &pattern(3 * PIECE_BYTES));
    let job = scene.prepare(&path).unwrap();
    let mut changed = pattern(3 * PIECE_BYTES);
    changed[2 * PIECE_BYTES + 9] ^= 1;
    fs::write(&path, &changed).unwrap();
    let (fetched, served) = scene.fetch(&job, Weather::Fair).await;
    assert_eq!(fetched, Err(FetchError::Broken));
    assert!(matches!(served, Err(ServeError::Lost)), "{served:?}");
    fs::write(&path, &changed[..PIECE_BYTES]).unwrap();
    assert!(matches!(scene.fetch(&job, Weather::Fair).await.1, Err(ServeError::Lost)));
    fs::remove_file(&path).unwrap();
    assert!(matches!(scene.fetch(&job, Weather::Fair).await.1, Err(ServeError::Lost)));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_now_is_not_lost() {
    let scene = Scene::new();
    let path = scene.file("film", &pattern(PIECE_BYTES));
    let mut job = scene.prepare(&path).unwrap();
    // Two links that lead to each other: neither gone nor another.
    let (one, two) = (scene.here.path().join("one"), scene.here.path().join("two"));
    std::os::unix::fs::symlink(&one, &two).unwrap();
    std::os::unix::fs::symlink(&two, &one).unwrap();
    job.place = Some(one.to_str().unwrap().to_owned());
    let (fetched, served) = scene.fetch(&job, Weather::Fair).await;
    assert_eq!(fetched, Err(FetchError::Broken));
    assert!(matches!(served, Err(ServeError::Unreadable(_))), "{served:?}");
}

#[tokio::test]
async fn a_file_whose_disk_is_away_is_not_lost() {
    let scene = Scene::new();
    let disk = scene.here.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let job = scene.prepare(&scene.file("disk/film", &pattern(PIECE_BYTES))).unwrap();
    fs::rename(&disk, scene.here.path().join("elsewhere")).unwrap();
    let (fetched, served) = scene.fetch(&job, Weather::Fair).await;
    assert_eq!(fetched, Err(FetchError::Broken));
    assert!(matches!(served, Err(ServeError::Unreadable(_))), "{served:?}");
    fs::rename(scene.here.path().join("elsewhere"), &disk).unwrap();
    assert!(scene.fetch(&job, Weather::Fair).await.0.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_moves_too_little_ends() {
    let dripping = |mut to: tokio::io::DuplexStream| async move {
        while to.write_all(b"!").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let (mut near, far) = duplex(PIECE_BYTES);
    tokio::spawn(dripping(far));
    let mut piece = vec![0; PIECE_BYTES];
    assert_eq!(steady::read(&mut near, &mut piece).await.unwrap_err().kind(), io::ErrorKind::TimedOut);

    // As slowly as it may.
    let (mut near, mut far) = duplex(PIECE_BYTES);
    tokio::spawn(async move {
        for some in pattern(PIECE_BYTES).chunks(limits::SLOWEST) {
            tokio::time::sleep(limits::STALLED - Duration::from_secs(1)).await;
            far.write_all(some).await.unwrap();
        }
    });
    steady::read(&mut near, &mut piece).await.unwrap();
    assert!(piece == pattern(PIECE_BYTES));

    let (mut near, mut far) = duplex(1024);
    tokio::spawn(async move {
        while far.read_u8().await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    assert_eq!(steady::write(&mut near, &piece).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
}

/// Lanes that the other side opens, as many as it likes.
struct Opened(Arc<tokio::sync::Mutex<mpsc::Receiver<Lane>>>);

impl Lanes for Opened {
    fn allow(&self) {}

    fn open(&self) -> Pending<'static, Result<Lane, SendError>> {
        Box::pin(async { Err(SendError::Closed) })
    }

    fn accept(&self) -> Pending<'static, Option<Lane>> {
        let lanes = self.0.clone();
        Box::pin(async move { lanes.lock().await.recv().await })
    }
}

#[tokio::test(start_paused = true)]
async fn lanes_on_which_nobody_asks_in_time_end() {
    let (opened, accepted) = mpsc::channel(1000);
    let (inbox, mut asked) = mpsc::channel(1);
    let mut ends = Vec::new();
    for _ in 0..1000 {
        let (near, far) = duplex(64);
        let (reader, writer) = split(near);
        opened.send(Lane { reader: Box::new(reader), writer: Box::new(writer) }).await.unwrap();
        ends.push(tokio::spawn(async move {
            let mut far = far;
            let mut written = 0;
            while far.write_all(b"!").await.is_ok() {
                written += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            written
        }));
    }
    let lanes = Arc::new(Opened(Arc::new(accepted.into())));
    let accepting = tokio::spawn(accept(LinkId(1), lanes, inbox));
    for end in ends {
        assert!(end.await.unwrap() < ASK_BYTES, "it was ended before it had asked");
    }
    assert!(asked.try_recv().is_err(), "nobody asked");
    accepting.abort();
}

#[tokio::test]
async fn a_lost_tree_is_made_again() {
    let scene = Scene::new();
    let bytes = pattern(2 * PIECE_BYTES);
    let job = scene.prepare(&scene.file("film", &bytes)).unwrap();
    for tree in fs::read_dir(scene.here.path().join("files/.parts")).unwrap() {
        fs::remove_file(tree.unwrap().path()).unwrap();
    }
    let (fetched, served) = scene.fetch(&job, Weather::Fair).await;
    assert!(fs::read(fetched.unwrap()).unwrap() == bytes);
    assert!(served.is_ok(), "{served:?}");
    let here = scene.folder(&scene.here);
    assert!(here.tree(&job).is_some(), "the next one who asks need not wait for it");
}

#[tokio::test]
async fn files_of_one_name_lie_side_by_side_and_none_is_written_over() {
    let scene = Scene::new();
    let path = scene.file("a.txt", b"one");
    let first = scene.prepare(&path).unwrap();
    assert!(scene.fetch(&first, Weather::Fair).await.0.is_ok());
    let second = scene.prepare(&scene.file("a.txt", b"two")).unwrap();
    let there = scene.fetch(&second, Weather::Fair).await.0.unwrap();
    assert_eq!(there.file_name().unwrap(), "a (2).txt");
    assert_eq!(fs::read(scene.there.path().join("files/a.txt")).unwrap(), b"one");
    assert_eq!(fs::read(there).unwrap(), b"two");
}

#[tokio::test]
async fn whatever_it_is_called_it_stays_in_its_folder() {
    let scene = Scene::new();
    let path = scene.file("x", b"evil");
    for (called, kept) in [("../../x", "x"), ("CON", "_CON"), ("/etc/passwd", "passwd"), (".parts", "parts")] {
        let mut job = scene.prepare(&path).unwrap();
        job.name = FileName::tamed(called);
        let there = scene.fetch(&job, Weather::Fair).await.0.unwrap();
        assert_eq!(there, scene.there.path().join("files").join(kept));
    }
}

#[test]
fn what_is_no_file_is_not_sent() {
    let scene = Scene::new();
    let wrong = |path: &std::path::Path| scene.prepare(path).unwrap_err();
    assert!(matches!(wrong(&scene.here.path().join("nothing")), PrepareError::Missing(_)));
    assert!(matches!(wrong(scene.here.path()), PrepareError::NotAFile(_)));
    assert!(matches!(wrong("/dev/zero".as_ref()), PrepareError::NotAFile(_)));
    let large = scene.file("large", b"");
    fs::File::options().write(true).open(&large).unwrap().set_len(FILE_BYTES + 1).unwrap();
    assert!(matches!(wrong(&large), PrepareError::Size(_)));
}

#[tokio::test]
async fn a_picture_is_sent_without_what_it_tells_beside_itself_unless_that_is_wanted() {
    let scene = Scene::new();
    let place = b"52.5163N 13.3777E";
    let mut picture = include_bytes!("../../../demo/src/lamp.png").to_vec();
    let comment = picture.windows(16).position(|window| window == b"where it was tak");
    assert!(comment.is_some(), "the picture tells something");
    picture.extend_from_slice(place);
    let path = scene.file("lamp.png", &picture);

    let new = prepare(&path, Manner::default(), &scene.folder(&scene.here), &scene.transfers).unwrap();
    assert_eq!(new.card.media, lamplit_wire::Media::Picture { width: 240, height: 160 });
    assert!(!new.card.preview.is_empty());
    let sent = fs::read(&new.place).unwrap();
    assert!(!sent.windows(place.len()).any(|window| window == place));
    assert!(!sent.windows(8).any(|window| window == b"where it"));

    let manner = Manner { keep_metadata: true, ..Manner::default() };
    let new = prepare(&path, manner, &scene.folder(&scene.here), &scene.transfers).unwrap();
    assert_eq!(fs::read(&new.place).unwrap(), picture);

    let closed = scene.file("a.heic", b"\0\0\0\x18ftypheic and more, for as long as it takes");
    let refused = scene.prepare(&closed).unwrap_err();
    assert!(refused.to_string().ends_with("or as it is if all of that may be known"), "{refused}");
}

#[test]
fn a_picture_that_is_too_large_to_be_looked_into_is_only_sent_as_it_is() {
    let scene = Scene::new();
    let sized = |size: u64| {
        let path = scene.file("wall.jpg", b"\xFF\xD8\xFF\xE1");
        fs::File::options().write(true).open(&path).unwrap().set_len(size).unwrap();
        path
    };
    let path = sized(PICTURE_BYTES + 1);
    let refused = scene.prepare(&path).unwrap_err();
    assert!(matches!(refused, PrepareError::Picture { why: StripError::Large, .. }), "{refused}");
    let said = refused.to_string();
    assert!(said.contains("64 MiB") && said.contains("as it is") && said.contains("wall.jpg"), "{said}");
    assert_eq!(called(scene.here.path(), ""), ["wall.jpg"], "nothing of it is kept");

    let manner = Manner { keep_metadata: true, ..Manner::default() };
    let new = prepare(&path, manner, &scene.folder(&scene.here), &scene.transfers).unwrap();
    assert_eq!((new.card.size.bytes(), new.place.as_str()), (PICTURE_BYTES + 1, path.to_str().unwrap()));
    assert!(new.card.preview.is_empty());

    // One of the limit is looked into: this one is none.
    let looked_into = scene.prepare(&sized(PICTURE_BYTES)).unwrap_err();
    assert!(matches!(looked_into, PrepareError::Picture { why: StripError::Damaged, .. }), "{looked_into}");
}

/// What is called so in a folder.
fn called(dir: &std::path::Path, ending: &str) -> Vec<String> {
    let names = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<_> = names.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.retain(|name| name.contains(ending));
    names.sort();
    names
}

#[tokio::test]
async fn what_was_finished_before_a_crash_is_found_again() {
    let scene = Scene::new();
    let bytes = pattern(3 * PIECE_BYTES);
    let job = scene.prepare(&scene.file("tune.ogg", &bytes)).unwrap();
    let first = scene.fetch(&job, Weather::Fair).await.0.unwrap();
    // That it came was not kept: it is to be fetched again, and needs no lane.
    let turn = Turns::default().stand(job.blob).turn().await;
    let there = scene.folder(&scene.there);
    let again = fetch::run(&job, &Direct(Mutex::new(None)), &there, &scene.transfers, turn).await;
    assert_eq!(again.unwrap(), first);
    let files = scene.there.path().join("files");
    assert_eq!(called(&files, "tune"), ["tune.ogg"]);

    // Somebody put another one in its place: theirs stays, and this one comes once more.
    fs::write(&first, b"another tune").unwrap();
    let beside = scene.fetch(&job, Weather::Fair).await.0.unwrap();
    assert_eq!(called(&files, "tune"), ["tune (2).ogg", "tune.ogg"]);
    assert!(fs::read(&beside).unwrap() == bytes);
    assert_eq!(fs::read(&first).unwrap(), b"another tune");
}

#[tokio::test]
async fn what_was_finished_is_thrown_away_until_it_is_known_to_be_here() {
    let scene = Scene::new();
    let (folder, files) = (scene.folder(&scene.there), scene.there.path().join("files"));
    for is_settled in [false, true] {
        let job = scene.prepare(&scene.file("tune.ogg", &pattern(9))).unwrap();
        let path = scene.fetch(&job, Weather::Fair).await.0.unwrap();
        if is_settled {
            folder.settle(&job.blob.to_string());
        }
        folder.throw_away(&job.blob.to_string());
        assert_eq!(path.exists(), is_settled);
        assert!(called(&files.join(".parts"), "").is_empty());
    }
}

#[tokio::test]
async fn what_somebody_put_in_the_place_of_a_finished_file_stays() {
    let scene = Scene::new();
    let folder = scene.folder(&scene.there);
    let job = scene.prepare(&scene.file("tune.ogg", &pattern(9))).unwrap();
    let path = scene.fetch(&job, Weather::Fair).await.0.unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"mine").unwrap();
    folder.throw_away(&job.blob.to_string());
    assert_eq!(fs::read(&path).unwrap(), b"mine");
}

/// Lanes to somebody who serves a file as often as it is asked for.
struct Ready {
    job: FileJob,
    folder: Folder,
}

impl Lanes for Ready {
    fn allow(&self) {}

    fn open(&self) -> Pending<'static, Result<Lane, SendError>> {
        let (near, far) = duplex(64 * 1024);
        let (job, folder) = (self.job.clone(), self.folder.clone());
        tokio::spawn(async move {
            let (mut reader, writer) = split(far);
            let mut bytes = [0; ASK_BYTES];
            if reader.read_exact(&mut bytes).await.is_ok() {
                let lane = Lane { reader: Box::new(reader), writer: Box::new(writer) };
                let _ = serve::run(Ok(job), Ask::parse(&bytes).unwrap(), lane, &folder, &Transfers::default()).await;
            }
        });
        let (reader, writer) = split(near);
        Box::pin(async { Ok(Lane { reader: Box::new(reader), writer: Box::new(writer) }) })
    }

    fn accept(&self) -> Pending<'static, Option<Lane>> {
        Box::pin(async { None })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_stop_and_begin_again_leaves_one_whole_file_or_none() {
    let scene = Scene::new();
    let bytes = pattern(20 * PIECE_BYTES);
    let job = scene.prepare(&scene.file("tune.ogg", &bytes)).unwrap();
    let lanes = Arc::new(Ready { job: job.clone(), folder: scene.folder(&scene.here) });
    let (inbox, mut incidents) = mpsc::channel(64);
    let mut files = Files::new(scene.folder(&scene.there), scene.transfers.clone(), inbox);
    let mut fetching = job.clone();
    fetching.place = None;
    let folder = scene.there.path().join("files");
    for round in 0..60_u64 {
        files.fetch(Some(lanes.clone()), fetching.clone());
        // At every point of it, after its end as well.
        tokio::time::sleep(Duration::from_micros(700 * round)).await;
        files.stop(job.blob);
    }
    files.fetch(Some(lanes.clone()), fetching.clone());
    // Those that were stopped too late tell of themselves as well, and count no more.
    let last = loop {
        let Some(Incident::Fetched { number, result, .. }) = incidents.recv().await else { panic!("another incident") };
        if files.ended(job.blob, number, &result) {
            break result;
        }
    };
    assert_eq!(last.unwrap(), folder.join("tune.ogg").to_str().unwrap());
    assert_eq!(called(&folder, "tune"), ["tune.ogg"]);
    assert!(fs::read(folder.join("tune.ogg")).unwrap() == bytes);

    files.stop(job.blob);
    drop(files.turns.stand(job.blob).turn().await);
    assert!(called(&folder, "tune").is_empty() && called(&folder.join(".parts"), "").is_empty());
}

/// Lanes that nobody answers on, each a moment too late to be of use.
struct Dead;

impl Lanes for Dead {
    fn allow(&self) {}

    fn open(&self) -> Pending<'static, Result<Lane, SendError>> {
        Box::pin(async { Err(SendError::Closed) })
    }

    fn accept(&self) -> Pending<'static, Option<Lane>> {
        Box::pin(async { None })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_stopped_tells_of_no_trouble_afterwards() {
    let scene = Scene::new();
    let job = scene.prepare(&scene.file("tune.ogg", &pattern(9))).unwrap();
    let (inbox, mut incidents) = mpsc::channel(64);
    let mut files = Files::new(scene.folder(&scene.there), scene.transfers.clone(), inbox);
    files.fetch(Some(Arc::new(Dead)), job.clone());
    // It has failed and says so; and then it is stopped before that was heard.
    let Some(Incident::Fetched { blob, number, result }) = incidents.recv().await else { panic!("another incident") };
    files.stop(blob);
    assert!(!files.ended(blob, number, &result));
    assert!(scene.transfers.all().is_empty(), "{:?}", scene.transfers.all());
    // One that counts does tell.
    files.fetch(Some(Arc::new(Dead)), job);
    let Some(Incident::Fetched { blob, number, result }) = incidents.recv().await else { panic!("another incident") };
    assert!(files.ended(blob, number, &result));
    assert!(scene.transfers.all()[0].trouble.is_some());
}

#[tokio::test]
async fn who_is_stopped_being_served_gets_no_further_byte() {
    let scene = Scene::new();
    let job = scene.prepare(&scene.file("tune.ogg", &pattern(40 * PIECE_BYTES))).unwrap();
    let (inbox, mut incidents) = mpsc::channel(64);
    let mut files = Files::new(scene.folder(&scene.here), scene.transfers.clone(), inbox);
    let (near, mut far) = duplex(64 * 1024);
    let (reader, writer) = split(near);
    let lane = Lane { reader: Box::new(reader), writer: Box::new(writer) };
    let ask = files.wait_for_word(Ask { blob: job.blob, from: 0, tree: true }, lane);
    files.serve(ask, Ok(job));
    let mut some = vec![0; 300_000];
    far.read_exact(&mut some).await.unwrap();
    files.stop_serving(ask);
    let mut rest = Vec::new();
    far.read_to_end(&mut rest).await.unwrap();
    // What was on its way already, and no more of the ten mebibytes: what fits into the lane, and what was being put in.
    assert!(rest.len() <= 128 * 1024, "{} bytes", rest.len());
    assert!(matches!(incidents.recv().await, Some(Incident::Served(served)) if served == ask));
}
