//! Somebody sends a file, and who may have it, has it.

use lamplit_node::{
    Answer, AskId, Command, CommandError, Event, FetchError, Input, NewFile, limits,
    view::{self, FileSpace, FileStand, FileView, MessageWhat},
};
use lamplit_types::{
    BlobId, FileLimit, FileName, FileSize, LinkId, MessageId,
    limits::{FILES_BYTES, FILES_BYTES_LEAST},
};
use lamplit_wire::{FileCard, FileNote, Media};

use crate::world::{World, text};

pub(crate) fn file(number: u8, size: u64) -> NewFile {
    let card = FileCard {
        blob: BlobId::from_bytes([number; 16]),
        key: [number; 32],
        hash: [number; 32],
        size: FileSize::new(size).unwrap(),
        name: FileName::tamed("picture.jpg"),
        media: Media::Picture { width: 3, height: 2 },
        preview: vec![1, 2, 3].try_into().unwrap(),
        caption: Some(text("look")),
    };
    NewFile { card: Box::new(card), place: "/home/picture.jpg".to_owned() }
}

fn send(world: &mut World, from: usize, to: usize, file: NewFile) -> MessageId {
    let to = world.devices[to].account.into();
    match world.command(from, Command::SendFile { to, file }).unwrap() {
        Answer::Saying(id) => id,
        other => panic!("{other:?}"),
    }
}

fn seen(world: &World, at: usize, id: MessageId) -> FileView {
    match world.message(at, id).unwrap().what {
        MessageWhat::File(file) => *file,
        MessageWhat::Text(_) => panic!("it is a text"),
    }
}

fn here() -> FileStand {
    FileStand::Here { place: "/picture.jpg".to_owned() }
}

fn two(seed: u8) -> (World, usize, usize) {
    let mut world = World::new(seed);
    let (jia, yi) = (world.person("Jia"), world.person("Yi"));
    world.befriend(jia, yi);
    (world, jia, yi)
}

#[test]
fn a_small_file_comes_by_itself_and_its_sender_is_told() {
    let (mut world, jia, yi) = two(1);
    let id = send(&mut world, jia, yi, file(1, 1_000));
    world.settle();
    let there = seen(&world, yi, id);
    assert_eq!((there.state, there.name.as_str(), there.size.bytes()), (here(), "picture.jpg", 1_000));
    assert_eq!(world.message(yi, id).unwrap().text(), "look");
    let preview = view::preview(&world.devices[yi].store, there.blob).unwrap();
    assert_eq!(preview, Some(vec![1, 2, 3]));
    let yi_account = world.devices[yi].account;
    assert_eq!(seen(&world, jia, id).answers, [(yi_account, FileNote::Fetched)]);
}

#[test]
fn a_large_one_waits_until_it_is_asked_for() {
    let (mut world, jia, yi) = two(2);
    let id = send(&mut world, jia, yi, file(1, limits::FETCHED_UNASKED + 1));
    world.settle();
    assert_eq!(seen(&world, yi, id).state, FileStand::Offered);
    world.command(yi, Command::FetchFile(id)).unwrap();
    world.settle();
    assert_eq!(seen(&world, yi, id).state, here());
}

#[test]
fn what_broke_is_tried_again_also_after_a_crash() {
    let (mut world, jia, yi) = two(3);
    world.apart.push((jia, yi));
    world.cut_between(jia, yi);
    world.settle();
    let id = send(&mut world, jia, yi, file(1, 1_000));
    world.apart.clear();
    // The announcement comes, and then the lane breaks.
    world.pass(5_000);
    assert_eq!(seen(&world, yi, id).state, here());

    let big = send(&mut world, jia, yi, file(2, limits::FETCHED_UNASKED + 1));
    world.settle();
    world.apart.push((jia, yi));
    world.cut_between(jia, yi);
    world.settle();
    world.command(yi, Command::FetchFile(big)).unwrap();
    world.crash(yi);
    world.start(yi);
    world.settle();
    assert_eq!(seen(&world, yi, big).state, FileStand::Wanted);
    world.apart.clear();
    world.pass(120_000);
    assert_eq!(seen(&world, yi, big).state, here());
}

