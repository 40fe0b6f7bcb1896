//! The style of the workspace, as far as a machine can see it. A ratchet: exceptions stand in `tidy.toml` and may only shrink.
//!
//! Nothing here judges taste: a rule that needs an eye is left to review.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::verdict::verdict;
use crate::{
    files::{self, SourceFile},
    functions::functions,
    lexer::{self, Views},
    names, promises,
};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const HEADER_LINES_MIN: usize = 2;

/// What must not stand in code, and why.
const NEVER: [(&str, &str); 4] = [
    ("todo!", "finish it, or leave it out"),
    ("unimplemented!", "finish it, or leave it out"),
    ("dbg!", "use tracing"),
    ("#[ignore", "a test that does not run is no test"),
];

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Ratchet {
    exception: Vec<Exception>,
    /// Names that several types have.
    same_name: names::SharedNames,
    /// Promises that no test carries yet, with the reason.
    untested: BTreeMap<String, String>,
}

/// Something that is over the line and may only shrink.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    path: String,
    rule: String,
    /// The function, where the rule is about one.
    item: Option<String>,
    /// How many lines it may have; not for rules without a measure.
    max: Option<usize>,
    reason: String,
}

/// One breach of a rule.
#[derive(Debug, PartialEq)]
struct Breach {
    path: String,
    line: usize,
    rule: &'static str,
    item: Option<String>,
    measure: Option<usize>,
    text: String,
}

/// Looks at every source, and at the promises.
pub(crate) fn tidy() -> Result<()> {
    let ratchet: Ratchet = toml::from_str(&files::read("xtask/tidy.toml")?).context("xtask/tidy.toml")?;
    let sources = files::sources()?;
    let breaches: Vec<Breach> = sources.iter().flat_map(breaches).collect();
    let mut findings = judged(&breaches, &ratchet.exception);
    findings.extend(names::findings(&sources, &ratchet.same_name));
    findings.extend(promises::findings(&sources, &ratchet.untested)?);
    verdict("tidy", &findings)
}

/// Breaches without an exception, and exceptions without a breach.
fn judged(breaches: &[Breach], exceptions: &[Exception]) -> Vec<String> {
    let covers = |e: &Exception, b: &Breach| e.path == b.path && e.rule == b.rule && e.item == b.item;
    let grown = |e: &Exception, b: &Breach| b.measure > e.max;
    let mut findings: Vec<String> = breaches
        .iter()
        .filter(|b| !exceptions.iter().any(|e| covers(e, b) && !grown(e, b)))
        .map(|b| format!("{}:{}: {} ({})", b.path, b.line, b.text, b.rule))
        .collect();
    for e in exceptions {
        if e.reason.trim().is_empty() {
            findings.push(format!("xtask/tidy.toml: {} {}: an exception needs a reason", e.path, e.rule));
        }
        if !breaches.iter().any(|b| covers(e, b)) {
            findings.push(format!("xtask/tidy.toml: {} {} is no longer needed: remove it", e.path, e.rule));
        }
    }
    findings
}

fn breaches(source: &SourceFile) -> Vec<Breach> {
    let views = lexer::views(&source.text);
    let mut found: Vec<Breach> = header(source).into_iter().collect();
    found.extend(words(source, &views));
    if !source.is_test() {
        let end = lexer::production_lines(&views.code);
        found.extend((end > FILE_LINES_MAX).then(|| {
            let text = format!(
                "{end} production lines, at most {FILE_LINES_MAX}: which room does the new thing live in?"
            );
            Breach { measure: Some(end), ..breach(source, 1, "file-lines", text) }
        }));
        let long =
            functions(&source.text).into_iter().filter(|f| f.line < end && f.lines > FUNCTION_LINES_MAX);
        found.extend(long.map(|f| {
            let text = format!("`{}` has {} lines, at most {FUNCTION_LINES_MAX}", f.name, f.lines);
            let line = f.line + 1;
            Breach {
                measure: Some(f.lines),
                item: Some(f.name),
                ..breach(source, line, "function-lines", text)
            }
        }));
    }
    found
}

