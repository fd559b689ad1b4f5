//! The part of an account that forms edit: permissions, encryption, own limits, notes. The pages for
//! a new and for an existing account share it.

use crate::hosting::accounts::{AccountDetails, AccountSettings};
use crate::model::{Limit, Override, PermissionProfile, Plan, TlsRule};
use crate::settings::TlsPolicy;
use crate::web::form::Form;
use crate::web::limit_field::{LimitField, Measure};

/// A limit as a page shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LimitLine {
    /// Name and id of the input.
    pub(crate) name: &'static str,
    /// What the limit is called.
    pub(crate) label: &'static str,
    /// Whether a unit stands beside the figure.
    pub(crate) has_unit: bool,
    /// What the level above says, in words.
    pub(crate) above: String,
    /// What is in use now, in words; empty where there is nothing yet.
    pub(crate) now: String,
    /// The limit in force, in words, for those who may only read.
    pub(crate) in_force: String,
}

/// Bytes of one account.
pub(crate) const BYTES: LimitField = LimitField {
    name: "bytes",
    label: "Storage limit",
    measure: Measure::Bytes,
};

/// Files of one account.
pub(crate) const FILES: LimitField = LimitField {
    name: "files",
    label: "File limit",
    measure: Measure::Things("file", "files", 1_000_000_000),
};

/// Sessions of one account.
pub(crate) const SESSIONS: LimitField = LimitField {
    name: "sessions",
    label: "Sessions",
    measure: Measure::Things("session", "sessions", 1_000),
};

/// Longest note, in characters.
const NOTES_LIMIT: usize = 10_000;

/// Reads the settings; what is wrong stands in the form afterwards.
pub(crate) fn read(form: &mut Form) -> Option<AccountSettings> {
    let permissions = form.read::<PermissionProfile>("permissions");
    let tls = read_rule(form);
    let bytes = BYTES.read(form);
    let files = FILES.read(form);
    let sessions = SESSIONS.read(form);
    let notes = form.value("notes").trim().to_owned();
    if notes.chars().count() > NOTES_LIMIT {
        form.refuse("notes", "Notes must be 10,000 characters or fewer");
        return None;
    }
    Some(AccountSettings {
        permissions: permissions?,
        tls: tls?,
        bytes: bytes?,
        files: files?,
        sessions: sessions?,
        notes,
    })
}

/// Writes stored settings into the form; `plan` gives what custom values begin with.
pub(crate) fn fill(form: &mut Form, settings: &AccountSettings, plan: Option<&Plan>) {
    form.set("permissions", settings.permissions.as_str());
    form.set("tls", settings.tls.as_str());
    form.set("notes", &settings.notes);
    let own = |field: LimitField, form: &mut Form, value: Override, above: Option<Limit>| {
        field.fill(form, value, above.flatten());
    };
    own(
        BYTES,
        form,
        settings.bytes,
        plan.map(|plan| plan.account_bytes),
    );
    own(
        FILES,
        form,
        settings.files,
        plan.map(|plan| plan.account_files),
    );
    own(
        SESSIONS,
        form,
        settings.sessions,
        plan.map(|plan| plan.account_sessions),
    );
}

/// The part of an account that is edited.
pub(crate) fn settings_of(details: &AccountDetails) -> AccountSettings {
    let account = &details.account;
    AccountSettings {
        permissions: account.permissions,
        tls: account.tls,
        bytes: account.bytes,
        files: account.files,
        sessions: account.sessions,
        notes: account.notes.clone(),
    }
}

/// The limits of a new account; several plans while it is open which of them applies.
pub(crate) fn lines_of_plans(plans: &[&Plan]) -> Vec<LimitLine> {
    let line = |field: LimitField, above: fn(&Plan) -> Limit| LimitLine {
        name: field.name,
        label: field.label,
        has_unit: field.has_unit(),
        above: field.measure.words_of(plans, above),
        now: String::new(),
        in_force: String::new(),
    };
    vec![
        line(BYTES, |plan| plan.account_bytes),
        line(FILES, |plan| plan.account_files),
        line(SESSIONS, |plan| plan.account_sessions),
    ]
}