#[test]
fn a_file_that_is_taken_back_comes_to_nobody() {
    let (mut world, jia, yi) = two(4);
    let id = send(&mut world, jia, yi, file(1, limits::FETCHED_UNASKED + 1));
    world.settle();
    world.command(jia, Command::CancelFile(id)).unwrap();
    world.settle();
    assert_eq!(seen(&world, yi, id).state, FileStand::Withdrawn);
    assert_eq!(world.command(yi, Command::FetchFile(id)).unwrap_err(), CommandError::FileWithdrawn);
    assert_eq!(world.devices[jia].stopped, [BlobId::from_bytes([1; 16])], "whoever is still being served is cut off");
}

#[test]
fn what_is_here_stays_though_it_is_taken_back() {
    let (mut world, jia, yi) = two(5);
    let id = send(&mut world, jia, yi, file(1, 1_000));
    world.settle();
    world.command(jia, Command::CancelFile(id)).unwrap();
    world.settle();
    assert_eq!(seen(&world, yi, id).state, here());
}

#[test]
fn who_does_not_want_a_file_says_so() {
    let (mut world, jia, yi) = two(6);
    let id = send(&mut world, jia, yi, file(1, limits::FETCHED_UNASKED + 1));
    world.settle();
    world.command(yi, Command::CancelFile(id)).unwrap();
    world.settle();
    assert_eq!(seen(&world, yi, id).state, FileStand::Declined);
    let yi_account = world.devices[yi].account;
    assert_eq!(seen(&world, jia, id).answers, [(yi_account, FileNote::Declined)]);
    // Until they do.
    world.command(yi, Command::FetchFile(id)).unwrap();
    world.settle();
    assert_eq!(seen(&world, yi, id).state, here());
    assert_eq!(seen(&world, jia, id).answers, [(yi_account, FileNote::Fetched)]);
}

#[test]
fn a_file_that_vanished_is_taken_back_and_its_sender_hears_why() {
    let (mut world, jia, yi) = two(7);
    let id = send(&mut world, jia, yi, file(1, limits::FETCHED_UNASKED + 1));
    world.settle();
    world.input(jia, Input::FileLost(BlobId::from_bytes([1; 16])));
    world.settle();
    assert_eq!(seen(&world, yi, id).state, FileStand::Withdrawn);
    let warned =
        world.devices[jia].events.iter().any(|event| matches!(event, Event::Warning(lamplit_node::Warning::FileLost)));
    assert!(warned);
}

#[test]
fn only_who_takes_part_is_served() {
    let (mut world, jia, yi) = two(8);
    let bing = world.person("Bing");
    world.befriend(jia, bing);
    let id = send(&mut world, jia, yi, file(1, limits::FETCHED_UNASKED + 1));
    world.settle();
    // Bing has learnt the blob somehow: were it announced to him by somebody else, he would ask for it.
    let stolen = send(&mut world, bing, jia, file(9, 1_000));
    world.settle();
    assert_eq!(seen(&world, jia, stolen).state, here());
    let links: Vec<LinkId> = (0..64).map(LinkId).collect();
    let mut served = Vec::new();
    for link in links {
        served.push(world.asks_for(jia, link, AskId(1_000 + link.0), BlobId::from_bytes([1; 16])));
    }
    let served_to: Vec<usize> = served.into_iter().flatten().collect();
    assert_eq!(served_to, [yi], "over the link to Yi and over no other");
    assert_eq!(seen(&world, yi, id).state, FileStand::Offered);
}

#[test]
fn an_id_is_never_used_for_two_files() {
    let (mut world, jia, yi) = two(9);
    let bing = world.person("Bing");
    world.befriend(yi, bing);
    let id = send(&mut world, jia, yi, file(1, 1_000));
    world.settle();
    let again = send(&mut world, bing, yi, NewFile { place: "/evil".to_owned(), ..file(1, 5) });
    world.settle();
    assert_eq!(seen(&world, yi, id).size.bytes(), 1_000);
    assert!(world.message(yi, again).is_none());
}

#[test]
fn a_device_that_lies_is_named_and_asked_again_later() {
    let (mut world, jia, yi) = two(10);
    let id = send(&mut world, jia, yi, file(1, limits::FETCHED_UNASKED + 1));
    world.settle();
    world.command(yi, Command::FetchFile(id)).unwrap();
    world.input(yi, Input::Fetched { blob: BlobId::from_bytes([1; 16]), result: Err(FetchError::Lied) });
    let jia_account = world.devices[jia].account;
    let warned = world.devices[yi]
        .events
        .iter()
        .any(|event| matches!(event, Event::Warning(lamplit_node::Warning::FileLied(who)) if *who == jia_account));
    assert!(warned);
    world.pass(limits::FETCH_AGAIN_MAX_MS);
    assert_eq!(seen(&world, yi, id).state, here());
}

