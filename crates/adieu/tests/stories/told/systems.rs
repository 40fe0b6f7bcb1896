//! Systems that tell each other by Global Token Revocation: each tells the next one, and it comes to an end.
//!
//! A story carries each call by hand to the endpoint that it is for, so that nothing runs on by itself.

use adieu_authority::{NewSubscriber, SubjectForm, SubscriberKind};
use adieu_testkit::World;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::receiver::{Heard, Receiver};
use super::tell;
use crate::one_session::{Dialect, Programs};

const SCOPE: &str = "global_token_revocation";

/// An installation that tells one system of all sessions of a user, and takes the word of a client for the same.
struct System {
    world: World,
    next: Receiver,
    token: String,
}

impl System {
    async fn start() -> Self {
        let (world, next) = (World::start().await, Receiver::start().await);
        let subscriber = NewSubscriber {
            id: "next".parse().expect("a name"),
            kind: SubscriberKind::GlobalTokenRevocation { subject: SubjectForm::Opaque },
            address: next.address("/told"),
            enabled: true,
            credential: Some("a-token".into()),
        };
        world.authority().create_subscriber(world.data.realm.id, subscriber).await.expect("made");
        let client = world.data.app_two.id.clone();
        let change = |client: &mut adieu_authority::Client| {
            client.client_credentials = true;
            client.api_scopes = vec![SCOPE.into()];
        };
        world.edit_client(&client, change).await;
        let secret = world.data.secret(&world.data.app_two).to_owned();
        let basic = format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")));
        let fields = [("grant_type", "client_credentials"), ("scope", SCOPE)];
        let tokens = world.post("/o/alpha/token").header("authorization", &basic).form(&fields).send().await;
        let token = tokens.json()["access_token"].as_str().expect("a token").to_owned();
        Self { world, next, token }
    }

    /// What it tells the next system now.
    async fn tells(&self) -> Vec<Heard> {
        let before = self.next.heard().len();
        tell(&self.world).await;
        self.next.heard().split_off(before)
    }

    /// Takes the word of another one.
    async fn hears(&self, call: &Heard) {
        let body: Value = serde_json::from_str(&call.body).expect("JSON");
        let ask = self.world.post("/o/alpha/global-token-revocation").bearer(&self.token).json(&body);
        assert_eq!(ask.send().await.status, 204, "S-GTR-4");
    }

    async fn endings(&self) -> usize {
        let user = self.world.data.alice.id;
        let found = self.world.admin(Method::GET, &format!("/v1/endings?user={user}")).send().await.json();
        found["items"].as_array().expect("a list").len()
    }
}

/// Goal: HOME-LIMITS: one order ends after one round, however many systems tell each other, and whatever lived where. Each has its record
/// of what it was told. Method: one to three systems in a ring; each call is carried to the next one.
#[tokio::test]
async fn systems_that_tell_each_other_come_to_an_end() {
    for number in 1..=3 {
        let mut ring = Vec::new();
        for _ in 0..number {
            let system = System::start().await;
            Programs::of(&system.world).sign_on(Dialect::Kratos).await;
            ring.push(system);
        }
        let order = json!({"user": ring[0].world.data.alice.id.to_string()});
        let done = ring[0].world.admin(Method::POST, "/v1/endings").json(&order).send().await;
        assert!(done.status.is_success(), "{}", done.text);
        let mut calls = 0;
        loop {
            let from = &ring[calls % number];
            let told = from.tells().await;
            let [call] = &told[..] else {
                assert!(told.is_empty(), "{told:?}");
                break;
            };
            calls += 1;
            assert!(calls <= number, "{number} systems: it goes round");
            ring[calls % number].hears(call).await;
        }
        assert_eq!(calls, number, "each was told once");
        assert_eq!(ring[0].endings().await, 2, "the order, and the word that came back");
        // The same order again: nobody lives here any more, but elsewhere somebody may.
        ring[0].world.admin(Method::POST, "/v1/endings").json(&order).send().await;
        assert_eq!(ring[0].tells().await.len(), 1);
    }
}
