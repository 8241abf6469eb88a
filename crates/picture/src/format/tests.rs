use super::*;

#[test]
fn pictures_are_known_by_their_beginning() {
    let table: [(&[u8], Option<Format>); 20] = [
        (&[0xFF, 0xD8, 0xFF, 0xE1], Some(Format::Jpeg)),
        (b"\x89PNG\r\n\x1a\n....", Some(Format::Png)),
        (b"RIFF\x10\0\0\0WEBPVP8 ", Some(Format::WebP)),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"GIF89a", Some(Format::Gif)),
        (b"II*\0\x08\0\0\0", Some(Format::Closed)),
        (b"\0\0\0\x18ftypheic", Some(Format::Closed)),
        (b"II+\0\x08\0\0\0", Some(Format::Closed)),
        (b"MM\0+\0\x08\0\0", Some(Format::Closed)),
        (b"IIU\0\x18\0\0\0", Some(Format::Closed)),
        (b"IIRO\x08\0\0\0", Some(Format::Closed)),
        (b"MMOR\0\0\0\x08", Some(Format::Closed)),
        (b"FUJIFILMCCD-RAW 0201", Some(Format::Closed)),
        (b"FOVb\x00\x00\x04\x00", Some(Format::Closed)),
        (b"\0MRM\0\0\0\0", Some(Format::Closed)),
        (b"\0\0\0\x0cJXL \r\n\x87\n", Some(Format::Closed)),
        (b"\0\0\0\x0cjP  \r\n\x87\n", Some(Format::Closed)),
        (b"\0\0\0\x18ftypisom", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ];
    for (head, expected) in table {
        assert_eq!(Format::of(head), expected, "{head:?}");
    }
}
