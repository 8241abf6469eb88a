//! Pictures that tell where they were taken, and what of that arrives at the other end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{fs, io::Cursor};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use img_parts::{DynImage, ImageEXIF as _};
use lamplit_e2e::{Lan, acquainted};

/// Tags of EXIF (EXIF 2.32, 4.6.3, 4.6.4 and 4.6.6): which side is up, where the directory of the place is, and in that the
/// latitude and the longitude.
const ORIENTATION: u16 = 0x0112;
const GPS: u16 = 0x8825;
const LATITUDE: u16 = 2;
const LONGITUDE: u16 = 4;
/// How values are written (4.6.2): text, and numbers of 2, 4 and twice 4 bytes.
const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const RATIONAL: u16 = 5;

/// Degrees, minutes and seconds north and east, as fractions.
const PLACE: [[u32; 6]; 2] = [[52, 1, 30, 1, 58_681, 1_000], [13, 1, 22, 1, 39_721, 1_000]];
/// The side that is up is another than the first one.
const SIDE_UP: u32 = 6;

/// EXIF that tells [`PLACE`] and which side is up.
fn exif() -> Vec<u8> {
    // Where the parts begin: two directories of two and four entries, then what does not fit into an entry.
    let (first, gps, latitude, longitude) = (8, 38, 92, 116);
    let mut exif = [b"II*\0".as_slice(), &u32::to_le_bytes(first)].concat();
    let mut directory = |entries: &[(u16, u16, u32, u32)]| {
        exif.extend(u16::try_from(entries.len()).unwrap().to_le_bytes());
        for (tag, kind, count, value) in entries {
            exif.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
            exif.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
        }
        exif.extend(0_u32.to_le_bytes());
    };
    directory(&[(ORIENTATION, SHORT, 1, SIDE_UP), (GPS, LONG, 1, gps)]);
    directory(&[
        (1, ASCII, 2, u32::from(b'N')),
        (LATITUDE, RATIONAL, 3, latitude),
        (3, ASCII, 2, u32::from(b'E')),
        (LONGITUDE, RATIONAL, 3, longitude),
    ]);
    exif.extend(PLACE.as_flattened().iter().flat_map(|number| number.to_le_bytes()));
    exif
}

/// What EXIF tells: which side is up, and the place.
type Told = (Option<u32>, Option<[[u32; 6]; 2]>);

/// What the EXIF of a picture tells, little-endian as [`exif`] and the program write it.
fn told(picture: &[u8]) -> Told {
    let Some(exif) = DynImage::from_bytes(picture.to_vec().into()).unwrap().unwrap().exif() else {
        return (None, None);
    };
    assert!(exif.starts_with(b"II*\0"), "{exif:?}");
    let number = |at: u32| u32::from_le_bytes(*exif[at as usize..].first_chunk().unwrap());
    // The value of a tag in the directory at a place.
    let value = |at: u32, tag: u16| {
        let mut entries = (0..number(at) & 0xFFFF).map(|index| at + 2 + 12 * index);
        entries.find(|entry| number(*entry) & 0xFFFF == u32::from(tag)).map(|entry| number(entry + 8))
    };
    let first = number(4);
    let place = value(first, GPS).map(|gps| {
        [LATITUDE, LONGITUDE].map(|tag| {
            let at = value(gps, tag).unwrap();
            core::array::from_fn(|index| number(at + 4 * u32::try_from(index).unwrap()))
        })
    });
    (value(first, ORIENTATION), place)
}

/// A picture that was taken at [`PLACE`].
fn taken(format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(60, 40, |x, y| Rgb([(x * 4) as u8, (y * 6) as u8, 99]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut bytes, format).unwrap();
    let mut picture = DynImage::from_bytes(bytes.into_inner().into()).unwrap().unwrap();
    picture.set_exif(Some(exif().into()));
    picture.encoder().bytes().to_vec()
}

/// Whether anything of the place is in a picture, wherever it stands.
fn has_place(picture: &[u8]) -> bool {
    let numbers = PLACE.map(|numbers| numbers.map(u32::to_le_bytes).concat());
    numbers.iter().any(|numbers| picture.windows(12).any(|window| window == &numbers[12..]))
}

#[test]
fn a_picture_arrives_without_the_place_it_was_taken_at_unless_it_is_to_keep_that() {
    let lan = Lan::new().unwrap();
    let (ada, grace) = acquainted(&lan).unwrap();
    let pixels = |picture: &[u8]| image::load_from_memory(picture).unwrap().to_rgb8().into_raw();
    for (format, ending) in [(ImageFormat::Jpeg, "jpg"), (ImageFormat::Png, "png"), (ImageFormat::WebP, "webp")] {
        let picture = taken(format);
        assert_eq!(told(&picture), (Some(SIDE_UP), Some(PLACE)));
        assert!(has_place(&picture));
        for (option, kept) in [(None, false), (Some("--keep-metadata"), true)] {
            let name = format!("balcony-{}.{ending}", if kept { "as-it-is" } else { "alone" });
            let path = ada.data().join(&name);
            fs::write(&path, &picture).unwrap();
            let words = ["send"].into_iter().chain(option).chain(["Grace", path.to_str().unwrap()]);
            ada.ask(&words.collect::<Vec<_>>()).unwrap();
            let file = grace.wait_for_file(&name, "here").unwrap();
            let arrived = fs::read(file["state"]["path"].as_str().unwrap()).unwrap();
            assert_eq!(told(&arrived), (Some(SIDE_UP), kept.then_some(PLACE)), "{name}");
            assert_eq!(has_place(&arrived), kept, "{name}");
            assert_eq!(arrived == picture, kept, "{name}");
            assert_eq!(pixels(&arrived), pixels(&picture), "{name}");
            assert!(fs::read(&path).unwrap() == picture, "who sends it has it as it was");
        }
    }
}
