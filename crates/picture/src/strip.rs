use img_parts::{Bytes, ImageEXIF, jpeg::Jpeg, png::Png, riff::RiffContent, webp::WebP};

use crate::{Format, likeness::orientation, limits::PICTURE_BYTES};

/// Why what a picture tells beside itself cannot be taken out. Send it as it is, if that may be known, or as a
/// smaller JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StripError {
    /// The format is not understood here.
    #[error("this kind of picture may tell where it was taken, and that cannot be taken out of it here")]
    Closed,
    /// The picture is larger than [`PICTURE_BYTES`](crate::limits::PICTURE_BYTES).
    #[error("this picture may tell where it was taken, and out of one of more than 64 MiB that cannot be taken here")]
    Large,
    /// The bytes are not what the format says.
    #[error("this picture is damaged: what it may tell of where it was taken cannot be taken out")]
    Damaged,
}

/// The picture without what it tells beside itself: place, time, camera, comments, earlier versions.
///
/// # Errors
/// [`StripError`] if that cannot be done for certain.
pub fn strip(format: Format, picture: Vec<u8>) -> Result<Vec<u8>, StripError> {
    if picture.len() as u64 > PICTURE_BYTES {
        return Err(StripError::Large);
    }
    match format {
        Format::Jpeg => jpeg(picture),
        Format::Png => png(picture),
        Format::WebP => webp(picture),
        Format::Gif => gif(picture),
        Format::Closed => Err(StripError::Closed),
    }
}

/// JPEG markers (ITU T.81, B.1.1.3): what an application left, and comments.
const APP0: u8 = 0xE0;
const APP2: u8 = 0xE2;
const APP14: u8 = 0xEE;
const APP15: u8 = 0xEF;
const COM: u8 = 0xFE;
const SOI: u8 = 0xD8;
const SOS: u8 = 0xDA;
const EOI: u8 = 0xD9;
const RST0: u8 = 0xD0;
const RST7: u8 = 0xD7;

fn jpeg(picture: Vec<u8>) -> Result<Vec<u8>, StripError> {
    let side_up = orientation(&picture);
    let [0xFF, SOI, rest @ ..] = picture.as_slice() else { return Err(StripError::Damaged) };
    let kept = [&[0xFF, SOI], segments(rest).ok_or(StripError::Damaged)?.as_slice()].concat();
    let Some(side_up) = side_up else { return Ok(kept) };
    let mut jpeg = Jpeg::from_bytes(kept.into()).map_err(|_| StripError::Damaged)?;
    jpeg.set_exif(Some(only_orientation(side_up)));
    Ok(jpeg.encoder().bytes().to_vec())
}

/// Segments and scans up to the end of the picture, without what applications left before and among them, and nothing
/// between or after them (ITU T.81, B.1.1.2 and B.2.1). None if the end does not come.
fn segments(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(rest.len());
    let mut in_scan = false;
    loop {
        let at = rest.iter().position(|byte| *byte == 0xFF)?;
        let (pixels, marked) = rest.split_at_checked(at)?;
        if in_scan {
            kept.extend_from_slice(pixels);
        }
        let (marker, after) = match marked {
            // Any number of fill bytes may precede a marker.
            [0xFF, 0xFF, ..] => {
                rest = marked.get(1..)?;
                continue;
            }
            [0xFF, marker, after @ ..] => (*marker, after),
            _ => return None,
        };
        rest = match marker {
            EOI => {
                kept.extend_from_slice(&[0xFF, EOI]);
                return Some(kept);
            }
            // A byte of the pixels, or a place to begin anew.
            0 | RST0..=RST7 => {
                if in_scan {
                    kept.extend_from_slice(&[0xFF, marker]);
                }
                after
            }
            _ => {
                in_scan = marker == SOS;
                let length = usize::from(u16::from_be_bytes(*after.first_chunk()?));
                let (segment, next) = after.split_at_checked(length.max(2))?;
                if is_picture(marker, segment.get(2..)?) {
                    kept.extend_from_slice(&[0xFF, marker]);
                    kept.extend_from_slice(segment);
                }
                next
            }
        };
    }
}

/// Whether a segment is of the picture itself: its colours, and what decoders need to know of them, are. A second picture
/// may lie in others.
fn is_picture(marker: u8, contents: &[u8]) -> bool {
    match marker {
        APP0 => contents.starts_with(b"JFIF\0"),
        APP2 => contents.starts_with(b"ICC_PROFILE\0"),
        APP14 => contents.starts_with(b"Adobe"),
        marker => !matches!(marker, APP0..=APP15 | COM),
    }
}