fn breach(source: &SourceFile, line: usize, rule: &'static str, text: String) -> Breach {
    Breach { path: source.path.clone(), line, rule, item: None, measure: None, text }
}

/// Every file opens with what it is for.
fn header(source: &SourceFile) -> Option<Breach> {
    let lines = source.text.lines().take_while(|line| line.starts_with("//!")).count();
    let wanted =
        "open with a header of two to six `//!` lines: what it is for, what it never does".to_owned();
    (lines < HEADER_LINES_MIN).then(|| breach(source, 1, "header", wanted))
}

fn words(source: &SourceFile, views: &Views) -> Vec<Breach> {
    let mut found = Vec::new();
    for (index, (code, comment)) in views.code.lines().zip(views.comments.lines()).enumerate() {
        let line = index + 1;
        let said = NEVER.iter().filter(|(word, _)| holds_word(code, word));
        found.extend(said.map(|(word, why)| breach(source, line, "words", format!("`{word}`: {why}"))));
        if source.is_test() && (code.contains("thread::sleep") || code.contains("time::sleep")) {
            found.push(breach(source, line, "sleep", "wait for a state, with a limit; do not sleep".into()));
        }
        if comment.contains("TODO") && !names_issue(comment) {
            found.push(breach(source, line, "issue", "a TODO names its issue: TODO(#12)".into()));
        }
    }
    found
}

/// The word, not as the end of a longer one.
fn holds_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

fn names_issue(comment: &str) -> bool {
    comment.match_indices('#').any(|(at, _)| comment[at + 1..].starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "//! A file\n//! for a test.\n";

    fn rules(path: &str, body: &str) -> Vec<(usize, &'static str)> {
        let source = SourceFile { path: path.into(), text: format!("{HEADER}{body}") };
        breaches(&source).iter().map(|b| (b.line, b.rule)).collect()
    }

    #[test]
    fn each_planted_breach_is_found_where_it_stands() {
        assert_eq!(rules("a.rs", "fn a() { todo!() }"), [(3, "words")]);
        assert_eq!(rules("a.rs", "#[ignore = \"slow\"]\nfn a() { dbg!(1) }"), [(3, "words"), (4, "words")]);
        assert_eq!(rules("a.rs", "// TODO later"), [(3, "issue")]);
        assert_eq!(rules("x/tests/a.rs", "fn a() { tokio::time::sleep(x) }"), [(3, "sleep")]);
        let long = format!("fn a() {{\n{}}}", "x();\n".repeat(70));
        assert_eq!(rules("a.rs", &long), [(3, "function-lines")]);
        assert_eq!(rules("a.rs", &"// a line\n".repeat(499)), [(1, "file-lines")]);
        let bare = SourceFile { path: "a.rs".into(), text: "//! One line.\nfn a() {}".into() };
        assert_eq!(breaches(&bare)[0].rule, "header");
    }

    #[test]
    fn what_only_looks_like_a_breach_is_none() {
        assert_eq!(rules("a.rs", "// todo! is a macro\nconst A: &str = \"dbg! TODO\";"), []);
        assert_eq!(rules("a.rs", "// TODO(#12): shorten"), []);
        assert_eq!(rules("a.rs", "fn a() { my_dbg!(1); tokio::time::sleep(x) }"), []);
        let tests = format!("#[cfg(test)]\nmod tests {{\nfn a() {{\n{}}}\n}}", "x();\n".repeat(600));
        assert_eq!(rules("a.rs", &tests), []);
    }

    #[test]
    fn exceptions_may_only_shrink() {
        let exception = |max| Exception {
            path: "a.rs".into(),
            rule: "function-lines".into(),
            item: Some("a".into()),
            max: Some(max),
            reason: "one table".into(),
        };
        let source =
            SourceFile { path: "a.rs".into(), text: format!("{HEADER}fn a() {{\n{}}}", "x();\n".repeat(78)) };
        let long = breaches(&source);
        assert_eq!(judged(&long, &[exception(80)]), Vec::<String>::new());
        assert_eq!(judged(&long, &[exception(79)]).len(), 1);
        assert_eq!(judged(&long, &[]).len(), 1);
        assert_eq!(judged(&[], &[exception(80)]).len(), 1);
    }
}