#[test]
fn files_of_others_take_up_so_much_and_no_more() {
    let (mut world, jia, yi) = two(11);
    let each = lamplit_types::limits::FILE_BYTES;
    let fit = FILES_BYTES / each;
    let ids: Vec<_> =
        (0..=fit).map(|number| send(&mut world, jia, yi, file(u8::try_from(number).unwrap() + 1, each))).collect();
    world.settle();
    for id in &ids[..usize::try_from(fit).unwrap()] {
        world.command(yi, Command::FetchFile(*id)).unwrap();
        world.settle();
    }
    let last = *ids.last().unwrap();
    let space = FileSpace { here: FILES_BYTES, coming: 0, limit: FileLimit::default() };
    let size = FileSize::new(each).unwrap();
    assert_eq!(world.command(yi, Command::FetchFile(last)).unwrap_err(), CommandError::FilesFull(size, space));
    let small = send(&mut world, jia, yi, file(99, 1_000));
    world.settle();
    assert_eq!(seen(&world, yi, small).state, FileStand::Offered, "it waits for room");
}

#[test]
fn what_is_wanted_counts_before_it_is_here_and_what_was_deleted_no_more() {
    let (mut world, jia, yi) = two(13);
    let each = lamplit_types::limits::FILE_BYTES;
    let fit = u8::try_from(FILES_BYTES / each).unwrap();
    let ids: Vec<_> = (0..=fit).map(|number| send(&mut world, jia, yi, file(number + 1, each))).collect();
    world.settle();
    world.apart.push((jia, yi));
    world.cut_between(jia, yi);
    let (last, others) = ids.split_last().unwrap();
    for id in others {
        world.command(yi, Command::FetchFile(*id)).unwrap();
    }
    let full = |here, coming| {
        let space = FileSpace { here, coming, limit: FileLimit::default() };
        CommandError::FilesFull(FileSize::new(each).unwrap(), space)
    };
    assert_eq!(world.command(yi, Command::FetchFile(*last)).unwrap_err(), full(0, FILES_BYTES));
    world.apart.clear();
    world.pass(120_000);
    assert_eq!(seen(&world, yi, ids[0]).state, here());
    assert_eq!(world.command(yi, Command::FetchFile(*last)).unwrap_err(), full(FILES_BYTES, 0));

    world.input(yi, Input::FileLost(BlobId::from_bytes([1; 16])));
    assert_eq!(seen(&world, yi, ids[0]).state, FileStand::Offered, "it can be fetched again");
    world.command(yi, Command::FetchFile(*last)).unwrap();
    world.settle();
    assert_eq!(seen(&world, yi, *last).state, here());
    assert_eq!(world.command(yi, Command::FetchFile(ids[0])).unwrap_err(), full(FILES_BYTES, 0));
}

const MIB: u64 = 1 << 20;

fn limit(bytes: u64) -> FileLimit {
    FileLimit::new(bytes).unwrap()
}

fn space(world: &World, at: usize) -> FileSpace {
    view::file_space(&world.devices[at].store).unwrap()
}

