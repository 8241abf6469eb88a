#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use img_parts::{
    jpeg::{JpegSegment, markers},
    png::PngChunk,
    riff::{RiffChunk, RiffContent},
};

use super::*;

/// Something that must not be found afterwards.
const PLACE: &[u8] = b"52.5163N 13.3777E";

fn drawn(format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(40, 20, |x, y| Rgb([(x * 6) as u8, (y * 12) as u8, 99]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn exif(orientation: u8) -> Bytes {
    [only_orientation(orientation).as_ref(), PLACE].concat().into()
}

fn has_place(bytes: &[u8]) -> bool {
    bytes.windows(PLACE.len()).any(|window| window == PLACE)
}

fn pixels(bytes: &[u8]) -> Vec<u8> {
    image::load_from_memory(bytes).unwrap().to_rgb8().into_raw()
}

/// What is taken out was there, the pixels are as they were, and the side that was up is up.
fn check(format: Format, with: Vec<u8>, up: u8) {
    assert!(has_place(&with), "the planted place is there");
    let stripped = strip(format, with.clone()).unwrap();
    assert!(!has_place(&stripped));
    assert_eq!(pixels(&stripped), pixels(&with));
    assert_eq!(orientation(&stripped), Some(up));
    assert_eq!(strip(format, stripped.clone()).unwrap(), stripped, "once is enough");
}

#[test]
fn a_jpeg_tells_no_place_and_stays_upright() {
    let mut jpeg = Jpeg::from_bytes(drawn(ImageFormat::Jpeg).into()).unwrap();
    for (marker, contents) in [
        (markers::APP1, [b"http://ns.adobe.com/xap/1.0/\0".as_slice(), PLACE].concat()),
        (markers::APP13, [b"Photoshop 3.0\0".as_slice(), PLACE].concat()),
        (markers::APP2, [b"MPF\0".as_slice(), PLACE].concat()),
        (markers::APP0, [b"JFXX\0".as_slice(), PLACE].concat()),
        (markers::COM, PLACE.to_vec()),
    ] {
        jpeg.segments_mut().insert(1, JpegSegment::new_with_contents(marker, contents.into()));
    }
    jpeg.set_exif(Some(exif(6)));
    check(Format::Jpeg, jpeg.encoder().bytes().to_vec(), 6);
}

#[test]
fn what_follows_the_end_of_a_jpeg_does_not_go_with_it() {
    let mut with = drawn(ImageFormat::Jpeg);
    with.extend_from_slice(PLACE);
    let before = pixels(&with);
    let stripped = strip(Format::Jpeg, with).unwrap();
    assert!(!has_place(&stripped));
    assert_eq!(pixels(&stripped), before);
}

#[test]
fn what_lies_between_the_segments_of_a_jpeg_does_not_go_with_it() {
    let drawn = drawn(ImageFormat::Jpeg);
    let (start, rest) = drawn.split_at(2);
    let with = [start, PLACE, &[0xFF, 0xD0], PLACE, rest].concat();
    let stripped = strip(Format::Jpeg, with).unwrap();
    assert!(!has_place(&stripped));
    assert_eq!(pixels(&stripped), pixels(&drawn));
}

#[test]
fn what_lies_between_the_scans_of_a_jpeg_does_not_go_with_it() {
    // A scan with a stuffed byte and a restart, a comment, a table, another scan, the end, and more after it.
    let comment = [[0xFF, 0xFE, 0, 19].as_slice(), PLACE].concat();
    let table = [0xFF, 0xC4, 0, 4, 1, 2];
    let scan = [0xFF, 0xDA, 0, 3, 7, 9, 9];
    let first = [0xFF, 0xDA, 0, 2, 1, 0xFF, 0, 2, 0xFF, 0xD0, 3];
    let with = [first.as_slice(), &comment, &table, PLACE, &scan, &[0xFF, 0xFF, 0xD9], PLACE].concat();
    let without = [first.as_slice(), &table, &scan, &[0xFF, 0xD9]].concat();
    assert_eq!(segments(&with), Some(without));
    assert_eq!(segments(&with[..24]), None);
    assert_eq!(segments(&[1, 2, 0xFF]), None);
}

#[test]
fn a_png_tells_no_place_and_stays_upright() {
    let mut png = Png::from_bytes(drawn(ImageFormat::Png).into()).unwrap();
    for kind in [*b"tEXt", *b"iTXt", *b"zTXt", *b"tIME", *b"abCd"] {
        png.chunks_mut().insert(1, PngChunk::new(kind, PLACE.to_vec().into()));
    }
    png.set_exif(Some(exif(3)));
    check(Format::Png, png.encoder().bytes().to_vec(), 3);
}

#[test]
fn a_webp_tells_no_place_and_stays_upright() {
    let mut webp = WebP::from_bytes(drawn(ImageFormat::WebP).into()).unwrap();
    webp.set_exif(Some(exif(8)));
    check(Format::WebP, webp.encoder().bytes().to_vec(), 8);
}

/// A packet of XMP that tells the place.
fn xmp() -> Bytes {
    [b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>".as_slice(), PLACE, b"</x:xmpmeta>"].concat().into()
}

/// The flags of a WebP, which are in the chunk that comes first.
fn flags(webp: &[u8]) -> u8 {
    assert_eq!(&webp[12..16], b"VP8X");
    webp[20]
}

#[test]
fn xmp_and_unknown_chunks_do_not_go_with_a_webp() {
    for id in [*b"XMP ", *b"abCd"] {
        let mut webp = WebP::from_bytes(drawn(ImageFormat::WebP).into()).unwrap();
        webp.chunks_mut().push(RiffChunk::new(id, RiffContent::Data(xmp())));
        webp.set_exif(Some(exif(8)));
        let with = webp.encoder().bytes().to_vec();
        let has = |bytes: &[u8]| bytes.windows(4).any(|window| *window == id);
        assert!(has(&with), "the planted chunk is there");
        assert_eq!(flags(&with) & WEBP_XMP != 0, id == *b"XMP ");
        let stripped = strip(Format::WebP, with.clone()).unwrap();
        assert_eq!((has(&stripped), flags(&stripped) & WEBP_XMP), (false, 0));
        check(Format::WebP, with, 8);
    }
}

#[test]
fn nothing_is_told_between_the_frames_of_a_webp_that_moves() {
    let drawn = drawn(ImageFormat::WebP);
    // What is there of the picture is the one chunk behind RIFF, its length and WEBP.
    let pixels_chunk = &drawn[12..];
    // A frame at 0,0 of 40 by 20 pixels, for 100 ms, that is put over what was there.
    let header = [0, 0, 0, 0, 0, 0, 39, 0, 0, 19, 0, 0, 100, 0, 0, 2];
    let hidden = [b"XMP ".as_slice(), &u32::try_from(PLACE.len()).unwrap().to_le_bytes(), PLACE, &[0]].concat();
    assert_eq!(hidden.len() % 2, 0);
    let film = |frame: Vec<u8>| {
        let data = |id: &[u8; 4], contents: &[u8]| RiffChunk::new(*id, RiffContent::Data(contents.to_vec().into()));
        let subchunks =
            vec![data(b"VP8X", &[2, 0, 0, 0, 39, 0, 0, 19, 0, 0]), data(b"ANIM", &[0; 6]), data(b"ANMF", &frame)];
        let riff = RiffChunk::new(*b"RIFF", RiffContent::List { kind: Some(*b"WEBP"), subchunks });
        riff.encoder().bytes().to_vec()
    };
    let without = film([header.as_slice(), pixels_chunk].concat());
    assert!(pixels(&without) == pixels(&drawn));
    let with = film([header.as_slice(), &hidden, pixels_chunk, &hidden].concat());
    assert!(has_place(&with));
    assert!(strip(Format::WebP, with).unwrap() == without);
    assert!(strip(Format::WebP, without.clone()).unwrap() == without);
    let broken = film([header.as_slice(), pixels_chunk, &hidden[..12]].concat());
    assert_eq!(strip(Format::WebP, broken), Err(StripError::Damaged));
}

#[test]
fn a_picture_larger_than_the_limit_is_refused_whatever_it_is() {
    let limit = usize::try_from(PICTURE_BYTES).unwrap();
    for format in [Format::Jpeg, Format::Png, Format::WebP, Format::Gif] {
        assert_eq!(strip(format, vec![0; limit + 1]), Err(StripError::Large), "{format:?}");
    }
    let mut largest = drawn(ImageFormat::Jpeg);
    let alone = strip(Format::Jpeg, largest.clone()).unwrap();
    largest.resize(limit, 0);
    assert!(strip(Format::Jpeg, largest).unwrap() == alone);
}

#[test]
fn a_gif_that_tells_something_is_refused_and_another_goes_as_it_is() {
    for told in [
        b"\x21\xFE\x04home\0".as_slice(),
        b"\x21\xFF\x0BXMP DataXMP<x:xmpmeta/>\x01\xFF\xFE\0",
        b"\x21\xFF\x0BMGK8BIM0000\x06\x1C\x02Z\0\x01x\0",
    ] {
        let gif = [b"GIF89a\x01\0\x01\0\0\0\0".as_slice(), told, b";"].concat();
        assert_eq!(strip(Format::Gif, gif), Err(StripError::Closed), "{}", told.escape_ascii());
    }
    let moving = b"GIF89a\x01\0\x01\0\0\0\0\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0;".to_vec();
    assert_eq!(strip(Format::Gif, moving.clone()), Ok(moving));
}

#[test]
fn where_it_cannot_be_taken_out_it_is_said() {
    assert_eq!(strip(Format::Closed, Vec::new()), Err(StripError::Closed));
    assert_eq!(strip(Format::Gif, b"GIF89a\x21\xFE\x01x\0;".to_vec()), Err(StripError::Closed));
    assert_eq!(strip(Format::Jpeg, vec![0xFF, 0xD8, 0xFF]), Err(StripError::Damaged));
    assert_eq!(strip(Format::Png, b"\x89PNG\r\n\x1a\n\0\0".to_vec()), Err(StripError::Damaged));
    assert_eq!(strip(Format::WebP, b"RIFF\xFF\xFF\xFF\xFFWEBP".to_vec()), Err(StripError::Damaged));
}
