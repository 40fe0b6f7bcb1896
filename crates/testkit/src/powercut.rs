//! A power cut for a child process: what it wrote beneath one folder and did not sync is taken back.
//!
//! `powercut/powercut.c` is built on first use and preloaded; it keeps an undo log. Kill the child (`kill -9`), then
//! [`undo`]. Names that were made and not synced may stay, as they may on a disk. Nothing here is for production.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsString,
    fs::{self, OpenOptions},
    io,
    os::unix::{ffi::OsStringExt, fs::FileExt},
    path::{Path, PathBuf},
    process::Command,
};

const MAGIC: u32 = 0x5455_4350;
const HEAD_BYTES: usize = 48;

/// The library, built into a folder of its own.
#[derive(Debug)]
pub struct PowerCut {
    folder: tempfile::TempDir,
}

impl PowerCut {
    /// Builds the library with `cc`.
    ///
    /// # Errors
    /// When there is no C compiler, or it refuses; the text is the compiler's.
    pub fn build() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        compile("powercut.c", &folder.path().join("powercut.so"), &["-shared", "-fPIC", "-pthread"])?;
        Ok(Self { folder })
    }

    /// The library's path.
    pub fn library(&self) -> PathBuf {
        self.folder.path().join("powercut.so")
    }

    /// What a child's environment must hold. `log` lies outside of `dir`; `dir` exists before anything is written.
    pub fn environment(&self, dir: &Path, log: &Path) -> [(&'static str, OsString); 3] {
        [("LD_PRELOAD", self.library().into()), ("POWERCUT_DIR", dir.into()), ("POWERCUT_LOG", log.into())]
    }
}

/// What an undo has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    /// Writes and truncations taken back.
    pub writes: usize,
    /// Names put back: removed or renamed, and the folder not synced.
    pub names: usize,
}

/// Takes back all that the killed child had not synced, and removes the log and every `-shm` file.
///
/// # Errors
/// When the log or a file cannot be read or written. A torn last record is no error: its write has not happened.
pub fn undo(dir: &Path, log: &Path) -> Result<Undone, String> {
    let undone = undo_log(log).map_err(|e| format!("{}: {e}", log.display()))?;
    remove_shared_memory(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    Ok(undone)
}

/// One record of the log; `powercut.c` says what each means.
struct Record {
    start: u64,
    kind: Kind,
    id: u64,
    at: u64,
    size: u64,
    path: PathBuf,
    data: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Name,
    Image,
    Synced,
    Unlink,
    Rename,
    Folder,
}

impl Kind {
    fn of(number: u32) -> Option<Self> {
        [Self::Name, Self::Image, Self::Synced, Self::Unlink, Self::Rename, Self::Folder]
            .get(usize::try_from(number.checked_sub(1)?).ok()?)
            .copied()
    }
}

impl Record {
    /// The record that begins at `start`; `None` at the end, or where the kill has torn it.
    fn read(log: &[u8], start: usize) -> Option<(Self, usize)> {
        let head = log.get(start..start + HEAD_BYTES)?;
        let long = |at: usize| Some(u64::from_le_bytes(head.get(at..at + 8)?.try_into().ok()?));
        let short = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
        if short(0)? != MAGIC {
            return None;
        }
        let data_at = (start + HEAD_BYTES).checked_add(usize::try_from(long(32)?).ok()?)?;
        let end = data_at.checked_add(usize::try_from(long(40)?).ok()?)?;
        let path = log.get(start + HEAD_BYTES..data_at)?.to_vec();
        let record = Self {
            start: start as u64,
            kind: Kind::of(short(4)?)?,
            id: long(8)?,
            at: long(16)?,
            size: long(24)?,
            path: OsString::from_vec(path).into(),
            data: log.get(data_at..end)?.to_vec(),
        };
        Some((record, end))
    }

    fn renamed_to(&self) -> PathBuf {
        OsString::from_vec(self.data.clone()).into()
    }
}

fn undo_log(path: &Path) -> io::Result<Undone> {
    let log = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Undone::default()), // Nothing was written.
        other => other?,
    };
    let mut records = Vec::new();
    let mut at = 0;
    while let Some((record, end)) = Record::read(&log, at) {
        records.push(record);
        at = end;
    }
    let mut state = State::at_the_end(&mut records);
    let mut undone = Undone::default();
    for record in records.iter().rev() {
        state.take_back(record, &mut undone)?;
    }
    fs::remove_file(path)?;
    Ok(undone)
}

