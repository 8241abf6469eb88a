use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits, codecs::jpeg::JpegEncoder, metadata::Orientation};

use crate::limits;

/// A small picture of a picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Likeness {
    /// The picture's width in pixels, as it is shown.
    pub width: u32,
    /// Its height.
    pub height: u32,
    /// The small one, a JPEG; empty if none fits.
    pub jpeg: Vec<u8>,
}

/// How well it is drawn, the best that fits first.
const QUALITIES: [u8; 4] = [70, 50, 30, 15];

/// A likeness of at most `max` bytes; none if the picture cannot be read, or is too large to.
pub fn likeness(picture: &[u8], max: usize) -> Option<Likeness> {
    let mut decoder = reader(picture)?.into_decoder().ok()?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut full = DynamicImage::from_decoder(decoder).ok()?;
    full.apply_orientation(orientation);
    let (width, height) = (full.width(), full.height());
    let small = if width.max(height) > limits::LIKENESS_SIDE {
        full.thumbnail(limits::LIKENESS_SIDE, limits::LIKENESS_SIDE)
    } else {
        full
    };
    let small = small.to_rgb8();
    let drawn = |quality| {
        let mut jpeg = Vec::new();
        small.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, quality)).ok()?;
        (jpeg.len() <= max).then_some(jpeg)
    };
    let jpeg = QUALITIES.into_iter().find_map(drawn).unwrap_or_default();
    Some(Likeness { width, height, jpeg })
}

/// Which side of a picture is up, as EXIF has it; none if it is upright anyway.
pub(crate) fn orientation(picture: &[u8]) -> Option<u8> {
    let orientation = reader(picture)?.into_decoder().ok()?.orientation().ok()?;
    Some(orientation.to_exif()).filter(|_| orientation != Orientation::NoTransforms)
}

fn reader(picture: &[u8]) -> Option<ImageReader<Cursor<&[u8]>>> {
    let mut reader = ImageReader::new(Cursor::new(picture)).with_guessed_format().ok()?;
    let mut allowed = Limits::default();
    allowed.max_image_width = Some(limits::SIDE);
    allowed.max_image_height = Some(limits::SIDE);
    allowed.max_alloc = Some(limits::PIXEL_BYTES);
    reader.limits(allowed);
    Some(reader)
}

impl core::fmt::Debug for Likeness {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Likeness").field("bytes", &self.jpeg.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
