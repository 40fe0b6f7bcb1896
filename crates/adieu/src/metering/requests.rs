//! Counts requests by channel and class of status, and how long each took.
//!
//! A check is too cheap for a lock or a shared counter: each thread adds to numbers of its own, and whoever reads the page sums them
//! up. Nothing that a caller sends becomes a label.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;

use crate::metering::FAMILIES;

/// Who answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestChannel {
    Am,
    Check,
    Kratos,
    Pages,
    PingOne,
    OpenId,
    Native,
    KratosAdmin,
    Metrics,
    /// It was refused before anybody was asked.
    None,
}

impl RequestChannel {
    /// In the order in which they are declared.
    const ALL: [Self; 10] = [
        Self::Am,
        Self::Check,
        Self::Kratos,
        Self::Pages,
        Self::PingOne,
        Self::OpenId,
        Self::Native,
        Self::KratosAdmin,
        Self::Metrics,
        Self::None,
    ];

    /// The word that metrics and lines of the log have for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Am => "am",
            Self::Check => "check",
            Self::Kratos => "kratos",
            Self::Pages => "pages",
            Self::PingOne => "pingone",
            Self::OpenId => "openid",
            Self::Native => "native",
            Self::KratosAdmin => "kratos_admin",
            Self::Metrics => "metrics",
            Self::None => "none",
        }
    }
}

/// Classes of status; the last one is of requests whose caller was gone before the answer.
const CLASSES: [&str; 5] = ["2xx", "3xx", "4xx", "5xx", "none"];

const fn class_of(status: StatusCode) -> usize {
    match status.as_u16() {
        300..=399 => 1,
        400..=499 => 2,
        500.. => 3,
        _ => 0,
    }
}

/// Upper ends of the sizes, in microseconds and as the page says them.
const BOUNDS: [(u64, &str); 13] = [
    (100, "0.0001"),
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (10_000_000, "10"),
];

/// One more than there are bounds: what took longer than all of them.
const SIZES: usize = BOUNDS.len() + 1;
/// More than the threads that serve; two threads that share one count right, only slower.
const SHARDS: usize = 16;

/// What one channel answered with one class of status.
struct Durations {
    by_size: [AtomicU64; SIZES],
    sum_ns: AtomicU64,
}

impl Durations {
    const fn new() -> Self {
        Self { by_size: [const { AtomicU64::new(0) }; SIZES], sum_ns: AtomicU64::new(0) }
    }
}

/// The numbers of one thread, on cache lines of their own.
#[repr(align(128))]
struct ThreadShard([[Durations; CLASSES.len()]; RequestChannel::ALL.len()]);

impl ThreadShard {
    const fn new() -> Self {
        Self([const { [const { Durations::new() }; CLASSES.len()] }; RequestChannel::ALL.len()])
    }
}

/// The place of the next thread that counts.
static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static PLACE: usize = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
}

/// Counts the requests of one server.
pub(crate) struct RequestMeter {
    shards: Box<[ThreadShard]>,
}

impl RequestMeter {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| ThreadShard::new()).collect() }
    }

    /// A request begins to be answered.
    pub(crate) fn begin(&self, channel: RequestChannel) -> RequestTimer<'_> {
        RequestTimer { meter: self, channel, class: CLASSES.len() - 1, begun: moment() }
    }

    fn count(&self, channel: RequestChannel, class: usize, took: Duration) {
        let shard = &self.shards[PLACE.with(|place| *place)];
        let durations = &shard.0[channel as usize][class];
        let us = took.as_micros();
        let size = BOUNDS.iter().position(|(bound, _)| us <= u128::from(*bound)).unwrap_or(SIZES - 1);
        durations.by_size[size].fetch_add(1, Ordering::Relaxed);
        durations.sum_ns.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The sum of all threads: how many of each size, and how long all together took.
    fn sum(&self, channel: usize, class: usize) -> ([u64; SIZES], u64) {
        let (mut by_size, mut ns) = ([0; SIZES], 0_u64);
        for shard in &self.shards {
            let durations = &shard.0[channel][class];
            for (sum, count) in by_size.iter_mut().zip(&durations.by_size) {
                *sum += count.load(Ordering::Relaxed);
            }
            ns = ns.wrapping_add(durations.sum_ns.load(Ordering::Relaxed));
        }
        (by_size, ns)
    }

    /// Writes both families as the page has them. Sizes are shown of what has happened only: they are many.
    pub(crate) fn show(&self, page: &mut String) {
        let mut sizes = String::new();
        head(page, "adieu_requests_total");
        head(&mut sizes, "adieu_request_seconds");
        for (n, channel) in RequestChannel::ALL.into_iter().enumerate() {
            for (class, status) in CLASSES.into_iter().enumerate() {
                let labels = format!("channel=\"{}\",status=\"{status}\"", channel.word());
                let (by_size, ns) = self.sum(n, class);
                let all: u64 = by_size.iter().sum();
                line(page, format_args!("adieu_requests_total{{{labels}}} {all}"));
                if all > 0 {
                    show_sizes(&mut sizes, &labels, &by_size, ns);
                }
            }
        }
        page.push('\n');
        page.push_str(&sizes);
        page.push('\n');
    }
}

