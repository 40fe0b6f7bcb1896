//! Programs that ask for checks of one session, each on a connection that stays, while something else goes on.
//!
//! They pause between two checks: what they take of the machine is small, and how long each answer takes is what is measured.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use crate::bench::series::{Series, now};
use crate::http::Connection;

/// How many there are, and how long each waits between two.
const CALLERS: usize = 4;
const PAUSE: Duration = Duration::from_millis(2);

/// How long their checks took while `act` went on, and what that came to.
pub(crate) fn checks_during<T>(
    public: SocketAddr,
    token: &str,
    act: impl FnOnce() -> Result<T>,
) -> Result<(Series, T)> {
    let over = AtomicBool::new(false);
    let ask = || -> Result<Vec<f64>> {
        let (mut connection, mut ms) = (Connection::open(public)?, Vec::new());
        while !over.load(Ordering::Relaxed) {
            let asked = now();
            let answer = connection.ask("GET", "/sessions/whoami", &[("x-session-token", token)], None)?;
            ms.push(asked.elapsed().as_secs_f64() * 1000.0);
            ensure!(answer.0 == 200, "{answer:?}");
            std::thread::sleep(PAUSE);
        }
        Ok(ms)
    };
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(ask)).collect();
        let came_to = act();
        over.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for caller in callers {
            match caller.join() {
                Ok(ms) => all.extend(ms?),
                Err(_) => bail!("a caller panicked"),
            }
        }
        came_to.map(|value| (Series::of(all), value))
    })
}
