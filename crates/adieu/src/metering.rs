//! Metrics in Prometheus' text form.
//!
//! Rooms count through the `metrics` facade; here is the recorder behind it and the page that shows it. Requests are counted in
//! `requests`. What there is, and what it means, is the table in `families`, from which docs/metrics.md is made.

mod families;
mod requests;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use adieu_authority::{Authority, Cause, ClientRefusalReason, Clock, Hindrance, ReceiptState, SignOnOutcome};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::watch;

use crate::real::SystemClock;

pub use families::{FAMILIES, MetricFamily, MetricKind};
pub(crate) use requests::{RequestChannel, RequestMeter};

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Channels that clients ask through in their own name, those that users sign on through, and those that sessions end through.
const CLIENT_CHANNELS: [&str; 3] = ["am", "openid", "pingone"];
const SIGN_ON_CHANNELS: [&str; 4] = ["am", "kratos", "openid", "pingone"];
const ENDING_CHANNELS: [&str; 8] =
    ["am", "command", "kratos", "native", "openid", "pages", "pingone", "system"];

/// Begins to record. Before it, and where another recorder is installed, nothing is shown.
pub fn install() {
    RECORDER.get_or_init(|| {
        let handle = build()?;
        describe();
        begin_at_zero();
        Some(handle)
    });
}

/// What was recorded, if it was installed.
pub fn recorder() -> Option<&'static PrometheusHandle> {
    RECORDER.get().and_then(Option::as_ref)
}

fn build() -> Option<PrometheusHandle> {
    let seconds = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0];
    let told = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 60.0, 3600.0, 86400.0];
    let orders = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("adieu_store_commit_seconds".into()), &seconds)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Full("adieu_store_commit_orders".into()), &orders)
        })
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Full("adieu_notice_seconds".into()), &told)
        })
        .ok()?
        .install_recorder()
        .ok()
}

fn describe() {
    for MetricFamily { name, kind, help, .. } in FAMILIES {
        match kind {
            MetricKind::Counter => metrics::describe_counter!(*name, *help),
            MetricKind::Gauge => metrics::describe_gauge!(*name, *help),
            MetricKind::Histogram => metrics::describe_histogram!(*name, *help),
        }
    }
}

/// What has not happened yet is shown as zero: an increase that begins with nothing is seen by no rule.
fn begin_at_zero() {
    for answer in ["live", "not_live", "cannot_tell"] {
        metrics::counter!("adieu_checks_total", "answer" => answer).increment(0);
    }
    for channel in SIGN_ON_CHANNELS {
        for outcome in SignOnOutcome::ALL.map(SignOnOutcome::word) {
            metrics::counter!("adieu_sign_ons_total", "channel" => channel, "outcome" => outcome)
                .increment(0);
        }
    }
    for channel in CLIENT_CHANNELS {
        for reason in ClientRefusalReason::ALL.map(ClientRefusalReason::word) {
            metrics::counter!("adieu_client_refusals_total", "channel" => channel, "reason" => reason)
                .increment(0);
        }
    }
    for channel in ENDING_CHANNELS {
        metrics::counter!("adieu_endings_repeated_total", "channel" => channel).increment(0);
        for cause in Cause::ALL.map(Cause::word) {
            metrics::counter!("adieu_endings_total", "cause" => cause, "channel" => channel).increment(0);
        }
    }
    for reason in Hindrance::ALL.map(Hindrance::word).into_iter().chain(["other"]) {
        metrics::counter!("adieu_store_write_failures_total", "reason" => reason).increment(0);
    }
    for state in ReceiptState::WORDS {
        metrics::counter!("adieu_notices_total", "state" => state).increment(0);
    }
    metrics::gauge!("adieu_notices_held").set(0.0);
    let _ = metrics::histogram!("adieu_notice_seconds");
    let _ = metrics::histogram!("adieu_store_commit_seconds");
    let _ = metrics::histogram!("adieu_store_commit_orders");
    metrics::gauge!("adieu_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    metrics::gauge!("adieu_started_timestamp_seconds").set(SystemClock.now().s() as f64);
}

/// The page: what was counted, and the state of the store as it is now.
pub(crate) fn page(handle: &PrometheusHandle, authority: &Authority, requests: &RequestMeter) -> String {
    let figures = authority.figures();
    metrics::gauge!("adieu_store_writes_waiting").set(figures.writes_waiting as f64);
    metrics::gauge!("adieu_store_reads_waiting").set(figures.reads_waiting as f64);
    metrics::gauge!("adieu_store_writable").set(f64::from(u8::from(figures.hindrance.is_none())));
    metrics::gauge!("adieu_store_bytes", "file" => "database").set(figures.bytes.database as f64);
    metrics::gauge!("adieu_store_bytes", "file" => "log").set(figures.bytes.log as f64);
    metrics::gauge!("adieu_sessions_cached").set(figures.sessions_cached as f64);
    let mut page = String::new();
    requests.show(&mut page);
    page.push_str(&handle.render());
    page
}

/// When the certificate of a listener runs out, in seconds since 1970.
pub(crate) fn certificate_runs_out(listener: &'static str, at_s: i64) {
    metrics::gauge!("adieu_certificate_expires_timestamp_seconds", "listener" => listener).set(at_s as f64);
}

/// Whether endings are told to nobody.
pub(crate) fn notices_held(held: bool) {
    metrics::gauge!("adieu_notices_held").set(f64::from(u8::from(held)));
}

/// How often the recorder sums up what it was given: till then it keeps every value.
const SUM_UP_EVERY: Duration = Duration::from_secs(5);
/// Live sessions are counted once a minute; where that takes long, so much later that it takes a two-hundredth of the time: a
/// million of them take about half a second.
const COUNT_EVERY: Duration = Duration::from_secs(60);
const COUNTING_SHARE: u32 = 200;

#[expect(clippy::disallowed_methods, reason = "how long a count takes, not a time of the domain")]
/// Keeps the recorder small whether somebody reads the metrics or not, and counts the live sessions, until it is told to stop.
pub(crate) async fn keep(authority: Authority, mut stop: watch::Receiver<bool>) {
    let Some(recorder) = recorder() else { return };
    let summing_up = async {
        loop {
            recorder.run_upkeep();
            tokio::time::sleep(SUM_UP_EVERY).await;
        }
    };
    let counting = async {
        loop {
            let begun = Instant::now();
            // A store that can't tell keeps the last count.
            if let Ok(live) = authority.count_live().await {
                metrics::gauge!("adieu_sessions_live").set(live as f64);
            }
            tokio::time::sleep(COUNT_EVERY.max(begun.elapsed() * COUNTING_SHARE)).await;
        }
    };
    tokio::select! {
        () = summing_up => {}
        () = counting => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
}