/// PNG chunks that are the picture, its colours or its movement.
const PNG_KEPT: [&[u8; 4]; 19] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs",
    b"sPLT", b"acTL", b"fcTL", b"fdAT", b"cICP", b"mDCV", b"cLLI",
];

fn png(picture: Vec<u8>) -> Result<Vec<u8>, StripError> {
    let side_up = orientation(&picture);
    let mut png = Png::from_bytes(Bytes::from(picture)).map_err(|_| StripError::Damaged)?;
    png.chunks_mut().retain(|chunk| PNG_KEPT.iter().any(|kept| **kept == chunk.kind()));
    png.set_exif(side_up.map(only_orientation));
    Ok(png.encoder().bytes().to_vec())
}

/// WebP chunks that are the picture, its colours or its movement (RFC 9649, 2.7).
const WEBP_KEPT: [&[u8; 4]; 7] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];

/// What of them is in a frame of a film (RFC 9649, 2.7.1.1), after so many bytes of where it goes and for how long.
const WEBP_FRAME_KEPT: [&[u8]; 3] = [b"VP8 ", b"VP8L", b"ALPH"];
const WEBP_FRAME_HEADER: usize = 16;
/// The flag in the first byte of VP8X that says that there is XMP.
const WEBP_XMP: u8 = 0b0000_0100;

fn webp(picture: Vec<u8>) -> Result<Vec<u8>, StripError> {
    let side_up = orientation(&picture);
    let mut webp = WebP::from_bytes(Bytes::from(picture)).map_err(|_| StripError::Damaged)?;
    webp.chunks_mut().retain(|chunk| WEBP_KEPT.iter().any(|kept| **kept == chunk.id()));
    for chunk in webp.chunks_mut() {
        let id = chunk.id();
        let RiffContent::Data(contents) = chunk.content_mut() else { return Err(StripError::Damaged) };
        let kept = match (&id, contents.as_ref()) {
            (b"VP8X", [flags, more @ ..]) => [&[flags & !WEBP_XMP], more].concat(),
            (b"ANMF", frame) => webp_frame(frame).ok_or(StripError::Damaged)?,
            _ => continue,
        };
        *contents = kept.into();
    }
    webp.set_exif(side_up.map(only_orientation));
    Ok(webp.encoder().bytes().to_vec())
}

/// A frame without chunks that are not of the picture. None if it is no frame.
fn webp_frame(frame: &[u8]) -> Option<Vec<u8>> {
    let (header, mut rest) = frame.split_at_checked(WEBP_FRAME_HEADER)?;
    let mut kept = header.to_vec();
    while !rest.is_empty() {
        let length = u32::from_le_bytes(*rest.get(4..)?.first_chunk()?);
        // A byte is added to what is odd.
        let length = usize::try_from(length).ok()?.checked_next_multiple_of(2)?.checked_add(8)?;
        let (chunk, next) = rest.split_at_checked(length)?;
        if WEBP_FRAME_KEPT.iter().any(|id| chunk.starts_with(id)) {
            kept.extend_from_slice(chunk);
        }
        rest = next;
    }
    Some(kept)
}

/// A GIF tells nothing beside itself but in comments and in what applications left: one that has any is not touched.
fn gif(picture: Vec<u8>) -> Result<Vec<u8>, StripError> {
    let has = |what: &[u8]| picture.windows(what.len()).any(|window| window == what);
    if has(b"\x21\xFE") || has(b"XMP DataXMP") || has(b"\x1C\x02") && has(b"MGK8BIM") {
        return Err(StripError::Closed);
    }
    Ok(picture)
}

/// EXIF that says which side is up, and nothing else (EXIF 2.32, 4.6.4 A, tag 274).
fn only_orientation(orientation: u8) -> Bytes {
    let mut exif = Vec::with_capacity(26);
    // Little-endian; the first directory at 8; one entry: orientation, one short; no further directory.
    exif.extend_from_slice(b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0");
    exif.extend_from_slice(&[orientation, 0, 0, 0]);
    exif.extend_from_slice(&[0; 4]);
    Bytes::from(exif)
}

#[cfg(test)]
mod tests;