#[test]
fn the_owner_says_how_much_files_may_take() {
    let (mut world, jia, yi) = two(17);
    // As a database that knows of no limit of its own has it.
    assert_eq!(space(&world, yi), FileSpace { here: 0, coming: 0, limit: FileLimit::default() });
    world.command(yi, Command::LimitFiles(limit(5 * MIB))).unwrap();
    let events = world.devices[yi].events.iter();
    assert_eq!(events.filter(|event| matches!(event, Event::FileLimit(set) if *set == limit(5 * MIB))).count(), 1);

    // To the byte: what fits comes by itself, and what does not waits.
    let first = send(&mut world, jia, yi, file(1, 3 * MIB));
    let second = send(&mut world, jia, yi, file(2, 2 * MIB));
    let third = send(&mut world, jia, yi, file(3, 1));
    world.settle();
    assert_eq!([first, second].map(|id| seen(&world, yi, id).state), [here(), here()]);
    assert_eq!(seen(&world, yi, third).state, FileStand::Offered);
    assert_eq!(space(&world, yi), FileSpace { here: 5 * MIB, coming: 0, limit: limit(5 * MIB) });
    let refused = world.command(yi, Command::FetchFile(third)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "no room for 1 B more: files of others have 5.0 MiB here and 0 B on their way, of 5.0 MiB that they may have. \
         Delete some of them, which is noticed within the hour, or allow more: `lamplit storage --limit SIZE`"
    );

    // Under less than there is nothing goes, and nothing more comes.
    world.command(yi, Command::LimitFiles(limit(MIB))).unwrap();
    let fourth = send(&mut world, jia, yi, file(4, 1));
    world.settle();
    assert_eq!([first, second].map(|id| seen(&world, yi, id).state), [here(), here()]);
    assert_eq!(seen(&world, yi, fourth).state, FileStand::Offered);
    assert!(matches!(
        world.command(yi, Command::FetchFile(fourth)).unwrap_err(),
        CommandError::FilesFull(_, FileSpace { here, .. }) if here == 5 * MIB
    ));

    // It is kept.
    world.crash(yi);
    world.start(yi);
    assert_eq!(space(&world, yi).limit, limit(MIB));
    assert!(matches!(world.command(yi, Command::FetchFile(third)).unwrap_err(), CommandError::FilesFull(..)));
    world.command(yi, Command::LimitFiles(limit(5 * MIB + 1))).unwrap();
    world.command(yi, Command::FetchFile(third)).unwrap();
    world.pass(120_000);
    assert_eq!(seen(&world, yi, third).state, here());
    assert!(matches!(world.command(yi, Command::FetchFile(fourth)).unwrap_err(), CommandError::FilesFull(..)));
}

#[test]
fn what_is_on_its_way_still_comes_under_a_lower_limit() {
    let (mut world, jia, yi) = two(18);
    let size = limits::FETCHED_UNASKED + 1;
    let id = send(&mut world, jia, yi, file(1, size));
    world.settle();
    world.apart.push((jia, yi));
    world.cut_between(jia, yi);
    world.command(yi, Command::FetchFile(id)).unwrap();
    let least = limit(FILES_BYTES_LEAST);
    world.command(yi, Command::LimitFiles(least)).unwrap();
    assert_eq!(space(&world, yi), FileSpace { here: 0, coming: size, limit: least });
    world.apart.clear();
    world.pass(120_000);
    assert_eq!(seen(&world, yi, id).state, here());
    assert_eq!(space(&world, yi), FileSpace { here: size, coming: 0, limit: least });
}

#[test]
fn what_came_too_late_is_not_taken_for_wanted() {
    let (mut world, jia, yi) = two(14);
    let id = send(&mut world, jia, yi, file(1, limits::FETCHED_UNASKED + 1));
    world.settle();
    world.command(yi, Command::FetchFile(id)).unwrap();
    world.command(yi, Command::CancelFile(id)).unwrap();
    world.input(yi, Input::Fetched { blob: BlobId::from_bytes([1; 16]), result: Ok("/picture.jpg".to_owned()) });
    world.settle();
    assert_eq!(seen(&world, yi, id).state, FileStand::Declined);
    let yi_account = world.devices[yi].account;
    assert_eq!(seen(&world, jia, id).answers, [(yi_account, FileNote::Declined)]);
}

#[test]
fn a_copy_that_was_deleted_takes_nothing_back() {
    let (mut world, jia, yi) = two(15);
    let second = world.sibling(jia);
    world.pass(10_000);
    let id = send(&mut world, jia, yi, file(1, limits::FETCHED_UNASKED + 1));
    world.pass(2_000);
    world.command(second, Command::FetchFile(id)).unwrap();
    world.settle();
    assert_eq!(seen(&world, second, id).state, here());
    world.input(second, Input::FileLost(BlobId::from_bytes([1; 16])));
    world.settle();
    assert_eq!(seen(&world, second, id).state, FileStand::Offered);
    assert_eq!(seen(&world, yi, id).state, FileStand::Offered);
    assert!(matches!(seen(&world, jia, id).state, FileStand::Here { .. }));
}

#[test]
fn another_device_of_the_account_sees_the_file_and_can_have_it() {
    let (mut world, jia, yi) = two(12);
    let second = world.sibling(jia);
    world.pass(10_000);
    let id = send(&mut world, jia, yi, file(1, 1_000));
    world.pass(2_000);
    assert_eq!(seen(&world, second, id).state, FileStand::Offered);
    world.command(second, Command::FetchFile(id)).unwrap();
    world.settle();
    assert_eq!(seen(&world, second, id).state, here());
}

