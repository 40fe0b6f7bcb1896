//! The Debian package: made by `cargo deb` out of the binary of the profile `dist`, and tried on a fresh root.
//!
//! The root is made by debootstrap in the target folder and taken away afterwards. No service manager runs in it: the command of the
//! installed unit is started as the unit says, and what it tells is heard on a socket of our own.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::builds::shipped;
use crate::packages::{is_root, need};
use crate::{clients, files, http};

/// What the service says at the most, and how long it may take to say it.
const PATIENCE: Duration = Duration::from_secs(30);
/// A credential of the admin listener.
const CREDENTIAL: &str = "0123456789abcdef0123456789abcdef";
/// The packages of a root that has nothing but what every Debian has.
const FRESH: &str = "--variant=minbase";

/// Makes the package and tries it.
pub(crate) fn package() -> Result<()> {
    let package = make()?;
    println!("package: {}", package.display());
    if !is_root() {
        // CI is root; what is not tried there is a failure.
        ensure!(std::env::var_os("CI").is_none(), "package: CI tries it on a fresh root, which takes root");
        println!("package: not tried on a fresh root, which takes root");
        return Ok(());
    }
    need("debootstrap", "debootstrap")?;
    let root = FreshRoot::make()?;
    tried(&root, &package)?;
    println!("package: installed, served, stopped, removed and purged on a fresh root");
    Ok(())
}

fn make() -> Result<PathBuf> {
    need("dpkg-shlibdeps", "dpkg-dev")?;
    let (tool, binary) = (clients::install_cargo_deb()?, shipped()?);
    let folder = binary.parent().and_then(Path::parent).context("a target folder")?.join("debian");
    if folder.is_dir() {
        fs::remove_dir_all(&folder)?; // An older version's package is not the one that is tried.
    }
    let mut make = Command::new(tool);
    make.args([
        "--package",
        "adieu",
        "--profile",
        "dist",
        "--no-build",
        "--no-strip",
        "--fast",
        "--locked",
        "--offline",
        "--output",
    ]);
    ran(make.arg(&folder).current_dir(files::root()))?;
    let mut made = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    made.retain(|path| path.extension().is_some_and(|extension| extension == "deb"));
    match (made.pop(), made.pop()) {
        (Some(package), None) => Ok(package),
        _ => bail!("{} holds not one package", folder.display()),
    }
}

/// A Debian that has nothing.
struct FreshRoot(PathBuf);

impl FreshRoot {
    fn make() -> Result<Self> {
        let folder = files::root().join("target/clients");
        let (root, cache) = (Self(folder.join("debian-root")), folder.join("debian-packages"));
        root.remove()?;
        fs::create_dir_all(&cache)?;
        let suite = suite()?;
        let mirror = mirror(&suite);
        let mut make = Command::new("debootstrap");
        make.arg(FRESH).arg(format!("--cache-dir={}", cache.display())).arg(suite).arg(&root.0);
        ran(make.args(mirror).stdout(std::process::Stdio::null()))?;
        Ok(root)
    }

    fn path(&self, inside: &str) -> PathBuf {
        self.0.join(inside.trim_start_matches('/'))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("chroot");
        command.arg(&self.0).args(["/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]).args(words);
        command
    }

    fn run(&self, words: &[&str]) -> Result<String> {
        let output = self.command(words).output().context("chroot")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "on the fresh root: {}: {}\n{said}{error}",
            words.join(" "),
            output.status
        );
        Ok(said)
    }

    /// Takes it away, and nothing that is mounted below it.
    fn remove(&self) -> Result<()> {
        if self.0.exists() {
            ran(Command::new("rm").args(["-r", "--one-file-system"]).arg(&self.0))?;
        }
        Ok(())
    }
}

impl Drop for FreshRoot {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            eprintln!("package: {error:#}");
        }
    }
}

/// The name of the Debian that this machine is, whose libraries the binary is linked against.
fn suite() -> Result<String> {
    let text = fs::read_to_string("/etc/os-release").context("/etc/os-release")?;
    let name = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    Ok(name.context("this system is no Debian")?.trim_matches('"').to_owned())
}

