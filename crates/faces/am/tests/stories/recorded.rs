//! Every recorded scenario of AM holds.
//!
//! What is compared, and what is not, is written in `contracts/README.md`.

use std::collections::BTreeMap;

use adieu_face_am::Settings;
use adieu_testkit::replay;
use adieu_testkit::world::WorldWire;

use crate::fixture::{FaceFixture, settings};

/// Goal: what a client of AM saw, it sees here. Each scenario names the checks that it backs.
/// Method: each one in a server of its own; waits move the clock.
#[tokio::test]
async fn every_recorded_scenario_holds() {
    let scenarios = replay::load_folder(replay::contracts_folder().join("am")).unwrap();
    assert!(scenarios.len() >= 63, "the folder lost scenarios: {}", scenarios.len());
    let mut failed = String::new();
    for scenario in scenarios {
        // The recorded AM is OpenAM.
        let openam = Settings {
            introspects_as_openam: true,
            escapes_messages: true,
            public_needs_pkce: false,
            ..settings()
        };
        let fixture = FaceFixture::with(openam).await;
        let report = replay::run(&scenario, &variables(&fixture), &WorldWire::to(&fixture.world)).await;
        if !report.holds() {
            failed += &format!("{report}\n");
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

fn variables(fixture: &FaceFixture) -> BTreeMap<String, String> {
    let all = fixture.world.variables();
    let of_am = all["am"].as_object().unwrap();
    of_am.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
}
