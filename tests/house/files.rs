//! The files under inspection: a map from path to text, read from the repository or written down in
//! a test of the checker itself.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// Paths relative to the repository, with `/`, and what the files contain.
#[derive(Clone, Debug, Default)]
pub(super) struct Files(BTreeMap<String, String>);

impl Files {
    /// What the law is about, as it is on disk.
    ///
    /// # Errors
    ///
    /// When a folder cannot be listed. Files that are not UTF-8 are left out: pictures and fonts
    /// break no law.
    pub(super) fn of_repository() -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Self::default();
        for folder in [
            "src",
            "templates",
            "static",
            "docs",
            "migrations",
            "tests",
            ".ci",
        ] {
            files.read_folder(root, folder)?;
        }
        for file in [
            "README.md",
            "CHANGELOG.md",
            "Dockerfile",
            "docker-compose.yml",
            ".env.example",
        ] {
            files.read_file(root, file);
        }
        Ok(files)
    }

    /// Files written down in a test.
    pub(super) fn written<const N: usize>(files: [(&str, &str); N]) -> Self {
        Self(
            files
                .into_iter()
                .map(|(path, text)| (path.to_owned(), text.to_owned()))
                .collect(),
        )
    }

    /// Every path with its text, sorted by path.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files under `folder` (with its final `/`) that end in `extension` (with its dot).
    pub(super) fn under<'a>(
        &'a self,
        folder: &'a str,
        extension: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.all()
            .filter(move |(path, _)| path.starts_with(folder) && path.ends_with(extension))
    }

    /// What the file contains; `None` if there is none.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// Whether there is such a file.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    fn read_folder(&mut self, root: &Path, folder: &str) -> io::Result<()> {
        let mut waiting = vec![folder.to_owned()];
        while let Some(folder) = waiting.pop() {
            if !root.join(&folder).is_dir() {
                continue;
            }
            for entry in fs::read_dir(root.join(&folder))? {
                let entry = entry?;
                let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
                if entry.file_name() == "node_modules" {
                    continue;
                }
                if entry.file_type()?.is_dir() {
                    waiting.push(path);
                } else {
                    self.read_file(root, &path);
                }
            }
        }
        Ok(())
    }

    fn read_file(&mut self, root: &Path, path: &str) {
        if let Ok(text) = fs::read_to_string(root.join(path)) {
            self.0.insert(path.to_owned(), text);
        }
    }
}
