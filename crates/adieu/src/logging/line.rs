//! A log line as JSON.
//!
//! Every ending is a line, so a line is on the path of an ending. `tracing-subscriber` has such lines too; it writes them
//! letter by letter through layers of adapters and reads the span's fields back from their text, which cost a seventh of what
//! an ending computes (docs/performance.md). What is written is the same, which a test holds beside it.

use std::fmt::{self, Write};

use adieu_http_kit::json::JsonText;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// `{"timestamp":…,"level":…,"fields":{…},"target":…,"span":{…}}`; the span is the innermost one, if there is any. Fields of spans
/// have to be written as JSON ([`SpanFields`]).
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
        let mut line = JsonText::with_capacity(512);
        line.put("{\"timestamp\":");
        line.text(&time);
        line.put(",\"level\":");
        line.plain(about.level().as_str());
        line.put(",\"fields\":{");
        let mut fields = Fields { line, empty: true };
        event.record(&mut fields);
        let mut line = fields.line;
        line.put("},\"target\":");
        line.text(about.target());
        if let Some(span) = context.lookup_current() {
            line.put(",\"span\":");
            let extensions = span.extensions();
            let known = extensions.get::<FormattedFields<N>>().map_or("", |fields| fields.fields.as_str());
            // An object without its last brace, or nothing.
            match known.strip_suffix('}').filter(|known| known.len() > 1) {
                Some(known) => {
                    line.put(known);
                    line.put(",\"name\":");
                }
                None => line.put("{\"name\":"),
            }
            line.text(span.name());
            line.put("}");
        }
        line.put("}\n");
        write(&mut writer, line)
    }
}

fn write(writer: &mut Writer<'_>, json: JsonText) -> fmt::Result {
    writer.write_str(str::from_utf8(&json.into_bytes()).map_err(|_| fmt::Error)?)
}

/// The fields of a span as a JSON object. Nearly every request has a span, and few have a line: this is on the path of a check.
#[derive(Debug)]
pub(super) struct SpanFields;

impl<'w> FormatFields<'w> for SpanFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, span: R) -> fmt::Result {
        write(&mut writer, object(span))
    }

    /// What is recorded later takes the place of what had its name.
    fn add_fields(&self, known: &'w mut FormattedFields<Self>, later: &Record<'_>) -> fmt::Result {
        let read = |json: &[u8]| serde_json::from_slice::<Map<String, Value>>(json).map_err(|_| fmt::Error);
        let mut all = if known.fields.is_empty() { Map::new() } else { read(known.fields.as_bytes())? };
        all.extend(read(&object(later).into_bytes())?);
        known.fields = Value::Object(all).to_string();
        Ok(())
    }
}

fn object(from: impl RecordFields) -> JsonText {
    let mut line = JsonText::with_capacity(64);
    line.put("{");
    let mut fields = Fields { line, empty: true };
    from.record(&mut fields);
    let mut line = fields.line;
    line.put("}");
    line
}

/// Fields, as members of an object.
struct Fields {
    line: JsonText,
    empty: bool,
}

impl Fields {
    fn name(&mut self, field: &Field) {
        if !std::mem::take(&mut self.empty) {
            self.line.put(",");
        }
        self.line.text(field.name());
        self.line.put(":");
    }

    fn member(&mut self, field: &Field, value: &impl Serialize) {
        self.name(field);
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
        self.name(field);
        self.line.text(value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::with_capacity(48);
        if write!(text, "{value:?}").is_ok() {
            self.record_str(field, &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

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
        let log = tracing_subscriber::fmt().with_writer(ours.clone()).fmt_fields(SpanFields);
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
