//! A page of `docs/` as a reader goes through it: its files and its shell blocks are cut out of the page and run, on a fresh folder,
//! with the program as it is shipped.
//!
//! Ports are replaced by free ones, packages are those that `cargo xtask clients` installed, and hashing costs little. Nothing else
//! is changed.

use std::fmt::Write;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::clients::{packages, root};
use crate::shipped::{binary, free_address};

/// For how long a session in the shell may last, in seconds; then all that it started is stopped.
const PATIENCE_S: &str = "300";
/// Says where the output of one block ends.
const END_OF_BLOCK: char = '\u{1e}';

/// What stands below one heading.
#[derive(Default)]
pub(crate) struct Section {
    pub(crate) title: String,
    /// Files by their names.
    files: Vec<(String, String)>,
    /// What is given to a shell.
    pub(crate) steps: Vec<Step>,
    /// What is given to a shell to install packages, which the tests have already.
    installs: String,
}

pub(crate) struct Step {
    pub(crate) order: String,
    pub(crate) prints: String,
}

impl Section {
    /// A block is a file if the line before it ends with a name, else what its language says.
    fn take(&mut self, line_before: &str, language: &str, block: String) {
        let name = line_before.strip_suffix("`:").and_then(|line| line.rsplit('`').next());
        match (name, language) {
            (Some(name), _) => self.files.push((name.to_owned(), block)),
            (None, "sh") => self.steps.push(Step { order: block, prints: String::new() }),
            (None, "text") => self.steps.last_mut().expect("a block that prints it").prints = block,
            (None, _) => self.installs += &block,
        }
    }
}

fn sections(page: &str) -> Vec<Section> {
    let mut sections = vec![Section::default()];
    let (mut lines, mut line_before) = (page.lines(), "");
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let block = lines.by_ref().take_while(|line| *line != "```");
            let block = block.fold(String::new(), |block, line| block + line + "\n");
            sections.last_mut().expect("one at least").take(line_before, language, block);
            line_before = "";
        } else if line.starts_with('#') {
            let title = line.trim_start_matches(['#', ' ']).to_owned();
            sections.push(Section { title, ..Section::default() });
        } else if !line.is_empty() {
            line_before = line;
        }
    }
    sections
}

/// Replaces whole numbers.
fn with_ports(page: &str, ports: &[(&str, &str)]) -> String {
    let is_digit = |letter: char| letter.is_ascii_digit();
    let mut replaced = String::with_capacity(page.len());
    for piece in page.split_inclusive(|letter| !is_digit(letter)) {
        let number = piece.trim_end_matches(|letter| !is_digit(letter));
        let port = ports.iter().find(|(written, _)| *written == number).map(|(_, port)| *port);
        replaced += port.unwrap_or(number);
        replaced += &piece[number.len()..];
    }
    replaced
}

/// Whether this is the text, in which `…` stands for anything.
pub(crate) fn says(expected: &str, text: &str) -> bool {
    let (first, rest) =
        expected.split_once('…').map_or((expected, None), |(first, rest)| (first, Some(rest)));
    let Some(text) = text.strip_prefix(first) else { return false };
    match rest {
        None => text.is_empty(),
        Some(rest) => text.char_indices().any(|(at, _)| says(rest, &text[at..])) || says(rest, ""),
    }
}

/// A reader with the page, an empty folder and ports of their own.
pub(crate) struct Reader {
    folder: tempfile::TempDir,
    pub(crate) sections: Vec<Section>,
    public: String,
    admin: String,
    /// The addresses of the applications that a reader starts.
    applications: [String; 2],
}

