//! `docs/configuration.md`, made from the table of keys and the defaults.
//!
//! A test keeps the page true; nothing else reads it.

use crate::config::changes::at_once;
use crate::config::keys::keys;

/// The documentation page, made from the table and the defaults.
pub fn page() -> String {
    let defaults = toml::Table::try_from(crate::config::Config::default()).unwrap_or_default();
    let mut page = String::from(
        "# Configuration\n\n\
         A TOML file, the first that is named or there: `--config FILE`, the variable `ADIEU_CONFIG`, `/etc/adieu/adieu.toml`.\n\
         Without one every key has its default; but where an `adieu.toml` lies in the folder at hand, every command wants it named, and\n\
         is refused (`--config /dev/null` is none). `adieu init` writes a file with comments.\n\n\
         A variable of the environment wins over the file: `ADIEU_KRATOS__COOKIE_NAME` is `kratos.cookie_name`; lists are written\n\
         as in TOML. What the file does not know and what no variable means is refused, with a name that may be meant where one is like it;\n\
         variables that Kubernetes makes for a Service named `adieu` are passed over.\n\n\
         `adieu check-config` does what `serve` does before it binds and writes: it reads the files that are named, too, and says\n\
         of every fault at once the line, the key and what would be right; a reload does the same. It also looks at the key of the data\n\
         folder, if there is an installation in it. What may be meant so and mostly is not (development mode where others come, a\n\
         certificate for another host, a proxy that is not named, a credential that everybody may read) is no fault: the check, each\n\
         start and each reload warn of it. This page is made from the code; a test keeps it true.\n\n\
         **Seconds** are a number, or a text with units: `\"90s\"`, `\"10m\"`, `\"24h\"`, `\"7d\"`, `\"1h 30m\"`. **Addresses** begin with\n\
         `https://` or `http://`; a slash at the end and a port that the scheme has anyway are taken away where paths are put behind\n\
         them. **Origins** are a scheme and a host, perhaps a port; a wildcard stands for a part of the host, with a dot and a domain\n\
         of two names behind it, or for the port.\n\n\
         SIGHUP makes a running server read its configuration anew: what is marked \u{21bb} changes at once, all else takes a\n\
         restart; so do addresses whose listener is changed with them. See [serving.md](serving.md).\n\n\
         | Key | \u{21bb} | Unit | Default | What it is for |\n|---|---|---|---|---|\n",
    );
    for key in keys() {
        let default = default_of(&defaults, key.path);
        let mark = if at_once(key.path) { "\u{21bb}" } else { "" };
        page.push_str(&format!(
            "| `{}` | {mark} | {} | {default} | {} |\n",
            key.path,
            key.kind.name(),
            key.about
        ));
    }
    page
}

fn default_of(defaults: &toml::Table, path: &str) -> String {
    let mut here = defaults.get(path.split('.').next().unwrap_or_default());
    for part in path.split('.').skip(1) {
        here = here.and_then(|value| value.as_table()).and_then(|table| table.get(part));
    }
    match here {
        None => "none".into(),
        Some(toml::Value::String(text)) if text.is_empty() => "empty".into(),
        Some(value) => format!("`{value}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        if written != page() && std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, page()).expect("the page can be written");
            return;
        }
        assert_eq!(written, page(), "run UPDATE_DOCS=1 cargo test -p adieu documentation_page");
    }

    /// Goal: S-29: every lifetime has its reason on `docs/lifetimes.md`, with the default that it has. Method: the rows that begin
    /// with a key in code are held against the defaults; no time of the sections that let somebody in is missing.
    #[test]
    fn every_lifetime_has_its_reason() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lifetimes.md");
        let written = std::fs::read_to_string(path).expect("the page");
        let rows = written.lines().filter(|line| line.starts_with("| "));
        let cells = rows.map(|row| row.split(" | ").map(str::to_owned).collect::<Vec<_>>());
        let told: Vec<(String, String)> = cells
            .filter_map(|row| {
                let key = row.get(1)?.strip_prefix('`')?.strip_suffix('`')?.to_owned();
                Some((key, row.get(2)?.clone()))
            })
            .collect();
        let defaults = toml::Table::try_from(crate::config::Config::default()).expect("defaults");
        for (key, shown) in &told {
            let default = match key.as_str() {
                "kratos.tokenizers.lifetime_s" => crate::config::defaults::tokenizer_life_s().to_string(),
                key => default_of(&defaults, key).trim_matches('`').to_owned(),
            };
            let shown: crate::config::values::Seconds = shown
                .replace(' ', "")
                .replace("min", "m")
                .parse()
                .unwrap_or_else(|why| panic!("{key}: {why}"));
            assert_eq!(shown.0.to_string(), default, "{key}");
        }
        let lets_in = ["sign_on.", "keep.", "tokens.", "passwords.", "kratos.", "am.", "pingone."];
        let times = keys().filter(|key| key.kind.name() == "seconds");
        for key in times.filter(|key| lets_in.iter().any(|section| key.path.starts_with(section))) {
            assert!(told.iter().any(|(told, _)| told == key.path), "{} has no reason", key.path);
        }
    }
}
