#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn rows(rows: &[(u8, Option<&[u8]>)]) -> Rows {
    rows.iter().map(|(key, value)| (vec![*key], value.map(<[u8]>::to_vec))).collect()
}

fn all(layers: &Layers, limit: usize) -> Vec<(u8, bool)> {
    let rows = layers.first(Bound::Unbounded, Bound::Unbounded, limit);
    rows.into_iter().map(|(key, value)| (key[0], value.is_some())).collect()
}

#[test]
fn the_upper_layer_hides_the_frozen_one() {
    let mut layers = Layers::default();
    layers.put(1, 10, rows(&[(1, Some(b"old")), (2, Some(b"old")), (3, None)]));
    assert_eq!(layers.freeze().unwrap().last(), 1);
    layers.put(2, 10, rows(&[(1, None), (3, Some(b"new")), (4, Some(b"new"))]));
    assert_eq!(layers.freeze().unwrap().last(), 1, "the first is not spread yet");
    assert_eq!(layers.get(&[1]), Some(None));
    assert_eq!(layers.get(&[2]), Some(Some(b"old".as_slice())));
    assert_eq!(layers.get(&[3]), Some(Some(b"new".as_slice())));
    assert_eq!(layers.get(&[5]), None);
    assert_eq!(all(&layers, 9), [(1, false), (2, true), (3, true), (4, true)]);
    layers.spread().unwrap();
    assert_eq!(layers.get(&[2]), None);
    assert!(!layers.is_empty());
}

#[test]
fn what_is_gone_counts_for_no_limit() {
    let mut layers = Layers::default();
    layers.put(1, 10, rows(&[(1, None), (2, Some(b"")), (3, None), (4, Some(b"")), (5, None), (6, Some(b""))]));
    assert_eq!(all(&layers, 2), [(1, false), (2, true), (3, false), (4, true)]);
    assert_eq!(all(&layers, 0), []);
}

#[test]
fn what_waits_is_measured_by_rows_bytes_and_log() {
    let room = Weight { rows: 2, bytes: 1000, logged: 1000 };
    let beyond = |layers: &Layers| [1, 2].map(|times| layers.is_beyond(room, times));
    let mut layers = Layers::default();
    layers.put(1, 1, rows(&[(1, None), (2, None)]));
    assert_eq!(beyond(&layers), [false, false]);
    layers.freeze();
    layers.put(2, 1, rows(&[(1, None), (2, None)]));
    assert_eq!(beyond(&layers), [true, false], "both layers count");
    layers.put(3, 1, rows(&[(3, None)]));
    assert_eq!(beyond(&layers), [true, true]);

    let mut layers = Layers::default();
    layers.put(1, 1, rows(&[(1, Some(&[0; 1000]))]));
    assert_eq!(beyond(&layers), [true, false]);
    layers.put(2, 1, rows(&[(1, Some(b"small"))]));
    assert_eq!(beyond(&layers), [false, false], "a row that was changed counts once");

    let mut layers = Layers::default();
    layers.put(1, 1000, rows(&[(1, None)]));
    layers.put(2, 1, rows(&[(1, None)]));
    assert_eq!(beyond(&layers), [true, false]);
}

#[test]
fn a_part_ends_by_rows_and_by_bytes() {
    let mut layer = Layer::default();
    let large = vec![0; limits::PART_BYTES];
    layer.put(1, 1, rows(&[(1, None), (2, None), (3, None), (4, Some(&large)), (5, None), (6, Some(&large))]));
    let part = |after: Option<u8>, limit| {
        let after = after.map(|after| vec![after]);
        layer.part(after.as_deref(), limit).map(|(key, _)| key[0]).collect::<Vec<_>>()
    };
    assert_eq!(part(None, 2), [1, 2]);
    assert_eq!(part(Some(2), 9), [3, 4], "no row is too large");
    assert_eq!(part(Some(4), 9), [5, 6]);
    assert_eq!(part(Some(6), 9), []);
}
