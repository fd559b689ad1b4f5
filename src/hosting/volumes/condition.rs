//! How a volume is found: is the folder there, and is it the one that was meant?

use std::path::PathBuf;

use crate::model::{StorageVolume, VolumeId, VolumeMark};
use crate::vfs::{Space, StorageError, Volume};

/// How a volume was found when it was looked at last.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Condition {
    /// It works.
    Ready,
    /// It is back; the files of accounts that were being written to are counted before anybody is let
    /// in.
    Returning,
    /// There is no such folder.
    Missing,
    /// The folder is there without its mark: most likely its disk is not mounted.
    Unmarked,
    /// The folder bears the mark of another volume.
    Foreign,
    /// It does not answer.
    Silent,
    /// The system refuses, in its words.
    Failing(String),
}

impl Condition {
    /// The name in exports and on the command line.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Returning => "returning",
            Self::Missing => "missing",
            Self::Unmarked => "unmarked",
            Self::Foreign => "foreign",
            Self::Silent => "silent",
            Self::Failing(_) => "failing",
        }
    }

    /// What is wrong and what to do about it, in sentences; empty if nothing is.
    pub fn advice(&self) -> String {
        match self {
            Self::Ready => String::new(),
            Self::Returning => "It is back. Files of accounts that were being written to are \
                                counted, then everybody is let in."
                .to_owned(),
            Self::Missing => {
                "The folder is not there. Mount its disk; the volume comes back by itself."
                    .to_owned()
            }
            Self::Unmarked => format!(
                "The folder is there, but without the file {}: most likely its disk is not mounted. \
                 Mount it; the volume comes back by itself.",
                VolumeMark::FILE
            ),
            Self::Foreign => format!(
                "The folder belongs to another volume: its file {} says so. Mount the right disk.",
                VolumeMark::FILE
            ),
            Self::Silent => "The disk does not answer.".to_owned(),
            Self::Failing(error) => format!("The folder cannot be used: {error}."),
        }
    }
}

/// What uploads leave free on a volume, in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kept {
    /// What the volume says.
    Own(u64),
    /// What the settings say for all of them.
    Shared(u64),
}

/// What is looked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) root: PathBuf,
    pub(super) id: VolumeId,
    /// Empty while the folder has no mark.
    pub(super) token: String,
    pub(super) kept: Kept,
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    /// The folder that is open.
    Same(Option<Space>),
    /// The right folder, and not the one that is open.
    Opened(Volume, Option<Space>),
    /// Not the right folder.
    Gone(Condition),
    /// Nobody can tell.
    Unclear(Condition),
}

impl Kept {
    /// `shared` is what the settings say.
    pub(super) fn of(volume: &StorageVolume, shared: u64) -> Self {
        volume.reserve.map_or(Self::Shared(shared), Self::Own)
    }

    /// Has uploads on `volume` leave it free from now on.
    pub(super) fn on(self, volume: &Volume) {
        match self {
            Self::Own(bytes) => volume.set_exact_reserve(bytes),
            Self::Shared(bytes) => volume.set_reserve(bytes),
        }
    }
}

impl Wanted {
    pub(super) fn mark(&self) -> VolumeMark {
        VolumeMark {
            volume_id: self.id,
            token: self.token.clone(),
        }
    }

    /// Looks at the folder; `open` is the one that is in use. Blocking.
    pub(super) fn look(&self, open: Option<&Volume>) -> Found {
        let failing = |error: StorageError| Found::Unclear(failing(&error));
        if let Some(volume) = open {
            match volume.is_at(&self.root) {
                Ok(true) => return self.look_again(volume),
                // Something else is mounted there now, or nothing.
                Ok(false) | Err(StorageError::NotFound) => {}
                Err(error) => return failing(error),
            }
        }
        let volume = match Volume::open(&self.root) {
            Ok(volume) => volume,
            Err(StorageError::NotFound) => return Found::Gone(Condition::Missing),
            Err(error) => return failing(error),
        };
        match volume.mark() {
            Ok(None) => Found::Gone(Condition::Unmarked),
            Ok(Some(text)) if self.is_meant(&text) => {
                self.kept.on(&volume);
                let space = volume.space().ok();
                Found::Opened(volume, space)
            }
            Ok(Some(_)) => Found::Gone(Condition::Foreign),
            Err(error) => failing(error),
        }
    }