fn show_sizes(page: &mut String, labels: &str, by_size: &[u64; SIZES], ns: u64) {
    let mut so_far = 0;
    let bounds = BOUNDS.iter().map(|(_, said)| *said).chain(["+Inf"]);
    for (bound, count) in bounds.zip(by_size) {
        so_far += count;
        line(page, format_args!("adieu_request_seconds_bucket{{{labels},le=\"{bound}\"}} {so_far}"));
    }
    line(
        page,
        format_args!("adieu_request_seconds_sum{{{labels}}} {}", Duration::from_nanos(ns).as_secs_f64()),
    );
    line(page, format_args!("adieu_request_seconds_count{{{labels}}} {so_far}"));
}

fn head(page: &mut String, name: &str) {
    if let Some(family) = FAMILIES.iter().find(|family| family.name == name) {
        line(page, format_args!("# HELP {name} {}", family.help));
        line(page, format_args!("# TYPE {name} {}", family.kind.word()));
    }
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = writeln!(page, "{text}"); // A string takes everything.
}

/// Counts its request when it goes, with the status that it was told or none.
pub(crate) struct RequestTimer<'m> {
    meter: &'m RequestMeter,
    channel: RequestChannel,
    class: usize,
    begun: Instant,
}

impl RequestTimer<'_> {
    /// The request is answered.
    pub(crate) fn answered(mut self, status: StatusCode) {
        self.class = class_of(status);
    }
}

impl Drop for RequestTimer<'_> {
    fn drop(&mut self) {
        self.meter.count(self.channel, self.class, moment().saturating_duration_since(self.begun));
    }
}

#[expect(clippy::disallowed_methods, reason = "a measurement for metrics, not a time of the domain")]
fn moment() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_stand_in_the_order_of_their_numbers() {
        for (n, channel) in RequestChannel::ALL.into_iter().enumerate() {
            assert_eq!(channel as usize, n);
        }
    }

    /// Goal: what all threads counted is shown once, sizes add up, and a caller that is gone before the answer is counted, too.
    #[test]
    fn requests_of_all_threads_are_summed_up() {
        let meter = RequestMeter::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for ms in 0..50 {
                        meter.count(
                            RequestChannel::Kratos,
                            class_of(StatusCode::OK),
                            Duration::from_millis(ms),
                        );
                    }
                    drop(meter.begin(RequestChannel::Am));
                    meter.begin(RequestChannel::Am).answered(StatusCode::BAD_GATEWAY);
                });
            }
        });
        let mut page = String::new();
        meter.show(&mut page);
        for expect in [
            "adieu_requests_total{channel=\"kratos\",status=\"2xx\"} 200\n",
            "adieu_requests_total{channel=\"kratos\",status=\"5xx\"} 0\n",
            "adieu_requests_total{channel=\"am\",status=\"none\"} 4\n",
            "adieu_requests_total{channel=\"am\",status=\"5xx\"} 4\n",
            "adieu_request_seconds_bucket{channel=\"kratos\",status=\"2xx\",le=\"0.0001\"} 4\n",
            "adieu_request_seconds_bucket{channel=\"kratos\",status=\"2xx\",le=\"0.01\"} 44\n",
            "adieu_request_seconds_bucket{channel=\"kratos\",status=\"2xx\",le=\"+Inf\"} 200\n",
            "adieu_request_seconds_sum{channel=\"kratos\",status=\"2xx\"} 4.9\n",
            "adieu_request_seconds_count{channel=\"kratos\",status=\"2xx\"} 200\n",
        ] {
            assert!(page.contains(expect), "{expect} in {page}");
        }
    }
}
