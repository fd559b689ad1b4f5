//! What an account may do at a path: the one place where that is decided, for every verb and for the
//! page that tests a path.

use super::path::VirtualPath;
use super::path_rule::{PathRule, PathRules, Relation};
use super::permission::{Permission, Permissions};

/// What an account may do: its permissions, and the rules for some of its folders. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Access {
    everywhere: Permissions,
    rules: PathRules,
}

/// What may be done at one path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict<'a> {
    /// What the path allows. At a hidden path, what it would allow if nothing stood there, so that
    /// it cannot be told from one that is missing. A folder that holds another one which may not be
    /// renamed or removed may not be either.
    pub permissions: Permissions,
    /// Whether nothing may be known of the path.
    pub is_hidden: bool,
    /// The rule that decides; `None` where the account's permissions hold.
    pub rule: Option<&'a PathRule>,
    /// The first rule for a folder below that keeps this one from being renamed or removed.
    pub held_by: Option<&'a PathRule>,
}

impl Access {
    /// `everywhere`, but where one of the rules says otherwise.
    pub fn new(everywhere: Permissions, rules: PathRules) -> Self {
        Self { everywhere, rules }
    }

    /// Whether there is any rule.
    pub fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    /// What may be done at `path`. The rule for the deepest folder on the way to it decides; a hidden
    /// folder hides everything in it.
    pub fn at(&self, path: &VirtualPath) -> Verdict<'_> {
        self.decide(&path.components())
    }

    /// What may be done at `name` in `directory`. A name that is not UTF-8 has no rule of its own.
    pub fn at_name(&self, directory: &VirtualPath, name: Option<&str>) -> Verdict<'_> {
        // No component of a rule is empty, so that none of them is taken for this one.
        let name = std::iter::once(name.unwrap_or_default());
        self.decide(&directory.components().chain(name))
    }

    /// Checks that what stands at `from` may be called `to`, with everything in it. What may not be
    /// read must not become readable by being moved.
    ///
    /// # Errors
    ///
    /// The permission that is missing.
    pub fn check_move(&self, from: &VirtualPath, to: &VirtualPath) -> Result<(), Permission> {
        for (path, needed) in [
            (from, Permission::Rename),
            (to, Permission::Rename),
            (to, Permission::Upload),
        ] {
            if !self.at(path).permissions.has(needed) {
                return Err(needed);
            }
        }
        let fills_protected = |rule: &PathRule| {
            rule.relation(to.components()) == Relation::Below
                && !rule.permissions.has(Permission::Upload)
        };
        if self.rules.iter().any(fills_protected) {
            return Err(Permission::Upload);
        }
        let within = |rule: &&PathRule| rule.relation(from.components()) == Relation::Below;
        let unreadable = std::iter::once(from)
            .chain(self.rules.iter().filter(within).map(|rule| &rule.folder))
            .filter(|path| !self.can_read(path));
        let depth = from.components().count();
        for path in unreadable {
            let below = path.components().skip(depth);
            let moved = self.decide(&to.components().chain(below));
            if moved.permissions.has(Permission::Download) {
                return Err(Permission::Download);
            }
        }
        Ok(())
    }

    fn can_read(&self, path: &VirtualPath) -> bool {
        self.at(path).permissions.has(Permission::Download)
    }

    fn decide<'p>(&self, path: &(impl Iterator<Item = &'p str> + Clone)) -> Verdict<'_> {
        let mut verdict = Verdict {
            permissions: self.everywhere,
            is_hidden: false,
            rule: None,
            held_by: None,
        };
        // From the home down: what covers the path comes before what lies below it.
        for rule in self.rules.iter() {
            match rule.relation(path.clone()) {
                Relation::Apart => {}
                Relation::Covers => {
                    verdict.rule = Some(rule);
                    if rule.hidden {
                        verdict.is_hidden = true;
                        return verdict;
                    }
                    verdict.permissions = rule.permissions;
                }
                Relation::Below => verdict.hold(rule),
            }
        }
        verdict
    }
}

impl<'a> Verdict<'a> {
    /// Takes away what would rename or remove the folder of `rule` with the one above it.
    fn hold(&mut self, rule: &'a PathRule) {
        for permission in [Permission::Rename, Permission::Rmdir] {
            let is_allowed = !rule.hidden && rule.permissions.has(permission);
            if !is_allowed && self.permissions.has(permission) {
                self.permissions = self.permissions.without(permission);
                self.held_by.get_or_insert(rule);
            }
        }
    }
}

