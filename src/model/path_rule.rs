//! Rules for folders: what an account may do in one folder and below it, in place of what it may do
//! elsewhere.

use std::sync::Arc;

use super::path::VirtualPath;
use super::permission::Permissions;

/// What holds in one folder and below it, until a rule for a deeper folder says otherwise.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PathRule {
    /// The folder. Letters count whatever their case: a disk may take them so.
    pub folder: VirtualPath,
    /// What may be done there, in place of what the account may do elsewhere.
    pub permissions: Permissions,
    /// Whether the folder and everything in it does not exist for the account.
    pub hidden: bool,
}

/// Where a path stands to the folder of a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Relation {
    /// It has nothing to do with the folder.
    Apart,
    /// The folder lies somewhere below the path.
    Below,
    /// The path is the folder or lies in it.
    Covers,
}

/// The rules of one account. Cloning is cheap, and free where there are none, as there mostly are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PathRules(Option<Arc<[PathRule]>>);

/// Why rules cannot stand beside each other. The messages are shown beside the field.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PathRuleError {
    /// The home itself shall be hidden.
    #[error("The home folder itself cannot be hidden")]
    HiddenHome,
    /// More than [`PathRules::LIMIT`].
    #[error("An account can have {} folder rules at most", PathRules::LIMIT)]
    TooMany,
    /// Two rules for one folder.
    #[error("There is a rule for {0} already")]
    Twice(VirtualPath),
}

impl PathRule {
    /// Where a path, given by its components, stands to the folder.
    pub(super) fn relation<'p>(&self, mut path: impl Iterator<Item = &'p str>) -> Relation {
        for wanted in self.folder.components() {
            match path.next() {
                None => return Relation::Below,
                Some(name) if is_same(wanted, name) => {}
                Some(_) => return Relation::Apart,
            }
        }
        Relation::Covers
    }

    fn is_for(&self, folder: &VirtualPath) -> bool {
        let depth = folder.components().count();
        self.relation(folder.components()) == Relation::Covers
            && self.folder.components().count() == depth
    }
}

impl PathRules {
    /// Rules that an account may have.
    pub const LIMIT: usize = 64;

    /// These rules, one for each folder.
    ///
    /// # Errors
    ///
    /// [`PathRuleError`].
    pub fn new(mut rules: Vec<PathRule>) -> Result<Self, PathRuleError> {
        if rules.len() > Self::LIMIT {
            return Err(PathRuleError::TooMany);
        }
        // The order in which they are judged: from the home down.
        rules.sort_by_cached_key(|rule| (rule.folder.components().count(), rule.folder.clone()));
        for (index, rule) in rules.iter().enumerate() {
            if rule.hidden && rule.folder.is_root() {
                return Err(PathRuleError::HiddenHome);
            }
            let mut earlier = rules.iter().take(index);
            if earlier.any(|other| other.is_for(&rule.folder)) {
                return Err(PathRuleError::Twice(rule.folder.clone()));
            }
        }
        Ok(Self::of(rules))
    }

    /// From the home down; a rule comes after all those for folders above its own.
    pub fn iter(&self) -> impl Iterator<Item = &PathRule> {
        self.0.as_deref().unwrap_or_default().iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The rule for exactly this folder.
    pub fn get(&self, folder: &VirtualPath) -> Option<&PathRule> {
        self.iter().find(|rule| rule.is_for(folder))
    }

    /// With `rule`, in place of one for the same folder.
    ///
    /// # Errors
    ///
    /// [`PathRuleError`].
    pub fn with(&self, rule: PathRule) -> Result<Self, PathRuleError> {
        let mut rules: Vec<_> = self.without(&rule.folder).iter().cloned().collect();
        rules.push(rule);
        Self::new(rules)
    }

    /// Without the rule for `folder`.
    #[must_use]
    pub fn without(&self, folder: &VirtualPath) -> Self {
        let others = self.iter().filter(|rule| !rule.is_for(folder));
        Self::of(others.cloned().collect())
    }

    fn of(rules: Vec<PathRule>) -> Self {
        Self((!rules.is_empty()).then(|| rules.into()))
    }
}

/// Whether two components are the same name to any disk, also to one that ignores case.
fn is_same(one: &str, other: &str) -> bool {
    one == other || folded(one).eq(folded(other))
}

fn folded(name: &str) -> impl Iterator<Item = char> {
    // Through upper case: what is written differently only in lower case meets there.
    name.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(folder: &str) -> PathRule {
        PathRule {
            folder: VirtualPath::root().resolve(folder).unwrap(),
            permissions: Permissions::NONE,
            hidden: false,
        }
    }

    #[test]
    fn rules_stand_from_the_home_down() {
        let rules = PathRules::new(vec![rule("/b/a"), rule("/z"), rule("/"), rule("/b")]).unwrap();

        let folders: Vec<_> = rules.iter().map(|rule| rule.folder.as_str()).collect();
        assert_eq!(folders, ["/", "/b", "/z", "/b/a"]);
    }

    #[test]
    fn a_folder_has_one_rule_whatever_its_case() {
        let twice = PathRules::new(vec![rule("/Straße"), rule("/STRASSE")]);

        assert!(matches!(twice, Err(PathRuleError::Twice(_))));
        assert!(PathRules::new(vec![rule("/a"), rule("/a/a"), rule("/aa")]).is_ok());
    }

    #[test]
    fn the_home_cannot_be_hidden_and_the_list_is_bounded() {
        let hidden = PathRule {
            hidden: true,
            ..rule("/")
        };
        assert_eq!(PathRules::new(vec![hidden]), Err(PathRuleError::HiddenHome));

        let many = (0..=PathRules::LIMIT).map(|index| rule(&format!("/{index}")));
        assert_eq!(PathRules::new(many.collect()), Err(PathRuleError::TooMany));
    }

    #[test]
    fn a_rule_is_replaced_and_taken_away_by_its_folder() {
        let rules = PathRules::new(vec![rule("/a"), rule("/b")]).unwrap();
        let changed = PathRule {
            permissions: Permissions::all(),
            ..rule("/A")
        };

        let rules = rules.with(changed.clone()).unwrap();

        assert_eq!(rules.get(&rule("/a").folder), Some(&changed));
        assert_eq!(rules.iter().count(), 2);
        assert!(
            rules
                .without(&rule("/a").folder)
                .get(&changed.folder)
                .is_none()
        );
    }
}
