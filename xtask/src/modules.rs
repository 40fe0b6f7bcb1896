//! Which file of a crate uses which, as far as names tell: what each file defines, imports and mentions.
//!
//! A name is followed through re-exports to the file that defines it, so a module that only declares and re-exports its
//! children is used by nobody. It does not parse Rust: macros and generated names are not seen.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::SourceFile;
use crate::lexer;

/// How many re-exports a name is followed through.
const RE_EXPORTS_MAX: usize = 8;

/// One file of a crate, and the module that it is.
#[derive(Default)]
struct Module {
    path: String,
    /// The modules above it, and its own name; empty for the root of the crate.
    names: Vec<String>,
    defined: BTreeSet<String>,
    children: BTreeSet<String>,
    imports: BTreeMap<String, Import>,
    globs: Vec<Vec<String>>,
    /// Paths in the code, imports apart.
    paths: BTreeSet<Vec<String>>,
    /// Every single word of the code, imports apart.
    words: BTreeSet<String>,
}

struct Import {
    path: Vec<String>,
    /// Others may have it from here.
    exported: bool,
}

/// The files of one crate and who uses whom.
pub(crate) struct Uses {
    pub(crate) files: Vec<String>,
    /// From, to, and the names that are used.
    pub(crate) edges: BTreeMap<(usize, usize), BTreeSet<String>>,
}

/// The crates among the sources, by folder. Tests, examples and benches are none of their modules.
pub(crate) fn uses(sources: &[SourceFile]) -> BTreeMap<String, Uses> {
    let mut crates: BTreeMap<String, Vec<&SourceFile>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test()) {
        if let Some((folder, _)) = source.path.split_once("/src/") {
            crates.entry(folder.to_owned()).or_default().push(source);
        }
    }
    crates.into_iter().map(|(folder, sources)| (folder.clone(), uses_in(&folder, &sources))).collect()
}

fn uses_in(folder: &str, sources: &[&SourceFile]) -> Uses {
    let lib = format!("{folder}/src/lib.rs");
    let main = format!("{folder}/src/main.rs");
    let has_lib = sources.iter().any(|source| source.path == lib);
    let part = |source: &&&SourceFile| !(has_lib && source.path == main);
    let modules: Vec<Module> = sources.iter().filter(part).map(|source| read(folder, source)).collect();
    let crate_of = Crate { modules: &modules };
    let mut edges: BTreeMap<(usize, usize), BTreeSet<String>> = BTreeMap::new();
    for (from, module) in modules.iter().enumerate() {
        let imported = module.imports.iter().filter(|(name, import)| {
            // A re-export alone uses nothing.
            !import.exported || module.words.contains(*name)
        });
        let imported = imported.map(|(_, import)| &import.path);
        for path in imported.chain(&module.paths).chain(&module.globs) {
            if let Some((to, name)) = crate_of.resolved(from, path, 0)
                && to != from
            {
                edges.entry((from, to)).or_default().insert(name);
            }
        }
    }
    Uses { files: modules.into_iter().map(|module| module.path).collect(), edges }
}

struct Crate<'m> {
    modules: &'m [Module],
}

impl Crate<'_> {
    fn module(&self, names: &[String]) -> Option<usize> {
        self.modules.iter().position(|module| module.names == names)
    }

    /// The file that defines what a path names, and the name. Nothing for names from outside, and for modules.
    fn resolved(&self, at: usize, path: &[String], through: usize) -> Option<(usize, String)> {
        let (first, rest) = path.split_first().filter(|_| through <= RE_EXPORTS_MAX)?;
        let module = &self.modules[at];
        match first.as_str() {
            "crate" => return self.resolved(self.module(&[])?, rest, through),
            "self" => return self.resolved(at, rest, through),
            "super" => {
                let (_, above) = module.names.split_last()?;
                return self.resolved(self.module(above)?, rest, through);
            }
            _ => {}
        }
        if module.children.contains(first) {
            let child: Vec<String> = module.names.iter().chain([first]).cloned().collect();
            return self.resolved(self.module(&child)?, rest, through);
        }
        if module.defined.contains(first) {
            return Some((at, first.clone()));
        }
        if let Some(import) = module.imports.get(first) {
            let whole: Vec<String> = import.path.iter().chain(rest).cloned().collect();
            return if whole == path { None } else { self.resolved(at, &whole, through + 1) };
        }
        module.globs.iter().find_map(|glob| {
            let whole: Vec<String> = glob.iter().chain(path).cloned().collect();
            self.resolved(at, &whole, through + 1)
        })
    }
}

/// The names of the module that a file is.
fn names(folder: &str, path: &str) -> Vec<String> {
    let inside = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix("/src/")).unwrap_or(path);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    let mut names: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if matches!(names.last().map(String::as_str), Some("lib" | "main" | "mod")) {
        names.pop();
    }
    names
}

