//! What the audit log says about a change of a customer.

use crate::hosting::foundation::{bytes, differences, number, override_words};
use crate::hosting::limit_words::POOL_TRAFFIC;
use crate::model::{Customer, Plan};

/// The fields that differ.
pub(super) fn changes(
    (before, old_plan): (&Customer, &Plan),
    (after, new_plan): (&Customer, &Plan),
) -> Vec<(String, String, String)> {
    let size = |own| override_words(own, bytes);
    let count = |own| override_words(own, number);
    let traffic = POOL_TRAFFIC.beside(before.traffic.limits);
    let traffic = traffic.beside(after.traffic.limits).into_array();
    let traffic = traffic.map(|((words, before), after)| {
        let (before, after) = (words.own(before), words.own(after));
        (words.name, before, after)
    });
    let day = |customer: &Customer| format!("day {}", customer.traffic.reset_day);
    let facts = [
        ("name", before.name.clone(), after.name.clone()),
        (
            "contact e-mail",
            before.contact_email.clone(),
            after.contact_email.clone(),
        ),
        ("plan", old_plan.name.clone(), new_plan.name.clone()),
        (
            "shared storage",
            size(before.pool_bytes),
            size(after.pool_bytes),
        ),
        (
            "shared files",
            count(before.pool_files),
            count(after.pool_files),
        ),
        (
            "accounts",
            count(before.max_accounts),
            count(after.max_accounts),
        ),
        ("traffic begins anew", day(before), day(after)),
        ("notes", before.notes.clone(), after.notes.clone()),
    ];
    differences(facts.into_iter().chain(traffic))
}
