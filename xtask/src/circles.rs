//! Files of a crate that use each other in a circle: none of them can be read, moved or replaced alone.
//!
//! A circle of a few files is one thing in several files; a larger one has lost its order and is refused.

use std::collections::BTreeSet;

use crate::files::SourceFile;
use crate::modules::{self, Uses};

/// The largest circle that passes.
const CIRCLE_FILES_MAX: usize = 3;

/// The circles that are too large, each with its files and what they use of each other.
pub(crate) fn findings(sources: &[SourceFile]) -> Vec<String> {
    let crates = modules::uses(sources);
    let large = |uses: &Uses| -> Vec<String> {
        let circles = circles(uses).into_iter().filter(|circle| circle.len() > CIRCLE_FILES_MAX);
        circles.map(|circle| told(uses, &circle)).collect()
    };
    crates.values().flat_map(large).collect()
}

fn told(uses: &Uses, circle: &BTreeSet<usize>) -> String {
    let mut text = format!(
        "{} files use each other in a circle, at most {CIRCLE_FILES_MAX}: move what they share to a file of its own",
        circle.len()
    );
    for ((from, to), names) in &uses.edges {
        if circle.contains(from) && circle.contains(to) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            text.push_str(&format!(
                "\n    {} -> {}: {}",
                uses.files[*from],
                uses.files[*to],
                names.join(" ")
            ));
        }
    }
    text
}

/// Sets of files of which each leads to each other one.
fn circles(uses: &Uses) -> Vec<BTreeSet<usize>> {
    let from_each: Vec<BTreeSet<usize>> = (0..uses.files.len()).map(|file| reached(uses, file)).collect();
    let mut found: Vec<BTreeSet<usize>> = Vec::new();
    for file in 0..uses.files.len() {
        if found.iter().any(|circle| circle.contains(&file)) {
            continue;
        }
        let circle: BTreeSet<usize> =
            from_each[file].iter().copied().filter(|other| from_each[*other].contains(&file)).collect();
        if !circle.is_empty() {
            found.push(circle);
        }
    }
    found
}

/// Every file that one leads to, over others or not; itself only by way of a circle.
fn reached(uses: &Uses, file: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut next = vec![file];
    while let Some(from) = next.pop() {
        for (_, to) in uses.edges.keys().filter(|(edge, _)| *edge == from) {
            if reached.insert(*to) {
                next.push(*to);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(files: usize) -> Vec<SourceFile> {
        let name = |n: usize| format!("m{}", n % files);
        let mut sources: Vec<SourceFile> = (0..files)
            .map(|n| SourceFile {
                path: format!("crates/a/src/{}.rs", name(n)),
                text: format!("use crate::{}::S{};\npub struct S{n};", name(n + 1), (n + 1) % files),
            })
            .collect();
        let root: String = (0..files).map(|n| format!("mod {};\n", name(n))).collect();
        sources.push(SourceFile { path: "crates/a/src/lib.rs".into(), text: root });
        sources
    }

    #[test]
    fn a_circle_of_more_than_three_files_is_named_with_its_edges() {
        assert_eq!(findings(&ring(3)), Vec::<String>::new());
        let found = findings(&ring(4));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("4 files use each other in a circle"), "{}", found[0]);
        assert!(found[0].contains("crates/a/src/m3.rs -> crates/a/src/m0.rs: S0"), "{}", found[0]);
    }

    #[test]
    fn a_line_of_files_is_no_circle() {
        let mut sources = ring(5);
        sources[4].text = "pub struct S4;".into();
        assert_eq!(findings(&sources), Vec::<String>::new());
    }
}
