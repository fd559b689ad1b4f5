//! What the audit log says about a change of a plan.

use crate::hosting::foundation::{bytes, differences, limit_words, number};
use crate::hosting::limit_words::{POOL_TRAFFIC, WORDS};
use crate::model::{Checksum, Override, Plan};

/// What differs between two versions of a plan: name, before, after.
pub(super) fn changes(before: &Plan, after: &Plan) -> Vec<(String, String, String)> {
    let limits = WORDS.beside(before.account).beside(after.account);
    let account = limits.into_array().map(|((words, before), after)| {
        let (before, after) = (words.limit(before), words.limit(after));
        (words.name, before, after)
    });
    let pool = POOL_TRAFFIC.beside(before.pool_traffic);
    let pool = pool.beside(after.pool_traffic).into_array();
    let pool = pool.map(|((words, before), after)| {
        let (before, after) = (words.limit(before), words.limit(after));
        (words.name, before, after)
    });
    let said = said(before).into_iter().zip(said(after));
    let plan = said.map(|((name, before), (_, after))| (name, before, after));
    differences(plan.chain(pool).chain(account))
}

/// What a plan says besides the limits of an account.
fn said(plan: &Plan) -> [(&'static str, String); 10] {
    let size = |limit| limit_words(limit, bytes);
    let count = |limit| limit_words(limit, number);
    [
        ("name", plan.name.clone()),
        ("description", plan.description.clone()),
        ("shared storage", size(plan.pool_bytes)),
        ("shared files", count(plan.pool_files)),
        ("accounts", count(plan.max_accounts)),
        ("journal", journal_words(plan.journal_days)),
        ("days in the trash", trash_words(plan.trash_days)),
        ("forbidden names", plan.denied_names.line()),
        ("checksum of uploads", checksum_words(plan.checksum)),
        ("default", plan.is_default.to_string()),
    ]
}

/// How long a plan keeps files of deleted accounts.
fn trash_words(days: Option<u32>) -> String {
    days.map_or_else(|| "as the settings say".to_owned(), |days| days.to_string())
}

/// How long a plan keeps the journal.
fn journal_words(days: Override) -> String {
    match days {
        Override::Inherit => "as the settings say".to_owned(),
        Override::Own(None) => "for ever".to_owned(),
        Override::Own(Some(days)) => format!("{days} days"),
    }
}

fn checksum_words(checksum: Override<Checksum>) -> String {
    let own = checksum.own().map(Checksum::as_str);
    own.unwrap_or("as the settings say").to_owned()
}
