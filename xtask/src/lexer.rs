//! Tells code from comments and from text in quotes; knows no more of Rust than that.
//!
//! Both views keep every line break, so that a line number means the same in each.

/// A source in two views; what a view leaves out is blank.
pub(crate) struct Views {
    /// Without comments and without the insides of strings and characters.
    pub(crate) code: String,
    /// Comments alone.
    pub(crate) comments: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Code,
    Comment,
    Text,
}

/// Splits a source into its views.
pub(crate) fn views(text: &str) -> Views {
    let chars: Vec<char> = text.chars().collect();
    let mut kinds = vec![Kind::Code; chars.len()];
    let mut at = 0;
    while at < chars.len() {
        let (end, kind) = token(&chars, at);
        let end = end.min(chars.len());
        kinds[at..end].fill(kind);
        at = end;
    }
    let view = |wanted: Kind| {
        let keep = |(c, kind): (&char, &Kind)| if *kind == wanted || *c == '\n' { *c } else { ' ' };
        chars.iter().zip(&kinds).map(keep).collect()
    };
    Views { code: view(Kind::Code), comments: view(Kind::Comment) }
}

/// Where the token at `at` ends, and what it is.
fn token(chars: &[char], at: usize) -> (usize, Kind) {
    let next = chars.get(at + 1).copied();
    match chars[at] {
        '/' if next == Some('/') => (find(chars, at, |c| c == '\n'), Kind::Comment),
        '/' if next == Some('*') => (block_comment(chars, at), Kind::Comment),
        '"' => (quoted(chars, at + 1), Kind::Text),
        '\'' if is_char(chars, at) => (char_end(chars, at), Kind::Text),
        c if c.is_alphabetic() || c == '_' => word(chars, at),
        _ => (at + 1, Kind::Code),
    }
}

/// A word; `r"…"`, `br#"…"#`, `c"…"` and the like are text.
fn word(chars: &[char], at: usize) -> (usize, Kind) {
    let end = find(chars, at, |c| !(c.is_alphanumeric() || c == '_'));
    let prefix: String = chars[at..end].iter().collect();
    match (prefix.as_str(), chars.get(end)) {
        ("b" | "c", Some('"')) => (quoted(chars, end + 1), Kind::Text),
        ("b", Some('\'')) => (char_end(chars, end), Kind::Text),
        ("r" | "br" | "cr", Some('"' | '#')) => {
            let quote = find(chars, end, |c| c != '#');
            match chars.get(quote) {
                Some('"') => (raw(chars, quote + 1, quote - end), Kind::Text),
                _ => (end, Kind::Code), // r#name
            }
        }
        _ => (end, Kind::Code),
    }
}

fn find(chars: &[char], from: usize, stop: impl Fn(char) -> bool) -> usize {
    chars[from..].iter().position(|c| stop(*c)).map_or(chars.len(), |n| from + n)
}

fn block_comment(chars: &[char], at: usize) -> usize {
    let (mut depth, mut at) = (0_usize, at);
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn raw(chars: &[char], mut at: usize, hashes: usize) -> usize {
    let closes =
        |at: usize| chars[at] == '"' && chars[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
    while at < chars.len() && !closes(at) {
        at += 1;
    }
    at + 1 + hashes
}

/// `'a'` and `'\n'` are characters, `'a` is a lifetime.
fn is_char(chars: &[char], at: usize) -> bool {
    chars.get(at + 1) == Some(&'\\') || chars.get(at + 2) == Some(&'\'')
}

fn char_end(chars: &[char], at: usize) -> usize {
    let from = if chars.get(at + 1) == Some(&'\\') { at + 3 } else { at + 2 };
    find(chars, from.min(chars.len()), |c| c == '\'') + 1
}

/// Lines before the test module that stands in the file itself.
pub(crate) fn production_lines(code: &str) -> usize {
    let lines: Vec<&str> = code.lines().collect();
    let opens_tests = |i: &usize| {
        let module = lines.get(i + 1).map(|line| line.trim()).unwrap_or_default();
        lines[*i].trim() == "#[cfg(test)]" && module.starts_with("mod ") && module.ends_with('{')
    };
    (0..lines.len()).find(opens_tests).unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, code: &str, comments: &str) {
        let views = views(text);
        assert_eq!(views.code.split_whitespace().collect::<Vec<_>>().join(" "), code, "{text}");
        assert_eq!(views.comments.split_whitespace().collect::<Vec<_>>().join(" "), comments, "{text}");
        assert_eq!(views.code.matches('\n').count(), text.matches('\n').count());
    }

    #[test]
    fn code_comments_and_text_are_told_apart() {
        check("a // b \"c\"\nd", "a d", "// b \"c\"");
        check("a /* b /* c */ d */ e", "a e", "/* b /* c */ d */");
        check(r#"a("// {", b'}', '\'', '{') 'l: x"#, "a( , , , ) 'l: x", "");
        check("r#\"a \" b\"# c r#d", "c r#d", "");
        check("\"a\\\"b\" c", "c", "");
        check("for<'a> fn(&'a str)", "for<'a> fn(&'a str)", "");
        check("\"never closed", "", "");
    }
}