/// Where each file is, and up to which place in the log its changes are durable. Moves backwards in time.
#[derive(Default)]
struct State {
    paths: HashMap<u64, PathBuf>,
    synced: HashMap<u64, u64>,
    folders: HashMap<PathBuf, u64>,
}

impl State {
    /// The state when the child was killed. A name that two processes gave their own ids gets one id.
    fn at_the_end(records: &mut [Record]) -> Self {
        let mut state = Self::default();
        let mut alias: HashMap<u64, u64> = HashMap::new();
        for record in records {
            record.id = alias.get(&record.id).copied().unwrap_or(record.id);
            let named = state.paths.iter().find(|(_, path)| **path == record.path).map(|(id, _)| *id);
            match record.kind {
                Kind::Name => match named {
                    Some(known) => drop(alias.insert(record.id, known)),
                    None => drop(state.paths.insert(record.id, record.path.clone())),
                },
                Kind::Unlink => drop(state.paths.remove(&record.id)),
                Kind::Rename => drop(state.paths.insert(record.id, record.renamed_to())),
                Kind::Synced => drop(state.synced.insert(record.id, record.at)),
                Kind::Folder => drop(state.folders.insert(record.path.clone(), record.at)),
                Kind::Image => {}
            }
        }
        state
    }

    fn take_back(&mut self, record: &Record, undone: &mut Undone) -> io::Result<()> {
        let durable = |upto: Option<&u64>| upto.is_some_and(|upto| record.start < *upto);
        match record.kind {
            Kind::Image if !durable(self.synced.get(&record.id)) => {
                // A file whose removal is durable has no path any more, and nothing to take back.
                let Some(path) = self.paths.get(&record.id) else { return Ok(()) };
                let file = OpenOptions::new().write(true).open(path)?;
                file.set_len(record.size)?;
                file.write_all_at(&record.data, record.at)?;
                undone.writes += 1;
            }
            Kind::Unlink if !durable(record.path.parent().and_then(|dir| self.folders.get(dir))) => {
                fs::write(&record.path, &record.data)?;
                self.paths.insert(record.id, record.path.clone());
                undone.names += 1;
            }
            Kind::Rename => {
                let to = record.renamed_to();
                if !durable(to.parent().and_then(|dir| self.folders.get(dir)))
                    && self.paths.contains_key(&record.id)
                {
                    fs::rename(&to, &record.path)?;
                    self.paths.insert(record.id, record.path.clone());
                    undone.names += 1;
                }
            }
            Kind::Image | Kind::Unlink | Kind::Name | Kind::Synced | Kind::Folder => {}
        }
        Ok(())
    }
}

