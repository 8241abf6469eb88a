//! Published test vectors, run against the primitives in the versions and with the features of this workspace.
//!
//! A wrong feature, a wrong version or a miscompiled backend shows up here before it shows up as two devices
//! that can't talk. Where each vector comes from is in `data/README.md`.

#[cfg(test)]
mod chacha20_poly1305;
#[cfg(test)]
mod ed25519;
#[cfg(test)]
mod noise;
#[cfg(test)]
mod read;
#[cfg(test)]
mod x25519;
