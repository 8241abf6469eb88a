//! How much of everything, and what happens then.

/// Memory for pages of the file, in bytes. Pages beyond it are read again.
pub const CACHE: usize = 128 << 20;

/// Rows in memory that are not spread yet. From there on [`Depot::is_due`](crate::Depot::is_due): whoever commits spreads
/// between two groups. At twice as much the next commit spreads first.
pub const ROWS: usize = 50_000;
/// The same for their bytes.
pub const BYTES: usize = 64 << 20;
/// The same for the bytes of the log: rows that change again and again fill it and not the memory.
pub const LOG_BYTES: usize = 128 << 20;

/// Rows that are spread in one transaction, for which commits wait.
pub const PART_ROWS: usize = 4_096;
/// Their bytes; a single row may be larger.
pub const PART_BYTES: usize = 4 << 20;
/// Entries of the log that are removed in one transaction.
pub const PART_GROUPS: usize = 1_024;

/// Bytes that are copied in one transaction of a backup; a single row may be larger.
pub const COPY_BYTES: usize = 64 << 20;
/// What a row counts for beside its value.
pub const COPY_ROW: usize = 128;
/// Faults that a report names. There may be more.
pub const FAULTS: usize = 16;
