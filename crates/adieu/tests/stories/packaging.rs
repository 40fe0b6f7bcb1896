//! What the files in `packaging/` promise: that the service is started again, and when it counts as started.
//!
//! That the package installs is tried by `cargo xtask package`.

use std::collections::BTreeMap;
use std::process::Command;

use adieu::config::Config;

/// The settings of a unit, by section and name; comments are none.
fn settings(unit: &str) -> BTreeMap<(String, String), Vec<String>> {
    let (mut section, mut found) = (String::new(), BTreeMap::<_, Vec<_>>::new());
    for line in unit.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.to_owned();
        } else {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("{line}"));
            found.entry((section.clone(), name.to_owned())).or_default().push(value.to_owned());
        }
    }
    found
}

/// Goal: whatever ends the server by a fault, it is started again at once and as often as it takes; it counts as started when it takes
/// connections, has time to drain, and has descriptors for all its connections.
#[test]
fn the_unit_starts_the_server_again_without_a_limit() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/adieu.service");
    let unit = settings(&std::fs::read_to_string(path).expect("the unit"));
    let said = |section: &str, name: &str| {
        let values = unit.get(&(section.to_owned(), name.to_owned())).map(Vec::as_slice).unwrap_or_default();
        let [value] = values else { panic!("{name}: {values:?}") };
        value.clone()
    };
    assert_eq!(said("Unit", "StartLimitIntervalSec"), "0", "a limit would leave it stopped");
    assert_eq!(said("Service", "Restart"), "on-failure");
    assert_eq!(said("Service", "RestartSec"), "100ms");
    assert_eq!(said("Service", "Type"), "notify");
    assert_eq!(said("Service", "ExecStart"), "adieu serve --config /etc/adieu/adieu.toml");
    let limits = Config::default().limits;
    let stop_s: u64 = said("Service", "TimeoutStopSec").parse().expect("seconds");
    assert!(stop_s > limits.drain_timeout_s, "{stop_s}");
    let files: usize = said("Service", "LimitNOFILE").parse().expect("a number");
    assert!(files >= 2 * limits.connections_max, "{files}");
}

/// Goal: the credential's file is root's alone, and the service starts with it: the unit gives it under the name of the file that
/// the package's configuration and that of `init --production` show, and starts without one as well.
#[test]
fn the_unit_gives_the_credential_that_the_configuration_names() {
    let read = |name: &str| {
        let path = format!("{}/../../packaging/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).expect("a file")
    };
    let unit = settings(&read("adieu.service"));
    let said = |name: &str| unit[&("Service".to_owned(), name.to_owned())].clone();
    assert_eq!(said("LoadCredential"), ["admin.token:/etc/adieu/admin.token"]);
    assert_eq!(said("SetCredential"), ["admin.token:\\n"], "without it a missing file is a fault");
    assert!(read("adieu.toml").contains("token_file = \"/etc/adieu/admin.token\""));
    assert_eq!(said("DynamicUser"), ["yes"], "a user whom no file can be given to beforehand");
}

/// Goal: systemd takes every line of the unit. Method: its own check, where it is installed, of the unit with a program that is there.
#[test]
fn systemd_knows_every_setting_of_the_unit() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/adieu.service");
    let unit =
        std::fs::read_to_string(path).expect("the unit").replace("ExecStart=adieu", "ExecStart=/bin/true");
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("adieu.service");
    std::fs::write(&copy, unit).expect("a file");
    let Ok(checked) = Command::new("systemd-analyze").arg("verify").arg(&copy).output() else {
        return; // No systemd here.
    };
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success() && !said.contains("adieu.service:"), "{said}");
}

/// Goal: the configuration that the package brings is sound, and so is what it shows in comments but for files that are yours to make.
#[test]
fn the_configuration_of_the_package_is_sound() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/adieu.toml");
    adieu::config::load(Some(path.as_ref()), []).expect("a sound configuration");
    let text = std::fs::read_to_string(path).expect("a file");
    let key = |line: &&str| {
        line.starts_with('[') || line.strip_prefix('#').is_some_and(|rest| rest.contains(" = \""))
    };
    let shown: Vec<&str> = text.lines().filter(key).map(|line| line.trim_start_matches('#')).collect();
    let table: toml::Table = shown.join("\n").parse().expect("TOML");
    let known = toml::Table::try_from(Config::default()).expect("a table");
    for (section, keys) in &table {
        for name in keys.as_table().expect("a section").keys() {
            assert!(known[section].get(name).is_some(), "{section}.{name}");
        }
    }
    assert!(table["public"].as_table().is_some_and(|keys| keys.len() == 4));
}
