//! The table of an account's folder rules: its columns, its rows, and how a form is read back.

use crate::model::{
    PathRule, PathRuleError, PathRules, Permission, PermissionProfile, Permissions, VirtualPath,
};
use crate::web::form::Form;

/// One row: a folder and what may be done there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RuleRow {
    /// The folder.
    pub(crate) folder: String,
    /// One box for each of [`columns`].
    pub(crate) boxes: Vec<RuleBox>,
    /// Whether nobody may know of the folder.
    pub(crate) is_hidden: bool,
    /// Whether the row stands for the home, which cannot be hidden.
    pub(crate) is_home: bool,
}

/// One box of a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RuleBox {
    /// Name of the input.
    pub(crate) name: &'static str,
    /// The column.
    pub(crate) label: &'static str,
    /// Whether it is ticked.
    pub(crate) is_ticked: bool,
}

/// The field that names the folders of the rows.
pub(crate) const FOLDER: &str = "folder";
/// The field of a new folder.
pub(crate) const NEW_FOLDER: &str = "new_folder";
/// The field that says what a new folder begins with.
pub(crate) const PRESET: &str = "preset";
/// The box that hides a folder.
const HIDE: &str = "hide";
/// The presets that are no profile.
const AS_NOW: &str = "now";
const HIDDEN: &str = "hidden";

/// The permissions in the order of their columns.
pub(crate) fn columns() -> Vec<(Permission, &'static str)> {
    use Permission as May;
    vec![
        (May::List, "List"),
        (May::Download, "Download"),
        (May::Hash, "Checksums"),
        (May::Upload, "Upload"),
        (May::Overwrite, "Overwrite"),
        (May::Append, "Resume"),
        (May::Rename, "Rename"),
        (May::Delete, "Delete files"),
        (May::Mkdir, "Make folders"),
        (May::Rmdir, "Remove folders"),
        (May::Mtime, "Set times"),
        (May::Chmod, "Set modes"),
    ]
}

/// The row of a folder.
pub(crate) fn row(folder: &VirtualPath, permissions: Permissions, is_hidden: bool) -> RuleRow {
    let boxes = columns().into_iter().map(|(permission, label)| RuleBox {
        name: permission.as_str(),
        label,
        is_ticked: permissions.has(permission),
    });
    RuleRow {
        folder: folder.to_string(),
        boxes: boxes.collect(),
        is_hidden,
        is_home: folder.is_root(),
    }
}

/// What a new folder can begin with: value and words.
pub(crate) fn presets() -> Vec<(&'static str, &'static str)> {
    let profiles = PermissionProfile::ALL.into_iter();
    let profiles = profiles.map(|profile| (profile.as_str(), profile.label()));
    std::iter::once((AS_NOW, "As it is now"))
        .chain(profiles)
        .chain([(HIDDEN, "Hidden")])
        .collect()
}

/// Reads the ticked table, in which a box has the number of its row as its value; what is wrong stands in the form afterwards.
pub(crate) fn read(form: &mut Form) -> Option<PathRules> {
    let folders: Vec<String> = form.values(FOLDER).map(str::to_owned).collect();
    let mut rules = Vec::with_capacity(folders.len());
    for (row, typed) in folders.iter().enumerate() {
        let row = row.to_string();
        let ticked = |(permission, _): &(Permission, _)| form.is(permission.as_str(), &row);
        let permissions: Vec<Permission> = columns()
            .into_iter()
            .filter(ticked)
            .map(|(permission, _)| permission)
            .collect();
        let hidden = form.is(HIDE, &row);
        rules.push(PathRule {
            folder: folder(typed, form)?,
            permissions: Permissions::of(&permissions),
            hidden,
        });
    }
    accepted(PathRules::new(rules), form)
}

