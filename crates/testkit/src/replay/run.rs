//! Walks through a scenario: send, capture, compare; then the next step, whatever came before.
//!
//! A step that fails does not stop the walk: what depends on it fails after it, and says so.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use regex::Regex;
use serde_json::Value;

use super::{
    compare::Comparison,
    cookies::{Cookie, Jar},
    json::{JsonRules, Paths, dig},
    normal::Normal,
    scenario::{RecordedAnswer, Scenario, Step},
    template::{Vars, fill, fill_json, fill_map, form, plain},
    wire::{Wire, WireRequest, WireResponse},
};

/// Longer texts are cut before they are compared, as they were when recorded.
const TEXT_CHARS_MAX: usize = 4000;

/// What a replay has found.
#[derive(Clone, Debug, Default)]
pub struct ReplayReport {
    /// The scenario's name.
    pub scenario: String,
    /// Steps that were walked through.
    pub steps: usize,
    /// Steps that did not hold.
    pub failures: Vec<ReplayFailure>,
    /// Steps that follow the contract instead of the recording (`differs`).
    pub not_compared: usize,
}

/// One step that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayFailure {
    /// The step's name.
    pub step: String,
    /// All its differences, a line each.
    pub text: String,
}

impl ReplayReport {
    /// Whether every step holds.
    pub fn holds(&self) -> bool {
        self.failures.is_empty()
    }
}

impl fmt::Display for ReplayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.holds() { "ok" } else { "FAIL" };
        write!(f, "{word} {} ({} steps, {} not compared)", self.scenario, self.steps, self.not_compared)?;
        for failure in &self.failures {
            write!(f, "\n  {}\n    {}", failure.step, failure.text.replace('\n', "\n    "))?;
        }
        Ok(())
    }
}

/// Replays one scenario with the caller's variables.
pub async fn run(scenario: &Scenario, vars: &BTreeMap<String, String>, wire: &dyn Wire) -> ReplayReport {
    let mut report = ReplayReport { scenario: scenario.name.clone(), ..ReplayReport::default() };
    let mut walk = match Walk::begin(scenario, vars, wire) {
        Ok(walk) => walk,
        Err(text) => {
            report.failures.push(ReplayFailure { step: "variables".into(), text });
            return report;
        }
    };
    for step in &scenario.steps {
        report.steps += 1;
        report.not_compared += usize::from(step.differs.is_some());
        if let Err(text) = walk.step(step).await {
            report.failures.push(ReplayFailure { step: step.name.clone(), text });
        }
    }
    report
}

/// The state of one replay: variables of both runs, and the jars.
struct Walk<'a> {
    scenario: &'a Scenario,
    wire: &'a dyn Wire,
    vars: Vars,
    recorded: Vars,
    jars: HashMap<String, Jar>,
}

impl<'a> Walk<'a> {
    fn begin(
        scenario: &'a Scenario,
        given: &BTreeMap<String, String>,
        wire: &'a dyn Wire,
    ) -> Result<Self, String> {
        let missing: Vec<&str> =
            scenario.needs.iter().filter(|n| !given.contains_key(*n)).map(String::as_str).collect();
        if !missing.is_empty() {
            return Err(format!("variables missing: {}", missing.join(", ")));
        }
        let mut vars: Vars = given.iter().map(|(k, v)| (k.clone(), v.clone().into())).collect();
        for (name, value) in &scenario.lets {
            let value = fill_json(value, &vars, wire.now())?;
            vars.insert(name.clone(), value);
        }
        Ok(Self { scenario, wire, vars, recorded: scenario.recorded.variables.clone(), jars: HashMap::new() })
    }

    async fn step(&mut self, step: &Step) -> Result<(), String> {
        if let Some(seconds) = step.wait_s {
            self.wire.wait(seconds).await;
        }
        let mut answer = RecordedAnswer::default();
        for _ in 0..step.times {
            answer = self.exchange(step).await?;
        }
        if step.differs.is_none() {
            let recorded = step.response.as_ref().ok_or("no recording")?;
            for (name, rule) in &step.capture {
                self.recorded.insert(name.clone(), capture(rule, recorded)?);
            }
        }
        for (name, rule) in &step.capture {
            self.vars.insert(name.clone(), capture(rule, &answer)?);
        }
        let differences = match &step.response {
            _ if step.differs.is_some() => self.unexpected(step, &answer)?,
            Some(recorded) => {
                let old = (recorded, Normal::new(&self.recorded));
                Comparison::new(step, old, (&answer, Normal::new(&self.vars)))
                    .with_rules(&self.scenario.volatile, &self.scenario.ignore)
                    .differences()?
            }
            None => vec!["no recording".into()],
        };
        if differences.is_empty() { Ok(()) } else { Err(differences.join("\n")) }
    }

    async fn exchange(&mut self, step: &Step) -> Result<RecordedAnswer, String> {
        let request = self.request(step)?;
        let answer = self.wire.send(request).await.map_err(|reason| format!("no answer: {reason}"))?;
        let answer = seen(answer);
        if let Some(jar) = &step.jar {
            let jar = self.jars.entry(jar.clone()).or_default();
            answer.header("set-cookie").into_iter().for_each(|line| jar.take(line));
        }
        Ok(answer)
    }

