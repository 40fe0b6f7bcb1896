//! The recorded scenarios, replayed against the routers in this process; waits move the clock.
//!
//! Those that wait for endpoints of later are named in `contracts/waiting.toml`.

use std::collections::BTreeMap;

use adieu_testkit::World;
use adieu_testkit::replay::{due, run};
use adieu_testkit::world::WorldWire;

/// Scenarios that name an address without the prefix in so many words, and so can't be replayed under it.
const WITHOUT_PREFIX: [&str; 1] = ["logout-return-to-kinds"];

async fn replay(profile: &str, under: &str) {
    let world = World::with_profile(profile).await;
    let mut variables: BTreeMap<String, String> =
        serde_json::from_value(world.variables()["kratos"].clone()).expect("texts");
    let public = format!("{}{under}", variables["public"]);
    variables.insert("public".into(), public);
    let scenarios = due("kratos").expect("scenarios");
    let fits = |name: &str| under.is_empty() || !WITHOUT_PREFIX.contains(&name);
    let scenarios: Vec<_> = scenarios.iter().filter(|s| s.profile == profile && fits(&s.name)).collect();
    assert!(!scenarios.is_empty(), "profile {profile} has scenarios");
    let mut bad = Vec::new();
    for scenario in scenarios {
        let report = run(scenario, &variables, &WorldWire::to(&world)).await;
        if !report.holds() {
            bad.push(report.to_string());
        }
    }
    assert!(bad.is_empty(), "{} scenarios differ\n{}", bad.len(), bad.join("\n"));
}

#[tokio::test]
async fn kratos_scenarios_of_profile_main_hold() {
    replay("main", "").await;
}

#[tokio::test]
async fn kratos_scenarios_of_profile_short_hold() {
    replay("short", "").await;
}

/// Goal: K-17, everything holds under the other mount as well.
#[tokio::test]
async fn kratos_scenarios_hold_under_auth() {
    replay("main", "/auth").await;
}
