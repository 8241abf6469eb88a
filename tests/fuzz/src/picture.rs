//! Pictures of any make: what is stripped has nothing left to strip, and a likeness is as small as it is asked to be.

use lamplit_picture::{Format, likeness, strip};

/// Bytes of a likeness at most, here.
const LIKENESS: usize = 12 * 1024;

/// Bytes that say which side of a picture is up.
const SIDE: usize = 64;

/// Takes `data` for a picture.
pub fn picture(data: &[u8]) {
    if let Some(format) = Format::of(data)
        && let Ok(stripped) = strip(format, data.to_vec())
    {
        assert!(stripped.len() <= data.len() + SIDE, "what is added says which side is up");
        assert_eq!(Format::of(&stripped), Some(format), "a picture stays one of its kind");
        let again = strip(format, stripped.clone());
        assert!(again.is_ok_and(|again| again == stripped), "what is stripped has nothing left to strip");
    }
    if let Some(likeness) = likeness(data, LIKENESS) {
        assert!(likeness.jpeg.len() <= LIKENESS, "a likeness is small");
    }
}
