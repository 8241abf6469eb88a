//! Writes the files of `api/` that are made from the code.

use std::fs;

use anyhow::{Context, Result};

fn main() -> Result<()> {
    for (path, text) in lamplit_api::files()? {
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}
