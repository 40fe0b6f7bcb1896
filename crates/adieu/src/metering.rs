//! Metrics in Prometheus' text form.
//!
//! Rooms count through the `metrics` facade; here is the recorder behind it and the page that shows it.

use std::sync::OnceLock;

use adieu_authority::Authority;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Begins to record. Before it, and where another recorder is installed, nothing is shown.
pub fn install() {
    RECORDER.get_or_init(build);
}

/// What was recorded, if it was installed.
pub fn recorder() -> Option<&'static PrometheusHandle> {
    RECORDER.get().and_then(Option::as_ref)
}

fn build() -> Option<PrometheusHandle> {
    let seconds = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0];
    let orders = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full("adieu_store_commit_seconds".into()), &seconds)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Full("adieu_store_commit_orders".into()), &orders)
        })
        .ok()?
        .install_recorder()
        .ok()
}

/// The page: counters and histograms, and the depths of the queues as they are now.
pub fn page(handle: &PrometheusHandle, authority: &Authority) -> String {
    let figures = authority.figures();
    metrics::gauge!("adieu_store_writes_waiting").set(figures.writes_waiting as f64);
    metrics::gauge!("adieu_store_reads_waiting").set(figures.reads_waiting as f64);
    metrics::gauge!("adieu_sessions_cached").set(figures.sessions_cached as f64);
    handle.run_upkeep();
    handle.render()
}
