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
    /// A picture whose metadata is not understood here: HEIC, AVIF, TIFF and the raw formats made from it.
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
            [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] | [b'I', b'I', b'R', ..] => Some(Self::Closed),
            [_, _, _, _, b'f', b't', b'y', b'p', ..] if is_still(brand) => Some(Self::Closed),
            _ => None,
        }
    }
}

/// Brands of pictures in ISO base media files (ISO 23008-12, AV1 Image File Format, Canon CR3).
fn is_still(brand: &[u8]) -> bool {
    [b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"crx "]
        .iter()
        .any(|known| known.as_slice() == brand)
}

#[cfg(test)]
mod tests;
