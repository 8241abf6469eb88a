//! What the manifests of the workspace say, from `cargo metadata`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

/// The members of the workspace.
#[derive(Debug, Default)]
pub struct House {
    /// Every member, in no particular order.
    pub members: Vec<Member>,
}

/// A package of the workspace.
#[derive(Debug)]
pub struct Member {
    /// The package's name.
    pub name: String,
    /// Its folder, from the root of the workspace: `crates/wire`.
    pub folder: String,
    /// What its manifest asks for.
    pub needs: Vec<Need>,
}

/// One dependency in a manifest.
#[derive(Debug)]
pub struct Need {
    /// The package that is needed.
    pub name: String,
    /// For what.
    pub kind: Kind,
    /// The versions that will do, as the manifest writes them.
    pub versions: String,
    /// Whether it is a folder of this workspace.
    pub local: bool,
}

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For the program, or for the build script that makes it.
    Program,
    /// For tests only.
    Tests,
}

impl House {
    /// Reads the workspace at `root`. Errors when cargo can't.
    pub fn read(root: &Path) -> Result<Self> {
        let metadata = MetadataCommand::new()
            .current_dir(root)
            .no_deps()
            .exec()
            .context("`cargo metadata --no-deps` failed: run it by hand")?;
        let mut members = Vec::new();
        for package in metadata.packages {
            let folder = package.manifest_path.parent().context("a manifest lies in a folder")?;
            let folder = folder.strip_prefix(&metadata.workspace_root).context("a member lies in the workspace")?;
            let needs = package.dependencies.into_iter().map(|dependency| Need {
                kind: if dependency.kind == DependencyKind::Development { Kind::Tests } else { Kind::Program },
                versions: dependency.req.to_string(),
                local: dependency.path.is_some(),
                name: dependency.name,
            });
            let (name, folder) = (package.name.to_string(), folder.to_string());
            members.push(Member { name, folder, needs: needs.collect() });
        }
        Ok(Self { members })
    }

    /// The member of that name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl Member {
    /// The workspace's own packages that this one needs.
    pub fn local(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.needs.iter().filter(move |need| need.local && need.kind == kind).map(|need| need.name.as_str())
    }
}

/// The folder of this workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
