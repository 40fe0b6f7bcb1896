//! Receivers on loopback, a process of their own, and the loop of bare signed posts beside which notices are measured.
//!
//! Both are `benches/notices`, built as the server is.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// No notice of a healthy receiver takes as long.
const PATIENCE: Duration = Duration::from_secs(120);

/// The bare loop; how many milliseconds each round took.
pub(crate) fn bare(
    program: &Path,
    algorithm: &str,
    posts: usize,
    rounds: usize,
    ports: &[u16],
) -> Result<Vec<f64>> {
    let mut command = Command::new(program);
    command
        .args(["bare", algorithm, &posts.to_string(), &rounds.to_string()])
        .args(ports.iter().map(u16::to_string));
    let output = command.stderr(Stdio::inherit()).output().context("the bare loop")?;
    ensure!(output.status.success(), "the bare loop: {}", output.status);
    let lines = String::from_utf8(output.stdout)?;
    lines.lines().map(|ns| Ok(ns.parse::<f64>()? / 1e6)).collect()
}

/// The process of the receivers.
pub(crate) struct Receivers {
    child: Child,
    pub(crate) ports: Vec<u16>,
    heard: Receiver<u128>,
}

impl Receivers {
    pub(crate) fn start(program: &Path, count: usize, hanging: usize) -> Result<Self> {
        Self::start_by(Command::new(program), count, hanging)
    }

    /// The same with the priority of what is told, as if they were on other machines: beside checks they take no core from them.
    pub(crate) fn start_aside(program: &Path, count: usize) -> Result<Self> {
        let mut command = Command::new("nice");
        command.args(["-n", "10"]).arg(program);
        Self::start_by(command, count, 0)
    }

    fn start_by(mut command: Command, count: usize, hanging: usize) -> Result<Self> {
        command.args(["receive", &count.to_string(), &hanging.to_string()]).stdout(Stdio::piped());
        let mut child = command.spawn().context("the receivers")?;
        let mut lines = BufReader::new(child.stdout.take().context("the receivers say nothing")?);
        let mut first = String::new();
        lines.read_line(&mut first)?;
        let ports = first.split_whitespace().map(str::parse).collect::<Result<Vec<u16>, _>>()?;
        let (tell, heard) = channel();
        std::thread::spawn(move || forward(lines, |at| tell.send(at).is_ok()));
        Ok(Self { child, ports, heard })
    }

    /// When the last of so many notices was answered.
    pub(crate) fn last_of(&mut self, count: usize) -> Result<u128> {
        let mut last = 0;
        for number in 0..count {
            match self.heard.recv_timeout(PATIENCE) {
                Ok(at) => last = last.max(at),
                Err(RecvTimeoutError::Timeout) => anyhow::bail!("{number} of {count} notices came in time"),
                Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the receivers are gone"),
            }
        }
        Ok(last)
    }

    /// Forgets what has come; says how many notices that were.
    pub(crate) fn forget(&mut self) -> usize {
        self.heard.try_iter().count()
    }
}

fn forward(lines: BufReader<ChildStdout>, mut tell: impl FnMut(u128) -> bool) {
    for line in lines.lines().map_while(Result::ok) {
        let at = line.split(' ').nth(1).and_then(|at| at.parse().ok());
        if !at.is_some_and(&mut tell) {
            return;
        }
    }
}

impl Drop for Receivers {
    fn drop(&mut self) {
        // It may be gone already; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
