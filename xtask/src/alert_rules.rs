//! The alert rules of `packaging/`, read by Prometheus' own program where it is installed.
//!
//! A test holds their expressions against the families that the server shows; whether Prometheus takes the file is asked of
//! `promtool`. Its package is a hundred megabytes with a service in it, so nobody is made to install it.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::files;
use crate::packages::on_path;

const RULES: &str = "packaging/prometheus-rules.yml";

/// Checks them, or says that they were not checked.
pub(crate) fn alert_rules() -> Result<()> {
    if !on_path("promtool") {
        println!("alert rules: not checked; promtool is missing (Debian's package prometheus)");
        return Ok(());
    }
    let output = Command::new("promtool").args(["check", "rules", RULES]).current_dir(files::root()).output();
    let output = output.context("promtool")?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    ensure!(output.status.success(), "{RULES}: {}\n{}", said(&output.stdout), said(&output.stderr));
    println!("alert rules: promtool takes them");
    Ok(())
}
