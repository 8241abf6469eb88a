//! Stories of a few devices, told through the node's own inputs and outputs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod apart;
mod apart_groups;
mod apart_lamps;
mod apart_records;
mod bad_input;
mod clocks;
mod estranged;
mod files;
mod first_light;
mod groups;
mod hostile;
mod letters;
mod liar;
mod number;
mod own_devices;
mod removed;
mod reopened;
mod rest;
mod safety;
mod strangers;
mod world;
