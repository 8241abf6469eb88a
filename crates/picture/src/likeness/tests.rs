#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use image::{ImageFormat, Rgb, RgbImage};

use super::*;

fn png(width: u32, height: u32) -> Vec<u8> {
    let noisy = |x: u32, y: u32| Rgb([(x * 7 + y) as u8, (x ^ y) as u8, (x * y) as u8]);
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_fn(width, height, noisy).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn a_likeness_is_small_and_of_the_same_shape() {
    let likeness = likeness(&png(1600, 800), 12 * 1024).unwrap();
    assert_eq!((likeness.width, likeness.height), (1600, 800));
    assert!((1..=12 * 1024).contains(&likeness.jpeg.len()), "{}", likeness.jpeg.len());
    let small = image::load_from_memory(&likeness.jpeg).unwrap();
    assert_eq!((small.width(), small.height()), (320, 160));
}

#[test]
fn where_none_fits_there_is_none() {
    assert_eq!(likeness(&png(1600, 800), 100).unwrap().jpeg, Vec::<u8>::new());
}

#[test]
fn what_is_damaged_or_no_picture_has_none() {
    let whole = png(60, 40);
    assert_eq!(likeness(whole.get(..50).unwrap(), 10_000), None);
    assert_eq!(likeness(b"not a picture", 10_000), None);
    assert_eq!(likeness(b"", 10_000), None);
}

#[test]
fn a_picture_that_says_it_is_huge_is_not_unpacked() {
    let mut bomb = png(8, 8);
    // Width and height in IHDR.
    bomb.splice(16..24, [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF]);
    assert_eq!(likeness(&bomb, 10_000), None);
}