impl Reader {
    /// A reader of `docs/{page}`.
    pub(crate) async fn of(page: &str) -> Self {
        let page = std::fs::read_to_string(root().join("docs").join(page)).expect("a page");
        let (public, admin) = (free_address().await, free_address().await);
        let applications = [free_address().await, free_address().await];
        let port = |address: &str| address.rsplit(':').next().expect("a port").to_owned();
        let [first, second] = applications.each_ref().map(|address| port(address));
        let (own, beside) = (port(&public), port(&admin));
        let ports = [("4433", &*own), ("4434", &*beside), ("3000", &*first), ("3001", &*second)];
        let sections = sections(&with_ports(&page, &ports));
        let folder = tempfile::tempdir().expect("a folder");
        let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, folder.path().join(name));
        std::fs::create_dir(folder.path().join("bin")).expect("a folder");
        link(&binary(), "bin/adieu").expect("a link");
        // Where the page's installs put their packages.
        link(&packages().join("samples/node_modules"), "node_modules").expect("a link");
        link(&packages().join("java"), "jars").expect("a link");
        Self { folder, sections, public, admin, applications }
    }

    pub(crate) fn section(&self, title: &str) -> &Section {
        self.sections.iter().find(|section| section.title == title).expect("a section of that title")
    }

    pub(crate) fn write_files(&self, section: &Section) {
        for (name, text) in &section.files {
            std::fs::write(self.folder.path().join(name), text).expect("a file");
        }
    }

    /// Gives all this to one shell, which stops on its way out what it has started.
    pub(crate) async fn types(&self, orders: &str) -> Output {
        let path = |first: &Path| {
            let path = std::env::var("PATH").unwrap_or_default();
            format!("{}:{path}", first.display())
        };
        let script = format!("set -eu\ntrap 'kill $(jobs -p) || true; wait' EXIT\n{orders}");
        std::fs::write(self.folder.path().join("session.sh"), script).expect("a file");
        let sites = self.applications.each_ref().map(|address| format!("http://{address}"));
        let variables: Value = json!({"sites": sites, "user": "ada",
            "password": "correct horse battery", "issuer": format!("http://{}", self.public)});
        Command::new("timeout")
            .args([PATIENCE_S, "bash", "session.sh"])
            .current_dir(self.folder.path())
            .env_remove("ADIEU_CONFIG")
            .env("PATH", path(&self.folder.path().join("bin")))
            .env("ADIEU_PUBLIC__LISTEN", &self.public)
            .env("ADIEU_PUBLIC__URL", format!("http://{}", self.public))
            .env("ADIEU_ADMIN__LISTEN", &self.admin)
            .env("ADIEU_ADMIN__URL", format!("http://{}", self.admin))
            // Hashing costs little, as with the recordings.
            .env("ADIEU_PASSWORDS__MEMORY_KIB", "1024")
            .env("ADIEU_PASSWORDS__PASSES", "1")
            .env("PYTHONPATH", packages().join("python"))
            .env("VARS", variables.to_string())
            .kill_on_drop(true)
            .output()
            .await
            .expect("bash and timeout are there")
    }

    /// What a session has said, and what the server and the application wrote.
    pub(crate) fn story(&self, output: &Output) -> String {
        let mut story = String::new();
        for bytes in [&output.stdout, &output.stderr] {
            story += &String::from_utf8_lossy(bytes);
        }
        for log in ["application0.log", "application1.log", "adieu.log"] {
            let text = std::fs::read_to_string(self.folder.path().join(log)).unwrap_or_default();
            write!(story, "\n--- {log}\n{text}").expect("memory");
        }
        story
    }

    /// Goes through all blocks of the page in one shell, but those of these sections, and compares what each of them prints; says how many
    /// they were.
    pub(crate) async fn prints_what_is_told(&self, but: &[&str]) -> usize {
        let told: Vec<_> =
            self.sections.iter().filter(|section| !but.contains(&section.title.as_str())).collect();
        let mut orders = String::new();
        for section in &told {
            self.write_files(section);
            for step in &section.steps {
                writeln!(orders, "{}printf '{END_OF_BLOCK}'", step.order).expect("memory");
            }
        }
        let output = self.types(&orders).await;
        let story = self.story(&output);
        assert!(output.status.success(), "{story}");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let steps: Vec<_> = told.iter().flat_map(|section| &section.steps).collect();
        for (step, printed) in steps.iter().zip(printed.split(END_OF_BLOCK)) {
            let told = (step.prints.trim_end(), printed.trim_end());
            assert!(says(told.0, told.1), "{}\n--- told:\n{}\n--- printed:\n{}", step.order, told.0, told.1);
        }
        steps.len()
    }

    /// Goes through the sections `before` and through one application of the page, which is started by these of its steps, each beside
    /// the others; then a person in Chromium does what `clients/{person}` says.
    pub(crate) async fn runs(&self, before: &str, language: &str, starts: &[usize], person: &str) {
        let (before, section) = (self.section(before), self.section(language));
        self.write_files(before);
        self.write_files(section);
        let mut orders: String = before.steps.iter().map(|step| step.order.as_str()).collect();
        for (nth, start) in starts.iter().enumerate() {
            let (start, site) = (section.steps[*start].order.trim_end(), &self.applications[nth]);
            writeln!(orders, "{start} > application{nth}.log 2>&1 &").expect("memory");
            let patience = "--retry 120 --retry-delay 1 --retry-connrefused";
            writeln!(orders, "curl -s -o nobody.html {patience} http://{site}/").expect("memory");
        }
        writeln!(orders, "node {}", root().join("clients").join(person).display()).expect("memory");
        let output = self.types(&orders).await;
        let story = self.story(&output);
        assert!(output.status.success() && story.contains("ok  "), "{language}: {story}");
    }

    /// Whether what the sections of these languages tell readers to install is what their samples are run with.
    pub(crate) fn assert_packages(&self, node: &str, python: &str, java: &str) {
        let list = |name: &str| std::fs::read_to_string(root().join("clients").join(name)).expect("a list");
        let packages = list("packages.txt");
        for package in self.section(python).installs.split_whitespace().skip(2) {
            assert!(packages.lines().any(|line| line == package), "{package}");
        }
        let packages: Value = serde_json::from_str(&list("samples.json")).expect("JSON");
        for package in self.section(node).installs.split_whitespace().skip(2) {
            let (name, version) = package.split_once('@').expect("a version");
            assert_eq!(packages[name], version, "{package}");
        }
        let without_blanks = |text: &str| text.split_whitespace().collect::<String>();
        let (_, pom) = &self.section(java).files[0];
        let dependency =
            pom.split("<dependencies>").nth(1).and_then(|rest| rest.split("</dependencies>").next());
        let dependency = without_blanks(dependency.expect("a dependency"));
        assert!(without_blanks(&list("packages.xml")).contains(&dependency), "{dependency}");
    }
}

#[test]
fn numbers_are_replaced_whole_and_dots_stand_for_anything() {
    let ports = [("3000", "33000"), ("4433", "30004")];
    assert_eq!(with_ports("x:4433, 13000 (3000)\né 3000", &ports), "x:30004, 13000 (33000)\né 33000");
    assert!(says("a…c\n…", "abc\nd") && says("…", "") && says("a", "a"));
    assert!(!says("a…c", "ab") && !says("a", "ab"));
}
