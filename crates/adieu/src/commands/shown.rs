//! Answers as people and programs read them: tables on a terminal, JSON with `--json`.
//!
//! What a table shows comes from users: control characters never reach the terminal. A reader who goes away before the end
//! stops no command: nothing here panics on a closed pipe.

use std::io::{ErrorKind, Write};

use anyhow::Result;
use serde_json::Value;

/// A list: as JSON, or a table with these columns, each a heading and a JSON pointer.
pub(super) fn list(items: &[Value], json: bool, columns: &[(&str, &str)]) -> Result<()> {
    if json { print(&format!("{:#}\n", Value::from(items))) } else { print(&table(items, columns)) }
}

/// One thing: as JSON, or in a sentence.
pub(super) fn one(value: &Value, json: bool, sentence: impl FnOnce() -> String) -> Result<()> {
    if json { print(&format!("{value:#}\n")) } else { print(&format!("{}\n", visible(&sentence()))) }
}

/// One thing: as JSON, or in sentences, a line each.
pub(super) fn sentences(value: &Value, json: bool, sentences: impl FnOnce() -> Vec<String>) -> Result<()> {
    if json { print(&format!("{value:#}\n")) } else { print(&text_of(&sentences())) }
}

/// The text of lines.
pub(super) fn text_of(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{}\n", visible(line))).collect()
}

/// Several values of one thing: as JSON, or each on a line behind its name.
pub(super) fn lines(value: &Value, json: bool, lines: &[(&str, &str)]) -> Result<()> {
    if json {
        return print(&format!("{value:#}\n"));
    }
    lines.iter().try_for_each(|(name, text)| print(&format!("{name} {}\n", visible(text))))
}

/// All members of one thing: as JSON, or each on a line behind its name. Those of what is inside have the names on the way there.
pub(super) fn members(value: &Value, json: bool) -> Result<()> {
    let mut all = Vec::new();
    members_below(value, "", &mut all);
    let width = all.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let told = all.iter().map(|(name, text)| format!("{name:width$}  {text}\n")).collect::<String>();
    if json { print(&format!("{value:#}\n")) } else { print(&told) }
}

fn members_below(value: &Value, before: &str, all: &mut Vec<(String, String)>) {
    let below =
        |name: &str| if before.is_empty() { visible(name) } else { format!("{before}.{}", visible(name)) };
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(name, value)| members_below(value, &below(name), all));
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            items
                .iter()
                .zip(1..)
                .for_each(|(item, n): (_, u32)| members_below(item, &below(&n.to_string()), all));
        }
        plain_value => all.push((before.to_owned(), plain(plain_value))),
    }
}

/// To standard output. A reader who has seen enough, such as `head`, is no failure.
pub(super) fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// A line for the operator. It is no failure if it is not read.
macro_rules! say {
    ($($text:tt)*) => {{
        let _ = $crate::commands::shown::print(&format!("{}\n", format_args!($($text)*)));
    }};
}
pub(super) use say;

/// How far it is, on a line of the terminal that the next one overwrites.
pub(super) fn progress(text: &str) {
    let _ = write!(std::io::stderr(), "\r{text}\r");
}

/// A table of these columns, each a heading and a JSON pointer.
pub(super) fn table(items: &[Value], columns: &[(&str, &str)]) -> String {
    let mut rows = vec![columns.iter().map(|(heading, _)| (*heading).to_owned()).collect::<Vec<_>>()];
    rows.extend(items.iter().map(|item| columns.iter().map(|(_, pointer)| cell(item, pointer)).collect()));
    let width = |n: usize| rows.iter().map(|row| row[n].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn cell(item: &Value, pointer: &str) -> String {
    item.pointer(pointer).map_or_else(|| "-".into(), plain)
}

/// A value as people read it.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => visible(text),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.into(),
        Value::Array(all) if all.is_empty() => "-".into(),
        Value::Object(all) if all.is_empty() => "-".into(),
        Value::Array(all) if all.iter().all(Value::is_string) => {
            all.iter().map(plain).collect::<Vec<_>>().join(" ")
        }
        other => visible(&other.to_string()),
    }
}

fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_inside_has_the_names_on_the_way_there() {
        let mut all = Vec::new();
        let value =
            json!({"id": 7, "traits": {"name": {"given": "A"}, "x": {}}, "told": [{"a": 1}, {"a": [1, 2]}]});
        members_below(&value, "", &mut all);
        let all: Vec<_> = all.iter().map(|(name, text)| format!("{name}={text}")).collect();
        assert_eq!(all, ["id=7", "traits.name.given=A", "traits.x=-", "told.1.a=1", "told.2.a=[1,2]"]);
    }

    #[test]
    fn a_table_is_aligned_and_shows_no_control_characters() {
        let items = [json!({"a": "x", "b": true}), json!({"a": "ä\u{1b}[2J", "b": null})];
        let text = table(&items, &[("NAME", "/a"), ("ON", "/b")]);
        assert_eq!(text, "NAME   ON\nx      yes\nä\u{fffd}[2J  -\n");
    }
}