/// The limits of an account with what is in use.
pub(crate) fn lines_of_account(details: &AccountDetails) -> Vec<LimitLine> {
    let plan = &details.plan;
    let limits = &details.limits;
    let sessions = u64::try_from(details.sessions).unwrap_or(u64::MAX);
    let line = |field: LimitField, above: Limit, in_force: Limit, used: u64| LimitLine {
        name: field.name,
        label: field.label,
        has_unit: field.has_unit(),
        above: field.measure.words(above),
        now: format!("{} now.", field.measure.amount(used)),
        in_force: field.measure.words(in_force),
    };
    let (bytes, files) = (details.usage.bytes, details.usage.files);
    vec![
        line(BYTES, plan.account_bytes, limits.bytes.limit, bytes),
        line(FILES, plan.account_files, limits.files.limit, files),
        line(
            SESSIONS,
            plan.account_sessions,
            limits.sessions.limit,
            sessions,
        ),
    ]
}

/// The permission profiles: value, words, what they allow.
pub(crate) fn profiles() -> Vec<(&'static str, &'static str, &'static str)> {
    let about = |profile| match profile {
        PermissionProfile::Full => "List, download, upload, replace, rename, delete, make folders.",
        PermissionProfile::NoDelete => {
            "List, download, upload, resume, make folders. Nothing is replaced, renamed or deleted."
        }
        PermissionProfile::ReadOnly => "List and download.",
        PermissionProfile::UploadOnly => {
            "Upload and make folders, without seeing what is there. For cameras and drop-offs."
        }
    };
    PermissionProfile::ALL
        .into_iter()
        .map(|profile| (profile.as_str(), profile.label(), about(profile)))
        .collect()
}

/// The encryption rules: value, words, what they mean under the server's `policy`.
pub(crate) fn rules(policy: TlsPolicy) -> Vec<(&'static str, &'static str, &'static str)> {
    TlsRule::ALL
        .into_iter()
        .map(|rule| (rule.as_str(), rule_words(rule), rule_about(rule, policy)))
        .collect()
}

/// An encryption rule in words.
pub(crate) fn rule_words(rule: TlsRule) -> &'static str {
    match rule {
        TlsRule::Inherit => "As the server says",
        TlsRule::Required => "TLS required",
        TlsRule::Optional => "Plain connections allowed",
    }
}

/// What the server says about encryption, in words.
pub(crate) fn rule_about(rule: TlsRule, policy: TlsPolicy) -> &'static str {
    match (rule, policy) {
        (TlsRule::Inherit, TlsPolicy::Required) => "Now: TLS is required.",
        (TlsRule::Inherit, TlsPolicy::Optional) => "Now: TLS is offered, not required.",
        (TlsRule::Inherit, TlsPolicy::Off) => "Now: TLS is off.",
        (TlsRule::Required, _) => "Also where the server only offers TLS.",
        (TlsRule::Optional, _) => {
            "An exception for an old device. Password and files cross the network readable."
        }
    }
}

fn read_rule(form: &mut Form) -> Option<TlsRule> {
    let chosen = form.value("tls").to_owned();
    let rule = TlsRule::ALL
        .into_iter()
        .find(|rule| rule.as_str() == chosen);
    form.check("tls", rule.ok_or("Choose an encryption rule"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> Form {
        let mut form = Form::new();
        fill(&mut form, &AccountSettings::default(), None);
        form
    }

    #[test]
    fn settings_read_back_from_their_form() {
        let settings = AccountSettings {
            permissions: PermissionProfile::UploadOnly,
            tls: TlsRule::Optional,
            bytes: Override::Own(Some(20 << 30)),
            files: Override::Own(None),
            sessions: Override::Inherit,
            notes: "Camera at gate 2".to_owned(),
        };
        let mut form = Form::new();

        fill(&mut form, &settings, None);

        assert_eq!(read(&mut form), Some(settings));
    }

    #[test]
    fn a_choice_that_was_never_offered_is_refused() {
        let mut form = filled();
        form.set("tls", "sometimes");

        assert_eq!(read(&mut form), None);
        assert_eq!(form.error_text("tls"), "Choose an encryption rule");
    }

    #[test]
    fn every_wrong_limit_is_named_at_once() {
        let mut form = filled();
        for (name, typed) in [("bytes", "lots"), ("sessions", "-1")] {
            form.set(&format!("{name}_src"), "own");
            form.set(name, typed);
        }

        assert_eq!(read(&mut form), None);
        assert_eq!(form.errors().len(), 2);
    }
}
