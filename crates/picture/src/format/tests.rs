use super::*;

#[test]
fn pictures_are_known_by_their_beginning() {
    let table: [(&[u8], Option<Format>); 42] = [
        (&[0xFF, 0xD8, 0xFF, 0xE1], Some(Format::Jpeg)),
        (b"\x89PNG\r\n\x1a\n....", Some(Format::Png)),
        (b"RIFF\x10\0\0\0WEBPVP8 ", Some(Format::WebP)),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b"GIF87a", Some(Format::Gif)),
        (b"GIF89a", Some(Format::Gif)),
        (b"II*\0\x08\0\0\0", Some(Format::Closed)),
        (b"II*\0\x10\0\0\0CR\x02\0", Some(Format::Closed)),
        (b"MM\0*\0\0\0\x08", Some(Format::Closed)),
        (b"II+\0\x08\0\0\0", Some(Format::Closed)),
        (b"MM\0+\0\x08\0\0", Some(Format::Closed)),
        (b"IIU\0\x18\0\0\0", Some(Format::Closed)),
        (b"IIRO\x08\0\0\0", Some(Format::Closed)),
        (b"IIRS\x08\0\0\0", Some(Format::Closed)),
        (b"MMOR\0\0\0\x08", Some(Format::Closed)),
        (b"FUJIFILMCCD-RAW 0201", Some(Format::Closed)),
        (b"FOVb\x00\x00\x04\x00", Some(Format::Closed)),
        (b"\0MRM\0\0\0\0", Some(Format::Closed)),
        (b"\0MRI\0\0\0\0", Some(Format::Closed)),
        (b"LELR \0", Some(Format::Closed)),
        (b"\x89LFP\r\n\x1a\n\0\0\0\x01", Some(Format::Closed)),
        (b"II\x1a\0\0\0HEAPCCDR", Some(Format::Closed)),
        (b"MM\0\0\0\x1aHEAPCCDR", Some(Format::Closed)),
        (b"II is how some text begins", None),
        (b"\0\0\0\x0cJXL \r\n\x87\n", Some(Format::Closed)),
        (b"\0\0\0\x0cjP  \r\n\x87\n", Some(Format::Closed)),
        (b"\xff\x4f\xff\x51\0\x2f", Some(Format::Closed)),
        (b"II\xbc\x01\x20\0\0\0", Some(Format::Closed)),
        (b"8BPS\0\x01\0\0", Some(Format::Closed)),
        (b"8BPS\0\x02\0\0", Some(Format::Closed)),
        (b"gimp xcf v011\0", Some(Format::Closed)),
        (b"v/1\x01\x02\0\0\0", Some(Format::Closed)),
        (b"\x8aMNG\r\n\x1a\n", Some(Format::Closed)),
        (b"\x8bJNG\r\n\x1a\n", Some(Format::Closed)),
        (b"BPG\xfb", Some(Format::Closed)),
        (b"FLIF41", Some(Format::Closed)),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Some(Format::Closed)),
        (b"\0\0\0\x18ftypisom\0\0\x02\0iso2mif1", Some(Format::Closed)),
        (b"\0\0\0\x18ftypisom\0\0\x02\0iso2mp41", None),
        (b"\0\0\0\x18ftypisom", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ];
    for (head, expected) in table {
        assert_eq!(Format::of(head), expected, "{}", head.escape_ascii());
    }
}

#[test]
fn what_has_no_place_to_tell_it_and_what_is_text_goes_as_it_is() {
    let table: [&[u8]; 5] = [
        b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0",
        // JPEG XL without boxes.
        b"\xff\x0a\x00\x10",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        b"<?xml version=\"1.0\"?><svg/>",
        b"P6 1 1 255\n...",
    ];
    for head in table {
        assert_eq!(Format::of(head), None, "{}", head.escape_ascii());
    }
}
