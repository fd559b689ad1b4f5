//! An entry of the audit log in words, for every page that shows some.

use super::format::When;
use crate::model::{AuditAction, AuditEvent};

/// An entry as a page prints it.
#[derive(Clone, Debug)]
pub(crate) struct AuditRow {
    /// When it happened.
    pub(crate) at: When,
    /// Who did it.
    pub(crate) actor: String,
    /// What was done, beginning small: `suspended account`.
    pub(crate) deed: String,
    /// To what; may be empty.
    pub(crate) object: String,
    /// The page of the object; empty if it has none.
    pub(crate) url: String,
    /// Where from; may be empty.
    pub(crate) ip: String,
    /// The icon.
    pub(crate) icon: &'static str,
    /// The class of the icon: empty or `bad`.
    pub(crate) state: &'static str,
    /// Changed fields.
    pub(crate) changes: Vec<Change>,
}

/// One changed field.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Its name in words.
    pub(crate) field: String,
    /// The value before; empty if there was none.
    pub(crate) before: String,
    /// The value after; empty if there is none.
    pub(crate) after: String,
}

impl AuditRow {
    /// The entry `event` on a page made at `now`.
    pub(crate) fn new(event: &AuditEvent, now: When) -> Self {
        let change = |(field, before, after): &(String, String, String)| Change {
            field: field.replace('_', " "),
            before: before.clone(),
            after: after.clone(),
        };
        Self {
            at: now.of(event.at),
            actor: event.actor.clone(),
            deed: uncapitalised(event.action.label()),
            object: event.object.clone(),
            url: url(event),
            ip: event.ip.clone(),
            icon: icon(event.action),
            state: if event.action == AuditAction::AdminSignInRefused {
                "bad"
            } else {
                ""
            },
            changes: event.changes.iter().map(change).collect(),
        }
    }

    /// `2 changes`; empty without any.
    pub(crate) fn summary(&self) -> String {
        match self.changes.len() {
            0 => String::new(),
            1 => "1 change".to_owned(),
            many => format!("{many} changes"),
        }
    }
}

fn uncapitalised(label: &str) -> String {
    let mut letters = label.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

/// The group of an action: `account` of `account.created`.
pub(crate) fn group(action: AuditAction) -> &'static str {
    action.as_str().split('.').next().unwrap_or_default()
}

fn url(event: &AuditEvent) -> String {
    let folder = match group(event.action) {
        "account" | "quota" | "session" | "transfer" => "accounts",
        "customer" => "customers",
        "job" => "jobs",
        "plan" => "plans",
        _ => return String::new(),
    };
    let is_gone = event.action.as_str().ends_with(".deleted");
    if event.object_id.is_empty() || is_gone {
        return String::new();
    }
    format!("/admin/{folder}/{}", event.object_id)
}

fn icon(action: AuditAction) -> &'static str {
    match group(action) {
        "account" => "user",
        "admin" => "key",
        "customer" => "users",
        "plan" => "plans",
        "job" | "quota" => "refresh",
        "files" => "trash",
        "session" | "transfer" => "power",
        _ => "settings",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::clock::Timestamp;

    /// An entry with one change.
    pub(crate) fn event(action: AuditAction, object: &str) -> AuditEvent {
        AuditEvent {
            seq: 7,
            at: Timestamp::from_seconds(1_773_321_060),
            admin_id: None,
            actor: "Jonas Weber".to_owned(),
            ip: "198.51.100.9".to_owned(),
            action,
            object: object.to_owned(),
            object_id: "0195".to_owned(),
            changes: vec![(
                "storage_limit".to_owned(),
                "40 GiB".to_owned(),
                "50 GiB".to_owned(),
            )],
        }
    }

    #[test]
    fn an_entry_leads_to_what_it_is_about() {
        let row = AuditRow::new(
            &event(AuditAction::AccountChanged, "kestrel-print"),
            When::default(),
        );

        assert_eq!(row.url, "/admin/accounts/0195");
        assert_eq!(row.deed, "changed account");
        assert_eq!(
            (row.summary(), row.changes[0].field.as_str()),
            ("1 change".to_owned(), "storage limit")
        );
    }

    #[test]
    fn what_was_deleted_has_no_page() {
        let row = AuditRow::new(
            &event(AuditAction::AccountDeleted, "kestrel-print"),
            When::default(),
        );

        assert_eq!(row.url, "");
    }
}
