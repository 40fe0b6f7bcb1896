//! Programs of this workspace, built in one of its two optimised profiles.
//!
//! `release` is what people build who want to see it soon; `dist` is what is packaged, measured and tested to be shipped.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::files;

/// A profile of Cargo.toml.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BuildProfile {
    Release,
    Dist,
}

impl BuildProfile {
    fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dist => "dist",
        }
    }
}

/// Builds the program of a package, which has the same name; says where it is.
pub(crate) fn built(package: &str, profile: BuildProfile) -> Result<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let words = ["build", "--profile", profile.name(), "-p", package];
    let status = Command::new(cargo).args(words).current_dir(files::root()).status()?;
    ensure!(status.success(), "cargo {}: {status}", words.join(" "));
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| files::root().join("target"), PathBuf::from);
    Ok(target.join(profile.name()).join(package))
}

/// The server as it is shipped.
pub(crate) fn shipped() -> Result<PathBuf> {
    built("adieu", BuildProfile::Dist)
}
