//! Our own files: one column of a CSV, and one member of a JSON object, for each field of an account.

use super::access::{self, AccessColumn};
use super::folders::{rules, rules_text};
use super::record::{RowRefusal, Wanted, checked_notes};
use crate::hosting::stored_password::{self, NO_PASSWORD};
use crate::model::{
    AccountLimits, AccountStatus, ByteSize, Override, PasswordHash, PermissionProfile, Permissions,
    TlsRule,
};

/// Something that a file says about an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Column {
    Access(AccessColumn),
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
    ("expires", Column::Access(AccessColumn::Expires)),
    (
        "allowed_networks",
        Column::Access(AccessColumn::AllowedNetworks),
    ),
    (
        "denied_networks",
        Column::Access(AccessColumn::DeniedNetworks),
    ),
    ("start_folder", Column::Access(AccessColumn::StartFolder)),
    ("umask", Column::Access(AccessColumn::Umask)),
    ("active_mode", Column::Access(AccessColumn::ActiveMode)),
    ("durability", Column::Access(AccessColumn::Durability)),
    ("checksum", Column::Access(AccessColumn::Checksum)),
    (
        "forbidden_names",
        Column::Access(AccessColumn::ForbiddenNames),
    ),
    ("notes", Column::Notes),
    ("home", Column::Home),
    ("password_hash", Column::PasswordHash),
];

/// In place of a limit: the plan decides.
const PLAN: &str = "plan";
/// In place of a limit: there is none.
const NONE: &str = "none";

/// The column with this name.
pub(super) fn column(name: &str) -> Option<(&'static str, Column)> {
    COLUMNS.iter().copied().find(|(own, _)| *own == name)
}

/// What is said in a column; `None` if nothing.
pub(super) fn said(column: Column, wanted: &Wanted) -> Option<String> {
    match column {
        Column::Access(column) => access::said(column, &wanted.access),
        Column::Customer => wanted.customer.clone(),
        Column::FolderRules => wanted.rules.as_ref().map(rules_text),
        Column::Home => Some(wanted.old_home.clone()).filter(|home| !home.is_empty()),
        Column::Limit(index, _) => {
            let own = *wanted.limits.into_array().get(index)?;
            own.map(limit_text)
        }
        Column::Notes => wanted.notes.clone(),
        Column::PasswordHash => wanted
            .password
            .as_ref()
            .map(|hash| hash.as_str().to_owned()),
        Column::Permissions => wanted
            .permissions
            .map(|profile| profile.as_str().to_owned()),
        Column::Status => wanted
            .status
            .as_ref()
            .map(|(status, _)| status.as_str().to_owned()),
        Column::SuspendReason => wanted.status.as_ref().map(|(_, reason)| reason.clone()),
        Column::Tls => wanted.tls.map(|rule| rule.as_str().to_owned()),
        Column::Username => Some(wanted.username.to_string()),
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
    let because = |reason: String| RowRefusal::new(name, reason);
    match column {
        Column::Access(column) => {
            access::take(&mut wanted.access, column, text).map_err(because)?;
        }
        Column::Customer => wanted.customer = Some(text.to_owned()),
        Column::FolderRules => wanted.rules = Some(rules(text).map_err(because)?),
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
        Column::Permissions => wanted.permissions = Some(profile(name, text)?),
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

/// A profile by its name, or by exactly the permissions that it grants.
fn profile(name: &'static str, text: &str) -> Result<PermissionProfile, RowRefusal> {
    let unknown = match text.parse() {
        Ok(profile) => return Ok(profile),
        Err(unknown) => RowRefusal::new(name, unknown),
    };
    let listed: Permissions = text.parse().map_err(|_| unknown)?;
    let mut profiles = PermissionProfile::ALL.into_iter();
    let found = profiles.find(|profile| profile.permissions() == listed);
    found.ok_or_else(|| {
        let reason = format!("no profile is {listed}; write it into folder_rules, as /={listed}");
        RowRefusal::new(name, reason)
    })
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
    fn permissions_that_are_a_profile_are_taken_for_it() {
        let taken = |text: &str| {
            let mut wanted = Wanted::named("kestrel").unwrap();
            take(&mut wanted, column("permissions").unwrap(), text)?;
            Ok::<_, RowRefusal>(wanted.permissions.unwrap().as_str())
        };

        assert_eq!(taken("read-only"), Ok("read-only"));
        assert_eq!(taken("mkdir, upload"), Ok("upload-only"));
        assert_eq!(
            taken("upload,list").unwrap_err().reason,
            "no profile is list,upload; write it into folder_rules, as /=list,upload"
        );
    }
}