/// Reads the folder that is added to `rules`; `now` tells what holds there already.
pub(crate) fn read_new(
    form: &mut Form,
    rules: &PathRules,
    now: impl Fn(&VirtualPath) -> Permissions,
) -> Option<PathRules> {
    let typed = form.text(NEW_FOLDER, "Enter a folder, for example /archive")?;
    let folder = folder(&typed, form)?;
    let preset = form.value(PRESET);
    let permissions = match preset.parse::<PermissionProfile>() {
        Ok(profile) => profile.permissions(),
        Err(_) => now(&folder),
    };
    let rule = PathRule {
        hidden: preset == HIDDEN,
        permissions,
        folder,
    };
    if let Some(known) = rules.get(&rule.folder) {
        form.refuse(NEW_FOLDER, PathRuleError::Twice(known.folder.clone()));
        return None;
    }
    accepted(rules.with(rule), form)
}

/// A path as it was typed, seen from the home.
pub(crate) fn folder(typed: &str, form: &mut Form) -> Option<VirtualPath> {
    let path = VirtualPath::root().resolve(typed);
    form.check(
        NEW_FOLDER,
        path.map_err(|_| "Folder must be a path that a file can have, for example /archive"),
    )
}

fn accepted(rules: Result<PathRules, PathRuleError>, form: &mut Form) -> Option<PathRules> {
    form.check(NEW_FOLDER, rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> VirtualPath {
        VirtualPath::root().resolve(path).unwrap()
    }

    fn form(pairs: &[(&str, &str)]) -> Form {
        serde_json::from_value(serde_json::json!(pairs)).unwrap()
    }

    #[test]
    fn every_permission_has_one_column() {
        let mut named: Vec<_> = columns().iter().map(|(one, _)| one.as_str()).collect();
        named.sort_unstable();

        let all: Vec<_> = Permission::ALL.iter().map(|one| one.as_str()).collect();
        assert_eq!(named, all);
    }

    #[test]
    fn a_table_reads_back_as_it_was_ticked() {
        let mut form = form(&[
            ("folder", "/ro"),
            ("folder", "/x y"),
            ("list", "0"),
            ("download", "0"),
            ("upload", "1"),
            ("hide", "1"),
        ]);

        let rules = read(&mut form).unwrap();

        let ro = rules.get(&at("/ro")).unwrap();
        assert_eq!(ro.permissions.to_string(), "download,list");
        assert!(!ro.hidden);
        assert!(rules.get(&at("/x y")).unwrap().hidden);
    }

    #[test]
    fn a_new_folder_begins_as_it_is_or_as_chosen() {
        let now = |_: &VirtualPath| Permissions::of(&[Permission::List]);
        let rules = PathRules::default();

        let mut as_now = form(&[("new_folder", "archive/"), ("preset", "now")]);
        let rules = read_new(&mut as_now, &rules, now).unwrap();
        let mut chosen = form(&[("new_folder", "/drop"), ("preset", "upload-only")]);
        let rules = read_new(&mut chosen, &rules, now).unwrap();

        let archive = rules.get(&at("/archive")).unwrap();
        assert_eq!(archive.permissions.to_string(), "list");
        let drop = rules.get(&at("/drop")).unwrap();
        assert_eq!(drop.permissions.to_string(), "mkdir,upload");
    }

    #[test]
    fn what_cannot_be_a_rule_is_refused_beside_the_field() {
        let now = |_: &VirtualPath| Permissions::NONE;
        let rules = PathRules::default();
        for (typed, preset, told) in [
            ("", "now", "Enter a folder, for example /archive"),
            ("/", "hidden", "The home folder itself cannot be hidden"),
        ] {
            let mut form = form(&[("new_folder", typed), ("preset", preset)]);
            assert_eq!(read_new(&mut form, &rules, now), None);
            assert_eq!(form.error_text("new_folder"), told);
        }
        let mut twice = form(&[("folder", "/a"), ("folder", "/A")]);
        assert_eq!(read(&mut twice), None);
        assert_eq!(
            twice.error_text("new_folder"),
            "There is a rule for /a already"
        );
    }
}
