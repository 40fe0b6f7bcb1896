//! One answer beside its recording: status, headers, cookies, body.
//!
//! Every rule that makes the comparison weaker stands here, so that it can be read in one place.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use regex::Regex;
use serde_json::Value;

use super::{
    cookies::Cookie,
    json::{JsonRules, Paths},
    normal::Normal,
    scenario::{RecordedAnswer, Step},
};

/// Headers that are compared in every step.
const COMPARED: [&str; 9] = [
    "content-type",
    "location",
    "link",
    "allow",
    "cache-control",
    "www-authenticate",
    "retry-after",
    "vary",
    "content-api-version",
];

static HASH: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[0-9a-f]{64}").expect("a constant pattern that the tests compile"));

/// The two sides of one step and the rules between them.
pub(super) struct Comparison<'a> {
    step: &'a Step,
    old: &'a RecordedAnswer,
    new: &'a RecordedAnswer,
    normal_old: Normal,
    normal_new: Normal,
    volatile: Vec<String>,
    ignore: Vec<String>,
    out: Vec<String>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        step: &'a Step,
        old: (&'a RecordedAnswer, Normal),
        new: (&'a RecordedAnswer, Normal),
    ) -> Self {
        Self {
            step,
            old: old.0,
            new: new.0,
            normal_old: old.1,
            normal_new: new.1,
            volatile: step.volatile.clone(),
            ignore: step.ignore.clone(),
            out: Vec::new(),
        }
    }

    /// Adds the rules that the scenario gives for all its steps.
    pub(super) fn with_rules(mut self, volatile: &[String], ignore: &[String]) -> Self {
        self.volatile.extend_from_slice(volatile);
        self.ignore.extend_from_slice(ignore);
        self
    }

    /// A line for each difference.
    pub(super) fn differences(mut self) -> Result<Vec<String>, String> {
        if !self.ignores("status") && self.old.status != self.new.status {
            self.out.push(format!("status: recorded {}, here {}", self.old.status, self.new.status));
        }
        let redirect = self.old.status == self.new.status && (300..400).contains(&self.old.status);
        if redirect {
            // What a redirect says besides its address, nobody reads.
            self.ignore.extend(["header:content-type".into(), "body".into()]);
        }
        self.headers();
        self.cookies();
        if !self.ignores("body") {
            self.body()?;
        }
        Ok(self.out)
    }

    fn ignores(&self, what: &str) -> bool {
        self.ignore.iter().any(|rule| rule == what)
    }

    fn ignores_header(&self, name: &str) -> bool {
        let mut names = self.ignore.iter().filter_map(|rule| rule.strip_prefix("header:"));
        names.any(|rule| rule.eq_ignore_ascii_case(name))
    }

    fn headers(&mut self) {
        let mut names: Vec<String> = COMPARED.iter().map(ToString::to_string).collect();
        names.extend(self.step.also.iter().map(|name| name.to_lowercase()));
        let recorded: BTreeSet<String> = self.old.headers.iter().map(|(k, _)| k.to_lowercase()).collect();
        names.extend(recorded.into_iter().filter(|name| name.starts_with("access-control-")));
        for name in names {
            let bodiless = name == "content-type"
                && matches!(self.old.status, 204 | 304)
                && self.new.status == self.old.status;
            if bodiless || self.ignores_header(&name) {
                continue;
            }
            let (old, new) = (
                self.header_seen(&name, self.old, &self.normal_old),
                self.header_seen(&name, self.new, &self.normal_new),
            );
            // Whoever keeps an answer from caches that the recorded system leaves to them is stricter, and right.
            let stricter =
                name == "cache-control" && old.is_empty() && new.iter().any(|v| v.contains("no-store"));
            if old != new && !stricter {
                self.out.push(format!("header {name}: recorded {old:?}, here {new:?}"));
            }
        }
    }

    /// What of a header is compared.
    fn header_seen(&self, name: &str, answer: &RecordedAnswer, normal: &Normal) -> Vec<String> {
        let values = answer.header(name);
        let presence_only =
            name == "retry-after" || self.volatile.iter().any(|rule| names_header(rule, name));
        match name {
            "vary" => {
                let words = values.iter().flat_map(|v| v.split(',')).map(|word| word.trim().to_lowercase());
                words.collect::<BTreeSet<_>>().into_iter().collect()
            }
            _ if presence_only => vec![if values.is_empty() { "absent" } else { "present" }.to_owned()],
            "www-authenticate" => {
                values.iter().map(|v| v.split(' ').next().unwrap_or_default().to_owned()).collect()
            }
            "content-type" => values.iter().map(|v| normal.of(&media(v))).collect(),
            _ => values.iter().map(|v| normal.of(v)).collect(),
        }
    }

    fn cookies(&mut self) {
        if self.ignores_header("set-cookie") {
            return;
        }
        let (old, new) = (self.cookies_of(self.old), self.cookies_of(self.new));
        if old != new {
            self.out.push(format!("cookies: recorded {old:?}, here {new:?}"));
        }
    }

    /// By name: set or cleared, and the attributes. Lives are not compared, only that they say so.
    fn cookies_of(&self, answer: &RecordedAnswer) -> BTreeMap<String, Vec<String>> {
        let mut seen = BTreeMap::new();
        for line in answer.header("set-cookie") {
            let cookie = Cookie::parse(line);
            let name = HASH.replace_all(cookie.name, "<hash>").into_owned();
            let mut said: Vec<String> =
                cookie
                    .attributes
                    .iter()
                    .filter(|(k, _)| !matches!(k.as_str(), "expires" | "max-age"))
                    .map(|(k, v)| {
                        if matches!(k.as_str(), "path" | "samesite") { format!("{k}={v}") } else { k.clone() }
                    })
                    .collect();
            said.sort();
            said.insert(0, if cookie.cleared() { "cleared" } else { "set" }.to_owned());
            seen.insert(name, said);
        }
        seen.retain(|name, _| !self.ignores(&format!("cookie:{name}")));
        seen
    }

    fn body(&mut self) -> Result<(), String> {
        let (old, new) = (self.old, self.new);
        let page = old.header("content-type").iter().any(|v| v.contains("html"));
        if self.volatile.iter().any(|rule| rule == "body") {
            if old.json.is_some() != new.json.is_some() || old.text.is_empty() != new.text.is_empty() {
                self.out.push("body: of another kind than recorded".into());
            }
        } else if let Some(recorded) = &old.json {
            match &new.json {
                None => self.out.push(format!("body: recorded JSON, here {:?}", short(&new.text))),
                Some(here) => self.json_body(recorded, here)?,
            }
        } else if page {
            if new.text.is_empty() && new.json.is_none() {
                self.out.push("body: recorded a page, here nothing".into());
            }
        } else {
            let (old, new) = (self.normal_old.of(&old.text), self.normal_new.of(&new.body_text()));
            if old != new {
                self.out.push(format!("body: recorded {:?}, here {:?}", short(&old), short(&new)));
            }
        }
        Ok(())
    }

    fn json_body(&mut self, recorded: &Value, here: &Value) -> Result<(), String> {
        let (skip, loose) = (Paths::new(&self.ignore)?, Paths::new(&self.volatile)?);
        let (normal_old, normal_new) = (&self.normal_old, &self.normal_new);
        let rules = JsonRules { normal_old, normal_new, skip: &skip, loose: &loose };
        rules.compare(recorded, here, "", &mut self.out);
        Ok(())
    }
}

fn names_header(rule: &str, name: &str) -> bool {
    rule.strip_prefix("header:").is_some_and(|rule| rule.eq_ignore_ascii_case(name))
}

fn media(value: &str) -> String {
    value.to_lowercase().split_whitespace().collect()
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}