/// Where this machine gets the packages of its Debian, if it says so.
fn mirror(suite: &str) -> Option<String> {
    let sources = fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten();
    let paths = sources.filter_map(|entry| Some(entry.ok()?.path())).chain(["/etc/apt/sources.list".into()]);
    paths.filter_map(|path| fs::read_to_string(path).ok()).find_map(|text| mirror_in(&text, suite))
}

/// The first address that gives this suite: in stanzas (deb822) or in lines that begin with `deb`.
fn mirror_in(text: &str, suite: &str) -> Option<String> {
    let address =
        |words: &str| words.split_whitespace().find(|word| word.starts_with("http")).map(str::to_owned);
    let stanza = |stanza: &str| {
        let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name));
        let fits = field("Suites:").is_some_and(|suites| suites.split_whitespace().any(|word| word == suite));
        field("URIs:").filter(|_| fits).and_then(address)
    };
    let line = |line: &str| {
        let rest = line.strip_prefix("deb ")?;
        rest.split_whitespace().any(|word| word == suite).then(|| address(rest)).flatten()
    };
    text.split("\n\n").find_map(stanza).or_else(|| text.lines().find_map(line))
}

fn tried(root: &FreshRoot, package: &Path) -> Result<()> {
    fs::copy(package, root.path("adieu.deb"))?;
    root.run(&["dpkg", "--install", "/adieu.deb"])?;
    let version = root.run(&["adieu", "--version"])?;
    ensure!(version.starts_with("adieu "), "{version}");
    root.run(&["adieu", "check-config", "--config", "/etc/adieu/adieu.toml"])?;
    served(root, &[], None)?;
    served_with_credential(root)?;
    root.run(&["dpkg", "--remove", "adieu"])?;
    ensure!(!root.path("usr/bin/adieu").exists(), "the program stays after the removal");
    ensure!(root.path("etc/adieu/adieu.toml").exists(), "the configuration goes with the removal");
    root.run(&["dpkg", "--purge", "adieu"])?;
    ensure!(!root.path("etc/adieu/adieu.toml").exists(), "the configuration stays after the purge");
    Ok(())
}

/// What the installed unit says under a name.
fn of_unit(root: &FreshRoot, name: &str) -> Result<String> {
    let unit = fs::read_to_string(root.path("lib/systemd/system/adieu.service"))
        .or_else(|_| fs::read_to_string(root.path("usr/lib/systemd/system/adieu.service")))
        .context("the unit of the package")?;
    let said = unit.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    said.map(str::to_owned).with_context(|| format!("{name} in the unit"))
}

/// A user whom the service could be: nobody, as every Debian has it.
const NOBODY: u32 = 65_534;

/// The same with a credential in a file that only root may read, as a user that is not root: what the unit says of the file is done as
/// systemd does it. Afterwards the listener asks for the credential.
fn served_with_credential(root: &FreshRoot) -> Result<()> {
    let said = of_unit(root, "LoadCredential")?;
    let (name, file) = said.split_once(':').context("LoadCredential=NAME:FILE")?;
    let given = "/run/credentials/adieu.service";
    fs::create_dir_all(root.path(given))?;
    for (path, mode) in [(file, 0o600), (&*format!("{given}/{name}"), 0o400)] {
        fs::write(root.path(path), format!("{CREDENTIAL}\n")).with_context(|| path.to_owned())?;
        fs::set_permissions(root.path(path), fs::Permissions::from_mode(mode))?;
    }
    let configuration = root.path("etc/adieu/adieu.toml");
    let shipped = fs::read_to_string(&configuration)?;
    let shown = format!("#token_file = \"{file}\"");
    ensure!(shipped.contains(&shown), "the configuration of the package does not show {shown}");
    fs::write(&configuration, shipped.replace(&shown, &shown[1..]))?;
    root.run(&["adieu", "check-config", "--config", "/etc/adieu/adieu.toml"])?;
    for path in [format!("{given}/{name}"), "var/lib/adieu".into()] {
        ran(Command::new("chown").arg("-R").arg(NOBODY.to_string()).arg(root.path(&path)))?;
    }
    let id = NOBODY.to_string();
    let variable = format!("CREDENTIALS_DIRECTORY={given}");
    let as_nobody = ["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups"];
    served(root, &[&[variable.as_str()][..], &as_nobody].concat(), Some(CREDENTIAL))?;
    Ok(fs::write(&configuration, shipped)?)
}

