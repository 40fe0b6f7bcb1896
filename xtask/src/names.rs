//! A type's name means one thing in the whole workspace, or is private to one file.
//!
//! Parallel rooms, the faces and the engines, may share the names of a few roles. Every other shared name is an exception with a reason
//! in `tidy.toml`; the list may only shrink.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::files::SourceFile;
use crate::lexer;

/// The rooms that are built alike: faces, and engines with what they keep.
const PARALLEL: [&str; 2] = ["crates/faces/", "crates/store-"];

/// Shared names that pass.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SharedNames {
    /// What every face may have under the same name, and why.
    pub(crate) role: BTreeMap<String, String>,
    /// Other names that still mean several things.
    pub(crate) exception: BTreeMap<String, Exception>,
}

/// A name that several types have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exception {
    /// How many types may have it.
    max: usize,
    reason: String,
}

/// A type that more than its own file can see.
struct Type {
    name: String,
    path: String,
    line: usize,
}

/// Names of several types without an excuse, and excuses without such a name.
pub(crate) fn findings(sources: &[SourceFile], shared: &SharedNames) -> Vec<String> {
    let mut named: BTreeMap<String, Vec<Type>> = BTreeMap::new();
    for one in sources.iter().filter(|source| !source.is_test()).flat_map(types) {
        named.entry(one.name.clone()).or_default().push(one);
    }
    named.retain(|_, types| types.len() > 1);
    let mut findings: Vec<String> = named
        .iter()
        .filter(|(name, types)| !excused(name, types, shared))
        .map(|(name, types)| {
            let places: Vec<String> = types.iter().map(|one| format!("{}:{}", one.path, one.line)).collect();
            format!("`{name}` is the name of {} types: {} (same-name)", types.len(), places.join(", "))
        })
        .collect();
    let needless = |name: &&String| !named.contains_key(*name);
    let listed = shared.role.keys().chain(shared.exception.keys());
    findings.extend(
        listed
            .filter(needless)
            .map(|name| format!("xtask/tidy.toml: `{name}` is no longer shared: remove it")),
    );
    let reasons = shared.role.iter();
    let reasons = reasons.chain(shared.exception.iter().map(|(name, exception)| (name, &exception.reason)));
    findings.extend(
        reasons
            .filter(|(_, reason)| !is_sentence(reason))
            .map(|(name, _)| format!("xtask/tidy.toml: `{name}`: the reason is no sentence")),
    );
    findings
}

/// Whether a reason is said in full: some words, from a capital letter to a full stop.
fn is_sentence(reason: &str) -> bool {
    reason.starts_with(char::is_uppercase) && reason.ends_with('.') && reason.split_whitespace().count() > 2
}

fn excused(name: &str, types: &[Type], shared: &SharedNames) -> bool {
    let parallel = || {
        let mut rooms: Vec<&str> = types.iter().filter_map(|one| room(&one.path)).collect();
        rooms.sort_unstable();
        rooms.dedup();
        // One in each room, and none elsewhere.
        rooms.len() == types.len()
    };
    let excepted = shared.exception.get(name).is_some_and(|exception| types.len() <= exception.max);
    excepted || (shared.role.contains_key(name) && parallel())
}

/// The parallel room that a file stands in.
fn room(path: &str) -> Option<&str> {
    PARALLEL.iter().find_map(|rooms| path.strip_prefix(rooms))?.split('/').next()
}

/// The types of a file that have a visibility written before them.
fn types(source: &SourceFile) -> Vec<Type> {
    let code = lexer::views(&source.text).code;
    let lines = code.lines().take(lexer::production_lines(&code)).enumerate();
    lines
        .filter_map(|(index, line)| {
            let name = declared(line)?.to_owned();
            Some(Type { name, path: source.path.clone(), line: index + 1 })
        })
        .collect()
}

