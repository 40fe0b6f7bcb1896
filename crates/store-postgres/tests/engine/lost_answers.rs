//! Answers that are lost on the way: found out, not guessed.
//!
//! Nothing here knows how the engine finds out.

use std::sync::Arc;

use adieu_core::{EndTarget, Ended};
use adieu_store::Store;
use adieu_store::suite::{Fixture, at};
use adieu_testkit_postgres::Server;

use crate::proxy::{Cut, Proxy};
use crate::support::Postgres;

/// Goal: ENDED-IS-DURABLE where the answer to a commit is lost, or the order itself: the caller hears what is so, the ending is there
/// once, and its line is, too.
/// Method: a proxy cuts the connection behind the database's word that it has committed, or before a request arrives.
#[tokio::test]
async fn whoever_ends_a_session_hears_what_became_of_it() {
    for cut in [Cut::AnswerToCommit, Cut::NextRequest] {
        let server = Server::shared();
        let proxy = Proxy::before(server.socket());
        let place = Postgres::of(server.fresh_database().await);
        let store = place.open_at(|database| proxy.url(database), |options| options.writers = 1).await;
        let store: Arc<dyn Store> = Arc::new(store);
        let fixture = Fixture::found_on(place, store).await;
        let ada = fixture.user("ada").await;
        for n in 1..=5 {
            let held = fixture.sign_on(&ada, at(0)).await;
            proxy.cut_next(cut);
            let ended = fixture.end(EndTarget::One(held.session.id), at(1)).await;
            assert!(matches!(ended, Ok(Ended::Now(_))), "{cut:?}: {ended:?}");
            proxy.cut_next(Cut::Never);
            assert_eq!(proxy.cuts(), n, "{cut:?}: the answer was lost");
            fixture.expect_dead(&held, at(2)).await;
            let again = fixture.end(EndTarget::One(held.session.id), at(2)).await;
            assert!(matches!(again, Ok(Ended::Before)), "{cut:?}: {again:?}");
        }
        let endings = fixture.endings(Default::default(), 100).await;
        assert_eq!(endings.len(), 5, "{cut:?}: each ending stands in the index once");
    }
}
