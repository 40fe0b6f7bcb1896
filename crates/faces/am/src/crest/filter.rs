//! `_queryFilter`: what of CREST's query language is understood, and what is no such language at all.
//!
//! The whole grammar is read, so that "cannot be parsed" is never said of a filter that only is not supported; but only
//! equalities joined by `and` keep their meaning. Contract am.md 1.11; A-34.

/// A filter as far as somebody here can act on it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CrestFilter {
    /// A field has this text.
    Equal(String, String),
    /// All of these.
    All(Vec<CrestFilter>),
    /// Sound, and nothing that is supported.
    Other,
}

/// Parentheses and negations within each other, at most (HOME-LIMITS).
const DEPTH_MAX: usize = 16;

impl CrestFilter {
    /// Reads a filter; none if it is not the language.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = words(text)?.into_iter().peekable();
        let filter = either(&mut words, 0)?;
        words.next().is_none().then_some(filter)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Word {
    Open,
    Close,
    Not,
    /// In quotes.
    Text(String),
    /// Everything else, up to a blank or a parenthesis.
    Bare(String),
}

type Words = std::iter::Peekable<std::vec::IntoIter<Word>>;

fn either(words: &mut Words, depth: usize) -> Option<CrestFilter> {
    let mut filter = all(words, depth)?;
    while took(words, "or") {
        all(words, depth)?;
        filter = CrestFilter::Other;
    }
    Some(filter)
}

fn all(words: &mut Words, depth: usize) -> Option<CrestFilter> {
    let mut parts = vec![one(words, depth)?];
    while took(words, "and") {
        parts.push(one(words, depth)?);
    }
    if parts.len() == 1 { parts.pop() } else { Some(CrestFilter::All(parts)) }
}

fn one(words: &mut Words, depth: usize) -> Option<CrestFilter> {
    if depth > DEPTH_MAX {
        return None;
    }
    match words.next()? {
        Word::Not => one(words, depth + 1).map(|_| CrestFilter::Other),
        Word::Open => {
            let inner = either(words, depth + 1)?;
            (words.next()? == Word::Close).then_some(inner)
        }
        Word::Bare(word) if matches!(word.as_str(), "true" | "false") => Some(CrestFilter::Other),
        Word::Bare(field) => compared(field, words),
        Word::Close | Word::Text(_) => None,
    }
}

/// A field, an operator, and what it is compared with.
fn compared(field: String, words: &mut Words) -> Option<CrestFilter> {
    let Word::Bare(operator) = words.next()? else { return None };
    if operator == "pr" {
        return Some(CrestFilter::Other);
    }
    if !operator.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.') {
        return None;
    }
    match words.next()? {
        Word::Text(text) if operator == "eq" => {
            let field = field.strip_prefix('/').map(str::to_owned).unwrap_or(field);
            Some(CrestFilter::Equal(field, text))
        }
        Word::Text(_) => Some(CrestFilter::Other),
        Word::Bare(value) => {
            let literal = matches!(value.as_str(), "true" | "false" | "null") || value.parse::<f64>().is_ok();
            literal.then_some(CrestFilter::Other)
        }
        Word::Open | Word::Close | Word::Not => None,
    }
}

fn took(words: &mut Words, word: &str) -> bool {
    words.next_if(|next| matches!(next, Word::Bare(bare) if bare == word)).is_some()
}

fn words(text: &str) -> Option<Vec<Word>> {
    let (mut words, mut chars) = (Vec::new(), text.chars().peekable());
    while let Some(c) = chars.next() {
        words.push(match c {
            ' ' | '\t' | '\r' | '\n' => continue,
            '(' => Word::Open,
            ')' => Word::Close,
            '!' => Word::Not,
            '"' | '\'' => Word::Text(quoted(&mut chars, c)?),
            first => {
                let mut bare = String::from(first);
                while let Some(next) = chars.next_if(|next| !" \t\r\n()\"'".contains(*next)) {
                    bare.push(next);
                }
                Word::Bare(bare)
            }
        });
    }
    Some(words)
}

/// Up to the same quotation mark; a backslash takes the next character as it is, or as JSON would.
fn quoted(chars: &mut impl Iterator<Item = char>, end: char) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            '\\' => text.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                }
                other => other,
            }),
            c if c == end => return Some(text),
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equal(field: &str, text: &str) -> CrestFilter {
        CrestFilter::Equal(field.into(), text.into())
    }

    #[test]
    fn equalities_joined_by_and_are_understood() {
        let both = CrestFilter::All(vec![equal("username", "x"), equal("realm", "/alpha")]);
        for text in [
            r#"username eq "x" and realm eq "/alpha""#,
            r"username eq 'x' and realm eq '/alpha'",
            r#"(/username eq "x") and (/realm eq "/alpha")"#,
            r#"  username  eq "\u0078"   and realm eq "\/alpha" "#,
        ] {
            assert_eq!(CrestFilter::parse(text).as_ref(), Some(&both), "{text}");
        }
        assert_eq!(CrestFilter::parse(r#"realm eq "a \"b\" 'c'""#), Some(equal("realm", r#"a "b" 'c'"#)));
    }

    #[test]
    fn what_is_sound_and_not_supported_is_told_apart() {
        for text in [
            "true",
            "false",
            "username pr",
            r#"username sw "x""#,
            r#"username eq "x" or realm eq "/alpha""#,
            r#"!(username eq "x")"#,
            "username eq 5",
            "username eq -1.5e3",
            "username eq null",
        ] {
            assert_eq!(CrestFilter::parse(text), Some(CrestFilter::Other), "{text}");
        }
        let mixed = CrestFilter::parse(r#"realm eq "/" and username sw "x""#);
        assert_eq!(mixed, Some(CrestFilter::All(vec![equal("realm", "/"), CrestFilter::Other])));
    }

    #[test]
    fn anything_else_is_no_filter() {
        let deep = format!("{}true{}", "(".repeat(100), ")".repeat(100));
        let negated = format!("{}true", "!".repeat(100_000));
        for text in [
            "",
            "   ",
            "~~~",
            "username",
            "username eq",
            "username eq x",
            r#"username eq "x"#,
            r#"username eq "x" and"#,
            r#"username eq "x" realm eq "y""#,
            r#""username" eq "x""#,
            r#"(username eq "x""#,
            r#"username eq "x")"#,
            r#"username == "x""#,
            r#"username eq "\ud800""#,
            &deep,
            &negated,
        ] {
            assert_eq!(CrestFilter::parse(text), None, "{text:.40}");
        }
    }
}
