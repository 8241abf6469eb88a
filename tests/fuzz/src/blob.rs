//! Files on their way: what a lane brings is what was asked for, or it is nothing.

use std::sync::OnceLock;

use lamplit_blob::{ASK_BYTES, Ask, Layout, PIECE_BYTES, Part, Reply, Seal, Tree, TreeBuilder};
use lamplit_types::{BlobId, FileSize};

use crate::script::Script;

/// Of a first and a second piece.
const BYTES: usize = PIECE_BYTES + 1_000;

/// All that is read of a lane's bytes: `data` stands in place of the ask, the reply, the tree and the last piece.
pub fn blob(data: &[u8]) {
    asked(data);
    replied(data);
    cut(data);
    let Some(scene) = scene() else { return };
    tree(scene, data);
    piece(scene, data);
}

fn asked(data: &[u8]) {
    let Some((bytes, _)) = data.split_first_chunk::<ASK_BYTES>() else { return };
    if let Ok(ask) = Ask::parse(bytes) {
        assert_eq!(ask.encode(), *bytes, "an ask has one form");
    }
}

fn replied(data: &[u8]) {
    let Some((first, _)) = data.split_first() else { return };
    if let Ok(reply) = Reply::try_from(*first) {
        assert_eq!(reply as u8, *first, "a reply has one form");
    }
}

/// Whatever size a file is said to have: its pieces are all of it, and none reaches beyond it.
fn cut(data: &[u8]) {
    let Some((size, _)) = data.split_first_chunk::<8>() else { return };
    let size = u64::from_le_bytes(*size);
    let Ok(parsed) = FileSize::new(size) else { return };
    let layout = Layout::new(parsed);
    let last = layout.pieces().saturating_sub(1);
    let end = layout.offset(last).saturating_add(u64::try_from(layout.piece_bytes(last)).unwrap_or(u64::MAX));
    assert_eq!(end, size);
    assert_eq!(layout.piece_bytes(layout.pieces()), 0, "there is nothing behind the last piece");
    assert!(layout.sealed_piece_bytes(last) >= layout.piece_bytes(last));
}

/// Hashes that are not this file's are refused, sealed or not.
fn tree(scene: &Scene, data: &[u8]) {
    let mut script = Script::new(data);
    let mut sealed = scene.sealed_tree.clone();
    let changed = change(&mut script, &mut sealed);
    let opened = scene.seal.open(Part::Tree, &mut sealed).is_ok();
    assert_eq!(opened, !changed, "a tree opens if it is as it was sealed");
    let mut bytes = scene.tree.to_bytes();
    let changed = change(&mut script, &mut bytes);
    let parsed = Tree::parse(scene.layout, &bytes, &scene.tree.root()).is_ok();
    assert_eq!(parsed, !changed, "a tree is the file's if it is as it was made");
}

/// A piece that is not this one of this file does not open; and one that opens in another's place is not proved.
fn piece(scene: &Scene, data: &[u8]) {
    let mut script = Script::new(data);
    let place = u32::from(script.byte());
    let mut sealed = scene.sealed_piece.clone();
    let changed = change(&mut script, &mut sealed);
    let opened = scene.seal.open(Part::Piece(place), &mut sealed).is_ok();
    assert_eq!(opened, !changed && place == 1, "a piece opens if it is as it was sealed, in its own place");
    let mut plain = scene.file.get(PIECE_BYTES..).unwrap_or_default().to_vec();
    let changed = change(&mut script, &mut plain);
    assert_eq!(scene.tree.proves(place, &plain), !changed && place == 1);
}

/// Changes some bytes, cuts or lengthens them, as the script says; whether they differ from before.
fn change(script: &mut Script<'_>, bytes: &mut Vec<u8>) -> bool {
    let before = bytes.clone();
    let at = usize::from(u16::from_le_bytes([script.byte(), script.byte()]));
    match script.byte() % 4 {
        0 => {}
        1 => bytes.truncate(at),
        2 => bytes.extend(script.bytes(64)),
        _ => {
            let new = script.bytes(64);
            bytes.iter_mut().skip(at).zip(new).for_each(|(byte, new)| *byte = *new);
        }
    }
    *bytes != before
}

/// A file, its tree, and its second piece as it goes over a lane. Made once: it costs more than the rest.
struct Scene {
    file: Vec<u8>,
    layout: Layout,
    tree: Tree,
    seal: Seal,
    sealed_tree: Vec<u8>,
    sealed_piece: Vec<u8>,
}

fn scene() -> Option<&'static Scene> {
    static SCENE: OnceLock<Option<Scene>> = OnceLock::new();
    let scene = SCENE.get_or_init(make_scene).as_ref();
    assert!(scene.is_some(), "a file cannot be sealed");
    scene
}

fn make_scene() -> Option<Scene> {
    let file: Vec<u8> = (0..BYTES).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
    let layout = Layout::new(FileSize::new(u64::try_from(BYTES).ok()?).ok()?);
    let mut builder = TreeBuilder::new(layout);
    file.chunks(PIECE_BYTES).for_each(|piece| builder.push(piece));
    let tree = builder.finish().ok()?;
    let seal = Seal::new(&[7; 32], BlobId::from_bytes([3; 16]), layout);
    let mut sealed_tree = tree.to_bytes();
    seal.seal(Part::Tree, &mut sealed_tree).ok()?;
    let mut sealed_piece = file.get(PIECE_BYTES..)?.to_vec();
    seal.seal(Part::Piece(1), &mut sealed_piece).ok()?;
    Some(Scene { file, layout, tree, seal, sealed_tree, sealed_piece })
}