/// SQLite rebuilds its shared memory from the write-ahead log; what a dead process left in it is worth nothing.
fn remove_shared_memory(dir: &Path) -> io::Result<()> {
    let mut folders = vec![dir.to_owned()];
    let mut seen = HashSet::new();
    while let Some(folder) = folders.pop().filter(|folder| seen.insert(folder.clone())) {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.file_name().to_string_lossy().ends_with("-shm") {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

fn compile(source: &str, target: &Path, flags: &[&str]) -> Result<(), String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("powercut").join(source);
    let output = Command::new("cc")
        .args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(target)
        .arg(source)
        .args(flags)
        .output()
        .map_err(|e| format!("cc: {e}; on Debian: apt-get install gcc libc6-dev"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        io::{BufRead, BufReader},
        process::Stdio,
    };

    use super::*;

    /// A folder in which a child lived, and its log.
    struct Scene {
        cut: PowerCut,
        folder: tempfile::TempDir,
    }

    impl Scene {
        fn new() -> Self {
            let scene = Self { cut: PowerCut::build().unwrap(), folder: tempfile::tempdir().unwrap() };
            fs::create_dir(scene.dir()).unwrap();
            compile("child.c", &scene.folder.path().join("child"), &[]).unwrap();
            scene
        }

        fn dir(&self) -> PathBuf {
            self.folder.path().join("data")
        }

        fn log(&self) -> PathBuf {
            self.folder.path().join("log")
        }

        /// Lets a child do what the orders say, and kills it.
        fn act(&self, orders: &str) {
            let mut child = Command::new(self.folder.path().join("child"))
                .args(orders.split_whitespace())
                .current_dir(self.dir())
                .envs(self.cut.environment(&self.dir(), &self.log()))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            assert_eq!(line, "done\n", "{orders}");
            child.kill().unwrap();
            child.wait().unwrap();
        }

        fn files(&self) -> BTreeMap<String, String> {
            let entries = fs::read_dir(self.dir()).unwrap().map(Result::unwrap);
            let name = |e: &fs::DirEntry| e.file_name().into_string().unwrap();
            entries.map(|e| (name(&e), fs::read_to_string(e.path()).unwrap())).collect()
        }
    }

    /// What is left of a child's work after the cut.
    fn check(orders: &str, expect: &[(&str, &str)]) {
        let scene = Scene::new();
        scene.act(orders);
        undo(&scene.dir(), &scene.log()).unwrap();
        let expect: BTreeMap<_, _> = expect.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(scene.files(), expect, "{orders}");
    }

    /// Goal: after the cut a file is as it was when it was last synced.
    /// Method: a child in C writes with and without syncs and is killed; every write had gone through before.
    #[test]
    fn unsynced_writes_are_gone_and_synced_ones_stay() {
        let scene = Scene::new();
        scene.act("w:a:0:synced s:a w:a:0:LOST w:a:10:LOST");
        assert_eq!(scene.files()["a"], "LOSTed\0\0\0\0LOST", "writes go through");
        let undone = undo(&scene.dir(), &scene.log()).unwrap();
        assert_eq!((undone.writes, scene.files()["a"].as_str()), (2, "synced"));
        assert!(!scene.log().exists());
        assert_eq!(undo(&scene.dir(), &scene.log()).unwrap(), Undone::default());
    }

    #[test]
    fn every_kind_of_change_is_taken_back() {
        check("w:a:0:lost", &[("a", "")]);
        check("w:a:0:kept s:a t:a:1 a:a:LOST", &[("a", "kept")]);
        check("w:a:0:kept s:a t:a:99", &[("a", "kept")]);
        check("w:a:0:kept s:a n:a:LOST", &[("a", "kept")]);
        check("w:a:0:one s:a n:a:two s:a a:a:LOST", &[("a", "two")]);
        check("w:a:0:kept w:b:0:lost s:a w:b-shm:0:x", &[("a", "kept"), ("b", "")]);
    }

    #[test]
    fn names_come_back_unless_the_folder_was_synced() {
        check("w:a:0:kept s:a u:a", &[("a", "kept")]);
        check("w:a:0:kept s:a w:a:0:LOST u:a", &[("a", "kept")]);
        check("w:a:0:kept s:a u:a d:", &[]);
        check("w:a:0:old s:a u:a w:a:0:newer s:a", &[("a", "old")]);
        check("w:a:0:old s:a u:a d: w:a:0:newer s:a a:a:LOST", &[("a", "newer")]);
        check("w:a:0:old s:a w:b:0:new s:b r:b:a", &[("a", "old"), ("b", "new")]);
        check("w:a:0:old s:a w:b:0:new s:b r:b:a d:", &[("a", "new")]);
        check("w:b:0:new s:b a:b:LOST r:b:a d: a:a:LOST", &[("a", "new")]);
    }

    /// A second child in the same folder goes on with the same log, and its sync covers what the first had written.
    #[test]
    fn a_later_process_may_sync_what_an_earlier_one_wrote() {
        let scene = Scene::new();
        scene.act("w:a:0:first");
        scene.act("s:a w:a:0:LOST");
        undo(&scene.dir(), &scene.log()).unwrap();
        assert_eq!(scene.files()["a"], "first");
    }

    #[test]
    fn a_torn_last_record_is_passed_over() {
        let scene = Scene::new();
        scene.act("w:a:0:kept s:a w:a:0:LOST");
        let log = OpenOptions::new().write(true).open(scene.log()).unwrap();
        let whole = log.metadata().unwrap().len();
        log.set_len(whole - 1).unwrap(); // As if killed between the announcement and the write.
        assert_eq!(undo(&scene.dir(), &scene.log()).unwrap().writes, 0);
    }
}
