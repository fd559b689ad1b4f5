//! The part of an account that forms edit: permissions, encryption, own limits, notes. The pages for
//! a new and for an existing account share it.

use crate::hosting::accounts::{AccountDetails, AccountSettings};
use crate::hosting::limits::Effective;
use crate::model::{AccountLimits, Limit, PermissionProfile, Plan, TlsRule, Traffic};
use crate::settings::TlsPolicy;
use crate::web::access_form;
use crate::web::form::Form;
use crate::web::limit_field::{LimitField, Measure};

/// A limit as a page shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LimitLine {
    /// Name and id of the input.
    pub(crate) name: &'static str,
    /// What the limit is called.
    pub(crate) label: &'static str,
    /// The units that stand beside the figure; none if it is a number of things.
    pub(crate) units: &'static [&'static str],
    /// What the level above says, in words.
    pub(crate) above: String,
    /// What is in use now, in words; empty where there is nothing yet.
    pub(crate) now: String,
    /// The limit in force, in words, for those who may only read.
    pub(crate) in_force: String,
}

/// The limits of one account, as forms name them.
pub(crate) const LIMITS: AccountLimits<LimitField> = AccountLimits {
    bytes: field("bytes", "Storage limit", Measure::Bytes),
    files: field(
        "files",
        "File limit",
        Measure::Things("file", "files", 1_000_000_000),
    ),
    file_bytes: field("file_bytes", "Largest file", Measure::Bytes),
    sessions: field(
        "sessions",
        "Sessions",
        Measure::Things("session", "sessions", 1_000),
    ),
    sessions_per_address: field(
        "sessions_per_address",
        "Sessions from one address",
        Measure::Things("session", "sessions", 1_000),
    ),
    upload_rate: field("upload_rate", "Upload rate", Measure::Rate),
    download_rate: field("download_rate", "Download rate", Measure::Rate),
    session_upload_rate: field(
        "session_upload_rate",
        "Upload rate of a session",
        Measure::Rate,
    ),
    session_download_rate: field(
        "session_download_rate",
        "Download rate of a session",
        Measure::Rate,
    ),
    traffic: Traffic {
        up: field("traffic_up", "Uploads in a month", Measure::Bytes),
        down: field("traffic_down", "Downloads in a month", Measure::Bytes),
        both: field(
            "traffic_both",
            "Uploads and downloads in a month",
            Measure::Bytes,
        ),
    },
};

/// Longest note, in characters.
const NOTES_LIMIT: usize = 10_000;

/// Reads the settings; what the page does not show stays as `known` says, and what is wrong stands in
/// the form afterwards.
pub(crate) fn read(form: &mut Form, known: &AccountSettings) -> Option<AccountSettings> {
    let permissions = form.read::<PermissionProfile>("permissions");
    let tls = read_rule(form);
    let limits = LIMITS.map(|field| field.read(form).ok_or(())).all();
    let rules = access_form::read(form, known);
    let notes = form.value("notes").trim().to_owned();
    if notes.chars().count() > NOTES_LIMIT {
        form.refuse("notes", "Notes must be 10,000 characters or fewer");
        return None;
    }
    let (login, session) = rules?;
    Some(AccountSettings {
        permissions: permissions?,
        tls: tls?,
        login,
        session,
        limits: limits.ok()?,
        notes,
    })
}

/// Writes stored settings into the form; `plan` gives what custom values begin with.
pub(crate) fn fill(form: &mut Form, settings: &AccountSettings, plan: Option<&Plan>) {
    form.set("permissions", settings.permissions.as_str());
    form.set("tls", settings.tls.as_str());
    form.set("notes", &settings.notes);
    access_form::fill(form, settings, plan);
    let above = plan.map_or_else(AccountLimits::default, |plan| plan.account);
    let limits = LIMITS.beside(settings.limits).beside(above);
    for ((field, own), above) in limits.into_array() {
        field.fill(form, own, above);
    }
}

/// The limits of a new account; several plans while it is open which of them applies.
pub(crate) fn lines_of_plans(plans: &[&Plan]) -> Vec<LimitLine> {
    let above =
        |index: usize| move |plan: &Plan| plan.account.into_array().get(index).copied().flatten();
    let line = |(index, field): (usize, LimitField)| LimitLine {
        name: field.name,
        label: field.label,
        units: field.units(),
        above: field.measure.words_of(plans, above(index)),
        now: String::new(),
        in_force: String::new(),
    };
    LIMITS
        .into_array()
        .into_iter()
        .enumerate()
        .map(line)
        .collect()
}

/// The limits of an account with what is in use.
pub(crate) fn lines_of_account(details: &AccountDetails) -> Vec<LimitLine> {
    let used = AccountLimits {
        bytes: Some(details.usage.bytes),
        files: Some(details.usage.files),
        sessions: u64::try_from(details.sessions).ok(),
        traffic: details.traffic.moved.against().map(Some),
        ..AccountLimits::default()
    };
    let limits = LIMITS.beside(details.plan.account);
    let limits = limits.beside(details.limits.account).beside(used);
    let line =
        |(((field, above), in_force), used): (((LimitField, Limit), Effective), _)| LimitLine {
            name: field.name,
            label: field.label,
            units: field.units(),
            above: field.measure.words(above),
            now: Option::map_or(used, String::new(), |used: u64| {
                format!("{} now.", field.measure.amount(used))
            }),
            in_force: field.measure.words(in_force.limit),
        };
    limits.into_array().into_iter().map(line).collect()
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

const fn field(name: &'static str, label: &'static str, measure: Measure) -> LimitField {
    LimitField {
        name,
        label,
        measure,
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
    use crate::model::Override;

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
            limits: AccountLimits {
                bytes: Override::Own(Some(20 << 30)),
                files: Override::Own(None),
                upload_rate: Override::Own(Some(64 << 10)),
                ..AccountLimits::default()
            },
            notes: "Camera at gate 2".to_owned(),
            ..AccountSettings::default()
        };
        let mut form = Form::new();

        fill(&mut form, &settings, None);

        let known = AccountSettings::default();
        assert_eq!(read(&mut form, &known), Some(settings));
    }

    #[test]
    fn a_choice_that_was_never_offered_is_refused() {
        let mut form = filled();
        form.set("tls", "sometimes");

        assert_eq!(read(&mut form, &AccountSettings::default()), None);
        assert_eq!(form.error_text("tls"), "Choose an encryption rule");
    }

    #[test]
    fn every_wrong_limit_is_named_at_once() {
        let mut form = filled();
        for (name, typed) in [("bytes", "lots"), ("sessions", "-1")] {
            form.set(&format!("{name}_src"), "own");
            form.set(name, typed);
        }

        assert_eq!(read(&mut form, &AccountSettings::default()), None);
        assert_eq!(form.errors().len(), 2);
    }
}
