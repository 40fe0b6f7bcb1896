//! Keeps the floor plan: which room may use which, which packages from outside a room must never see, and that the files
//! of a room do not all use each other.
//!
//! Reads `cargo metadata`. A new edge is a decision and is made here, alone, with its reason. Dev-dependencies obey
//! the same plan, except that tests of any room may use testkit.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::verdict::verdict;
use crate::{circles, files};

/// One room: a crate with its place in the floor plan.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
    /// Packages from outside that may appear nowhere below it, not even by way of another.
    never: &'static [&'static str],
}

const PURE: &[&str] = &["axum", "http", "hyper", "reqwest", "rusqlite", "tokio", "tower"];
const NO_SERVER: &[&str] = &["axum", "hyper", "reqwest", "rusqlite"];
const FACE: &[&str] =
    &["adieu-authority", "adieu-core", "adieu-http-kit", "adieu-oidc", "adieu-pages-kit", "adieu-token"];

const NATIVE_FACE: &[&str] = &[
    "adieu-authority",
    "adieu-core",
    "adieu-provisioning",
    "adieu-http-kit",
    "adieu-oidc",
    "adieu-pages-kit",
    "adieu-token",
];

const PLAN: &[Room] = &[
    Room { name: "adieu-core", may_use: &[], never: PURE },
    // JSON in which no name stands twice: bodies of requests and texts in documents are read by one rule.
    Room { name: "adieu-json", may_use: &[], never: PURE },
    Room { name: "adieu-token", may_use: &[], never: PURE },
    Room { name: "adieu-store", may_use: &["adieu-core"], never: NO_SERVER },
    Room {
        name: "adieu-http-kit",
        may_use: &["adieu-core", "adieu-json"],
        never: &["axum", "reqwest", "rusqlite"],
    },
    // An engine without a disk, for tests.
    Room { name: STORE_MEMORY, may_use: &["adieu-core", "adieu-store"], never: NO_SERVER },
    // One format for all engines.
    Room { name: "adieu-store-records", may_use: &["adieu-core"], never: PURE },
    Room {
        name: "adieu-store-sqlite",
        may_use: &["adieu-core", "adieu-store", "adieu-store-records"],
        never: &["axum", "http", "hyper", "reqwest"],
    },
    Room {
        name: "adieu-store-postgres",
        may_use: &["adieu-core", "adieu-store", "adieu-store-records", TESTKIT_POSTGRES],
        never: &["axum", "http", "hyper", "reqwest", "rusqlite"],
    },
    // Threads and nothing else: it knows no work by name.
    Room { name: "adieu-workers", may_use: &[], never: &["axum", "http", "hyper", "reqwest", "rusqlite"] },
    Room {
        name: "adieu-keyring",
        may_use: &["adieu-core", "adieu-store", "adieu-token", "adieu-workers"],
        never: &["axum", "http", "hyper", "reqwest", "rusqlite"],
    },
    Room {
        name: "adieu-authority",
        may_use: &["adieu-core", "adieu-keyring", "adieu-store", "adieu-token", "adieu-workers"],
        never: &["axum", "http", "hyper", "reqwest", "rusqlite"],
    },
    // Where requests may go: one rule for all who send any.
    Room { name: "adieu-egress", may_use: &[], never: &["axum", "rusqlite"] },
    Room {
        name: "adieu-outbox",
        may_use: &["adieu-core", "adieu-egress", "adieu-keyring", "adieu-store", "adieu-token"],
        never: &["axum", "rusqlite"],
    },
    Room {
        name: "adieu-upstream",
        may_use: &["adieu-core", "adieu-egress", "adieu-token"],
        never: &["axum", "rusqlite"],
    },
    Room {
        name: "adieu-oidc",
        may_use: &["adieu-authority", "adieu-core", "adieu-http-kit", "adieu-token"],
        never: &["reqwest", "rusqlite"],
    },
    // Documents that say what there is to be: read by commands and by the native API.
    Room {
        name: "adieu-provisioning",
        may_use: &["adieu-authority", "adieu-core", "adieu-json"],
        never: &["axum", "http", "hyper", "reqwest", "rusqlite"],
    },
    Room { name: "adieu-pages-kit", may_use: &["adieu-core"], never: PURE },
    Room { name: "adieu-face-am", may_use: FACE, never: &["reqwest", "rusqlite"] },
    Room { name: "adieu-face-check", may_use: FACE, never: &["reqwest", "rusqlite"] },
    Room { name: "adieu-face-kratos", may_use: FACE, never: &["reqwest", "rusqlite"] },
    Room { name: "adieu-face-native", may_use: NATIVE_FACE, never: &["reqwest", "rusqlite"] },
    Room { name: "adieu-face-openid", may_use: FACE, never: &["reqwest", "rusqlite"] },
    Room { name: "adieu-face-pages", may_use: FACE, never: &["reqwest", "rusqlite"] },
    Room { name: "adieu-face-pingone", may_use: FACE, never: &["reqwest", "rusqlite"] },
    Room { name: "adieu", may_use: &["*"], never: &[] },
    // An installation on one virtual clock, without a server and without a network.
    Room {
        name: SIMULATION,
        may_use: &["adieu-authority", "adieu-core", "adieu-keyring", "adieu-outbox", "adieu-store"],
        never: &["axum", "rusqlite"],
    },
    Room { name: "adieu-testkit", may_use: &["*", "adieu"], never: &[] },
    // A database server for tests, and nothing of the product.
    Room { name: TESTKIT_POSTGRES, may_use: &[], never: NO_SERVER },
    // Tests of another kind: the engine brings its own `main`.
    Room { name: FUZZ, may_use: &["adieu-core", "adieu-http-kit", "adieu-token"], never: &["rusqlite"] },
    // Nothing of the product: it is what the product is measured against.
    Room { name: "adieu-bench-notices", may_use: &[], never: &["rusqlite"] },
    Room { name: "adieu-bench-static", may_use: &[], never: &["rusqlite"] },
    // It asks the server over HTTP.
    Room { name: "xtask", may_use: &[], never: &["axum", "rusqlite", "tokio"] },
];

