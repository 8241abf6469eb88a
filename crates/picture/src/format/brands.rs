//! What an ISO base media file says it is (ISO 14496-12, 4.3): by that pictures are told from films.

use crate::limits::HEAD_BYTES;

/// Brands of pictures, and of sequences of them: how they lie in the file (ISO 23008-12, ISO 23000-22), and how they
/// are coded (ISO 23008-12, ISO 15444-16, ISO 21122-3, ISO 23090-2, AV1 Image File Format). The last one is Canon's,
/// for raw pictures (CR3); its raw films begin alike.
const STILL: [&[u8; 4]; 34] = [
    b"mif1", b"mif2", b"mif3", b"msf1", b"miaf", b"1pic", b"pred", b"heic", b"heix", b"heim", b"heis", b"hevx",
    b"hevm", b"hevs", b"avci", b"avcs", b"vvic", b"vvis", b"evbi", b"evbs", b"evmi", b"evms", b"jpgs", b"j2ki",
    b"j2is", b"jxsi", b"jxss", b"avif", b"avis", b"avio", b"heoi", b"jpoi", b"vvoi", b"crx ",
];

/// Brands of such that are names of codecs as well. A film may list them, so they count only where a file says first
/// what it is; a picture that lists them has `msf1` or `mif1` beside them (ISO 23008-12, B.4 and H.4).
const STILL_IF_FIRST: [&[u8; 4]; 2] = [b"hevc", b"jpeg"];

/// Bytes of one brand.
const BRAND: usize = 4;

/// Whether a file that begins so says that it is a picture, first or among what else it may be taken for. One whose
/// list goes on behind what is looked at counts as one: what is not seen could say so.
pub(super) fn is_still(head: &[u8]) -> bool {
    let Some((length, contents)) = file_type(head) else { return false };
    let (brands, _) = contents.as_chunks::<BRAND>();
    let [first, rest @ ..] = brands else { return false };
    // What comes second is a version.
    let mut others = rest.iter().skip(1);
    length > HEAD_BYTES
        || STILL_IF_FIRST.contains(&first)
        || STILL.contains(&first)
        || others.any(|brand| STILL.contains(&brand))
}

/// How long the box is that tells what a file is, and what of its contents is there; none if the file does not begin
/// with one. The first brand counts whatever the length is.
fn file_type(head: &[u8]) -> Option<(usize, &[u8])> {
    let (length, rest) = head.split_first_chunk::<4>()?;
    let rest = rest.strip_prefix(b"ftyp")?;
    let (length, contents) = match u32::from_be_bytes(*length) {
        // To the end of the file: there is no film behind it.
        0 => (u64::MAX, rest),
        // One of 64 bits follows.
        1 => {
            let (length, contents) = rest.split_first_chunk::<8>()?;
            (u64::from_be_bytes(*length), contents)
        }
        length => (u64::from(length), rest),
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let header = head.len().saturating_sub(contents.len());
    let inside = length.saturating_sub(header).max(BRAND);
    Some((length, contents.get(..inside).unwrap_or(contents)))
}

#[cfg(test)]
mod tests;
