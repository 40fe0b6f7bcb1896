//! Load by wrk on its own core, and the CPU that the server used meanwhile.
//!
//! Requests that differ (each ends another session) come from a file; when it is used up, the load stops by itself.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::bench::figures::number_before;
use crate::bench::servers::{BenchTarget, LOAD_CORE};

/// Callers at once where every request is to be sent and none is timed.
const THROUGH_CALLERS: u32 = 64;
/// Requests a second that every server here answers, on a busy machine, too.
const SLOWEST_RATE: u32 = 9_000;
/// Clock ticks a second of `/proc`; fixed on Linux.
const TICKS: f64 = 100.0;

/// One kind of request.
pub(crate) struct Load {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<String>,
    /// One line for each request; `{}` in a header or the body stands for it.
    lines: Option<PathBuf>,
}

/// What one run came to.
pub(crate) struct Measured {
    pub(crate) cpu_us: f64,
    pub(crate) per_second: f64,
    pub(crate) p50: String,
    pub(crate) p99: String,
    pub(crate) refused: u64,
}

impl Load {
    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None, lines: None }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, kind: &str, text: impl Into<String>) -> Self {
        self.body = Some(text.into());
        self.header("Content-Type", kind)
    }

    pub(crate) fn each_line_of(mut self, file: PathBuf) -> Self {
        self.lines = Some(file);
        self
    }

    /// The same as a wrk script.
    fn script(&self) -> String {
        let quoted = |text: &str| format!("{text:?}");
        let with_line = |text: &str| match text.split_once("{}") {
            Some((before, after)) if self.lines.is_some() => {
                format!("{} .. line .. {}", quoted(before), quoted(after))
            }
            _ => quoted(text),
        };
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("[{name:?}] = {}, ", with_line(value))).collect();
        let body = self.body.as_deref().map_or("nil".to_owned(), with_line);
        let request = format!("wrk.format({:?}, {:?}, {{ {headers} }}, {body})", self.method, self.path);
        match &self.lines {
            None => {
                format!("local one\nfunction init() one = {request} end\nfunction request() return one end\n")
            }
            Some(file) => format!(
                "local all, n = {{}}, 0\nfunction init()\n  for line in io.lines({:?}) do all[#all + 1] = {request} end\nend\n\
                 function request()\n  n = n + 1\n  if n >= #all then wrk.thread:stop() end\n  return all[math.min(n, #all)]\nend\n",
                file.display().to_string()
            ),
        }
    }
}

/// Sends every one of a load's `requests` once. The load generator sleeps its whole time even when all are sent, so the
/// time follows from their number, at a rate that every server here exceeds; that they were all sent is looked at.
pub(crate) fn run_through(target: &BenchTarget, load: &Load, requests: u32) -> Result<()> {
    let text = wrk(target, load, THROUGH_CALLERS, 1 + requests / SLOWEST_RATE)?;
    let sent = number_before(&text, " requests in ")?;
    // Each caller gives up the answer that it waits for when the last request is written.
    ensure!(
        sent + f64::from(2 * THROUGH_CALLERS) >= f64::from(requests),
        "only {sent} of {requests} were asked: {text}"
    );
    Ok(())
}

fn wrk(target: &BenchTarget, load: &Load, callers: u32, seconds: u32) -> Result<String> {
    let script = std::env::temp_dir().join(format!("adieu-bench-{}.lua", std::process::id()));
    fs::write(&script, load.script())?;
    let output = Command::new("taskset")
        .args(["-c", LOAD_CORE, "wrk", "-t1", "--latency"])
        .args([format!("-c{callers}"), format!("-d{seconds}s")])
        .arg("-s")
        .arg(&script)
        .arg(format!("{}{}", target.address, load.path))
        .output()
        .context("wrk")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "wrk: {text}{}", String::from_utf8_lossy(&output.stderr));
    Ok(text)
}

/// Runs the load for a second, and reads what the target's threads used for a request, in microseconds by the scheduler's own
/// account; every answer must be good.
pub(crate) fn cpu_of_a_second(target: &BenchTarget, load: &Load) -> Result<f64> {
    let before = scheduled_ns(target)?;
    let text = wrk(target, load, THROUGH_CALLERS, 1)?;
    let used = scheduled_ns(target)? - before;
    ensure!(!text.contains("Non-2xx"), "{text}");
    Ok(used as f64 / 1000.0 / number_before(&text, " requests in ")?)
}

/// Nanoseconds that the target's threads have run.
fn scheduled_ns(target: &BenchTarget) -> Result<u64> {
    let mut sum = 0;
    for pid in target.processes()? {
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
            let ran = schedstat.split_whitespace().next().and_then(|ns| ns.parse::<u64>().ok());
            sum += ran.context("schedstat")?;
        }
    }
    Ok(sum)
}

/// Runs the load against a target for so many seconds, and reads what it used.
pub(crate) fn measure(target: &BenchTarget, load: &Load, callers: u32, seconds: u32) -> Result<Measured> {
    let before = cpu_ticks(target)?;
    let text = wrk(target, load, callers, seconds)?;
    let used = cpu_ticks(target)? - before;
    let requests = number_before(&text, " requests in ")?;
    let quantile = |mark: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(mark)).unwrap_or_default();
        line.split_whitespace().last().unwrap_or_default().to_owned()
    };
    let refused = text.lines().find_map(|line| line.trim().strip_prefix("Non-2xx or 3xx responses: "));
    let per_second = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    Ok(Measured {
        cpu_us: used / TICKS * 1e6 / requests,
        per_second: per_second.and_then(|n| n.trim().parse().ok()).unwrap_or(f64::NAN),
        p50: quantile("50%"),
        p99: quantile("99%"),
        refused: refused.and_then(|n| n.parse().ok()).unwrap_or(0),
    })
}

/// User and system time of the target's processes.
fn cpu_ticks(target: &BenchTarget) -> Result<f64> {
    let mut sum = 0.0;
    for pid in target.processes()? {
        let stat =
            fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid}"))?;
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let field =
            |n: usize| after_name.split_whitespace().nth(n).and_then(|ticks| ticks.parse::<f64>().ok());
        sum += field(11).unwrap_or(0.0) + field(12).unwrap_or(0.0);
    }
    Ok(sum)
}