/// Only the engine speaks SQL to SQLite; whoever else imports it directly has taken a second road.
const RUSQLITE_HOME: &str = "adieu-store-sqlite";
const TESTKIT: &str = "adieu-testkit";
/// Only the engine speaks SQL to PostgreSQL, and what starts a server for tests.
const POSTGRES_HOMES: [&str; 2] = ["adieu-store-postgres", TESTKIT_POSTGRES];
const TESTKIT_POSTGRES: &str = "adieu-testkit-postgres";
const STORE_MEMORY: &str = "adieu-store-memory";
const FUZZ: &str = "adieu-fuzz";
const SIMULATION: &str = "adieu-simulation";
/// Rooms that a star does not open: they stand above or beside everybody.
const TOP: [&str; 4] = ["adieu", SIMULATION, TESTKIT, "xtask"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<NodeDep>,
}

#[derive(Deserialize)]
struct NodeDep {
    pkg: String,
    dep_kinds: Vec<DepKind>,
}

#[derive(Deserialize)]
struct DepKind {
    kind: Option<String>,
}

/// Reads the dependency graph and names every edge that the plan does not have, and every large circle in a room.
pub(crate) fn floors() -> Result<()> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--all-features"])
        .current_dir(files::root())
        .output()
        .context("cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    let mut findings = findings(&metadata);
    findings.extend(rooms_without_a_crate(&metadata));
    findings.extend(circles::findings(&files::sources()?));
    verdict("floors", &findings)
}

fn findings(metadata: &Metadata) -> Vec<String> {
    let mut findings = Vec::new();
    for package in metadata.packages.iter().filter(|p| metadata.workspace_members.contains(&p.id)) {
        let Some(room) = PLAN.iter().find(|room| room.name == package.name) else {
            findings.push(format!("{}: {} has no room in the plan", shown(package), package.name));
            continue;
        };
        let bad = package.dependencies.iter().filter_map(|d| Some((d, refusal(room, d)?)));
        findings.extend(
            bad.map(|(d, why)| format!("{}: {} -> {}: {why}", place(package, d), package.name, d.name)),
        );
        let direct: BTreeSet<&str> = package.dependencies.iter().map(|d| d.name.as_str()).collect();
        let roads = forbidden_roads(metadata, package, room);
        findings.extend(
            roads
                .iter()
                .filter(|road| !road.last().is_some_and(|name| direct.contains(name)))
                .map(|road| format!("{}: {}: must never see it", shown(package), road.join(" -> "))),
        );
    }
    findings
}

