//! The samples of `docs/notices.md`, two applications each: who signs off at one, or is ended from outside, is out at the other.
//!
//! The applications ask adieu every five minutes at most before they answer, and have just asked: a notice is all that they go by.

use crate::reader::Reader;

/// The page.
const PAGE: &str = "notices.md";
/// The section that starts a server.
const SERVER: &str = "Samples";
/// The person at two applications.
const PERSON: &str = "notices.cjs";

/// Goal: two published relying parties in one browser, express-openid-connect with its own receiver of notices; the one's cookie is
/// untouched, and its user is gone in a moment.
#[tokio::test(flavor = "multi_thread")]
async fn two_applications_of_express_hear_of_each_other() {
    Reader::of(PAGE).await.runs(SERVER, "Express", &[0, 1], PERSON).await;
}

/// Goal: the same for Python.
#[tokio::test(flavor = "multi_thread")]
async fn two_applications_in_python_hear_of_each_other() {
    Reader::of(PAGE).await.runs(SERVER, "Python", &[0, 1], PERSON).await;
}

/// Goal: the same for Java.
#[tokio::test(flavor = "multi_thread")]
async fn two_applications_in_java_hear_of_each_other() {
    Reader::of(PAGE).await.runs(SERVER, "Java", &[0, 1], PERSON).await;
}

/// Goal: what the page tells readers to install is what its samples are run with.
#[tokio::test]
async fn the_page_names_the_packages_that_are_tested() {
    Reader::of(PAGE).await.assert_packages("Express", "Python", "Java");
}
