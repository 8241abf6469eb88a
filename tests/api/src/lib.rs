//! The interface written down for who does not write Rust: `api/openrpc.json` and `api/types.d.ts`, both made from the
//! types in `lamplit_rpc::api`. `cargo xtask api` writes them; a test fails when they are not what the code says.

mod typescript;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

pub use typescript::typescript;

/// What is made: paths in the repository, and contents.
///
/// # Errors
/// If something of the interface has no counterpart in TypeScript.
pub fn files() -> Result<Vec<(PathBuf, String)>> {
    let mut document = Value::Object(lamplit_rpc::document().0);
    // The order must not depend on whether some package of the build keeps that of insertion.
    document.sort_all_objects();
    let openrpc = serde_json::to_string_pretty(&document).context("the document cannot be written")? + "\n";
    let folder = folder();
    Ok(vec![(folder.join("openrpc.json"), openrpc), (folder.join("types.d.ts"), typescript(&document)?)])
}

/// The folder `api/` of the repository.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../api")
}
