//! An ending that comes alone, held against a bare write that is synced: nobody shares its commit.
//!
//! Both are taken in turn, in the same folder of the same disk.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::bench::report::{BenchReport, RatioLimit};
use crate::bench::series::{Series, now};
use crate::bench::servers::Seeded;
use crate::http::Connection;

/// Endings, and bare writes.
const ROUNDS: usize = 300;
/// Before those that count.
const WARMING: usize = 20;
/// What a bare write writes: two pages.
const WRITTEN: [u8; 8192] = [7; 8192];
/// An ending may take as long as so many bare writes.
const ALLOWED: f64 = 3.0;

/// Measures both in turn.
pub(crate) fn lone(binary: &Path, report: &mut BenchReport) -> Result<()> {
    let seeded = Seeded::start(binary, u32::try_from(WARMING + ROUNDS)?)?;
    let mut bare = File::create(seeded.folder().join("bare"))?;
    let mut connection = Connection::open(seeded.public()?)?;
    let (mut alone, mut ended) = (Vec::new(), Vec::new());
    let text = std::fs::read_to_string(seeded.folder().join("tokens"))?;
    for (round, token) in text.lines().enumerate() {
        let began = now();
        bare.seek(SeekFrom::Start((round % 64 * WRITTEN.len()) as u64))?;
        bare.write_all(&WRITTEN)?;
        bare.sync_data()?;
        let written = began.elapsed();
        let body = json!({"session_token": token});
        let began = now();
        let (status, text) = connection.ask("DELETE", "/self-service/logout/api", &[], Some(&body))?;
        let took = began.elapsed();
        ensure!(status == 204, "{status} {text}");
        if round >= WARMING {
            alone.push(written.as_secs_f64() * 1000.0);
            ended.push(took.as_secs_f64() * 1000.0);
        }
    }
    let (alone, ended) = (Series::of(alone), Series::of(ended));
    report.times(&format!("An ending alone; {ROUNDS} in turn with bare writes"));
    report.unit("8 KiB written and synced", &alone);
    report.series("Kratos native logout", &ended, &alone, RatioLimit::AtMost(ALLOWED));
    Ok(())
}
