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

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(file: &str) -> toml::Table {
        std::fs::read_to_string(files::root().join(file)).expect("a file").parse().expect("TOML")
    }

    /// Goal: F-40: what people build first has no link-time optimisation, all cores build it, and nothing is built in two versions.
    /// How long it takes then stands in docs/performance.md.
    #[test]
    fn the_first_build_is_lean() {
        let release = &parsed("Cargo.toml")["profile"]["release"];
        assert_eq!(release["lto"].as_str(), Some("off"));
        assert!(release["codegen-units"].as_integer().is_some_and(|units| units >= 16));
        let bans = &parsed("deny.toml")["bans"];
        assert_eq!(bans["multiple-versions"].as_str(), Some("deny"));
    }
}