    /// The very folder that is in use: if somebody took its mark away, it gets it again.
    fn look_again(&self, volume: &Volume) -> Found {
        let marked = match volume.mark() {
            Ok(None) => volume.set_mark(&self.mark()),
            Ok(Some(text)) if self.is_meant(&text) => Ok(()),
            Ok(Some(_)) => return Found::Unclear(Condition::Foreign),
            Err(error) => Err(error),
        };
        match marked {
            Ok(()) => Found::Same(volume.space().ok()),
            Err(error) => Found::Unclear(failing(&error)),
        }
    }

    fn is_meant(&self, text: &str) -> bool {
        text.parse() == Ok(self.mark())
    }
}

fn failing(error: &StorageError) -> Condition {
    let source = std::error::Error::source(error);
    Condition::Failing(source.map_or_else(|| error.to_string(), ToString::to_string))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    const FILE: &str = VolumeMark::FILE;

    fn wanted(dir: &TempDir) -> Wanted {
        Wanted {
            root: dir.path().join("v"),
            id: VolumeId::FIRST,
            token: "token".to_owned(),
            kept: Kept::Shared(0),
        }
    }

    fn marked(dir: &TempDir) -> Wanted {
        let wanted = wanted(dir);
        fs::create_dir(&wanted.root).unwrap();
        fs::write(wanted.root.join(FILE), wanted.mark().to_string()).unwrap();
        wanted
    }

    #[test]
    fn the_marked_folder_is_opened() {
        let dir = tempfile::tempdir().unwrap();
        let wanted = marked(&dir);

        let Found::Opened(volume, Some(space)) = wanted.look(None) else {
            panic!("not opened");
        };

        assert!(space.total_bytes > 0);
        assert!(matches!(wanted.look(Some(&volume)), Found::Same(Some(_))));
    }

    #[test]
    fn an_empty_folder_is_not_taken_for_the_volume() {
        let dir = tempfile::tempdir().unwrap();
        let wanted = wanted(&dir);

        assert!(matches!(wanted.look(None), Found::Gone(Condition::Missing)));
        fs::create_dir(&wanted.root).unwrap();
        assert!(matches!(
            wanted.look(None),
            Found::Gone(Condition::Unmarked)
        ));
        assert_eq!(fs::read_dir(&wanted.root).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_with_another_mark_is_foreign() {
        let dir = tempfile::tempdir().unwrap();
        let wanted = marked(&dir);
        for text in ["", "volume", "\u{0}", &"x".repeat(1_000)] {
            fs::write(wanted.root.join(FILE), text).unwrap();
            assert!(matches!(wanted.look(None), Found::Gone(Condition::Foreign)));
        }
        let other = Wanted {
            token: "other".to_owned(),
            ..wanted.clone()
        };
        fs::write(wanted.root.join(FILE), other.mark().to_string()).unwrap();
        assert!(matches!(wanted.look(None), Found::Gone(Condition::Foreign)));
        fs::remove_file(wanted.root.join(FILE)).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", wanted.root.join(FILE)).unwrap();
        assert!(matches!(wanted.look(None), Found::Gone(Condition::Foreign)));
    }

    #[test]
    fn a_folder_that_takes_the_place_of_the_open_one_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let wanted = marked(&dir);
        let Found::Opened(open, _) = wanted.look(None) else {
            panic!("not opened");
        };
        let away = dir.path().join("away");
        fs::rename(&wanted.root, &away).unwrap();
        assert!(matches!(
            wanted.look(Some(&open)),
            Found::Gone(Condition::Missing)
        ));
        fs::create_dir(&wanted.root).unwrap();
        assert!(matches!(
            wanted.look(Some(&open)),
            Found::Gone(Condition::Unmarked)
        ));
        fs::remove_dir(&wanted.root).unwrap();
        fs::rename(&away, &wanted.root).unwrap();

        assert!(matches!(wanted.look(Some(&open)), Found::Same(_)));
    }

    #[test]
    fn the_open_folder_gets_a_lost_mark_again() {
        let dir = tempfile::tempdir().unwrap();
        let wanted = marked(&dir);
        let Found::Opened(open, _) = wanted.look(None) else {
            panic!("not opened");
        };
        fs::remove_file(wanted.root.join(FILE)).unwrap();

        assert!(matches!(wanted.look(Some(&open)), Found::Same(_)));
        assert!(matches!(wanted.look(None), Found::Opened(..)));
    }
}
