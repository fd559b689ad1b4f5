//! What the audit log says about a change of an account.

use crate::hosting::foundation::{Deed, bytes, differences, number, override_words};
use crate::model::{Account, AuditAction};

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
    let size = |own| override_words(own, bytes);
    let count = |own| override_words(own, number);
    differences([
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
        ("storage", size(before.bytes), size(after.bytes)),
        ("files", count(before.files), count(after.files)),
        ("sessions", count(before.sessions), count(after.sessions)),
        ("notes", before.notes.clone(), after.notes.clone()),
    ])
}
