use super::*;

/// The beginning of a file that says first what it is, and then what else it may be taken for. What comes behind that
/// does not count.
fn begins(first: &[u8; 4], others: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + others.len()).unwrap();
    [length.to_be_bytes().as_slice(), b"ftyp", first, &[0, 0, 2, 0], others, b"\0\0\0\x10moovmif1heic"].concat()
}

#[test]
fn a_picture_is_known_by_each_of_its_brands_wherever_it_stands() {
    let brands: [&[u8; 4]; 34] = [
        b"mif1", b"mif2", b"mif3", b"msf1", b"miaf", b"1pic", b"pred", b"heic", b"heix", b"heim", b"heis", b"hevx",
        b"hevm", b"hevs", b"avci", b"avcs", b"vvic", b"vvis", b"evbi", b"evbs", b"evmi", b"evms", b"jpgs", b"j2ki",
        b"j2is", b"jxsi", b"jxss", b"avif", b"avis", b"avio", b"heoi", b"jpoi", b"vvoi", b"crx ",
    ];
    for brand in brands {
        let name = brand.escape_ascii();
        assert!(is_still(&begins(brand, b"")), "{name} alone");
        assert!(is_still(&begins(brand, b"iso8isommp42")), "{name} before others");
        assert!(is_still(&begins(b"isom", brand)), "{name} behind another");
        let last = [b"isommp42iso8iso9mp41avc1".as_slice(), brand].concat();
        assert!(is_still(&begins(b"mp42", &last)), "{name} at the end");
    }
}

#[test]
fn pictures_are_known_as_devices_write_them() {
    let table: [(&[u8; 4], &[u8]); 12] = [
        (b"heic", b"mif1MiHBMiHEMiPrmiafheictmap"),
        (b"heix", b"mif1heixmiafMiHAjpegSHIF"),
        (b"avif", b"avifmif1miafMA1B"),
        (b"avio", b"avifmif1miafavio"),
        (b"avis", b"avismsf1iso8mif1miaf"),
        (b"avci", b"mif1avci"),
        (b"hevc", b"msf1hevciso8"),
        (b"hevc", b"iso8"),
        (b"jpeg", b"jpegmif1"),
        (b"MiHB", b"mif1heic"),
        (b"mif3", b""),
        (b"crx ", b"crx isom"),
    ];
    for (first, others) in table {
        assert!(is_still(&begins(first, others)), "{} {}", first.escape_ascii(), others.escape_ascii());
    }
}

#[test]
fn a_film_is_no_picture_whatever_else_it_lists() {
    let table: [(&[u8; 4], &[u8]); 15] = [
        (b"isom", b"isomiso2avc1mp41"),
        (b"isom", b""),
        (b"iso5", b"iso5dashmsixcmfccfhd"),
        (b"mp41", b"mp41isom"),
        (b"mp42", b"isommp42"),
        (b"qt  ", b"qt  "),
        (b"qt  ", b"qt  nikoCAEPpanaLCAG"),
        (b"M4V ", b"M4V M4A mp42isom"),
        (b"M4A ", b"M4A mp42isom\0\0\0\0"),
        (b"3gp5", b"3gp5isom"),
        (b"avc1", b"avc1isom"),
        (b"XAVC", b"XAVCmp42iso2nras"),
        // Names of codecs, some of which are brands of pictures as well.
        (b"isom", b"isomiso2hevchvc1hev1jpegav01avc1vvc1dby1"),
        // What lies across two is none.
        (b"mp42", b"xxmif1xx"),
        (b"zzzz", b"yyyyxxxx"),
    ];
    for (first, others) in table {
        assert!(!is_still(&begins(first, others)), "{} {}", first.escape_ascii(), others.escape_ascii());
    }
    assert!(!is_still(b"\0\0\0\x14ftypisommif1isom"), "a version is no brand");
    assert!(!is_still(b"\0\0\0\x08wide\0\0\0\0mdatmif1heic"), "a film of before there were brands");
}

#[test]
fn a_list_that_goes_on_behind_what_is_looked_at_counts_as_one_of_a_picture() {
    let most = (HEAD_BYTES - 16) / BRAND;
    let film = begins(b"isom", &b"mp42".repeat(most));
    assert!(!is_still(&film[..HEAD_BYTES]));
    let picture = begins(b"isom", &[b"mp42".repeat(most - 1), b"mif1".to_vec()].concat());
    assert!(is_still(&picture[..HEAD_BYTES]));
    let longer = begins(b"isom", &b"mp42".repeat(most + 1));
    assert!(is_still(&longer[..HEAD_BYTES]));
    assert!(is_still(b"\0\0\0\0ftypisom\0\0\x02\0isom"), "one that goes on to the end of the file");
}

#[test]
fn brands_are_found_under_a_length_of_64_bits_and_one_that_is_wrong() {
    let long = |length: u64, others: &[u8]| {
        [b"\0\0\0\x01ftyp".as_slice(), &length.to_be_bytes(), b"isom\0\0\x02\0", others, b"mif1"].concat()
    };
    assert!(is_still(&long(32, b"iso2mif1")));
    assert!(!is_still(&long(32, b"iso2mp41")));
    assert!(is_still(&long(u64::MAX, b"iso2mp41")));

    // Shorter than what it counts, longer than what there is, and cut off.
    assert!(is_still(b"\0\0\0\x08ftypheic"));
    assert!(is_still(b"\0\0\0\x20ftypisom\0\0\x02\0mif1"));
    for cut in [b"".as_slice(), b"\0\0\0\x18", b"\0\0\0\x18ftyp", b"\0\0\0\x18ftyphei", b"\0\0\0\x01ftyp\0\0\0"] {
        assert!(!is_still(cut), "{}", cut.escape_ascii());
    }
}
