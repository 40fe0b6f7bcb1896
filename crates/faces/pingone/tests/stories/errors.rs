//! The shape of errors and the headers of everything.
//!
//! Every answer is read for its id; what is said inside an error is for the stories of its route.

use http::Method;

use crate::fixture::{ALICE, FaceFixture};

/// P-56, P-58: every error outside OAuth has an id that is the correlation id; nothing is ever 406 (asserted at every
/// answer of these stories), and success is `application/json` whatever is accepted.
#[tokio::test]
async fn errors_have_an_id_and_success_is_json() {
    let fixture = FaceFixture::open().await;
    let worker = fixture.worker().await;
    let held = fixture.sign_on(ALICE).await;
    fixture.get("/v1/nothing").send().await.assert_error(404, "NOT_FOUND", None);
    fixture.get("/").send().await.assert_error(404, "NOT_FOUND", None);
    let path = fixture.m(&format!("sessions/{}", held.sid));
    for accept in
        ["application/json", "*/*", "application/hal+json", "image/png", "application/xml;q=1", ",,;"]
    {
        let reply = fixture.get(&path).bearer(&worker).header("accept", accept).send().await;
        assert_eq!(
            (reply.status.as_u16(), reply.header("content-type")),
            (200, "application/json"),
            "{accept}"
        );
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("correlation-id").len(), 36);
        let reply = fixture.get(&format!("{path}x")).bearer(&worker).header("accept", accept).send().await;
        assert_eq!(reply.header("content-type"), "application/json");
        reply.assert_error(404, "NOT_FOUND", None);
    }
    let reply = fixture.ask(Method::PATCH, &path).bearer(&worker).send().await;
    reply.assert_error(405, "INVALID_REQUEST", None);
}

/// No two answers share an id.
#[tokio::test]
async fn every_answer_has_its_own_id() {
    let fixture = FaceFixture::open().await;
    let (one, two) = (fixture.get("/x").send().await, fixture.get("/x").send().await);
    assert_ne!(one.header("correlation-id"), two.header("correlation-id"));
}
