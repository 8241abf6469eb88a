use super::*;

fn read(parts: &[Part]) -> String {
    let mut letters = Vec::new();
    for part in parts {
        let bytes = if part.has_header { &part.bytes[6..] } else { &part.bytes[..] };
        assert!(part.bytes.len() <= if part.is_wide { 140 } else { 160 }, "{}", part.bytes.len());
        if part.is_wide {
            // Each part can be read alone: nothing is cut in half.
            let units: Vec<_> = bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            letters.push(String::from_utf16(&units).unwrap());
        } else {
            letters.push(String::from_utf8(bytes.to_vec()).unwrap());
        }
    }
    letters.concat()
}

#[test]
fn a_text_comes_in_as_few_parts_as_can_be_and_is_read_as_it_was() {
    for (text, count, is_wide) in [
        ("Lamplit: your code is 123456".to_owned(), 1, false),
        ("x".repeat(160), 1, false),
        ("x".repeat(161), 2, false),
        ("x".repeat(153 * 4), 4, false),
        ("灯".repeat(70), 1, true),
        ("灯".repeat(71), 2, true),
        ("灯".repeat(67 * 4), 4, true),
        ("🏮".repeat(35), 1, true),
        ("🏮".repeat(36), 2, true),
        // 67 units hold 33 pairs and a half.
        ("🏮".repeat(33 * 4), 4, true),
        ("line\nline".to_owned(), 1, false),
    ] {
        let parts = parts(&text, 7).unwrap();
        assert_eq!(parts.len(), count, "{text}");
        assert_eq!(read(&parts), text);
        assert!(parts.iter().all(|part| part.is_wide == is_wide && part.has_header == (count > 1)), "{text}");
    }
}

#[test]
fn only_what_every_alphabet_has_in_one_place_goes_without_ucs_2() {
    let alike = "\n !\"#%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for c in (0x20..0x7f).map(char::from).chain(['\n', '\u{a3}', '\u{20ac}']) {
        assert_eq!(parts(&c.to_string(), 0).unwrap()[0].is_wide, !alike.contains(c), "{c:?}");
    }
}

#[test]
fn parts_name_their_text_their_number_and_each_other() {
    let headers: Vec<_> = parts(&"x".repeat(400), 7).unwrap().iter().map(|part| part.bytes[..6].to_vec()).collect();
    assert_eq!(headers, [[5, 0, 3, 7, 3, 1], [5, 0, 3, 7, 3, 2], [5, 0, 3, 7, 3, 3]]);
}

#[test]
fn what_no_telephone_shows_is_refused() {
    let texts = [
        String::new(),
        "a\u{1b}[2J".to_owned(),
        "a\0".to_owned(),
        "a\rb".to_owned(),
        "x".repeat(153 * 4 + 1),
        "灯".repeat(67 * 4 + 1),
        "🏮".repeat(33 * 4 + 1),
        "x".repeat(100_000_000),
    ];
    for text in texts {
        assert_eq!(count(&text), Err(SendError::Text), "{}", text.len());
    }
}
