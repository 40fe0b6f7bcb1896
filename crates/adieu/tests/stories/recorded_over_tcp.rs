//! The recorded scenarios once more, against the server as it is shipped: its own process, its own sockets.
//!
//! Waiting takes its time here, so the slow ones are replayed in process only.

use std::collections::BTreeMap;

use adieu_testkit::replay::{Scenario, TcpWire, due, run};

use crate::shipped::Server;

fn waits(scenario: &Scenario) -> bool {
    scenario.name.starts_with("slow-")
}

/// Names an address of the recording in so many words, which only a server on that very port has.
const ON_ITS_OWN_PORT: [&str; 1] = ["logout-return-to-kinds"];

async fn replay(dialect: &str, profile: &str) {
    let server = Server::start(profile).await;
    let variables: BTreeMap<String, String> =
        serde_json::from_value(server.variables[dialect].clone()).expect("texts");
    let scenarios = due(dialect).expect("scenarios");
    let wanted = |s: &&Scenario| {
        let of_profile = dialect == "am" || s.profile == profile;
        of_profile && !waits(s) && !ON_ITS_OWN_PORT.contains(&s.name.as_str())
    };
    let scenarios: Vec<_> = scenarios.iter().filter(wanted).collect();
    assert!(!scenarios.is_empty(), "there are scenarios of {dialect}, {profile}");
    let mut bad = Vec::new();
    for scenario in scenarios {
        let report = run(scenario, &variables, &TcpWire).await;
        if !report.holds() {
            bad.push(report.to_string());
        }
    }
    assert!(bad.is_empty(), "{} scenarios differ\n{}", bad.len(), bad.join("\n"));
}

#[tokio::test]
async fn kratos_scenarios_hold_over_real_sockets() {
    replay("kratos", "main").await;
}

#[tokio::test]
async fn kratos_scenarios_with_hooks_hold_over_real_sockets() {
    replay("kratos", "hooks").await;
}

#[tokio::test]
async fn kratos_scenarios_that_expire_hold_over_real_sockets() {
    replay("kratos", "short").await;
}

#[tokio::test]
async fn am_scenarios_hold_over_real_sockets() {
    replay("am", "am").await;
}
