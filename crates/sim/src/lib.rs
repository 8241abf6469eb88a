//! The device simulator: real nodes and real stores in virtual time on a seeded network.
