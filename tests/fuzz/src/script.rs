//! Any bytes, read as instructions.

/// Takes instructions off the front; when the bytes run out, every number is 0.
pub(crate) struct Script<'a> {
    rest: &'a [u8],
}

impl<'a> Script<'a> {
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    /// At most `most` bytes: as many as the next two bytes say, or as there are.
    pub(crate) fn bytes(&mut self, most: usize) -> &'a [u8] {
        let wanted = usize::from(u16::from_le_bytes([self.byte(), self.byte()]));
        let (bytes, rest) = self.rest.split_at(wanted.min(most).min(self.rest.len()));
        self.rest = rest;
        bytes
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }
}