/// Rows of the plan that are about no crate: what was planned and is not built has no row.
fn rooms_without_a_crate(metadata: &Metadata) -> Vec<String> {
    let is_crate = |room: &&Room| {
        let mut members = metadata.packages.iter().filter(|p| metadata.workspace_members.contains(&p.id));
        members.any(|package| package.name == room.name)
    };
    let unbuilt = PLAN.iter().filter(|room| !is_crate(room));
    unbuilt.map(|room| format!("xtask/src/floors.rs: {} is in the plan and no crate", room.name)).collect()
}

/// Why a room may not have this dependency.
fn refusal(room: &Room, dependency: &Dependency) -> Option<&'static str> {
    let name = dependency.name.as_str();
    let dev = dependency.kind.as_deref() == Some("dev");
    if dependency.path.is_none() {
        if room.never.contains(&name) {
            return Some("this room must never see it");
        }
        let engine = room.name == RUSQLITE_HOME || (room.name == TESTKIT);
        let clustered = POSTGRES_HOMES.contains(&room.name) || room.name == TESTKIT;
        let refused = (name == "rusqlite" && !engine) || (name.starts_with("tokio-postgres") && !clustered);
        return refused.then_some("only the engine may");
    }
    if name == room.name {
        return None; // A room's own tests may switch on its features.
    }
    if name == TESTKIT {
        return (!dev && room.name != FUZZ).then_some("only tests import testkit");
    }
    if name == TESTKIT_POSTGRES {
        return (!dev && room.name != TESTKIT).then_some("only tests import what starts a server");
    }
    if name == STORE_MEMORY {
        let beside = [TESTKIT, SIMULATION].contains(&room.name);
        return (!dev && !beside).then_some("only tests import the engine in memory");
    }
    let listed = room.may_use.contains(&name) || (room.may_use.contains(&"*") && !TOP.contains(&name));
    (!listed).then_some("not in the plan")
}

/// The shortest road from a room to each forbidden package, through packages from outside only: an edge inside the
/// workspace is judged where it begins.
fn forbidden_roads<'a>(metadata: &'a Metadata, package: &'a Package, room: &Room) -> Vec<Vec<&'a str>> {
    let nodes: BTreeMap<&str, &Node> = metadata.resolve.nodes.iter().map(|n| (n.id.as_str(), n)).collect();
    let names: BTreeMap<&str, &str> =
        metadata.packages.iter().map(|p| (p.id.as_str(), p.name.as_str())).collect();
    let mut roads = Vec::new();
    let mut seen = BTreeSet::from([package.id.as_str()]);
    let mut queue = std::collections::VecDeque::from([(package.id.as_str(), vec![package.name.as_str()])]);
    while let Some((id, road)) = queue.pop_front() {
        for dep in nodes.get(id).map(|node| node.deps.as_slice()).unwrap_or_default() {
            let built_in = dep.dep_kinds.iter().any(|k| k.kind.is_none());
            let ours = metadata.workspace_members.contains(&dep.pkg);
            if !built_in || ours || !seen.insert(&dep.pkg) {
                continue;
            }
            let name = names.get(dep.pkg.as_str()).copied().unwrap_or_default();
            let longer: Vec<&str> = road.iter().copied().chain([name]).collect();
            if room.never.contains(&name) {
                roads.push(longer);
            } else {
                queue.push_back((&dep.pkg, longer));
            }
        }
    }
    roads
}

/// The manifest and, where it is found, the line.
fn place(package: &Package, dependency: &Dependency) -> String {
    let path = shown(package);
    let text = std::fs::read_to_string(&package.manifest_path).unwrap_or_default();
    let names = |line: &str| {
        line.strip_prefix(dependency.name.as_str()).is_some_and(|r| r.starts_with(['.', ' ', '=']))
    };
    let line = text.lines().position(names);
    line.map_or_else(|| path.to_owned(), |line| format!("{path}:{}", line + 1))
}

