use std::sync::Arc;

use crate::{
    codes::CodeKey,
    lamps::Lamps,
    limits::CODES_OF_ALL,
    rates::Rates,
    store::{ApplyError, Store, StoreError},
};

/// The server's services over a store.
#[derive(Debug)]
pub struct Service<S> {
    store: S,
    settings: Settings,
    rates: Rates,
    lamps: Arc<Lamps>,
}

/// What the services go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether anybody may open an account by showing a device list.
    pub open: bool,
    /// What codes to numbers follow from. `None`: none are sent.
    pub codes: Option<CodeKey>,
    /// So many codes at once to all numbers together, and one more each so many milliseconds: [`CODES_OF_ALL`] if nobody says.
    pub codes_of_all: (u32, u64),
}

impl Default for Settings {
    fn default() -> Self {
        Self { open: true, codes: None, codes_of_all: CODES_OF_ALL }
    }
}

impl<S: Store> Service<S> {
    /// Services over a store.
    pub fn new(store: S, settings: Settings) -> Self {
        let rates = Rates::new(settings.codes_of_all);
        Self { store, settings, rates, lamps: Arc::default() }
    }

    /// The store.
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// What they go by.
    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What devices have used up.
    pub(crate) const fn rates(&self) -> &Rates {
        &self.rates
    }

    /// Who is on what.
    pub(crate) const fn lamps(&self) -> &Arc<Lamps> {
        &self.lamps
    }
}

/// Why a request was not done. Nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failed {
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error("the rows are changed by others all the time: it may be tried again")]
    Contended,
    #[error("{0}")]
    Write(ApplyError),
}
