//! The part of a customer that forms edit, shared by the pages for a new and an existing one.

use crate::hosting::customers::{CustomerDetails, CustomerError, CustomerSettings};
use crate::model::page::PlanRow;
use crate::model::{Customer, Limit, Override, Plan, PlanId, PoolTraffic, ResetDay, Traffic};
use crate::web::account_form::LimitLine;
use crate::web::error::PageError;
use crate::web::form::Form;
use crate::web::limit_field::{LimitField, Measure};

/// Bytes that all accounts of a customer share.
pub(crate) const POOL_BYTES: LimitField = LimitField {
    name: "pool_bytes",
    label: "Storage of all accounts together",
    measure: Measure::Bytes,
};

/// Files that all accounts of a customer share.
pub(crate) const POOL_FILES: LimitField = LimitField {
    name: "pool_files",
    label: "Files of all accounts together",
    measure: Measure::Things("file", "files", 1_000_000_000),
};

/// Accounts a customer may have.
pub(crate) const MAX_ACCOUNTS: LimitField = LimitField {
    name: "max_accounts",
    label: "Accounts",
    measure: Measure::Things("account", "accounts", 100_000),
};

/// Bytes that all accounts of a customer may move in a month.
pub(crate) const POOL_TRAFFIC: Traffic<LimitField> = Traffic {
    up: LimitField {
        name: "pool_traffic_up",
        label: "Uploads of all accounts in a month",
        measure: Measure::Bytes,
    },
    down: LimitField {
        name: "pool_traffic_down",
        label: "Downloads of all accounts in a month",
        measure: Measure::Bytes,
    },
    both: LimitField {
        name: "pool_traffic_both",
        label: "Uploads and downloads of all accounts in a month",
        measure: Measure::Bytes,
    },
};

/// The day of the month on which traffic is counted anew.
const RESET_DAY: &str = "traffic_reset_day";

const NAME_LIMIT: usize = 120;
const NOTES_LIMIT: usize = 10_000;

/// Reads the settings; what is wrong stands in the form afterwards.
pub(crate) fn read(form: &mut Form) -> Option<CustomerSettings> {
    let name = form.text("name", "Enter a name");
    if name
        .as_ref()
        .is_some_and(|name| name.chars().count() > NAME_LIMIT)
    {
        form.refuse("name", "Name must be 120 characters or fewer");
    }
    let contact_email = form.value("contact_email").trim().to_owned();
    if !contact_email.is_empty() && !is_email(&contact_email) {
        form.refuse(
            "contact_email",
            "Enter an e-mail address like name@example.com",
        );
    }
    let plan = form
        .value("plan")
        .parse::<PlanId>()
        .map_err(|_| "Choose a plan");
    let plan_id = form.check("plan", plan);
    let pool_bytes = POOL_BYTES.read(form);
    let pool_files = POOL_FILES.read(form);
    let max_accounts = MAX_ACCOUNTS.read(form);
    let traffic = POOL_TRAFFIC.map(|field| field.read(form).ok_or(())).all();
    let reset_day = form.read::<ResetDay>(RESET_DAY);
    let notes = form.value("notes").trim().to_owned();
    if notes.chars().count() > NOTES_LIMIT {
        form.refuse("notes", "Notes must be 10,000 characters or fewer");
    }
    if !form.is_fine() {
        return None;
    }
    Some(CustomerSettings {
        name: name?,
        contact_email,
        plan_id: plan_id?,
        pool_bytes: pool_bytes?,
        pool_files: pool_files?,
        max_accounts: max_accounts?,
        traffic: PoolTraffic {
            limits: traffic.ok()?,
            reset_day: reset_day?,
        },
        notes,
    })
}

/// Writes a stored customer into the form.
pub(crate) fn fill(form: &mut Form, customer: &Customer, plan: &Plan) {
    form.set("name", &customer.name);
    form.set("contact_email", &customer.contact_email);
    form.set("plan", customer.plan_id);
    form.set("notes", &customer.notes);
    POOL_BYTES.fill(form, customer.pool_bytes, plan.pool_bytes);
    POOL_FILES.fill(form, customer.pool_files, plan.pool_files);
    MAX_ACCOUNTS.fill(form, customer.max_accounts, plan.max_accounts);
    fill_traffic(form, customer.traffic, plan.pool_traffic);
}

fn fill_traffic(form: &mut Form, own: PoolTraffic, above: Traffic<Limit>) {
    let fields = POOL_TRAFFIC.beside(own.limits).beside(above);
    for ((field, own), above) in fields.into_array() {
        field.fill(form, own, above);
    }
    form.set(RESET_DAY, own.reset_day);
}

/// Writes what a new customer begins with into the form.
pub(crate) fn fill_new(form: &mut Form, plan: Option<&Plan>) {
    form.set(
        "plan",
        plan.map(|plan| plan.id.to_string()).unwrap_or_default(),
    );
    let above = |limit: Option<Limit>| limit.flatten();
    POOL_BYTES.fill(
        form,
        Override::Inherit,
        above(plan.map(|plan| plan.pool_bytes)),
    );
    POOL_FILES.fill(
        form,
        Override::Inherit,
        above(plan.map(|plan| plan.pool_files)),
    );
    MAX_ACCOUNTS.fill(
        form,
        Override::Inherit,
        above(plan.map(|plan| plan.max_accounts)),
    );
    let traffic = plan.map_or_else(Traffic::default, |plan| plan.pool_traffic);
    fill_traffic(form, PoolTraffic::default(), traffic);
}