/// The manifest's path within the repository.
fn shown(package: &Package) -> &str {
    let path = package.manifest_path.as_str();
    path.find("/crates/").or(path.find("/xtask/")).map_or(path, |at| &path[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn planted(package: &str, dependency: &str, kind: Option<&str>, inside: bool) -> Vec<String> {
        let path = inside.then_some("/somewhere");
        let metadata = json!({"workspace_members": ["p"], "resolve": {"nodes": []}, "packages": [
            {"id": "p", "name": package, "manifest_path": "p/Cargo.toml",
             "dependencies": [{"name": dependency, "kind": kind, "path": path}]}]});
        findings(&serde_json::from_value(metadata).unwrap())
    }

    #[test]
    fn edges_that_the_plan_does_not_have_are_named() {
        for (package, dependency, kind, inside) in [
            ("adieu-face-am", "adieu-store", None, true),
            ("adieu-face-am", "adieu-face-kratos", None, true),
            ("adieu-face-am", "adieu-store-sqlite", Some("dev"), true),
            ("adieu-face-am", "adieu-testkit", None, true),
            ("adieu-authority", "adieu", Some("dev"), true),
            ("adieu", "adieu-testkit", None, true),
            ("adieu", "adieu-simulation", None, true),
            ("adieu", "rusqlite", None, false),
            ("adieu", "tokio-postgres", None, false),
            ("adieu-store-postgres", "adieu-testkit-postgres", None, true),
            ("adieu-core", "tokio", Some("dev"), false),
            ("adieu-authority", "axum", None, false),
            ("adieu-nowhere", "serde", None, false),
        ] {
            assert_eq!(planted(package, dependency, kind, inside).len(), 1, "{package} -> {dependency}");
        }
        let named = planted("adieu-face-am", "adieu-store", None, true);
        assert_eq!(named, ["p/Cargo.toml: adieu-face-am -> adieu-store: not in the plan"]);
    }

    #[test]
    fn edges_of_the_plan_pass() {
        for (package, dependency, kind, inside) in [
            ("adieu-face-am", "adieu-authority", None, true),
            ("adieu-face-am", "adieu-testkit", Some("dev"), true),
            ("adieu-store-sqlite", "rusqlite", None, false),
            ("adieu", "adieu-store-sqlite", None, true),
            ("adieu-testkit", "adieu", None, true),
            ("adieu-simulation", "adieu-store-memory", None, true),
            ("adieu-store", "adieu-store", Some("dev"), true),
        ] {
            assert_eq!(planted(package, dependency, kind, inside), Vec::<String>::new());
        }
    }

    #[test]
    fn a_row_of_the_plan_without_a_crate_is_named() {
        let package = |room: &Room| json!({"id": room.name, "name": room.name, "manifest_path": "m", "dependencies": []});
        let metadata = |rooms: &[Room]| -> Metadata {
            let packages: Vec<_> = rooms.iter().map(package).collect();
            let members: Vec<_> = rooms.iter().map(|room| room.name).collect();
            let whole = json!({"workspace_members": members, "packages": packages, "resolve": {"nodes": []}});
            serde_json::from_value(whole).unwrap()
        };
        assert_eq!(rooms_without_a_crate(&metadata(PLAN)), Vec::<String>::new());
        let told = format!("xtask/src/floors.rs: {} is in the plan and no crate", PLAN[0].name);
        assert_eq!(rooms_without_a_crate(&metadata(&PLAN[1..])), [told]);
    }

    #[test]
    fn a_forbidden_package_is_found_behind_another() {
        let deps = |to: &str| json!([{"pkg": to, "dep_kinds": [{"kind": null}]}]);
        let package = |id: &str| json!({"id": id, "name": id, "manifest_path": "m", "dependencies": []});
        let metadata = json!({"workspace_members": ["adieu-core"],
            "packages": [package("adieu-core"), package("middle"), package("tokio")],
            "resolve": {"nodes": [{"id": "adieu-core", "deps": deps("middle")}, {"id": "middle", "deps": deps("tokio")}]}});
        let found = findings(&serde_json::from_value(metadata).unwrap());
        assert_eq!(found, ["m: adieu-core -> middle -> tokio: must never see it"]);
    }
}
