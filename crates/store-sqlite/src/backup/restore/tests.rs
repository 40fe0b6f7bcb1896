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

/// How many users the database of a folder has.
fn users(folder: &Path) -> i64 {
    let db = Connection::open(folder.join(DATABASE)).expect("a database");
    db.query_row("SELECT count(*) FROM user", [], |row| row.get(0)).expect("a count")
}

/// Goal: ENDED-STAYS-ENDED over a crash of the restore itself: until all generations have risen there is nothing that
/// opens, and the same command goes on from whatever was left.
/// Method: the restored files are made up to each step, and then nothing more happens.
#[test]
fn a_restore_that_dies_while_it_is_made_leaves_nothing_that_opens_and_can_be_repeated() {
    let (folder, backup) = backed_up();
    for steps in 0..4 {
        let data = folder.path().join(format!("data-{steps}"));
        let place = DataPlace::of(&data, Existing::Keep).expect("a place");
        let draft = Draft::begin(&place).expect("a draft");
        let manifest = Manifest::read(&backup).expect("a manifest");
        if steps == 1 {
            copy(&backup.join(KEY), &draft.path.join(KEY)).expect("half of it");
        }
        if steps > 1 {
            draft.copy(&backup, &manifest).expect("a copy");
        }
        if steps > 2 {
            draft.end_everything(manifest.schema, NOW).expect("all ended");
        }
        let path = draft.path.clone();
        drop(draft);
        assert!(matches!(opens(&data), Err(OpenError::Unfinished(_))), "after {steps} steps");
        assert!(matches!(opens(&path), Err(OpenError::Copy(_))), "after {steps} steps");
        restore(&backup, &data, Existing::Keep, NOW).expect("a restore");
        assert!(!path.exists());
        opens(&data).expect("the restored folder opens");
    }
}

/// Goal: a crash while the restored files take the place of the earlier ones leaves the one or the other whole, or nothing
/// that opens, and no file of the earlier ones is lost.
/// Method: the earlier folder has a user and the backup has none; every beginning of the steps is taken.
#[test]
fn a_restore_that_dies_while_it_is_put_in_place_mixes_and_loses_nothing() {
    let (folder, backup) = backed_up();
    let mut count = 0;
    for taken in 0.. {
        let data = folder.path().join(format!("data-{taken}"));
        opens(&data).expect("a new folder");
        let db = Connection::open(data.join(DATABASE)).expect("a database");
        let user = "INSERT INTO user(key, id, realm, enabled, generation, detail)
            VALUES (3, x'07', x'08', 1, 0, '{}')";
        db.execute(user, []).expect("a user");
        drop(db);
        let place = DataPlace::of(&data, Existing::MoveAside).expect("a place");
        let draft = Draft::begin(&place).expect("a draft");
        draft.make(&backup, &Manifest::read(&backup).expect("a manifest"), NOW).expect("made");
        let (steps, aside) = place.steps(&draft, NOW, Some(UNTOLD));
        count = count.max(steps.len());
        steps.into_iter().take(taken).for_each(|step| place.take(step).expect("a step"));
        drop(draft);
        match opens(&data) {
            Ok(()) => assert!([0, 1].contains(&users(&data)), "whole, the one or the other"),
            Err(refusal) => {
                assert!(matches!(refusal, OpenError::Unfinished(_)), "after {taken} steps: {refusal}");
                let later = Timestamp::from_ms(NOW.ms() + 1);
                restore(&backup, &data, Existing::Keep, later).expect("the same command again");
                assert_eq!(users(&data), 0);
                let asides = [aside.expect("one"), data.join(format!("{ASIDE}{}", later.ms()))];
                // With its lock file it is the earlier folder, whole; what was set aside in parts is none.
                for aside in asides.iter().filter(|aside| aside.exists() && !aside.join(LOCK).exists()) {
                    assert!(matches!(opens(aside), Err(OpenError::Copy(_))), "after {taken} steps");
                }
                let kept = |name: &str| asides.iter().filter(|aside| aside.join(name).exists()).count();
                assert!(kept(KEY) >= 1 && kept(DATABASE) >= 1, "after {taken} steps");
                let with_users = asides.iter().filter(|aside| aside.join(DATABASE).exists());
                assert!(with_users.map(|aside| users(aside)).any(|users| users == 1), "after {taken} steps");
            }
        }
        if taken > count {
            break;
        }
    }
    assert!(count > 8, "{count} steps");
}

/// Goal: two restores of one folder do not write into each other.
#[test]
fn one_restore_at_a_time() {
    let (folder, backup) = backed_up();
    let data = folder.path().join("data");
    let place = DataPlace::of(&data, Existing::Keep).expect("a place");
    let held = Draft::begin(&place).expect("a draft");
    let second = restore(&backup, &data, Existing::Keep, NOW);
    assert!(matches!(second, Err(BackupError::UnderWay(_))));
    drop(held);
    restore(&backup, &data, Existing::Keep, NOW).expect("a restore");
}
