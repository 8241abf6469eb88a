use super::*;

#[test]
fn pictures_are_known_by_their_beginning() {
    let table: [(&[u8], Option<Format>); 10] = [
        (&[0xFF, 0xD8, 0xFF, 0xE1], Some(Format::Jpeg)),
        (b"\x89PNG\r\n\x1a\n....", Some(Format::Png)),
        (b"RIFF\x10\0\0\0WEBPVP8 ", Some(Format::WebP)),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"GIF89a", Some(Format::Gif)),
        (b"II*\0\x08\0\0\0", Some(Format::Closed)),
        (b"\0\0\0\x18ftypheic", Some(Format::Closed)),
        (b"\0\0\0\x18ftypisom", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ];
    for (head, expected) in table {
        assert_eq!(Format::of(head), expected, "{head:?}");
    }
}
