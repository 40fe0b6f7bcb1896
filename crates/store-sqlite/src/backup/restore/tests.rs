//! A restore that dies between any two steps, and two restores at once.
//!
//! The steps are called one by one; the story with people stands among the engine's tests.

use adieu_core::Entropy;
use tempfile::TempDir;

use super::*;
use crate::backup::back_up;
use crate::{Folder, Options, SqliteStore};

struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

const NOW: Timestamp = Timestamp::from_ms(1_795_166_400_000);

fn opens(path: &Path) -> Result<(), OpenError> {
    SqliteStore::open(Folder::open(path, &Sevens)?, Options::default()).map(drop)
}

/// A folder with a backup in it, of an installation that nobody has used yet.
fn backed_up() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    opens(&folder.path().join("first")).expect("a new folder");
    let backup = folder.path().join("backup");
    back_up(&folder.path().join("first"), &backup, NOW).expect("a backup");
    (folder, backup)
}

/// Goal: ENDED-STAYS-ENDED over a crash of the restore itself: until all generations have risen there is nothing that
/// opens, neither in the place nor beside it, and the same command goes on from whatever was left.
/// Method: the steps of a restore are taken up to each one, and then nothing more happens.
#[test]
fn a_restore_that_dies_leaves_nothing_that_opens_and_can_be_repeated() {
    let (folder, backup) = backed_up();
    let data = folder.path().join("data");
    for steps in 0..4 {
        let place = Place::of(&data).expect("a place");
        let draft = Draft::begin(&place).expect("a draft");
        let manifest = Manifest::read(&backup).expect("a manifest");
        let path = draft.path.clone();
        if steps == 1 {
            copy(&backup.join(KEY), &path.join(KEY)).expect("half of it");
        }
        if steps > 1 {
            draft.copy(&backup, &manifest).expect("a copy");
        }
        if steps > 2 {
            draft.end_everything(NOW).expect("all ended");
        }
        drop(draft);
        assert!(!data.exists(), "after {steps} steps");
        if steps > 0 {
            assert!(matches!(opens(&path), Err(OpenError::Foreign(_))), "after {steps} steps");
        }
    }
    // A crash between the seal and the renaming leaves a whole one beside; it is made anew all the same.
    let place = Place::of(&data).expect("a place");
    let draft = Draft::begin(&place).expect("a draft");
    draft.copy(&backup, &Manifest::read(&backup).expect("a manifest")).expect("a copy");
    draft.end_everything(NOW).expect("all ended");
    draft.seal().expect("a mark");
    drop(draft);
    restore(&backup, &data, Existing::Keep, NOW).expect("a restore");
    opens(&data).expect("the restored folder opens");
    assert!(!place.beside("restoring").exists());
}

/// Goal: two restores of one folder do not write into each other.
#[test]
fn one_restore_at_a_time() {
    let (folder, backup) = backed_up();
    let data = folder.path().join("data");
    let held = Draft::begin(&Place::of(&data).expect("a place")).expect("a draft");
    let second = restore(&backup, &data, Existing::Keep, NOW);
    assert!(matches!(second, Err(BackupError::UnderWay(_))));
    drop(held);
    restore(&backup, &data, Existing::Keep, NOW).expect("a restore");
}
