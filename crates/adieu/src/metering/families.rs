//! Every family of metrics: its name, its labels, what it says, and when somebody should look.
//!
//! docs/metrics.md is made from this table, and so is what the page itself says of them; tests hold both against a running server.
//! The values of each label are few and known beforehand: nothing that a caller sends becomes one.

/// One family.
#[derive(Clone, Copy, Debug)]
pub struct MetricFamily {
    /// The name.
    pub name: &'static str,
    /// What may happen to its value.
    pub kind: MetricKind,
    /// The labels, and their values.
    pub labels: &'static [(&'static str, &'static str)],
    /// What it says, and in which unit.
    pub help: &'static str,
    /// When somebody should look.
    pub alert: &'static str,
}

/// What may happen to the value of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// It only rises, from zero at each start.
    Counter,
    /// It is what it is now.
    Gauge,
    /// It counts values by their size.
    Histogram,
}

impl MetricKind {
    /// The word of the text form.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

const fn family(
    (name, kind): (&'static str, MetricKind),
    labels: &'static [(&'static str, &'static str)],
    help: &'static str,
    alert: &'static str,
) -> MetricFamily {
    MetricFamily { name, kind, labels, help, alert }
}

use MetricKind::{Counter, Gauge, Histogram};

const CHANNEL: (&str, &str) = (
    "channel",
    "`am`, `command` (of `adieu`), `kratos`, `native`, `openid`, `pages`, `pingone`, `system` (what ends by itself)",
);
const REQUEST_LABELS: &[(&str, &str)] = &[
    (
        "channel",
        "`am`, `check`, `kratos`, `openid`, `pages`, `pingone`; on the admin listener `kratos_admin`, `metrics`, `native`; `none` for what was refused before any of them was asked",
    ),
    ("status", "`2xx` to `5xx`; `none` where the caller was gone before the answer"),
];

const STATE: (&str, &str) =
    ("state", "`confirmed`, `pending` (it is tried again), `refused`, `given_up`, `cannot_be_told`");

/// All of them, in the order of the page.
pub const FAMILIES: &[MetricFamily] = &[
    family(
        ("adieu_requests_total", Counter),
        REQUEST_LABELS,
        "Requests that were answered, by channel and class of status.",
        "More than 1 % of a channel's answers are `5xx` for five minutes; any `5xx` is in the log with its cause.",
    ),
    family(
        ("adieu_request_seconds", Histogram),
        REQUEST_LABELS,
        "Seconds from the end of a request's head to the head of its answer.",
        "The 99th percentile of checks is above 0.1 s, or that of anything above 2 s, for ten minutes. A sign-on takes a password hash: tens of milliseconds.",
    ),
    family(
        ("adieu_checks_total", Counter),
        &[("answer", "`live`, `not_live`, `cannot_tell`")],
        "Answers to \"is this session live?\", through all channels.",
        "`cannot_tell` rises: applications get 503 and don't know who is signed on.",
    ),
    family(
        ("adieu_sign_ons_total", Counter),
        &[
            ("channel", "`am`, `kratos`, `openid`, `pingone`"),
            (
                "outcome",
                "`signed_on`, `second_factor` (awaited), `wrong_credentials`, `wrong_code`, `limited`, `disabled`, `not_enrolled`, `busy`, `too_many`, `quota`, `not_vouched_for` (by another provider), `outage`",
            ),
        ],
        "Sign-ons by what became of them; each failed one is a line in the log, too, up to 100 of an outcome in a second.",
        "`wrong_credentials` or `limited` rise far above what is usual: somebody guesses passwords. `busy` rises: there are more sign-ons than `passwords.workers` can hash.",
    ),
    family(
        ("adieu_client_refusals_total", Counter),
        &[
            ("channel", "`am`, `openid`, `pingone`"),
            (
                "reason",
                "`no_client`, `unknown_client`, `disabled_client`, `other_method` (than the client is to prove itself by), `wrong_secret`, `assertion_signature`, `assertion_claims`, `assertion_time`, `assertion_audience`, `unknown_key` (the key it names may be published by now), `keys_unreachable`, `used_assertion`, `unknown_grant` (a code or a refresh token), `grant_of_another`, `expired_grant`, `ended_grant`, `used_grant`, `session_full`, `redirect_uri`, `code_verifier`, `invalid_request`, `request_object`, `scope`, `target`, `not_allowed`, `grant_type`, `too_often`, `token` (of a registration), `metadata`",
            ),
        ],
        "Requests of applications that were refused; each is a line in the log, too, of at most 20 of each reason in a second.",
        "`wrong_secret` rises: somebody tries secrets, or an application kept an old one. `used_grant` or `grant_of_another` rises: a code or a token was stolen, or an application repeats itself.",
    ),
    family(
        ("adieu_endings_total", Counter),
        &[
            (
                "cause",
                "`sign_off`, `administrator`, `user_disabled`, `user_removed`, `quota`, `password_changed`, `idle`, `expired`, `ended_with_others`, `restored`, `upstream`, `other`",
            ),
            CHANNEL,
        ],
        "Endings that were committed; an ending of many sessions is one.",
        "`administrator` rises and nobody knows why.",
    ),
    family(
        ("adieu_endings_repeated_total", Counter),
        &[CHANNEL],
        "Endings of what was over already. Programs that repeat a request make some.",
        "Never by itself.",
    ),
    family(
        ("adieu_notices_total", Counter),
        &[STATE],
        "Notices of endings to clients and subscribers that were tried, by what came of the try.",
        "`given_up` or `refused` rises: somebody is not told. `GET /v1/receivers` says which, and how it answers.",
    ),
    family(
        ("adieu_notice_seconds", Histogram),
        &[],
        "Seconds from an ending until a client or subscriber has confirmed its notice.",
        "The 90th percentile is above 60 s for an hour: they do not answer, or the network does not carry.",
    ),
    family(
        ("adieu_notices_held", Gauge),
        &[],
        "1 while no application is told of any ending, because the data folder was restored and has not taken over; 0 otherwise.",
        "It is 1 for five minutes, and nobody tries a restore: `adieu take-over`.",
    ),
    family(
        ("adieu_sessions_live", Gauge),
        &[],
        "Live sessions, counted once a minute, or less often where counting takes more than a two-hundredth of the time. Those that ended with others of their user or realm count until the sweep has walked over them.",
        "It falls by more than half within ten minutes, and nobody ended them on purpose.",
    ),
    family(
        ("adieu_sessions_cached", Gauge),
        &[],
        "Sessions in memory, at most `keep.sessions_cached_max`.",
        "It stays at the bound and checks become slow: raise the bound.",
    ),
    family(
        ("adieu_store_writable", Gauge),
        &[],
        "1 if the last write was made, 0 if something hindered it. `/health/ready` is 503 then and says what.",
        "It is 0: nobody signs on. Make room or mend the disk; the server goes on by itself.",
    ),
    family(
        ("adieu_store_write_failures_total", Counter),
        &[("reason", "`disk_full`, `read_only`, `disk_fault`, `overload`, `closed`, `other`")],
        "Orders that were not written, or of which nobody knows. The tries of `/health/ready` are among them.",
        "It rises. `overload`: more orders than the disk takes. `other`: a fault of the program; the log has it.",
    ),
    family(
        ("adieu_store_bytes", Gauge),
        &[("file", "`database`, `log`")],
        "Bytes of the database, and of the log of writes that are not in it yet; of PostgreSQL the database alone, as it was within the last minute.",
        "The disk is full within a week at this pace; or `log` is above 1 GiB: a reader or a copy of the folder holds it.",
    ),
    family(
        ("adieu_store_writes_waiting", Gauge),
        &[],
        "Orders that wait for the writing thread; 16,384 may.",
        "Above 4,096 for a minute.",
    ),
    family(
        ("adieu_store_reads_waiting", Gauge),
        &[],
        "Reads that wait for a reading thread; 16,384 may.",
        "Above 4,096 for a minute.",
    ),
    family(
        ("adieu_store_commit_seconds", Histogram),
        &[],
        "Seconds of a commit until it is on the disk.",
        "The 99th percentile is above 0.5 s for ten minutes: the disk is slow, and every sign-on and ending waits for it.",
    ),
    family(
        ("adieu_store_commit_orders", Histogram),
        &[],
        "Orders that were written by one commit.",
        "Never by itself; many orders in a commit mean that the disk is the bound.",
    ),
    family(
        ("adieu_certificate_expires_timestamp_seconds", Gauge),
        &[("listener", "`admin`, `public`")],
        "When the first certificate of a listener's chain runs out, in seconds since 1970. None without TLS.",
        "Less than 14 days are left.",
    ),
    family(
        ("adieu_started_timestamp_seconds", Gauge),
        &[],
        "When the process began, in seconds since 1970.",
        "It changes more than three times within an hour.",
    ),
    family(
        ("adieu_build_info", Gauge),
        &[("version", "the version of the program")],
        "1, with what runs as a label.",
        "It is absent: nobody serves, or nobody can read the metrics.",
    ),
];

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    const HEAD: &str = "\
# Metrics

Made from the table in the source (`crates/adieu/src/metering/families.rs`); tests hold it against a running server.

`GET /metrics` and `/metrics/prometheus` on the admin listener, behind its credential if it has one, in Prometheus' text form:

```yaml
scrape_configs:
  - job_name: adieu
    authorization: { credentials_file: /etc/prometheus/adieu.token }   # what admin.token_file holds
    static_configs: [{ targets: ['127.0.0.1:4434'] }]
```

`packaging/prometheus-rules.yml` (`promtool check rules` takes it) has rules for all that says when to look below, and `packaging/grafana-dashboard.json` shows it.
Labels have few values that are known beforehand; no name, address or token is one. Counters begin at zero with each start, and what
has not happened yet is shown as zero.

";

    fn page() -> String {
        let mut page = HEAD.to_owned();
        for family in FAMILIES {
            writeln!(page, "## `{}`\n\n{}. {}\n", family.name, capital(family.kind.word()), family.help)
                .expect("text");
            for (label, values) in family.labels {
                writeln!(page, "* `{label}`: {values}").expect("text");
            }
            let gap = if family.labels.is_empty() { "" } else { "\n" };
            writeln!(page, "{gap}**Look when:** {}\n", family.alert).expect("text");
        }
        page.truncate(page.trim_end().len());
        page.push('\n');
        page
    }

    fn capital(word: &str) -> String {
        word[..1].to_uppercase() + &word[1..]
    }

    #[test]
    fn the_documentation_of_metrics_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        if written != page() && std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, page()).expect("the page can be written");
            return;
        }
        assert_eq!(written, page(), "run UPDATE_DOCS=1 cargo test -p adieu documentation_of_metrics");
    }
}
