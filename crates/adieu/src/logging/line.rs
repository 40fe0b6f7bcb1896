//! A log line as JSON.
//!
//! Every ending is a line, so a line is on the path of an ending. `tracing-subscriber` has such lines too; it writes them
//! letter by letter through layers of adapters and reads the span's fields back from their text, which cost a seventh of what
//! an ending computes (docs/performance.md). What is written is the same, which a test holds beside it.

use std::fmt::{self, Write};

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// `{"timestamp":…,"level":…,"fields":{…},"target":…,"span":{…}}`; the span is the innermost one, if there is any. Fields of spans
/// have to be written as JSON (`JsonFields`).
#[derive(Debug)]
pub(super) struct JsonLine<T = SystemTime> {
    time: T,
}

impl JsonLine {
    pub(super) const fn new() -> Self {
        Self { time: SystemTime }
    }
}

impl<S, N, T> FormatEvent<S, N> for JsonLine<T>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    T: FormatTime,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut time = String::with_capacity(32);
        self.time.format_time(&mut Writer::new(&mut time))?;
        let about = event.metadata();
        let mut line = Line(Vec::with_capacity(512));
        line.put(b"{\"timestamp\":");
        line.value(&time);
        line.put(b",\"level\":");
        line.value(about.level().as_str());
        line.put(b",\"fields\":{");
        let mut fields = Fields { line, empty: true };
        event.record(&mut fields);
        let mut line = fields.line;
        line.put(b"},\"target\":");
        line.value(about.target());
        if let Some(span) = context.lookup_current() {
            line.put(b",\"span\":");
            let extensions = span.extensions();
            let known = extensions.get::<FormattedFields<N>>().map_or("", |fields| fields.fields.as_str());
            // An object without its last brace, or nothing.
            match known.strip_suffix('}').filter(|known| known.len() > 1) {
                Some(known) => {
                    line.put(known.as_bytes());
                    line.put(b",\"name\":");
                }
                None => line.put(b"{\"name\":"),
            }
            line.value(span.name());
            line.put(b"}");
        }
        line.put(b"}\n");
        writer.write_str(str::from_utf8(&line.0).map_err(|_| fmt::Error)?)
    }
}

/// A line in the making.
struct Line(Vec<u8>);

impl Line {
    fn put(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) {
        let whole = self.0.len();
        if serde_json::to_writer(&mut self.0, value).is_err() {
            // A text or a number always has a form in JSON.
            self.0.truncate(whole);
            self.put(b"null");
        }
    }
}

/// The fields of an event, as members of an object.
struct Fields {
    line: Line,
    empty: bool,
}

impl Fields {
    fn member(&mut self, field: &Field, value: &(impl Serialize + ?Sized)) {
        if !std::mem::take(&mut self.empty) {
            self.line.put(b",");
        }
        self.line.value(field.name());
        self.line.put(b":");
        self.line.value(value);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::with_capacity(48);
        if write!(text, "{value:?}").is_ok() {
            self.member(field, &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::fmt::format::JsonFields;

    use super::*;

    /// What was written, in memory.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no writer panics").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Written {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    impl Written {
        fn lines(&self) -> Vec<Value> {
            let text = String::from_utf8(self.0.lock().expect("no writer panics").clone()).expect("text");
            text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
        }
    }

    /// A clock that always says the same.
    #[derive(Debug)]
    struct Frozen;

    impl FormatTime for Frozen {
        fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
            writer.write_str("2026-11-29T20:00:00.000001Z")
        }
    }

    fn log_all_kinds() {
        let nobody = None::<&str>;
        tracing::info!("a word");
        tracing::warn!(n = -1, m = 7_u64, yes = true, half = 0.5, none = nobody, "numbers");
        tracing::error!(text = "\"quoted\" \\ \u{1}\n\u{fffd} é", shown = %"{}", debug = ?Some("x"), wide = 1_i128 << 90);
        tracing::info!(target: "elsewhere", nan = f64::NAN, "not a number");
        tracing::info_span!("bare").in_scope(|| tracing::info!("in a span without fields"));
        let span = tracing::info_span!("request", id = "a\"b", method = %"GET", late = tracing::field::Empty);
        let _entered = span.enter();
        tracing::info!(empty = "", "in a span");
        span.record("late", 3);
        tracing::info_span!("inner", n = 1).in_scope(|| tracing::info!("in the inner one"));
        tracing::info!("in the outer one again");
    }

    /// Goal: a line says what the library's line says, whatever is logged.
    #[test]
    fn a_line_is_what_the_library_writes() {
        let (ours, theirs) = (Written::default(), Written::default());
        let log = tracing_subscriber::fmt().with_writer(ours.clone()).fmt_fields(JsonFields::new());
        tracing::subscriber::with_default(
            log.event_format(JsonLine { time: Frozen }).finish(),
            log_all_kinds,
        );
        let log = tracing_subscriber::fmt().with_writer(theirs.clone()).json().with_span_list(false);
        tracing::subscriber::with_default(log.with_timer(Frozen).finish(), log_all_kinds);
        let (ours, theirs) = (ours.lines(), theirs.lines());
        assert_eq!(ours, theirs);
        assert_eq!(ours.len(), 8);
    }
}
