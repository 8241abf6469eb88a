use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;

/// The operating system's randomness, stretched over one batch at a time. A new seed for each batch means that a copy
/// of this process, such as a restored virtual machine, draws something else.
pub(crate) struct Random(ChaCha20Rng);

impl Random {
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        seeded().map(Self)
    }

    /// Begins a batch. Should the system have nothing to give, the stream goes on where it was.
    pub(crate) fn reseed(&mut self) {
        if let Ok(rng) = seeded() {
            self.0 = rng;
        }
    }

    pub(crate) const fn rng(&mut self) -> &mut ChaCha20Rng {
        &mut self.0
    }
}

fn seeded() -> Result<ChaCha20Rng, getrandom::Error> {
    let mut seed = <ChaCha20Rng as SeedableRng>::Seed::default();
    getrandom::fill(&mut seed)?;
    Ok(ChaCha20Rng::from_seed(seed))
}
