//! Our own files: one column of a CSV, and one member of a JSON object, for each field of an account.

use super::record::{RowRefusal, Wanted, checked_notes};
use crate::hosting::stored_password::{self, NO_PASSWORD};
use crate::model::{
    Account, AccountLimits, AccountStatus, ByteSize, Override, PasswordHash, PathRule, PathRules,
    Permissions, TlsRule, VirtualPath,
};

/// Something that a file says about an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Column {
    Customer,
    FolderRules,
    Home,
    /// A limit, by its place in [`AccountLimits::into_array`].
    Limit(usize, Unit),
    Notes,
    PasswordHash,
    Permissions,
    Status,
    SuspendReason,
    Tls,
    Username,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unit {
    Bytes,
    Rate,
    Number,
}

/// Every column, in the order in which they are written and read: a reason comes after its status.
pub(super) const COLUMNS: &[(&str, Column)] = &[
    ("username", Column::Username),
    ("customer", Column::Customer),
    ("status", Column::Status),
    ("suspend_reason", Column::SuspendReason),
    ("permissions", Column::Permissions),
    ("folder_rules", Column::FolderRules),
    ("tls", Column::Tls),
    ("storage", Column::Limit(0, Unit::Bytes)),
    ("files", Column::Limit(1, Unit::Number)),
    ("largest_file", Column::Limit(2, Unit::Bytes)),
    ("sessions", Column::Limit(3, Unit::Number)),
    ("sessions_per_address", Column::Limit(4, Unit::Number)),
    ("upload_rate", Column::Limit(5, Unit::Rate)),
    ("download_rate", Column::Limit(6, Unit::Rate)),
    ("session_upload_rate", Column::Limit(7, Unit::Rate)),
    ("session_download_rate", Column::Limit(8, Unit::Rate)),
    ("traffic_up", Column::Limit(9, Unit::Bytes)),
    ("traffic_down", Column::Limit(10, Unit::Bytes)),
    ("traffic_both", Column::Limit(11, Unit::Bytes)),
    ("notes", Column::Notes),
    ("home", Column::Home),
    ("password_hash", Column::PasswordHash),
];

/// In place of a limit: the plan decides.
const PLAN: &str = "plan";
/// In place of a limit: there is none. In place of folder rules: there are none.
const NONE: &str = "none";
/// In place of permissions: the folder does not exist for the account.
const HIDDEN: &str = "hidden";

/// The column with this name.
pub(super) fn column(name: &str) -> Option<(&'static str, Column)> {
    COLUMNS.iter().copied().find(|(own, _)| *own == name)
}

/// What an account has in a column.
pub(super) fn text(column: Column, account: &Account, customer: &str) -> String {
    match column {
        Column::Customer => customer.to_owned(),
        Column::FolderRules => rules_text(&account.rules),
        Column::Home => account.home.clone(),
        Column::Limit(index, _) => {
            let limits = account.limits.into_array();
            limit_text(limits.get(index).copied().unwrap_or_default())
        }
        Column::Notes => account.notes.clone(),
        Column::PasswordHash => account.password_hash.as_str().to_owned(),
        Column::Permissions => account.permissions.as_str().to_owned(),
        Column::Status => account.status.as_str().to_owned(),
        Column::SuspendReason => account.suspend_reason.clone(),
        Column::Tls => account.tls.as_str().to_owned(),
        Column::Username => account.username.to_string(),
    }
}