fn declared(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub")?;
    let rest = match rest.strip_prefix('(') {
        Some(scope) => scope.split_once(')')?.1,
        None => rest,
    };
    let rest = rest.trim_start().trim_start_matches("unsafe ");
    let kinds = ["struct ", "enum ", "trait ", "type ", "union "];
    let name = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?.trim_start();
    let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
    Some(&name[..end]).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)], list: &str) -> Vec<String> {
        let sources: Vec<SourceFile> = files
            .iter()
            .map(|(path, text)| SourceFile { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        findings(&sources, &toml::from_str(list).unwrap())
    }

    /// What a part of a crate sees counts like what all of it sees.
    #[test]
    fn every_visibility_that_is_written_counts() {
        for seen in ["pub", "pub(crate)", "pub(super)", "pub(in crate::manage)"] {
            let text = format!("{seen} enum Face {{}}");
            let files = [TWO[0], ("crates/b/src/x.rs", text.as_str())];
            assert_eq!(found(&files, "").len(), 1, "{seen}");
        }
    }

    const TWO: [(&str, &str); 2] = [
        ("crates/faces/a/src/x.rs", "pub(crate) struct Face<T>(T);"),
        ("crates/faces/b/src/x.rs", "\npub enum Face {}"),
    ];

    #[test]
    fn a_name_of_two_visible_types_is_found_where_they_stand() {
        let told =
            "`Face` is the name of 2 types: crates/faces/a/src/x.rs:1, crates/faces/b/src/x.rs:2 (same-name)";
        assert_eq!(found(&TWO, ""), [told]);
        assert_eq!(found(&TWO, "[role]\nFace = \"Every face has its own.\""), Vec::<String>::new());
        assert_eq!(
            found(&TWO, "[exception]\nFace = { max = 2, reason = \"One of them is to be renamed.\" }"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn private_types_words_in_text_and_tests_are_not_counted() {
        let files = [
            ("crates/a/src/x.rs", "struct Face;\n// pub struct Face;\npub fn struct_of() {}"),
            ("crates/b/src/x.rs", "pub struct Face;\n#[cfg(test)]\nmod tests {\npub struct Face;\n}"),
            ("crates/b/tests/x.rs", "pub struct Face;"),
        ];
        assert_eq!(found(&files, ""), Vec::<String>::new());
    }

    #[test]
    fn a_role_is_for_one_type_in_each_parallel_room() {
        let role = "[role]\nFace = \"Every face has its own.\"";
        let outside = [TWO[0], ("crates/core/src/x.rs", "pub struct Face;")];
        assert_eq!(found(&outside, role).len(), 1);
        let twice = [TWO[0], TWO[1], ("crates/faces/a/src/y.rs", "pub struct Face;")];
        assert_eq!(found(&twice, role).len(), 1);
    }

    #[test]
    fn engines_are_built_alike() {
        let engines = [
            ("crates/store-one/src/x.rs", "pub struct Queue;"),
            ("crates/store-two/src/x.rs", "pub struct Queue;"),
        ];
        assert_eq!(found(&engines, "").len(), 1);
        assert_eq!(found(&engines, "[role]\nQueue = \"Every engine has its own.\""), Vec::<String>::new());
        let promised = [engines[0], ("crates/store/src/x.rs", "pub struct Queue;")];
        assert_eq!(found(&promised, "[role]\nQueue = \"Every engine has its own.\"").len(), 1);
    }

    #[test]
    fn the_list_may_only_shrink() {
        let grown = "[exception]\nFace = { max = 1, reason = \"One of them is to be renamed.\" }";
        assert_eq!(found(&TWO, grown).len(), 1);
        let needless = "[exception]\nOther = { max = 2, reason = \"One of them is to be renamed.\" }";
        assert_eq!(found(&TWO[..1], needless), ["xtask/tidy.toml: `Other` is no longer shared: remove it"]);
        let bare = "[role]\nFace = \" \"";
        assert_eq!(found(&TWO, bare), ["xtask/tidy.toml: `Face`: the reason is no sentence"]);
        assert_eq!(found(&TWO, "[role]\nFace = \"its own\"").len(), 1);
    }
}
