//! Finds functions in a source: how long they are, which are tests, and what is said above them.
//!
//! Counts braces outside comments and text; it does not parse Rust, and a macro's inside is as good as any.

use crate::lexer;

/// One function.
pub(crate) struct Function {
    pub(crate) name: String,
    /// Index of the line with `fn`.
    pub(crate) line: usize,
    /// How many lines it has, from `fn` to its closing brace.
    pub(crate) lines: usize,
    /// Marked `#[test]`, `#[tokio::test]` or the like.
    pub(crate) is_test: bool,
    /// Doc comments, attributes and body, as written.
    pub(crate) text: String,
}

/// All functions with a body, nested ones included.
pub(crate) fn functions(text: &str) -> Vec<Function> {
    let code = lexer::views(text).code;
    let code_lines: Vec<&str> = code.lines().collect();
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in code_lines.iter().enumerate() {
        let Some((column, name)) = declared(line) else { continue };
        let Some(last) = last_line(&code_lines, index, column) else { continue };
        let first = first_line(&lines, &code_lines, index);
        let head: String = code_lines[first..index].concat();
        found.push(Function {
            name,
            line: index,
            lines: last - index + 1,
            is_test: ["#[test]", "::test]", "::test("].iter().any(|mark| head.contains(mark)),
            text: lines[first..=last].join("\n"),
        });
    }
    found
}

/// The name behind `fn` on a line, and where `fn` stands.
fn declared(line: &str) -> Option<(usize, String)> {
    let starts = line.match_indices("fn ").map(|(at, _)| at);
    let whole_word = |at: &usize| !line[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let mut named = starts.filter(whole_word).map(|at| {
        let name = line[at + 3..].trim_start();
        (at, name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>())
    });
    named.find(|(_, name)| !name.is_empty())
}

/// The line of the closing brace; `None` for a declaration without a body.
fn last_line(code: &[&str], first: usize, column: usize) -> Option<usize> {
    let (mut braces, mut brackets) = (0_i32, 0_i32);
    for (index, line) in code.iter().enumerate().skip(first) {
        for c in line.chars().skip(if index == first { column } else { 0 }) {
            match c {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets -= 1,
                ';' if braces == 0 && brackets == 0 => return None,
                '{' => braces += 1,
                '}' => {
                    braces -= 1;
                    if braces == 0 && brackets == 0 {
                        return Some(index);
                    }
                }
                _ => {}
            }
        }
    }
    None
}

/// The first line of the comments and attributes above a function.
fn first_line(lines: &[&str], code: &[&str], index: usize) -> usize {
    let belongs = |i: &usize| {
        let ends_another = code[*i].trim_end().ends_with(['}', '{', ';']);
        !lines[*i].trim().is_empty() && !ends_another
    };
    (0..index).rev().take_while(belongs).last().unwrap_or(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_with_what_stands_above_them() {
        let text = "/// P-1\n#[tokio::test(\n  flavor = \"x\"\n)]\nasync fn a<T>(b: [u8; 4]) {\n  let c = '}';\n}\n\n\
                    trait T {\n  fn only_declared(&self);\n  fn b(&self) { loop {} }\n}\ntype F = fn (u8);\n";
        let found: Vec<_> =
            functions(text).iter().map(|f| (f.name.clone(), f.line, f.lines, f.is_test)).collect();
        assert_eq!(found, [("a".to_owned(), 4, 3, true), ("b".to_owned(), 10, 1, false)]);
        assert!(functions(text)[0].text.starts_with("/// P-1"));
    }
}
