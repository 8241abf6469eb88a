/// What kind of picture some bytes begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JPEG (ITU T.81).
    Jpeg,
    /// PNG (W3C).
    Png,
    /// WebP (RFC 9649).
    WebP,
    /// GIF 87a or 89a.
    Gif,
    /// A picture whose metadata is not understood here: HEIC, AVIF, JPEG XL, JPEG 2000, TIFF, and raw formats of cameras.
    Closed,
}

impl Format {
    /// By the first [`crate::limits::HEAD_BYTES`] of a file; none: it is no picture that is known here.
    pub fn of(head: &[u8]) -> Option<Self> {
        let brand = head.get(8..12).unwrap_or_default();
        match head {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', ..] if brand == b"WEBP" => Some(Self::WebP),
            [b'G', b'I', b'F', b'8', ..] => Some(Self::Gif),
            _ if is_tiff(head) || RAW.iter().any(|magic| head.starts_with(magic)) => Some(Self::Closed),
            // JPEG XL (ISO 18181-2) and JPEG 2000 (ISO 15444-1) in their boxes, where what they tell is.
            [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] | [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] => Some(Self::Closed),
            [_, _, _, _, b'f', b't', b'y', b'p', ..] if is_still(brand) => Some(Self::Closed),
            _ => None,
        }
    }
}

/// Raw formats of cameras that are no TIFF: Fujifilm, Sigma, Minolta.
const RAW: [&[u8]; 3] = [b"FUJIFILM", b"FOVb", b"\0MRM"];

/// TIFF 6.0, BigTIFF, and the raw formats made from it that have a number of their own: Olympus, Panasonic.
fn is_tiff(head: &[u8]) -> bool {
    matches!(
        head,
        [b'I', b'I', b'*' | b'+' | b'U', 0, ..]
            | [b'M', b'M', 0, b'*' | b'+', ..]
            | [b'I', b'I', b'R', b'O' | b'S', ..]
            | [b'M', b'M', b'O', b'R', ..]
    )
}

/// Brands of pictures in ISO base media files (ISO 23008-12, AV1 Image File Format, Canon CR3).
fn is_still(brand: &[u8]) -> bool {
    [b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"crx "]
        .iter()
        .any(|known| known.as_slice() == brand)
}

#[cfg(test)]
mod tests;
