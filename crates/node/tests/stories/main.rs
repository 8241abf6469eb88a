//! Stories of a few devices, told through the node's own inputs and outputs.

mod bad_input;
mod first_light;
mod world;
