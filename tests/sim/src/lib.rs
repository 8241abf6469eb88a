//! Crowds of devices, seed by seed; see `tests/`.