/// Starts what the installed unit starts, behind these words, hears that it serves, asks it, stops it, and hears that, too. With a
/// credential it asks the admin listener as well, which refuses whoever has none.
fn served(root: &FreshRoot, behind: &[&str], credential: Option<&str>) -> Result<()> {
    let start = of_unit(root, "ExecStart")?;
    fs::create_dir_all(root.path("var/lib/adieu"))?;
    let notify = root.path("run/notify");
    let _ = fs::remove_file(&notify); // It is there from the time before, if there was one.
    let manager = UnixDatagram::bind(&notify).context("run/notify")?;
    fs::set_permissions(&notify, fs::Permissions::from_mode(0o666))?;
    manager.set_read_timeout(Some(PATIENCE))?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let admin = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut words: Vec<String> = vec![
        "NOTIFY_SOCKET=/run/notify".into(),
        "ADIEU_DATA=/var/lib/adieu".into(),
        format!("ADIEU_PUBLIC__LISTEN={port}"),
        format!("ADIEU_PUBLIC__URL=http://{port}"),
        format!("ADIEU_ADMIN__LISTEN={admin}"),
    ];
    words.extend(behind.iter().map(|word| (*word).to_owned()));
    words.extend(start.split_whitespace().map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut server = StoppedAtTheEnd(root.command(&words).spawn().context("the service")?);
    hear(&manager, "READY=1")?;
    let (status, body) = http::ask(port, "GET", "/health/ready", None)?;
    ensure!(status == 200, "/health/ready: {status} {body}");
    if let Some(credential) = credential {
        let bearer = format!("Bearer {credential}");
        for (headers, expect) in [(&[][..], 401), (&[("authorization", bearer.as_str())], 200)] {
            let (status, body) = http::ask_with(admin, "GET", "/v1/realms", headers, None)?;
            ensure!(status == expect, "/v1/realms with {headers:?}: {status} {body}");
        }
    }
    ran(Command::new("kill").args(["-TERM", &server.0.id().to_string()]))?;
    hear(&manager, "STOPPING=1")?;
    let status = server.0.wait()?;
    ensure!(status.success(), "the service ends with {status}");
    Ok(())
}

/// Hears what the service tells until it says this.
fn hear(manager: &UnixDatagram, wanted: &str) -> Result<()> {
    let mut said = [0; 4096];
    loop {
        match manager.recv(&mut said) {
            Ok(bytes) if String::from_utf8_lossy(&said[..bytes]).lines().any(|line| line == wanted) => {
                return Ok(());
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error).with_context(|| format!("the service does not say {wanted}")),
        }
    }
}

struct StoppedAtTheEnd(Child);

impl Drop for StoppedAtTheEnd {
    fn drop(&mut self) {
        let _ = self.0.kill(); // It has ended, if all went well.
        let _ = self.0.wait();
    }
}

fn ran(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}").replace('"', "");
    println!("$ {shown}");
    let status = command.status().with_context(|| shown.clone())?;
    ensure!(status.success(), "{shown}: {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_the_one_of_the_suite() {
        let other = "deb https://deb.example.test/node_20.x nodistro main\n";
        let lines = format!("{other}deb [arch=amd64] http://deb.debian.org/debian bookworm main\n");
        assert_eq!(mirror_in(&lines, "bookworm").as_deref(), Some("http://deb.debian.org/debian"));
        let stanzas = "Types: deb\nURIs: http://security.test/\nSuites: bookworm-security\n\n\
                       Types: deb\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates\n";
        assert_eq!(mirror_in(stanzas, "bookworm").as_deref(), Some("http://mirror.test/debian"));
        assert_eq!(mirror_in(other, "bookworm"), None);
    }
}
