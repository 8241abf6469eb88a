//! What is checked after every step, and at the end.

mod end;
mod events;
mod presence;
mod step;
