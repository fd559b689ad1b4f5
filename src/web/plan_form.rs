//! The part of a plan that forms edit, shared by the pages for a new and an existing one.

use crate::hosting::plans::{PlanError, PlanSettings};
use crate::model::{AccountLimits, Plan};
use crate::web::account_form::LIMITS;
use crate::web::customer_form::{MAX_ACCOUNTS, POOL_BYTES, POOL_FILES};
use crate::web::error::PageError;
use crate::web::form::Form;
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
    ..LIMITS
};

/// Limits that all accounts of a customer share.
pub(crate) const POOL_LIMITS: [LimitField; 3] = [
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
];

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
    let account = ACCOUNT_LIMITS.map(|field| field.read_limit(form).ok_or(()));
    let [pool_bytes, pool_files, accounts] = POOL_LIMITS.map(|field| field.read_limit(form));
    if !form.is_fine() {
        return None;
    }
    Some(PlanSettings {
        name: name?,
        description,
        pool_bytes: pool_bytes?,
        pool_files: pool_files?,
        max_accounts: accounts?,
        account: account.all().ok()?,
        is_default: form.is("is_default", "yes"),
    })
}

/// Writes a stored plan into the form.
pub(crate) fn fill(form: &mut Form, plan: &Plan) {
    form.set("name", &plan.name);
    form.set("description", &plan.description);
    if plan.is_default {
        form.set("is_default", "yes");
    }
    let pool = [plan.pool_bytes, plan.pool_files, plan.max_accounts];
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
