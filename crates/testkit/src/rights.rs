//! Who may what, route by route: how the table that each face has in its tests is held against its router, and kept.
//!
//! What a route is, who asks and what a refusal looks like are the face's affair.

use std::collections::BTreeSet;
use std::fmt::Debug;

/// A line of a table: methods with a blank between them, path, and who may.
pub type Line<Who> = (&'static str, &'static str, Who);

/// Every method of every line.
fn each<Who: Copy>(table: &[Line<Who>]) -> impl Iterator<Item = Line<Who>> {
    table.iter().flat_map(|(methods, path, who)| methods.split(' ').map(move |method| (method, *path, *who)))
}

/// Holds a table against a router's own list of methods and paths: it names them all, each once, and nothing else.
pub fn assert_complete<Who: Copy>(
    table: &[Line<Who>],
    routes: impl IntoIterator<Item = (impl ToString, impl ToString)>,
) {
    let text =
        |method: &dyn ToString, path: &dyn ToString| format!("{} {}", method.to_string(), path.to_string());
    let routes: BTreeSet<String> = routes.into_iter().map(|(method, path)| text(&method, &path)).collect();
    let lines: Vec<String> = each(table).map(|(method, path, _)| text(&method, &path)).collect();
    let named: BTreeSet<String> = lines.iter().cloned().collect();
    assert_eq!(named.len(), lines.len(), "a route stands in the table twice");
    let missing: Vec<_> = routes.difference(&named).collect();
    let gone: Vec<_> = named.difference(&routes).collect();
    assert!(missing.is_empty(), "say who may: {missing:#?}");
    assert!(gone.is_empty(), "no such routes: {gone:#?}");
}

/// Asks every route as every caller. `refusal` says with which status a caller is sent away; who is let in hears neither
/// 401 nor 403, nor that the server fails.
pub async fn assert_kept<Who: Copy + Debug, Caller: Copy + Debug>(
    table: &[Line<Who>],
    callers: &[Caller],
    refusal: impl Fn(Who, Caller) -> Option<u16>,
    ask: impl AsyncFn(Line<Who>, Caller) -> (u16, String),
) {
    let mut broken = Vec::new();
    for (method, path, who) in each(table) {
        for caller in callers {
            let (status, text) = ask((method, path, who), *caller).await;
            let kept = match refusal(who, *caller) {
                Some(refused) => status == refused,
                None => ![401, 403].contains(&status) && status < 500,
            };
            if !kept {
                broken
                    .push(format!("{method} {path} is for {who:?}; {caller:?} heard {status}: {text:.200}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: [Line<bool>; 2] = [("GET HEAD", "/open", true), ("GET", "/closed", false)];

    #[test]
    fn a_table_names_what_the_router_has() {
        assert_complete(&TABLE, [("GET", "/closed"), ("GET", "/open"), ("HEAD", "/open")]);
    }

    #[test]
    #[should_panic(expected = "POST /new")]
    fn a_new_route_wants_a_line() {
        assert_complete(&TABLE, [("GET", "/closed"), ("GET", "/open"), ("HEAD", "/open"), ("POST", "/new")]);
    }

    #[test]
    #[should_panic(expected = "no such routes")]
    fn a_route_that_is_gone_takes_its_line_with_it() {
        assert_complete(&TABLE, [("GET", "/open")]);
    }

    async fn walked(closed: u16) {
        let refusal = |open, ()| if open { None } else { Some(401) };
        let ask = async |(_, _, open): Line<bool>, ()| (if open { 200 } else { closed }, String::new());
        assert_kept(&TABLE, &[()], refusal, ask).await;
    }

    #[tokio::test]
    async fn a_route_that_asks_who_may_is_kept() {
        walked(401).await;
    }

    #[tokio::test]
    #[should_panic(expected = "/closed is for false; () heard 200")]
    async fn a_route_that_lets_somebody_in_is_found() {
        walked(200).await;
    }
}
