//! What a measurement prints: tables while it goes on, and at its end all of it once more as one line of JSON.
//!
//! A ratio stands beside what it may be, and beside whether that is met; nothing is judged that is not measured in the same run.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::bench::series::Series;

/// What a ratio may be.
#[derive(Clone, Copy)]
pub(crate) enum RatioLimit {
    AtMost(f64),
    AtLeast(f64),
    /// Anything: it stands beside what has a limit.
    Any,
}

impl RatioLimit {
    fn is_met_by(self, value: f64) -> Option<bool> {
        match self {
            Self::AtMost(bound) => Some(value <= bound),
            Self::AtLeast(bound) => Some(value >= bound),
            Self::Any => None,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtMost(bound) => format!("at most {bound}"),
            Self::AtLeast(bound) => format!("at least {bound}"),
            Self::Any => String::new(),
        }
    }
}

/// What has been measured so far.
pub(crate) struct BenchReport {
    name: &'static str,
    table: String,
    rows: Vec<Value>,
}

impl BenchReport {
    pub(crate) const fn of(name: &'static str) -> Self {
        Self { name, table: String::new(), rows: Vec::new() }
    }

    /// Begins a table of times.
    pub(crate) fn times(&mut self, title: &str) {
        self.begin(title, &["p50, ms", "p99, ms"]);
    }

    /// Begins a table with these columns between the first and the ratio.
    pub(crate) fn begin(&mut self, title: &str, columns: &[&str]) {
        println!("\n{title}\n");
        println!("| What | {} | ratio | allowed | |", columns.join(" | "));
        println!("|---|{}---|---|---|", "---|".repeat(columns.len()));
        title.clone_into(&mut self.table);
    }

    /// What others are measured against.
    pub(crate) fn unit(&mut self, what: &str, series: &Series) {
        self.row(what, &times(series), 1.0, RatioLimit::Any);
    }

    /// A series that has to keep to a ratio of medians.
    pub(crate) fn series(&mut self, what: &str, series: &Series, by: &Series, limit: RatioLimit) {
        self.row(what, &times(series), series.by(by), limit);
    }

    /// A figure that has to keep to a ratio, in a table of times.
    pub(crate) fn figure(&mut self, what: &str, value: &str, ratio: f64, limit: RatioLimit) {
        self.row(what, &[("figure", value.to_owned()), ("", String::new())], ratio, limit);
    }

    /// One row: what stands in the columns, by name, and the ratio.
    pub(crate) fn row(&mut self, what: &str, cells: &[(&str, String)], ratio: f64, limit: RatioLimit) {
        let met = limit.is_met_by(ratio);
        let shown: Vec<&str> = cells.iter().map(|(_, value)| value.as_str()).collect();
        let verdict = met.map_or("", |met| if met { "met" } else { "missed" });
        println!("| {what} | {} | {ratio:.2} | {} | {verdict} |", shown.join(" | "), limit.words());
        let cells: BTreeMap<_, _> = cells.iter().filter(|(name, _)| !name.is_empty()).cloned().collect();
        let row = json!({"table": self.table, "what": what, "figures": cells, "ratio": ratio,
            "allowed": limit.words(), "met": met});
        self.rows.push(row);
    }

    /// Prints all of it as one line of JSON.
    pub(crate) fn end(self) {
        println!("\n{}", json!({"bench": self.name, "rows": self.rows}));
    }
}

fn times(series: &Series) -> [(&'static str, String); 2] {
    let at = |part| format!("{:.2}", series.at(part));
    [("p50_ms", at(0.5)), ("p99_ms", at(0.99))]
}