fn read(folder: &str, source: &SourceFile) -> Module {
    let code = lexer::views(&source.text).code;
    let end = lexer::production_lines(&code);
    let code: String = code.lines().take(end).collect::<Vec<_>>().join("\n");
    let tokens = tokens(&code);
    let mut module =
        Module { path: source.path.clone(), names: names(folder, &source.path), ..Module::default() };
    let (mut at, mut depth) = (0, 0_usize);
    while at < tokens.len() {
        match tokens[at] {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            "use" => {
                let exported = at > 0 && (tokens[at - 1] == "pub" || tokens[at - 1] == ")");
                at = import(&tokens, at + 1, &mut Vec::new(), exported, &mut module);
                continue;
            }
            "mod" if depth == 0 && tokens.get(at + 2) == Some(&";") => {
                module.children.insert(tokens[at + 1].to_owned());
                at += 1;
            }
            "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "union" | "mod"
                if depth == 0 =>
            {
                if let Some(name) = tokens.get(at + 1).filter(|name| is_word(name)) {
                    module.defined.insert((*name).to_owned());
                }
            }
            "macro_rules" if tokens.get(at + 1) == Some(&"!") => {
                module.defined.extend(tokens.get(at + 2).map(|name| (*name).to_owned()));
            }
            word if is_word(word) => {
                let path = path(&tokens, at);
                at += 2 * (path.len() - 1);
                module.words.insert(word.to_owned());
                if path.len() > 1 {
                    module.paths.insert(path);
                }
            }
            _ => {}
        }
        at += 1;
    }
    module
}

/// `a::b::C` from its first word on.
fn path(tokens: &[&str], at: usize) -> Vec<String> {
    let mut path = vec![tokens[at].to_owned()];
    let mut next = at + 1;
    while tokens.get(next) == Some(&"::")
        && let Some(word) = tokens.get(next + 1).filter(|word| is_word(word))
    {
        path.push((*word).to_owned());
        next += 2;
    }
    path
}

/// One tree of an import, and where it ends.
fn import(
    tokens: &[&str],
    mut at: usize,
    above: &mut Vec<String>,
    exported: bool,
    module: &mut Module,
) -> usize {
    let depth = above.len();
    let mut renamed = None;
    while let Some(token) = tokens.get(at) {
        match *token {
            "::" => {}
            "*" => module.globs.push(std::mem::take(above)),
            "as" => {
                renamed = tokens.get(at + 1).map(|name| (*name).to_owned());
                at += 1;
            }
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| *token != "}") {
                    let mut whole = above.clone();
                    at = import(tokens, at, &mut whole, exported, module);
                    if tokens.get(at) == Some(&",") {
                        at += 1;
                    }
                }
                above.clear();
            }
            word if is_word(word) => above.push(word.to_owned()),
            _ => break,
        }
        at += 1;
    }
    if above.len() > depth {
        if above.last().is_some_and(|last| last == "self") && above.len() > 1 {
            above.pop(); // `a::{self}` is `a`.
        }
        if let Some(last) = above.last().cloned() {
            let name = renamed.unwrap_or(last);
            module.imports.insert(name, Import { path: above.clone(), exported });
        }
    }
    at
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn tokens(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = if rest.starts_with("::") {
            2
        } else if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(end);
        found.push(token);
        rest = after.trim_start();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The edges of a crate of these files, as `from -> to: names`.
    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<SourceFile> = files
            .iter()
            .map(|(path, text)| SourceFile { path: format!("crates/a/src/{path}"), text: (*text).to_owned() })
            .collect();
        let crates = uses(&sources);
        let uses = &crates["crates/a"];
        let short = |file: usize| uses.files[file].rsplit_once("src/").unwrap().1;
        let shown = |((from, to), names): (&(usize, usize), &BTreeSet<String>)| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!("{} -> {}: {}", short(*from), short(*to), names.join(" "))
        };
        let mut edges: Vec<String> = uses.edges.iter().map(shown).collect();
        edges.sort();
        edges
    }

    #[test]
    fn a_name_is_followed_to_the_file_that_defines_it() {
        let found = edges(&[
            ("lib.rs", "mod b;\nmod c;\npub use b::{Deep, f as g};\nstruct Own;"),
            ("b.rs", "pub mod deep;\npub use deep::Deep;\npub fn f() {}"),
            ("b/deep.rs", "use super::f;\npub struct Deep;\nfn x() { f() }"),
            (
                "c.rs",
                "use crate::{Deep, b};\nuse crate::Own;\nfn x() { b::f(); crate::g(); super::b::deep::y(); }",
            ),
        ]);
        assert_eq!(
            found,
            ["b/deep.rs -> b.rs: f", "c.rs -> b.rs: f", "c.rs -> b/deep.rs: Deep", "c.rs -> lib.rs: Own"]
        );
    }

    #[test]
    fn what_is_only_handed_on_or_stands_in_text_is_not_used() {
        let found = edges(&[
            ("lib.rs", "mod a;\nmod b;\npub(crate) use a::A;\nuse std::fmt::{self, Display};"),
            ("a.rs", "// crate::b::B\npub struct A;\nconst T: &str = \"crate::b::B\";"),
            ("b.rs", "pub struct B;\n#[cfg(test)]\nmod tests {\n use crate::a::A;\n}"),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn globs_and_modules_by_another_name_are_followed() {
        let found = edges(&[
            ("lib.rs", "mod a;\nmod b;\nmod c;"),
            ("a.rs", "pub struct A;\npub fn make() {}"),
            ("b.rs", "use crate::a::*;\nfn x(_: A) { A::new() }"),
            ("c.rs", "use crate::{a as other};\nfn x() { other::make() }"),
        ]);
        assert_eq!(found, ["b.rs -> a.rs: A", "c.rs -> a.rs: make"]);
    }
}
