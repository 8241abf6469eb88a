mod brands;

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
    /// A picture whose metadata is not understood here: HEIC, AVIF, JPEG XL, JPEG 2000, JPEG XR, TIFF, OpenEXR, what
    /// Photoshop and GIMP keep, raw formats of cameras, and some more.
    Closed,
}

impl Format {
    /// By the first [`crate::limits::HEAD_BYTES`] of a file; none: it is no picture that is known here, or one with no
    /// place to tell anything beside itself.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'G', b'I', b'F', b'8', ..] => Some(Self::Gif),
            _ if is_closed(head) || brands::is_still(head) => Some(Self::Closed),
            _ => None,
        }
    }
}

/// TIFF 6.0 and BigTIFF. DNG and the raw formats of Canon (CR2), Nikon, Pentax and Sony begin so too.
const TIFF: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];

/// Raw formats made from TIFF that have a number of their own: Panasonic, Olympus.
const LIKE_TIFF: [&[u8]; 4] = [b"IIU\0", b"IIRO", b"IIRS", b"MMOR"];

/// Raw formats of cameras that are no TIFF: Fujifilm, Sigma, Minolta in either byte order, Light, Lytro.
const RAW: [&[u8]; 6] = [b"FUJIFILM", b"FOVb", b"\0MRM", b"\0MRI", b"LELR ", b"\x89LFP\r\n\x1A\n"];

/// JPEG XL (ISO 18181-2) and JPEG 2000 (ISO 15444-1) in their boxes, where what they tell is; Motion JPEG 2000 begins
/// alike. JPEG 2000 without boxes has comments, JPEG XR (ITU T.832) has EXIF; JPEG XL without boxes has neither.
const JPEG: [&[u8]; 4] = [b"\0\0\0\x0CJXL ", b"\0\0\0\x0CjP  ", b"\xFF\x4F\xFF\x51", b"II\xBC"];

/// Others that have a place for EXIF or the like: Photoshop (PSD, PSB), GIMP, OpenEXR, MNG, JNG, BPG, FLIF.
const OTHERS: [&[u8]; 7] =
    [b"8BPS", b"gimp xcf ", b"v/1\x01", b"\x8AMNG\r\n\x1A\n", b"\x8BJNG\r\n\x1A\n", b"BPG\xFB", b"FLIF"];

/// Whether a file begins as a picture does whose metadata is not understood here.
fn is_closed(head: &[u8]) -> bool {
    let beginnings: [&[&[u8]]; 5] = [&TIFF, &LIKE_TIFF, &RAW, &JPEG, &OTHERS];
    beginnings.into_iter().flatten().any(|magic| head.starts_with(magic)) || is_crw(head)
}

/// Canon's raw format before CR2 (CIFF 1.0): behind the byte order is how long the head is.
fn is_crw(head: &[u8]) -> bool {
    let ([b'I', b'I', _, _, _, _, kind @ ..] | [b'M', b'M', _, _, _, _, kind @ ..]) = head else { return false };
    kind.starts_with(b"HEAPCCDR")
}

#[cfg(test)]
mod tests;
