use lamplit_types::{Channel, Class, Mono};
use rand_core::CryptoRng;

use crate::{Directory, LinkError, LinkEvent};

/// What a link does over one kind of pipe. [`crate::Link`] has checked lengths and limits before it calls `send`, and
/// calls nothing but `poll_event` after an error.
pub(crate) trait Machine: Send {
    fn receive(
        &mut self,
        now: Mono,
        rng: &mut dyn CryptoRng,
        directory: &mut dyn Directory,
        channel: Channel,
        bytes: &[u8],
    ) -> Result<(), LinkError>;
    fn is_open(&self) -> bool;
    fn send(&mut self, class: Class, frame: &[u8]);
    fn send_packet(&mut self, bytes: &[u8]);
    fn queued(&self) -> usize;
    fn poll_transmit(&mut self, now: Mono) -> Option<(Channel, Vec<u8>)>;
    fn poll_event(&mut self) -> Option<LinkEvent>;
    fn deadline(&self) -> Option<Mono>;
    fn on_deadline(&mut self, now: Mono) -> Result<(), LinkError>;
}
