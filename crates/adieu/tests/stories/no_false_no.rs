//! A store that fails: whoever asks hears "cannot tell, ask again", never "not signed on"; and no ending is called done.
//!
//! The store is told to fail between two requests; the server is the real one.

use adieu_authority::SessionToken;
use adieu_testkit::World;
use adieu_testkit::crash::dialects::{
    Addressee, Dialect, DialectClient, DialectExit, InProcess, Left, Trouble,
};
use adieu_testkit::failing::Failure;

/// Somebody who is signed on, and the programs around them.
struct Scene {
    world: World,
    dialects: DialectClient,
    store: std::sync::Arc<adieu_testkit::failing::FailingStore>,
    worker: String,
}

impl Scene {
    async fn new() -> Self {
        Self::over(World::start().await).await
    }

    async fn over(mut world: World) -> Self {
        let store = world.with_failing_store().await;
        let dialects = DialectClient::new(world.variables());
        let worker = dialects.worker(&InProcess::of(&world)).await.expect("a worker token");
        Self { world, dialects, store, worker }
    }

    fn ear(&self) -> InProcess {
        InProcess::of(&self.world)
    }

    async fn sign_on(&self, dialect: Dialect) -> Result<Option<Addressee>, Trouble> {
        let known = self.world.variables();
        let text = |name: &str| known["pingone"][name].as_str().expect("a variable").to_owned();
        let token = self.dialects.sign_on(&self.ear(), dialect, &text("user"), &text("password")).await?;
        Ok(token.map(|token| {
            let session = SessionToken::parse(&token).expect("a token of ours").id.to_string();
            Addressee { token, session, user: text("user_id") }
        }))
    }

    async fn signed_on(&self, dialect: Dialect) -> Addressee {
        self.sign_on(dialect).await.expect("an answer").expect("a session")
    }

    async fn live(&self, dialect: Dialect, whom: &Addressee) -> Result<bool, Trouble> {
        self.dialects.live(&self.ear(), dialect, &whom.token).await
    }

    async fn end(&self, exit: DialectExit, whom: &Addressee) -> Result<Left, Trouble> {
        self.dialects.end(&self.ear(), exit, whom, &self.worker).await
    }
}

/// Goal: NO-FALSE-NO: with the store away every dialect's check is 503 with `Retry-After`, for live sessions and for
/// ended ones, and afterwards each is what it was.
#[tokio::test]
async fn a_check_that_can_not_be_made_is_never_a_no() {
    let scene = Scene::new().await;
    for channel in Dialect::ALL {
        let live = scene.signed_on(channel).await;
        let ended = scene.signed_on(channel).await;
        assert_eq!(scene.end(DialectExit::KratosNative, &ended).await, Ok(Left::Ended));
        scene.store.fail(Failure::Everything);
        for dialect in Dialect::ALL {
            for whom in [&live, &ended] {
                let said = scene.live(dialect, whom).await;
                assert_eq!(said, Err(Trouble::Unavailable), "{channel:?}, {dialect:?}");
            }
            assert_eq!(
                scene.sign_on(dialect).await.err(),
                Some(Trouble::Unavailable),
                "sign-on, {dialect:?}"
            );
        }
        scene.store.fail(Failure::None);
        for dialect in Dialect::ALL {
            assert_eq!(scene.live(dialect, &live).await, Ok(true), "{channel:?}, {dialect:?}");
            assert_eq!(scene.live(dialect, &ended).await, Ok(false), "{channel:?}, {dialect:?}");
        }
    }
}

/// Goal: NO-FALSE-NO: with the database away every dialect's check, sign-on and ending is 503 with `Retry-After`, for live sessions
/// and for ended ones; nothing is half done, and when it is back each is what it was, without a restart.
#[tokio::test]
async fn while_the_database_is_away_nobody_can_tell() {
    let scene = Scene::over(World::on_database().await).await;
    let live = scene.signed_on(Dialect::Am).await;
    let ended = scene.signed_on(Dialect::Am).await;
    assert_eq!(scene.end(DialectExit::KratosNative, &ended).await, Ok(Left::Ended));
    scene.world.database().leaves().await;
    for dialect in Dialect::ALL {
        for whom in [&live, &ended] {
            assert_eq!(scene.live(dialect, whom).await, Err(Trouble::Unavailable), "{dialect:?}");
        }
        assert_eq!(scene.sign_on(dialect).await.err(), Some(Trouble::Unavailable), "sign-on, {dialect:?}");
    }
    for exit in DialectExit::ALL {
        assert_eq!(scene.end(exit, &live).await, Err(Trouble::Unavailable), "{exit:?}");
    }
    scene.world.database().comes_back().await;
    for dialect in Dialect::ALL {
        assert_eq!(scene.live(dialect, &live).await, Ok(true), "{dialect:?}");
        assert_eq!(scene.live(dialect, &ended).await, Ok(false), "{dialect:?}");
    }
    assert_eq!(scene.end(DialectExit::KratosNative, &live).await, Ok(Left::Ended));
}

/// Goal: ENDED-IS-DURABLE and NO-FALSE-NO at every exit: an ending that was not taken, or is in doubt, is 503 with
/// `Retry-After` and is not called done; sent again, it is done.
#[tokio::test]
async fn an_ending_that_is_not_done_is_never_called_done() {
    let scene = Scene::new().await;
    for exit in DialectExit::ALL {
        for failure in [Failure::NotTaken, Failure::LostInDoubt, Failure::LandedInDoubt, Failure::Everything]
        {
            let whom = scene.signed_on(exit.dialect()).await;
            scene.store.fail(failure);
            let said = scene.end(exit, &whom).await;
            assert_eq!(said, Err(Trouble::Unavailable), "{exit:?}, {failure:?}");
            scene.store.fail(Failure::None);
            let landed = failure == Failure::LandedInDoubt;
            for dialect in Dialect::ALL {
                let live = scene.live(dialect, &whom).await;
                assert_eq!(live, Ok(!landed), "{exit:?}, {failure:?}, {dialect:?}");
            }
            if !landed {
                assert_eq!(scene.end(exit, &whom).await, Ok(Left::Ended), "{exit:?}, {failure:?}");
            }
            assert_eq!(scene.live(exit.dialect(), &whom).await, Ok(false), "{exit:?}, {failure:?}");
        }
    }
}

/// Goal: HOME-LIMITS: a sign-on that can not be written is 503, gives no token, and nobody is told that their password
/// is wrong.
#[tokio::test]
async fn a_sign_on_that_can_not_be_written_is_no_wrong_password() {
    let scene = Scene::new().await;
    for failure in [Failure::NotTaken, Failure::LostInDoubt, Failure::LandedInDoubt] {
        scene.store.fail(failure);
        for dialect in Dialect::ALL {
            let said = scene.sign_on(dialect).await;
            assert_eq!(said.err(), Some(Trouble::Unavailable), "{dialect:?}, {failure:?}");
        }
        scene.store.fail(Failure::None);
    }
}
