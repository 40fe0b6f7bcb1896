//! `cargo xtask bench footprint`: what a session costs in memory and on the disk, and what an installation without any does.
//!
//! Memory is what is resident of the process' own (`RssAnon`) once every session was asked for, above what it was before; pages of the
//! database that the kernel lends are shown beside it, for it takes them back when it wants.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::bench::memory::status_kib;
use crate::bench::pace::BenchPace;
use crate::bench::report::{BenchReport, RatioLimit};
use crate::bench::servers::{measured_profile, seed};
use crate::contract_server::{ContractServer, Pinned};
use crate::http::Connection;

/// Sessions; users have five each.
const SIZES: [u32; 2] = [1_000_000, 5_000_000];
const QUICK_SIZES: [u32; 1] = [300_000];
/// Bytes of a session, in memory and on the disk.
const BYTES_MAX: f64 = 450.0;
/// MiB of a server without sessions.
const IDLE_MIB_MAX: f64 = 20.0;
/// Connections that ask for all sessions.
const CALLERS: usize = 8;

/// Measures at each size.
pub(crate) fn footprint(binary: &Path, pace: BenchPace, report: &mut BenchReport) -> Result<()> {
    report.begin("What a session takes; the ratio is the figure itself", &["with the database's pages"]);
    let folder = Place::new("idle")?;
    let server = folder.serve(binary)?;
    let (own, all) = (mib(&server, "RssAnon")?, mib(&server, "VmRSS")?);
    let cells = [("with_pages", format!("{all:.1} MiB"))];
    report.row("MiB of a server without sessions", &cells, own, RatioLimit::AtMost(IDLE_MIB_MAX));
    drop(server);
    for sessions in pace.either(&SIZES[..], &QUICK_SIZES[..]) {
        let folder = Place::new("footprint")?;
        seed(binary, &measured_profile(), &folder.0, *sessions)?;
        let disk = bytes_below(&folder.0.join("data"))? as f64 / f64::from(*sessions);
        let server = folder.serve(binary)?;
        let before = mib(&server, "RssAnon")?;
        folder.ask_for_all(&server)?;
        let own = (mib(&server, "RssAnon")? - before) * 1024.0 * 1024.0 / f64::from(*sessions);
        let cells = [("with_pages", format!("{:.0} MiB in all", mib(&server, "VmRSS")?))];
        report.row(
            &format!("bytes resident, {sessions} sessions"),
            &cells,
            own,
            RatioLimit::AtMost(BYTES_MAX),
        );
        let cells = [("with_pages", String::new())];
        report.row(
            &format!("bytes on the disk, {sessions} sessions"),
            &cells,
            disk,
            RatioLimit::AtMost(BYTES_MAX),
        );
    }
    Ok(())
}

fn mib(server: &ContractServer, name: &str) -> Result<f64> {
    Ok(status_kib(server.pid(), name)? as f64 / 1024.0)
}

/// A folder that goes with the value.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("adieu-bench-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    fn serve(&self, binary: &Path) -> Result<ContractServer> {
        ContractServer::start(binary, "main", Some(&self.0.join("data")), None, Pinned::No)
    }

    /// Asks once for every session.
    fn ask_for_all(&self, server: &ContractServer) -> Result<()> {
        let url = server.variables["kratos"]["public"].as_str().context("an address")?;
        let public = url.trim_start_matches("http://").trim_end_matches('/').parse()?;
        let text = fs::read_to_string(self.0.join("tokens"))?;
        let tokens: Vec<&str> = text.lines().collect();
        let ask = |some: &[&str]| -> Result<()> {
            let mut connection = Connection::open(public)?;
            for token in some {
                let (status, text) =
                    connection.ask("GET", "/sessions/whoami", &[("x-session-token", token)], None)?;
                ensure!(status == 200, "{status} {text}");
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let parts = tokens.chunks(tokens.len().div_ceil(CALLERS).max(1));
            let asking: Vec<_> = parts.map(|some| scope.spawn(move || ask(some))).collect();
            asking
                .into_iter()
                .try_for_each(|caller| caller.join().map_err(|_| anyhow::anyhow!("a caller panicked"))?)
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What can't be removed lies in the system's temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn bytes_below(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        sum += if kind.is_dir() { bytes_below(&entry.path())? } else { kind.len() };
    }
    Ok(sum)
}
