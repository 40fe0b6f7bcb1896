//! `docs/quickstart.md` as a reader goes through it.
//!
//! See `reader` for how.

use crate::reader::Reader;

/// The page.
const PAGE: &str = "quickstart.md";
/// The section that starts a server.
const SERVER: &str = "A server of your own";
/// The sections that are an application each; all others are one session in a shell, from the first to the last.
const APPLICATIONS: [&str; 3] = ["Python", "Node", "Java"];
/// The person at an application.
const PERSON: &str = "quickstart.cjs";

/// Goal: each dialect and OpenID Connect by curl, as the page prints it: sign on, check, sign off, and what comes back.
/// Method: all blocks of the page but those of the applications in one shell; what each of them prints is compared.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_true_by_curl() {
    let printed = Reader::of(PAGE).await.prints_what_is_told(&APPLICATIONS).await;
    assert!(printed >= 7, "one for each section");
}

/// Goal: the sample for Python, with Authlib, signs on, notices an ending from outside, and signs off.
#[tokio::test(flavor = "multi_thread")]
async fn the_sample_for_python_runs() {
    Reader::of(PAGE).await.runs(SERVER, "Python", &[0], PERSON).await;
}

/// Goal: the same for Node, with express-openid-connect and `response_type: "code"`; the answer comes in the query.
#[tokio::test(flavor = "multi_thread")]
async fn the_sample_for_node_runs() {
    Reader::of(PAGE).await.runs(SERVER, "Node", &[0], PERSON).await;
}

/// Goal: the same with `response_mode=form_post`, which a browser has to carry (F-26).
#[tokio::test(flavor = "multi_thread")]
async fn the_sample_for_node_is_answered_by_a_form() {
    let reader = Reader::of(PAGE).await;
    assert!(reader.section("Node").steps[1].order.contains("form_post"));
    reader.runs(SERVER, "Node", &[1], PERSON).await;
}

/// Goal: the same for Java, with Nimbus' SDK.
#[tokio::test(flavor = "multi_thread")]
async fn the_sample_for_java_runs() {
    Reader::of(PAGE).await.runs(SERVER, "Java", &[0], PERSON).await;
}

/// Goal: what the page tells readers to install is what its samples are run with.
#[tokio::test]
async fn the_page_names_the_packages_that_are_tested() {
    Reader::of(PAGE).await.assert_packages("Node", "Python", "Java");
}
