//! What the audit log says about a change of an account.

use crate::hosting::foundation::{Deed, differences};
use crate::hosting::limit_words::WORDS;
use crate::model::{
    Account, AuditAction, Expiry, LoginRules, Networks, Override, PathRule, PathRules,
    PermissionProfile, SessionRules,
};

pub(super) fn deed(
    action: AuditAction,
    account: &Account,
    changes: Vec<(String, String, String)>,
) -> Deed<'_> {
    let object_id = account.id.to_string();
    Deed {
        action,
        object: account.username.as_str(),
        object_id,
        changes,
    }
}

pub(super) fn changes(before: &Account, after: &Account) -> Vec<(String, String, String)> {
    let limits = WORDS.beside(before.limits).beside(after.limits);
    let limits = limits.into_array().map(|((words, before), after)| {
        let (before, after) = (words.own(before), words.own(after));
        (words.name, before, after)
    });
    let access = [
        (
            "permissions",
            before.permissions.label().to_owned(),
            after.permissions.label().to_owned(),
        ),
        (
            "encryption",
            before.tls.as_str().to_owned(),
            after.tls.as_str().to_owned(),
        ),
    ];
    let notes = ("notes", before.notes.clone(), after.notes.clone());
    let login = beside(login_words(&before.login), login_words(&after.login));
    let session = beside(
        session_words(&before.session),
        session_words(&after.session),
    );
    let fields = access.into_iter().chain(login).chain(session).chain(limits);
    differences(fields.chain([notes]))
}

type Said = (&'static str, String);

fn beside<const N: usize>(
    before: [Said; N],
    after: [Said; N],
) -> impl Iterator<Item = (&'static str, String, String)> {
    before
        .into_iter()
        .zip(after)
        .map(|((name, before), (_, after))| (name, before, after))
}

fn login_words(rules: &LoginRules) -> [Said; 3] {
    let networks = |networks: &Networks, none: &str| {
        if networks.is_empty() {
            return none.to_owned();
        }
        networks.to_string().replace('\n', " ")
    };
    let expires = rules
        .expires_at
        .map_or_else(|| "never".to_owned(), |moment| Expiry(moment).to_string());
    [
        ("expires", expires),
        ("allowed networks", networks(&rules.networks.allowed, "all")),
        ("denied networks", networks(&rules.networks.denied, "none")),
    ]
}

fn session_words(rules: &SessionRules) -> [Said; 6] {
    let active = match rules.active_mode {
        Override::Inherit => "as the server says",
        Override::Own(true) => "allowed",
        Override::Own(false) => "refused",
    };
    let durability = match rules.durability {
        Override::Inherit => "as the server says",
        Override::Own(durability) => durability.as_str(),
    };
    let checksum = match rules.checksum {
        Override::Inherit => "from plan",
        Override::Own(checksum) => checksum.as_str(),
    };
    let names = match &rules.denied_names {
        Override::Inherit => "from plan".to_owned(),
        Override::Own(names) if names.is_empty() => "none".to_owned(),
        Override::Own(names) => names.line(),
    };
    [
        ("start folder", rules.start.to_string()),
        ("umask", rules.umask.to_string()),
        ("active mode", active.to_owned()),
        ("confirm an upload", durability.to_owned()),
        ("checksum of uploads", checksum.to_owned()),
        ("forbidden names", names),
    ]
}

/// Folders whose rule differs, and what it says before and after.
pub(super) fn rule_changes(before: &PathRules, after: &PathRules) -> Vec<(String, String, String)> {
    let is_gone = |rule: &&PathRule| after.get(&rule.folder).is_none();
    let gone = before.iter().filter(is_gone);
    let folders = after.iter().chain(gone).map(|rule| &rule.folder);
    folders
        .filter(|folder| before.get(folder) != after.get(folder))
        .map(|folder| {
            let words = |rules: &PathRules| rules.get(folder).map_or_else(no_rule, rule_words);
            (format!("folder {folder}"), words(before), words(after))
        })
        .collect()
}

fn no_rule() -> String {
    "no rule".to_owned()
}

fn rule_words(rule: &PathRule) -> String {
    if rule.hidden {
        return "hidden".to_owned();
    }
    let mut profiles = PermissionProfile::ALL.into_iter();
    match profiles.find(|profile| profile.permissions() == rule.permissions) {
        Some(profile) => profile.label().to_owned(),
        None => rule.permissions.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Permissions, VirtualPath};

    fn rule(folder: &str, permissions: Permissions) -> PathRule {
        PathRule {
            folder: VirtualPath::root().resolve(folder).unwrap(),
            permissions,
            hidden: false,
        }
    }

    #[test]
    fn the_trail_names_the_folders_whose_rule_changed() {
        let full = Permissions::all();
        let kept = rule("/kept", full);
        let before = PathRules::new(vec![kept.clone(), rule("/gone", full), rule("/ro", full)]);
        let hidden = PathRule {
            hidden: true,
            ..rule("/h", full)
        };
        let after = PathRules::new(vec![kept, rule("/ro", Permissions::NONE), hidden]);

        let changes = rule_changes(&before.unwrap(), &after.unwrap());

        let told = |name: &str, before: &str, after: &str| {
            (name.to_owned(), before.to_owned(), after.to_owned())
        };
        assert_eq!(
            changes,
            [
                told("folder /h", "no rule", "hidden"),
                told("folder /ro", "Read and write", "none"),
                told("folder /gone", "Read and write", "no rule"),
            ]
        );
    }
}
