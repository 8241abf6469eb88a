use crate::name::is_control;

/// Text of other people, made safe to show: no control character, none that reorders, breaks or hides what stands around
/// it (Unicode TR 36, 2.1). Line feeds and tabs of a message stay and are for whoever shows it to place.
///
/// ```
/// assert_eq!(lamplit_types::safe("a\u{1b}[2Jb"), "a\u{FFFD}[2Jb");
/// assert_eq!(lamplit_types::safe("abc\u{202E}cba"), "abc\u{FFFD}cba");
/// ```
pub fn safe(text: &str) -> String {
    let one = |c: char| match c {
        '\n' | '\t' => c,
        c if is_control(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests;
