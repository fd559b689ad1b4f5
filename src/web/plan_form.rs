//! The part of a plan that forms edit, shared by the pages for a new and an existing one.

use crate::hosting::plans::{JOURNAL_DAYS, PlanError, PlanSettings, TRASH_DAYS};
use crate::model::{AccountLimits, NamePatterns, Override, Plan, Traffic};
use crate::settings::Settings;
use crate::web::access_form::{chosen_checksum, read_checksum};
use crate::web::account_form::LIMITS;
use crate::web::customer_form::{MAX_ACCOUNTS, POOL_BYTES, POOL_FILES, POOL_TRAFFIC};
use crate::web::error::PageError;
use crate::web::form::Form;
use crate::web::format::plural;
use crate::web::limit_field::LimitField;

/// Limits of one account, with the names that a plan's form gives them.
pub(crate) const ACCOUNT_LIMITS: AccountLimits<LimitField> = AccountLimits {
    bytes: LimitField {
        name: "account_bytes",
        label: "Storage",
        ..LIMITS.bytes
    },
    files: LimitField {
        name: "account_files",
        label: "Files",
        ..LIMITS.files
    },
    sessions: LimitField {
        name: "account_sessions",
        label: "Sessions at once",
        ..LIMITS.sessions
    },
    sessions_per_address: LimitField {
        name: "account_sessions_per_address",
        ..LIMITS.sessions_per_address
    },
    traffic: Traffic {
        up: LimitField {
            name: "account_traffic_up",
            ..LIMITS.traffic.up
        },
        down: LimitField {
            name: "account_traffic_down",
            ..LIMITS.traffic.down
        },
        both: LimitField {
            name: "account_traffic_both",
            ..LIMITS.traffic.both
        },
    },
    ..LIMITS
};

/// Limits that all accounts of a customer share.
pub(crate) const POOL_LIMITS: [LimitField; 6] = [
    LimitField {
        label: "Storage",
        ..POOL_BYTES
    },
    LimitField {
        label: "Files",
        ..POOL_FILES
    },
    LimitField {
        label: "Accounts",
        ..MAX_ACCOUNTS
    },
    LimitField {
        label: LIMITS.traffic.up.label,
        ..POOL_TRAFFIC.up
    },
    LimitField {
        label: LIMITS.traffic.down.label,
        ..POOL_TRAFFIC.down
    },
    LimitField {
        label: LIMITS.traffic.both.label,
        ..POOL_TRAFFIC.both
    },
];

/// Sessions from one address that a new plan gives each account; the programs that people use open
/// two to ten.
const SESSIONS_PER_ADDRESS: u64 = 8;
const NAME_LIMIT: usize = 60;
const DESCRIPTION_LIMIT: usize = 200;

/// Reads the settings; what is wrong stands in the form afterwards.
pub(crate) fn read(form: &mut Form) -> Option<PlanSettings> {
    let name = form.text("name", "Enter a name");
    if name
        .as_ref()
        .is_some_and(|name| name.chars().count() > NAME_LIMIT)
    {
        form.refuse("name", "Name must be 60 characters or fewer");
    }
    let description = form.value("description").trim().to_owned();
    if description.chars().count() > DESCRIPTION_LIMIT {
        form.refuse("description", "Description must be 200 characters or fewer");
    }
    let journal_days = read_journal(form);
    let trash_days = read_trash(form);
    let account = ACCOUNT_LIMITS.map(|field| field.read_limit(form).ok_or(()));
    let denied_names = form.read::<NamePatterns>("denied_names");
    let checksum = if form.has("checksum") {
        let read = read_checksum(form.value("checksum"));
        form.check("checksum", read)
    } else {
        Some(Override::Inherit)
    };
    let [pool_bytes, pool_files, accounts, up, down, both] =
        POOL_LIMITS.map(|field| field.read_limit(form));
    if !form.is_fine() {
        return None;
    }
    Some(PlanSettings {
        name: name?,
        description,
        pool_bytes: pool_bytes?,
        pool_files: pool_files?,
        max_accounts: accounts?,
        pool_traffic: Traffic {
            up: up?,
            down: down?,
            both: both?,
        },
        account: account.all().ok()?,
        journal_days: journal_days?,
        trash_days: trash_days.ok()?,
        denied_names: denied_names?,
        checksum: checksum?,
        is_default: form.is("is_default", "yes"),
    })
}

/// The choices of how long the journal is kept: value, words, explanation. `settings` is what the
/// settings say, in words.
pub(crate) fn journal_choices(settings: &str) -> [(&'static str, String, &'static str); 3] {
    [
        ("settings", format!("As in the settings: {settings}"), ""),
        ("days", "For as many days as this plan says".to_owned(), ""),
        (
            "ever",
            "For ever".to_owned(),
            "The journal grows with every transfer.",
        ),
    ]
}

/// How long the settings keep the journal: `90 days`.
pub(crate) fn journal_words(settings: &Settings) -> String {
    let days = settings.journal_days.0;
    plural(u64::from(days), "day", "days")
}

fn read_journal(form: &mut Form) -> Option<Override> {
    match form.value("journal") {
        "days" => {
            let typed = form.value("journal_days").trim().replace(',', "");
            let days = typed
                .parse()
                .ok()
                .filter(|days| JOURNAL_DAYS.contains(days));
            let days = days.ok_or("Days must be a number from 1 to 3,650");
            let days = form.check("journal_days", days)?;
            Some(Override::Own(Some(days)))
        }
        "ever" => Some(Override::Own(None)),
        _ => Some(Override::Inherit),
    }
}

