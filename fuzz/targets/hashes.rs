//! Password hashes that were made elsewhere: which are taken, and that no password but the right one matches them.
//!
//! What a number of four digits makes dear is read and not computed: the engine would call it a hang.
#![no_main]

use adieu_fuzz::on_stage;
use axum::http::Method;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const AUTHENTICATE: &str = "/am/json/realms/root/realms/alpha/authenticate";

fuzz_target!(|hash: &str| {
    on_stage(|stage| {
        let (world, email) = (stage.world(), format!("{}@b.test", stage.fresh("somebody")));
        let identity = json!({
            "schema_id": "person",
            "traits": {"email": email},
            "credentials": {"password": {"config": {"hashed_password": hash}}},
        });
        let reply = stage.wait(world.admin(Method::POST, "/admin/identities").json(&identity).send());
        assert!([201, 400].contains(&reply.status.as_u16()), "{hash:?}: {} {}", reply.status, reply.text);
        let cheap = hash.split(|c: char| !c.is_ascii_digit()).all(|number| number.len() < 4);
        if reply.status != 201 || hash.is_empty() || !cheap {
            return;
        }
        let ask = world.post(AUTHENTICATE).header("content-type", "application/json");
        let ask = ask.header("x-openam-username", &email).header("x-openam-password", "no-such-password");
        let reply = stage.wait(ask.send());
        assert_eq!(reply.status, 401, "{hash:?}: {}", reply.text);
    });
});