    fn request(&mut self, step: &Step) -> Result<WireRequest, String> {
        let now = self.wire.now();
        let (origin, target) = self.address(step)?;
        let path = target.split('?').next().unwrap_or_default();
        let (body, content_type) = self.body(step)?;
        let mut headers =
            vec![("User-Agent".to_owned(), "replay".to_owned()), ("Accept".into(), "*/*".into())];
        headers.extend(content_type.map(|kind| ("Content-Type".to_owned(), kind.to_owned())));
        let cookies =
            step.jar.as_ref().and_then(|jar| self.jars.entry(jar.clone()).or_default().header(path));
        headers.extend(cookies.map(|line| ("Cookie".to_owned(), line)));
        for (name, value) in fill_map(&step.headers, &self.vars, now)? {
            headers.retain(|(old, _)| !old.eq_ignore_ascii_case(&name));
            if !value.is_null() {
                headers.push((name, plain(&value)));
            }
        }
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            let host = origin.split_once("://").map_or("", |(_, host)| host);
            let host = self.vars.get("host_header").map_or_else(|| host.to_owned(), plain);
            headers.insert(0, ("Host".into(), host));
        }
        if body.is_some() || matches!(step.method.as_str(), "POST" | "PUT" | "PATCH") {
            headers.push(("Content-Length".into(), body.as_ref().map_or(0, Vec::len).to_string()));
        }
        Ok(WireRequest {
            base: step.base.clone(),
            method: step.method.clone(),
            origin,
            target,
            headers,
            body,
        })
    }

    /// Origin and target: the step's path behind its base, or a whole address.
    fn address(&self, step: &Step) -> Result<(String, String), String> {
        let base =
            self.vars.get(&step.base).ok_or_else(|| format!("base address {} is not set", step.base))?;
        let filled = fill(&step.path, &self.vars, self.wire.now())?;
        let whole = filled.starts_with("http://") || filled.starts_with("https://");
        let address = if whole { filled } else { plain(base) + &filled };
        let (scheme, rest) = address.split_once("://").ok_or_else(|| format!("no address: {address}"))?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let target = target.strip_suffix('?').unwrap_or(target); // An empty query is no query.
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok((format!("{scheme}://{authority}"), format!("{slash}{target}")))
    }

    fn body(&self, step: &Step) -> Result<(Option<Vec<u8>>, Option<&'static str>), String> {
        let now = self.wire.now();
        Ok(if let Some(json) = &step.json {
            (Some(fill_json(json, &self.vars, now)?.to_string().into()), Some("application/json"))
        } else if let Some(members) = &step.form {
            let text = form(&fill_map(members, &self.vars, now)?);
            (Some(text.into()), Some("application/x-www-form-urlencoded"))
        } else if let Some(raw) = &step.raw {
            (Some(fill(raw, &self.vars, now)?.into()), None)
        } else {
            (step.raw_repeat.as_ref().map(|(text, count)| text.repeat(*count).into()), None)
        })
    }

    /// Compares with the contract where the recorded system is known to stray from it.
    fn unexpected(&self, step: &Step, answer: &RecordedAnswer) -> Result<Vec<String>, String> {
        let (expect, mut out) = (&step.expect, Vec::new());
        if let Some(status) = expect.status.filter(|status| *status != answer.status) {
            out.push(format!("contract expects status {status}, here {}", answer.status));
        }
        if let Some(json) = &expect.json {
            let (normal, none) = (Normal::new(&self.vars), Paths::default());
            let rules = JsonRules { normal_old: &normal, normal_new: &normal, skip: &none, loose: &none };
            let wanted = fill_json(json, &self.vars, self.wire.now())?;
            rules.compare(&wanted, answer.json.as_ref().unwrap_or(&Value::Null), "", &mut out);
        }
        for (name, value) in &expect.headers {
            let here = answer.header(name);
            if !here.contains(&value.as_str()) {
                out.push(format!("contract expects {name}: {value}, here {here:?}"));
            }
        }
        let cookies = answer.header("set-cookie").into_iter().map(Cookie::parse);
        let gone: Vec<&str> = cookies.filter(Cookie::cleared).map(|cookie| cookie.name).collect();
        for name in &expect.cleared {
            let name = fill(name, &self.vars, self.wire.now())?;
            if !gone.contains(&name.as_str()) {
                out.push(format!("contract expects the cookie {name} cleared, cleared here: {gone:?}"));
            }
        }
        Ok(out)
    }
}

/// An answer as it is compared: JSON if the body is JSON, else text.
fn seen(answer: WireResponse) -> RecordedAnswer {
    let text = String::from_utf8_lossy(&answer.body);
    let json = serde_json::from_str::<Value>(&text).ok().filter(|value| !value.is_null());
    let text = if json.is_some() { String::new() } else { text.chars().take(TEXT_CHARS_MAX).collect() };
    RecordedAnswer { status: answer.status, headers: answer.headers, json, text }
}

/// Takes one variable from an answer.
fn capture(rule: &str, answer: &RecordedAnswer) -> Result<Value, String> {
    if let Some(path) = rule.strip_prefix("json:") {
        let found = answer.json.as_ref().and_then(|json| dig(json, path));
        return found.cloned().ok_or_else(|| format!("nothing at {rule}"));
    }
    let (what, pattern) = rule.split_once('~').map_or((rule, None), |(what, pattern)| (what, Some(pattern)));
    if let Some(name) = what.strip_prefix("cookie:") {
        let mut cookies = answer.header("set-cookie").into_iter().map(Cookie::parse);
        let found = cookies.find(|cookie| cookie.name == name);
        return found.map(|cookie| cookie.value.into()).ok_or_else(|| format!("no cookie {name}"));
    }
    let text = match what.strip_prefix("header:") {
        Some(name) => answer.header(name).join("\n"),
        None => answer.body_text(),
    };
    if text.is_empty() {
        return Err(format!("no {what}"));
    }
    let Some(pattern) = pattern else { return Ok(text.into()) };
    let pattern = Regex::new(pattern).map_err(|e| format!("{rule}: {e}"))?;
    let found = pattern.captures(&text).ok_or_else(|| format!("{rule} does not match {text:.200?}"))?;
    Ok(found.get(1).or(found.get(0)).map_or("", |m| m.as_str()).into())
}
