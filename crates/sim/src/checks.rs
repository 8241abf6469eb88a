//! What is checked after every step, and at the end.

mod end;
mod events;
pub(crate) mod presence;
mod step;