/// Takes what stands in a column; empty text says nothing.
///
/// # Errors
///
/// If it cannot be read.
pub(super) fn take(
    wanted: &mut Wanted,
    (name, column): (&'static str, Column),
    text: &str,
) -> Result<(), RowRefusal> {
    let is_free = matches!(column, Column::Notes | Column::SuspendReason);
    let text = if is_free { text } else { text.trim() };
    if text.is_empty() {
        return Ok(());
    }
    let refused = |reason: &str| RowRefusal::new(name, reason);
    match column {
        Column::Customer => wanted.customer = Some(text.to_owned()),
        Column::FolderRules => wanted.rules = Some(rules(name, text)?),
        Column::Home => text.clone_into(&mut wanted.old_home),
        Column::Limit(index, unit) => {
            let mut limits = wanted.limits.into_array();
            if let Some(limit) = limits.get_mut(index) {
                *limit = Some(limit_of(name, unit, text)?);
            }
            wanted.limits = AccountLimits::from_array(limits);
        }
        Column::Notes => wanted.notes = Some(checked_notes(text)?.to_owned()),
        Column::PasswordHash => wanted.password = Some(password(name, text)?),
        Column::Permissions => {
            let profile = text.parse();
            wanted.permissions = Some(profile.map_err(|error| RowRefusal::new(name, error))?);
        }
        Column::Status => {
            let status = AccountStatus::from_name(text);
            let status = status.ok_or_else(|| refused("neither active nor suspended"))?;
            wanted.status = Some((status, String::new()));
        }
        Column::SuspendReason => match &mut wanted.status {
            Some((AccountStatus::Suspended, reason)) => text.clone_into(reason),
            _ => return Err(refused("only a suspended account has a reason")),
        },
        Column::Tls => {
            let rule = TlsRule::from_name(text);
            let rule = rule.ok_or_else(|| refused("neither inherit nor required nor optional"))?;
            wanted.tls = Some(rule);
        }
        // The record was made from it.
        Column::Username => {}
    }
    Ok(())
}

fn password(name: &'static str, text: &str) -> Result<PasswordHash, RowRefusal> {
    if text == NO_PASSWORD {
        return Ok(PasswordHash::new(text.to_owned()));
    }
    stored_password::check(text).map_err(|refusal| RowRefusal::new(name, refusal))
}

fn limit_text(own: Override) -> String {
    match own {
        Override::Inherit => PLAN.to_owned(),
        Override::Own(None) => NONE.to_owned(),
        Override::Own(Some(number)) => number.to_string(),
    }
}

fn limit_of(name: &'static str, unit: Unit, text: &str) -> Result<Override, RowRefusal> {
    match text {
        PLAN => return Ok(Override::Inherit),
        NONE => return Ok(Override::Own(None)),
        _ => {}
    }
    let number = match unit {
        Unit::Number => text
            .parse()
            .ok()
            .filter(|number| i64::try_from(*number).is_ok()),
        Unit::Bytes => text.parse().ok().map(|ByteSize(bytes)| bytes),
        Unit::Rate => {
            let size = text.strip_suffix("/s").unwrap_or(text).parse();
            size.ok().map(|ByteSize(bytes)| bytes)
        }
    };
    let known = match unit {
        Unit::Number => "not a number, `plan` or `none`",
        Unit::Bytes | Unit::Rate => "not a size like 10GiB, `plan` or `none`",
    };
    let number = number.ok_or_else(|| RowRefusal::new(name, known))?;
    Ok(Override::Own(Some(number)))
}

/// `/folder=permissions;/other=hidden`. A semicolon in a folder is written `%3B`, a per cent sign `%25`.
fn rules_text(rules: &PathRules) -> String {
    if rules.is_empty() {
        return NONE.to_owned();
    }
    let words = |rule: &PathRule| {
        let folder = rule.folder.as_str().replace('%', "%25").replace(';', "%3B");
        if rule.hidden {
            format!("{folder}={HIDDEN}")
        } else {
            format!("{folder}={}", rule.permissions)
        }
    };
    rules.iter().map(words).collect::<Vec<_>>().join(";")
}

fn rules(name: &'static str, text: &str) -> Result<PathRules, RowRefusal> {
    if text == NONE {
        return Ok(PathRules::default());
    }
    let listed: Result<Vec<_>, _> = text.split(';').map(|part| rule(name, part)).collect();
    PathRules::new(listed?).map_err(|error| RowRefusal::new(name, error))
}

fn rule(name: &'static str, text: &str) -> Result<PathRule, RowRefusal> {
    let split = text.rsplit_once('=');
    let (folder, words) = split.ok_or_else(|| RowRefusal::new(name, "not /folder=permissions"))?;
    let folder = folder.replace("%3B", ";").replace("%25", "%");
    let folder = VirtualPath::root()
        .resolve(folder.trim())
        .map_err(|error| RowRefusal::new(name, error))?;
    let hidden = words.trim() == HIDDEN;
    let permissions = if hidden {
        Permissions::NONE
    } else {
        words
            .trim()
            .parse()
            .map_err(|error| RowRefusal::new(name, error))?
    };
    Ok(PathRule {
        folder,
        permissions,
        hidden,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_of_an_account_has_its_column() {
        let limits = AccountLimits::<()>::default().into_array().len();

        let mut places: Vec<usize> = Vec::new();
        for (_, column) in COLUMNS {
            if let Column::Limit(place, _) = column {
                places.push(*place);
            }
        }

        assert_eq!(places, (0..limits).collect::<Vec<_>>());
    }

    #[test]
    fn folder_rules_come_back_as_they_were() {
        let rule = |folder: &str, permissions: &str| PathRule {
            folder: VirtualPath::root().resolve(folder).unwrap(),
            permissions: permissions.parse().unwrap(),
            hidden: permissions == "none",
        };
        let before = PathRules::new(vec![
            rule("/a=b;c", "read-only"),
            rule("/50%3B%25", "list,upload"),
            rule("/secret", "none"),
        ])
        .unwrap();

        assert_eq!(rules("folder_rules", &rules_text(&before)), Ok(before));
    }
}