#[test]
fn one_whose_files_come_slowly_keeps_no_others_from_coming() {
    let (mut world, jia, yi) = two(16);
    let bing = world.person("Bing");
    world.befriend(yi, bing);
    world.slow.push(jia);
    for number in 1..=9 {
        send(&mut world, jia, yi, file(number, 1_000));
    }
    world.settle();
    assert_eq!(world.slowly.len(), limits::FETCHES_FROM_ONE, "the rest wait their turn");
    let id = send(&mut world, bing, yi, file(10, 1_000));
    world.settle();
    assert_eq!(seen(&world, yi, id).state, here());
    // One of them ends: the next has its turn.
    let (_, blob) = world.slowly[0];
    world.input(yi, Input::Fetched { blob, result: Err(FetchError::Broken) });
    world.settle();
    assert_eq!(world.slowly.len(), limits::FETCHES_FROM_ONE + 1);
}

#[test]
fn one_who_asks_for_much_gets_a_share_and_asks_again() {
    let (mut world, jia, yi) = two(17);
    let (second, bing) = (world.sibling(yi), world.person("Bing"));
    world.befriend(jia, bing);
    world.pass(10_000);
    world.slow.push(jia);
    let ids: Vec<_> = (1..=4).map(|number| send(&mut world, jia, yi, file(number, 1_000))).collect();
    world.pass(2_000);
    for id in &ids {
        world.command(second, Command::FetchFile(*id)).unwrap();
    }
    world.settle();
    let theirs = world.slowly.iter().filter(|(to, _)| [yi, second].contains(to)).count();
    assert_eq!(theirs, limits::SERVED_TO_ONE, "to all devices of an account together");
    let other = send(&mut world, jia, bing, file(9, 1_000));
    world.settle();
    assert!(world.slowly.contains(&(bing, BlobId::from_bytes([9; 16]))));

    // Those whose turn was not yet ask again when the first have been served.
    world.pass(30_000);
    world.slow.clear();
    let blobs: Vec<_> = world.slowly.drain(..).collect();
    for (at, blob) in blobs {
        world.input(at, Input::Fetched { blob, result: Ok("/picture.jpg".to_owned()) });
    }
    for ask in 0..64 {
        world.input(jia, Input::Served(AskId(ask)));
    }
    // Soon, however long they waited: nothing had failed.
    world.pass(10 * limits::FETCH_AGAIN_MS);
    for id in ids {
        assert_eq!((seen(&world, yi, id).state, seen(&world, second, id).state), (here(), here()));
    }
    assert_eq!(seen(&world, bing, other).state, here());
}

#[test]
fn what_was_finished_after_it_was_declined_is_thrown_away() {
    let (mut world, jia, yi) = two(18);
    let id = send(&mut world, jia, yi, file(1, limits::FETCHED_UNASKED + 1));
    world.settle();
    world.slow.push(jia);
    world.command(yi, Command::FetchFile(id)).unwrap();
    world.settle();
    world.command(yi, Command::CancelFile(id)).unwrap();
    world.devices[yi].stopped.clear();
    let blob = BlobId::from_bytes([1; 16]);
    world.input(yi, Input::Fetched { blob, result: Ok("/picture.jpg".to_owned()) });
    assert_eq!(world.devices[yi].stopped, [blob]);
}

#[test]
fn one_contact_takes_no_more_than_a_share_of_what_is_wanted() {
    let (mut world, jia, yi) = two(19);
    let bing = world.person("Bing");
    world.befriend(yi, bing);
    world.slow.push(jia);
    let many = limits::WANTED_FROM_ONE + 5;
    let ids: Vec<_> = (0..many).map(|number| send(&mut world, jia, yi, numbered(number, 1_000))).collect();
    world.pass(5_000);
    let wanted = ids.iter().filter(|id| seen(&world, yi, **id).state == FileStand::Wanted).count();
    assert_eq!(wanted, limits::WANTED_FROM_ONE, "the others are offered");
    assert_eq!(world.slowly.len(), limits::FETCHES_FROM_ONE);
    // Who asks for one of them gets it, and others are not kept out.
    world.command(yi, Command::FetchFile(*ids.last().unwrap())).unwrap();
    let other = send(&mut world, bing, yi, numbered(many, 1_000));
    world.settle();
    assert_eq!(seen(&world, yi, other).state, here());
}

fn numbered(number: usize, size: u64) -> NewFile {
    let mut new = file(1, size);
    new.card.blob = BlobId::from_bytes(u128::try_from(number).unwrap().to_be_bytes());
    new
}
