//! The recorded scenarios, replayed against the routers in this process; waits move the clock.
//!
//! Those that wait for endpoints of later are named in `contracts/waiting.toml`.

use std::collections::BTreeMap;

use adieu_testkit::World;
use adieu_testkit::replay::{Scenario, due, run};
use adieu_testkit::world::{WorldWire, record_metrics};

/// Scenarios that name an address without the prefix in so many words, and so can't be replayed under it.
const WITHOUT_PREFIX: [&str; 2] = ["logout-return-to-kinds", "admin-on-public"];

async fn replay(profile: &str, under: &str) {
    record_metrics();
    let world = World::with_profile(profile).await;
    let mut variables: BTreeMap<String, String> =
        serde_json::from_value(world.variables()["kratos"].clone()).expect("texts");
    let public = format!("{}{under}", variables["public"]);
    variables.insert("public".into(), public);
    let scenarios = due("kratos").expect("scenarios");
    // The admin listener is under no prefix, and names public addresses without one.
    let fits =
        |s: &Scenario| under.is_empty() || !(WITHOUT_PREFIX.contains(&s.name.as_str()) || s.asks("admin"));
    let scenarios: Vec<_> = scenarios.iter().filter(|s| s.profile == profile && fits(s)).collect();
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

#[tokio::test]
async fn kratos_scenarios_of_profile_hooks_hold() {
    replay("hooks", "").await;
}

/// Goal: K-17, everything holds under the other mount as well.
#[tokio::test]
async fn kratos_scenarios_hold_under_auth() {
    replay("main", "/auth").await;
}
