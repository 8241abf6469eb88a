//! Bytes as people read them.

use lamplit_types::ByteCount;

/// Four digits at the most and a unit: `1.4 MiB`.
pub fn bytes(bytes: u64) -> String {
    ByteCount(bytes).to_string()
}