/// Days in the trash; an empty field is what the settings say.
fn read_trash(form: &mut Form) -> Result<Option<u32>, ()> {
    let typed = form.value("trash_days").trim().replace(',', "");
    if typed.is_empty() {
        return Ok(None);
    }
    let days = typed.parse().ok().filter(|days| TRASH_DAYS.contains(days));
    let days = days.ok_or("Days in the trash must be a number from 1 to 3,650, or empty");
    form.check("trash_days", days).map(Some).ok_or(())
}

fn fill_journal(form: &mut Form, days: Override) {
    match days {
        Override::Inherit => form.set("journal", "settings"),
        Override::Own(None) => form.set("journal", "ever"),
        Override::Own(Some(days)) => {
            form.set("journal", "days");
            form.set("journal_days", days.to_string());
        }
    }
}

/// Writes what a new plan begins with into the form.
pub(crate) fn fill_new(form: &mut Form) {
    ACCOUNT_LIMITS
        .sessions_per_address
        .fill_limit(form, Some(SESSIONS_PER_ADDRESS));
    form.set("checksum", chosen_checksum(Override::Inherit));
}

/// Writes a stored plan into the form.
pub(crate) fn fill(form: &mut Form, plan: &Plan) {
    form.set("name", &plan.name);
    form.set("description", &plan.description);
    form.set("denied_names", &plan.denied_names);
    form.set("checksum", chosen_checksum(plan.checksum));
    if plan.is_default {
        form.set("is_default", "yes");
    }
    fill_journal(form, plan.journal_days);
    if let Some(days) = plan.trash_days {
        form.set("trash_days", days);
    }
    let pool = [plan.pool_bytes, plan.pool_files, plan.max_accounts];
    let pool = pool.into_iter().chain(plan.pool_traffic.into_array());
    for (field, limit) in ACCOUNT_LIMITS.beside(plan.account).into_array() {
        field.fill_limit(form, limit);
    }
    for (field, limit) in POOL_LIMITS.into_iter().zip(pool) {
        field.fill_limit(form, limit);
    }
}

/// Puts what the service refused beside its field; what has no field becomes a page.
pub(crate) fn refuse(form: &mut Form, error: PlanError) -> Result<(), PageError> {
    match error {
        PlanError::BadName => form.refuse("name", error),
        PlanError::BadDays => form.refuse("journal_days", error),
        PlanError::BadTrashDays => form.refuse("trash_days", error),
        PlanError::Taken(name) => form.refuse("name", format!("{name} is taken")),
        PlanError::IsDefault => form.refuse(
            "is_default",
            "One plan must be the default. Make another plan the default instead",
        ),
        error => return Err(error.into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Checksum;

    #[test]
    fn an_empty_limit_is_no_limit_and_zero_is_zero() {
        let mut form = Form::new()
            .with("name", "Camera")
            .with("account_sessions", "0");

        let settings = read(&mut form).unwrap();

        assert_eq!(settings.account.bytes, None);
        assert_eq!(settings.account.sessions, Some(0));
        assert!(!settings.is_default);
    }

    #[test]
    fn a_plan_keeps_the_journal_as_long_as_it_says() {
        for (chosen, typed, days) in [
            ("", "", Some(Override::Inherit)),
            ("settings", "7", Some(Override::Inherit)),
            ("ever", "7", Some(Override::Own(None))),
            ("days", "1,000", Some(Override::Own(Some(1_000)))),
            ("days", "0", None),
            ("days", "3651", None),
            ("days", "many", None),
            ("days", "", None),
        ] {
            let mut form = Form::new()
                .with("name", "Camera")
                .with("journal", chosen)
                .with("journal_days", typed);

            let read = read(&mut form).map(|settings| settings.journal_days);

            assert_eq!(read, days, "{chosen} {typed}");
            assert_eq!(form.is_wrong("journal_days"), days.is_none());
        }
    }

    #[test]
    fn a_plan_says_whether_uploads_get_a_checksum() {
        for (chosen, checksum) in [
            ("inherit", Some(Override::Inherit)),
            ("off", Some(Override::Own(Checksum::Off))),
            ("sha256", Some(Override::Own(Checksum::Sha256))),
            ("md5", None),
            ("", None),
        ] {
            let mut form = Form::new().with("name", "Camera").with("checksum", chosen);

            let read = read(&mut form).map(|settings| settings.checksum);

            assert_eq!(read, checksum, "{chosen}");
            assert_eq!(form.is_wrong("checksum"), checksum.is_none());
        }
    }

    #[test]
    fn days_in_the_trash_are_a_number_or_as_the_settings_say() {
        for (typed, days) in [
            ("", Some(None)),
            (" 1,000 ", Some(Some(1_000))),
            ("0", None),
            ("3651", None),
            ("-1", None),
            ("some", None),
        ] {
            let mut form = Form::new().with("name", "Camera").with("trash_days", typed);

            let read = read(&mut form).map(|settings| settings.trash_days);

            assert_eq!(read, days, "{typed}");
            assert_eq!(form.is_wrong("trash_days"), days.is_none());
        }
    }

    #[test]
    fn a_plan_needs_a_name() {
        let mut form = Form::new().with("pool_bytes", "much");

        assert!(read(&mut form).is_none());
        assert_eq!(form.error_text("name"), "Enter a name");
        assert_eq!(
            form.error_text("pool_bytes"),
            "Storage must be a number, for example 50"
        );
    }
}
