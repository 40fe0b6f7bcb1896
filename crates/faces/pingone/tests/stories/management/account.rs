//! Whether a user may sign on: disabled, locked, unlocked, and what a new password does to it.
//!
//! F-8 and F-10. Contract: PingOne Platform API, "User Accounts" and "User Passwords".

use serde_json::{Value, json};

use super::Office;
use crate::fixture::{ALICE, Reply};

impl Office {
    async fn typed(&self, method: &str, path: &str, kind: &str, body: &str) -> Reply {
        let kind = format!("application/vnd.pingidentity.{kind}");
        self.ask(method, path).header("content-type", &kind).body(body.to_owned()).send().await
    }

    /// What the flow says to a sign-on.
    async fn signs_on(&self, who: (&str, &str)) -> Reply {
        let flow = self.fixture.flow(&self.fixture.shop(), &[]).await;
        self.fixture.check(&flow, who).send().await
    }
}

const UNUSABLE: Option<(&str, Option<&str>)> = Some(("ACCOUNT_NOT_USABLE", None));

/// F-8. Goal: `enabled` is done wherever it may be said, and ends the user's sessions; a new user may begin so.
#[tokio::test]
async fn disabling_is_done_wherever_it_is_said() {
    let office = Office::open().await;
    let path = format!("users/{}", office.fixture.world.data.alice.id);
    let whole =
        |enabled: bool| json!({"username": "alice", "email": "alice@example.test", "enabled": enabled});
    for (method, body) in [("PATCH", json!({"enabled": false})), ("PUT", whole(false))] {
        let held = office.fixture.sign_on(ALICE).await;
        let off = office.send(method, &path, body).await.json();
        assert_eq!((&off["enabled"], &off["account"]["canAuthenticate"]), (&json!(false), &json!(false)));
        office.fixture.assert_ended(&held).await;
        office.signs_on(ALICE).await.assert_error(400, "REQUEST_FAILED", UNUSABLE);
        let on = office.send(method, &path, whole(true)).await.json();
        assert_eq!(on["account"], json!({"canAuthenticate": true, "status": "OK"}));
        office.fixture.assert_ended(&held).await;
    }
    let off = json!({"username": "dora", "email": "dora@example.test", "enabled": false,
        "account": {"canAuthenticate": false, "status": "OK"}});
    assert_eq!(office.create("users", off).await["enabled"], false);
}

/// F-8, F-10. Goal: a locked account signs on nowhere until it is unlocked, by a change or by its own order, or until the lock
/// ends by itself; nothing ends with it.
#[tokio::test]
async fn an_account_is_locked_and_unlocked() {
    let office = Office::open().await;
    let path = format!("users/{}", office.fixture.world.data.alice.id);
    let held = office.fixture.sign_on(ALICE).await;
    let status =
        |body: &Value| (body["account"]["status"].clone(), body["account"]["canAuthenticate"].clone());
    let (locked, open) = ((json!("LOCKED"), json!(false)), (json!("OK"), json!(true)));
    let change = |status: &str| json!({"account": {"status": status}});
    for by_order in [false, true] {
        let reply = match by_order {
            false => office.send("PATCH", &path, change("LOCKED")).await,
            true => office.typed("POST", &path, "account.lock+json", "").await,
        };
        assert_eq!((reply.status.as_u16(), status(&reply.json())), (200, locked.clone()), "{}", reply.text);
        assert!(reply.json()["account"]["lockedAt"].is_string(), "{}", reply.text);
        assert_eq!(reply.json()["enabled"], true);
        office.signs_on(ALICE).await.assert_error(400, "REQUEST_FAILED", UNUSABLE);
        office.fixture.assert_live(&held).await;
        // Another change leaves the lock alone, and so does what forgives failed sign-ons.
        assert_eq!(status(&office.send("PATCH", &path, json!({"title": "x"})).await.json()), locked);
        let password = format!("{path}/password");
        assert_eq!(office.typed("POST", &password, "password.unlock+json", "").await.status, 200);
        let reset = json!({"newPassword": ALICE.1}).to_string();
        assert_eq!(office.typed("PUT", &password, "password.reset+json", &reset).await.status, 200);
        office.signs_on(ALICE).await.assert_error(400, "REQUEST_FAILED", UNUSABLE);
        let reply = match by_order {
            false => office.send("PATCH", &path, change("OK")).await,
            true => office.typed("POST", &path, "account.unlock+json", "").await,
        };
        assert_eq!((reply.status.as_u16(), status(&reply.json())), (200, open.clone()), "{}", reply.text);
        assert_eq!(office.signs_on(ALICE).await.status, 200);
    }
    // 2026-11-20T09:14:07.312Z is the time.
    let until = r#"{"unlockAt":"2026-11-20T09:24:07Z"}"#;
    let reply = office.typed("POST", &path, "account.lock+json", until).await.json();
    assert_eq!(
        (status(&reply), &reply["account"]["unlockAt"], reply["account"]["secondsUntilUnlock"].as_u64()),
        (locked, &json!("2026-11-20T09:24:07.000Z"), Some(600))
    );
    office.signs_on(ALICE).await.assert_error(400, "REQUEST_FAILED", UNUSABLE);
    office.fixture.world.wait_s(600);
    assert_eq!(office.signs_on(ALICE).await.status, 200);
    let bearer = office.fixture.worker().await;
    let office = Office { bearer, ..office };
    assert_eq!(status(&office.read(&path).await), open);
    office.typed("POST", &path, "account.lock+json", r#"{"unlockAt":"soon"}"#).await.assert_error(
        400,
        "INVALID_DATA",
        Some(("INVALID_VALUE", Some("account"))),
    );
    office.typed("POST", &path, "account.other+json", "").await.assert_error(415, "INVALID_REQUEST", None);
}

/// F-10. Goal: an administrator resets a password by `newPassword`; what would be left undone is refused by name.
#[tokio::test]
async fn an_administrator_resets_a_password() {
    let office = Office::open().await;
    let path = format!("users/{}/password", office.fixture.world.data.alice.id);
    let reset =
        async |body: Value| office.typed("PUT", &path, "password.reset+json", &body.to_string()).await;
    let done = reset(json!({"newPassword": "Looking-glass-12"})).await;
    assert_eq!((done.status.as_u16(), &done.json()["status"]), (200, &json!("OK")), "{}", done.text);
    assert_eq!(office.signs_on(("alice", "Looking-glass-12")).await.status, 200);
    assert_eq!(office.signs_on(ALICE).await.status, 400);
    for (body, code, target) in [
        (json!({}), "REQUIRED_VALUE", "newPassword"),
        (json!({"newPassword": "x".repeat(1025)}), "INVALID_VALUE", "newPassword"),
        (
            json!({"newPassword": "Rabbit-hole-12", "currentPassword": "x"}),
            "INVALID_VALUE",
            "currentPassword",
        ),
        (json!({"newPassword": "Rabbit-hole-12", "forceChange": true}), "INVALID_VALUE", "forceChange"),
    ] {
        reset(body).await.assert_error(400, "INVALID_DATA", Some((code, Some(target))));
    }
    let import = json!({"username": "dora", "email": "dora@example.test",
        "password": {"value": "Dora-the-first-1", "external": {"gateway": {"id": "x"}}}});
    let refused = office.typed("POST", "users", "user.import+json", &import.to_string()).await;
    refused.assert_error(400, "INVALID_DATA", Some(("INVALID_VALUE", Some("password"))));
}
