//! `docs/certification.md` as whoever runs the conformance suite goes through it.
//!
//! See `reader` for how.

use crate::reader::Reader;

/// Goal: what the page says to set up for each certification plan is taken as it is printed.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_certification_plans_is_true() {
    Reader::of("certification.md").await.prints_what_is_told(&[]).await;
}