/// The days on which traffic may be counted anew: value and words.
pub(crate) fn reset_days() -> Vec<(String, String)> {
    let day = |day: u8| (day.to_string(), format!("Day {day} of the month"));
    (1..=ResetDay::LAST).map(day).collect()
}

/// The limits of a new customer; several plans while it is open which of them applies.
pub(crate) fn lines_of_plans(plans: &[&Plan]) -> Vec<LimitLine> {
    let line = |field: LimitField, above: fn(&Plan) -> Limit| LimitLine {
        name: field.name,
        label: field.label,
        units: field.units(),
        above: field.measure.words_of(plans, above),
        now: String::new(),
        in_force: String::new(),
    };
    vec![
        line(POOL_BYTES, |plan| plan.pool_bytes),
        line(POOL_FILES, |plan| plan.pool_files),
        line(MAX_ACCOUNTS, |plan| plan.max_accounts),
        line(POOL_TRAFFIC.up, |plan| plan.pool_traffic.up),
        line(POOL_TRAFFIC.down, |plan| plan.pool_traffic.down),
        line(POOL_TRAFFIC.both, |plan| plan.pool_traffic.both),
    ]
}

/// The limits of a customer with what is in use.
pub(crate) fn lines_of_customer(details: &CustomerDetails) -> Vec<LimitLine> {
    let plan = &details.plan;
    let accounts = u64::try_from(details.accounts.len()).unwrap_or(u64::MAX);
    let line = |field: LimitField, above: Limit, in_force: Limit, used: u64| LimitLine {
        name: field.name,
        label: field.label,
        units: field.units(),
        above: field.measure.words(above),
        now: format!("{} now.", field.measure.amount(used)),
        in_force: field.measure.words(in_force),
    };
    let traffic = POOL_TRAFFIC.beside(plan.pool_traffic);
    let traffic = traffic.beside(details.pool_traffic.map(|effective| effective.limit));
    let traffic = traffic.beside(details.traffic.moved.against()).into_array();
    let traffic =
        traffic.map(|(((field, above), in_force), used)| line(field, above, in_force, used));
    let mut lines = vec![
        line(
            POOL_BYTES,
            plan.pool_bytes,
            details.pool_bytes.limit,
            details.usage.bytes,
        ),
        line(
            POOL_FILES,
            plan.pool_files,
            details.pool_files.limit,
            details.usage.files,
        ),
        line(
            MAX_ACCOUNTS,
            plan.max_accounts,
            details.max_accounts.limit,
            accounts,
        ),
    ];
    lines.extend(traffic);
    lines
}

/// The plans to choose from: id and words.
pub(crate) fn plan_options(plans: &[PlanRow]) -> Vec<(String, String)> {
    plans
        .iter()
        .map(|row| {
            let pool = POOL_BYTES.measure.words(row.plan.pool_bytes);
            (
                row.plan.id.to_string(),
                format!("{}, {pool}", row.plan.name),
            )
        })
        .collect()
}

/// Puts what the service refused beside its field; what has no field becomes a page.
pub(crate) fn refuse(form: &mut Form, error: CustomerError) -> Result<(), PageError> {
    match error {
        CustomerError::BadName => form.refuse("name", error),
        CustomerError::Taken(name) => form.refuse("name", format!("{name} is taken")),
        CustomerError::NoSuchPlan => form.refuse("plan", "Choose a plan"),
        error => return Err(error.into()),
    }
    Ok(())
}

/// Whether a text has the shape of an address: something, an at sign, a domain with a dot. Whether
/// anybody reads it only a message can tell.
fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let is_plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace());
    let has_dot = domain
        .split_once('.')
        .is_some_and(|(host, rest)| !host.is_empty() && !rest.is_empty());
    text.len() <= 254 && is_plain(name) && is_plain(domain) && has_dot
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> Form {
        let mut form = Form::new().with("name", "Kestrel Print GmbH");
        fill_new(&mut form, None);
        form.set("plan", PlanId::from_parts(1, [1; 10]));
        form
    }

    #[test]
    fn a_name_and_a_plan_are_enough() {
        let settings = read(&mut filled()).unwrap();

        assert_eq!(settings.name, "Kestrel Print GmbH");
        assert_eq!(settings.pool_bytes, Override::Inherit);
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let mut form = filled();
        form.set("name", " ");
        form.set("contact_email", "prepress");
        form.set("plan", "");

        assert!(read(&mut form).is_none());

        let errors: Vec<&str> = form
            .errors()
            .iter()
            .map(|error| error.text.as_str())
            .collect();
        assert_eq!(
            errors,
            [
                "Enter a name",
                "Enter an e-mail address like name@example.com",
                "Choose a plan"
            ]
        );
    }

    #[test]
    fn an_address_needs_a_domain_with_a_dot() {
        assert!(is_email("prepress@kestrel-print.example"));
        for wrong in [
            "prepress",
            "@example.com",
            "a@b",
            "a b@example.com",
            "a@.com",
        ] {
            assert!(!is_email(wrong), "{wrong}");
        }
    }
}