impl From<Permissions> for Access {
    /// The same everywhere.
    fn from(everywhere: Permissions) -> Self {
        Self::new(everywhere, PathRules::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::PermissionProfile;

    fn at(path: &str) -> VirtualPath {
        VirtualPath::root().resolve(path).unwrap()
    }

    fn rule(folder: &str, permissions: Permissions) -> PathRule {
        PathRule {
            folder: at(folder),
            permissions,
            hidden: false,
        }
    }

    fn access(rules: &[PathRule]) -> Access {
        Access::new(Permissions::all(), PathRules::new(rules.to_vec()).unwrap())
    }

    fn read_only() -> Permissions {
        PermissionProfile::ReadOnly.permissions()
    }

    #[test]
    fn the_deepest_folder_decides_whatever_the_case_of_its_name() {
        let access = access(&[rule("/ro", read_only()), rule("/ro/in", Permissions::all())]);

        assert_eq!(access.at(&at("/f")).permissions, Permissions::all());
        for path in ["/ro/f", "/RO/f", "/ro/x/f", "/rO"] {
            let verdict = access.at(&at(path));
            assert!(!verdict.permissions.has(Permission::Upload), "{path}");
            assert_eq!(verdict.rule.unwrap().folder, at("/ro"), "{path}");
        }
        assert_eq!(access.at(&at("/ro/In/f")).permissions, Permissions::all());
        assert_eq!(access.at(&at("/rot/f")).permissions, Permissions::all());
    }

    #[test]
    fn a_hidden_folder_allows_what_a_missing_one_would() {
        let hidden = PathRule {
            hidden: true,
            ..rule("/ro/x", Permissions::NONE)
        };
        let access = access(&[
            rule("/ro", read_only()),
            hidden,
            rule("/ro/x/y", Permissions::all()),
        ]);

        for path in ["/ro/x", "/ro/x/f", "/ro/x/y/f"] {
            let verdict = access.at(&at(path));
            assert!(verdict.is_hidden, "{path}");
            assert_eq!(verdict.permissions, read_only(), "{path}");
        }
    }

    #[test]
    fn a_folder_is_held_by_what_must_stay_in_it() {
        let access = access(&[rule("/a/b/ro", read_only())]);

        for path in ["/", "/a", "/a/b"] {
            let verdict = access.at(&at(path));
            assert!(!verdict.permissions.has(Permission::Rename), "{path}");
            assert!(!verdict.permissions.has(Permission::Rmdir), "{path}");
            assert!(verdict.permissions.has(Permission::Upload), "{path}");
            assert_eq!(verdict.held_by.unwrap().folder, at("/a/b/ro"));
        }
        assert_eq!(access.at(&at("/a/f")).permissions, Permissions::all());
    }

    #[test]
    fn nothing_is_moved_out_of_into_or_around_a_rule() {
        let keeps = Permissions::all().without(Permission::Upload);
        let blind = Permissions::all().without(Permission::Download);
        let access = access(&[
            rule("/ro", read_only()),
            rule("/k/keeps", keeps),
            rule("/v/blind", blind),
        ]);

        for (from, to, missing) in [
            ("/ro/f", "/f", Permission::Rename),
            ("/f", "/ro/f", Permission::Rename),
            ("/x", "/k", Permission::Upload),
            ("/v/blind/f", "/f", Permission::Download),
            ("/v", "/w", Permission::Download),
        ] {
            assert_eq!(
                access.check_move(&at(from), &at(to)),
                Err(missing),
                "{from}"
            );
        }
        for (from, to) in [("/f", "/g"), ("/k", "/l"), ("/v/blind/f", "/v/blind/g")] {
            assert_eq!(access.check_move(&at(from), &at(to)), Ok(()), "{from}");
        }
    }

    #[test]
    fn a_listed_name_is_judged_as_its_path() {
        let access = access(&[rule("/d/ro", read_only())]);

        let named = access.at_name(&at("/d"), Some("ro"));

        assert_eq!(named, access.at(&at("/d/ro")));
        assert!(access.at_name(&at("/d"), None).rule.is_none());
    }
}
