//! How much is taken in, and what happens beyond it.

/// A picture, in bytes. What a larger one tells beside itself is not taken out: it is refused.
pub const PICTURE_BYTES: u64 = 64 * 1024 * 1024;
/// Width and height of a picture, in pixels. Of a larger one no likeness is made.
pub const SIDE: u32 = 32_768;
/// Memory for the pixels of a picture, in bytes. Of one that needs more no likeness is made.
pub const PIXEL_BYTES: u64 = 512 * 1024 * 1024;
/// The longer side of a likeness, in pixels.
pub const LIKENESS_SIDE: u32 = 320;
/// Bytes that tell a picture's format. An ISO base media file whose list of what it may be taken for does not fit in
/// them counts as a picture whose metadata is not understood.
pub const HEAD_BYTES: usize = 4096;
