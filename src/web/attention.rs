//! What needs attention: facts with their cause, the most urgent first.

use std::time::Duration;

use super::error::PageError;
use super::format::{Count, Pct, When, plural};
use crate::app::App;
use crate::hosting::accounts::AccountError;
use crate::hosting::customers::CustomerError;
use crate::hosting::traffic::NearlyUsed;
use crate::hosting::volumes::{Condition, VolumeReport};
use crate::model::page::{AccountQuery, AccountRow, AccountSort, Direction, Window};
use crate::model::{ByteSize, Override, TrafficOwner};
use crate::net::PortState;

/// One thing to look at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Attention {
    /// `bad` or `warn`.
    pub(crate) state: &'static str,
    /// The fact.
    pub(crate) fact: String,
    /// Its cause, or what follows from it.
    pub(crate) cause: String,
    /// Where to do something about it.
    pub(crate) url: String,
}

/// Everything that needs attention now.
///
/// # Errors
///
/// If the accounts or the customers are not available.
pub(crate) async fn attention(app: &App, now: When) -> Result<Vec<Attention>, PageError> {
    let mut found = Vec::new();
    found.extend(volumes(app));
    found.extend(ports(app));
    found.extend(certificate(app, now));
    found.extend(journal(app));
    found.extend(full_accounts(app).await?);
    found.extend(used_traffic(app, now).await?);
    found.extend(missing_host_name(app));
    // Stable: within one state the order above is kept.
    found.sort_by_key(|item| item.state != "bad");
    Ok(found)
}

/// Accounts that hold so much of their limit that uploads will soon be refused.
const NEARLY_FULL_PERCENT: u8 = 90;
/// Accounts named one by one.
const ACCOUNTS_NAMED: u64 = 4;
/// A certificate is mentioned when it has less left than this.
const CERTIFICATE_WARNS: Duration = Duration::from_hours(21 * 24);
const CERTIFICATE_URGENT: Duration = Duration::from_hours(7 * 24);

async fn full_accounts(app: &App) -> Result<Vec<Attention>, AccountError> {
    let query = AccountQuery {
        over_percent: Some(NEARLY_FULL_PERCENT),
        sort: AccountSort::Usage,
        direction: Direction::Descending,
        window: Window {
            offset: 0,
            limit: ACCOUNTS_NAMED,
        },
        ..AccountQuery::default()
    };
    let page = app.accounts.page(&query).await?;
    let mut found: Vec<Attention> = page.rows.iter().map(full_account).collect();
    let others = page.total.saturating_sub(ACCOUNTS_NAMED);
    if others > 0 {
        found.push(Attention {
            state: "warn",
            fact: format!(
                "{} more are nearly full",
                plural(others, "account", "accounts")
            ),
            cause: format!("They hold at least {NEARLY_FULL_PERCENT} % of their limit."),
            url: "/admin/accounts".to_owned(),
        });
    }
    Ok(found)
}

fn full_account(row: &AccountRow) -> Attention {
    let used = row.usage.bytes;
    let (share, cause) = match row.account.limits.bytes {
        Override::Own(Some(limit)) => (
            Pct::of(used, limit).to_string(),
            format!("{} of {} used.", ByteSize(used), ByteSize(limit)),
        ),
        Override::Own(None) | Override::Inherit => (
            format!("{NEARLY_FULL_PERCENT}\u{a0}% or more"),
            format!("{} used.", ByteSize(used)),
        ),
    };
    let is_full =
        matches!(row.account.limits.bytes, Override::Own(Some(limit)) if used * 100 >= limit * 97);
    Attention {
        state: if is_full { "bad" } else { "warn" },
        fact: format!("{} is at {share} of its limit", row.account.username),
        cause: format!("{cause} When it is full, uploads hear “552 Storage limit reached”."),
        url: format!("/admin/accounts/{}", row.account.id),
    }
}

/// Whoever has moved so much that transfers will soon be refused until the month is over.
async fn used_traffic(app: &App, now: When) -> Result<Vec<Attention>, PageError> {
    let nearly = app.ledger.traffic().nearly_used(NEARLY_FULL_PERCENT.into());
    let named = usize::try_from(ACCOUNTS_NAMED).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    let mut others = 0;
    for one in &nearly {
        if found.len() == named {
            others += 1;
        } else if let Some(whose) = traffic_owner(app, one.owner).await? {
            found.push(used_up(one, whose, now));
        }
    }
    if others > 0 {
        found.push(Attention {
            state: "warn",
            fact: format!(
                "{} more allowances of traffic are nearly used up",
                Count(others)
            ),
            cause: format!("At least {NEARLY_FULL_PERCENT} % of them is used."),
            url: "/admin/customers".to_owned(),
        });
    }
    Ok(found)
}

/// Name and page; `None` if it was deleted a moment ago.
async fn traffic_owner(
    app: &App,
    owner: TrafficOwner,
) -> Result<Option<(String, String)>, PageError> {
    match owner {
        TrafficOwner::Account(id) => match app.accounts.details(id).await {
            Ok(found) => {
                let name = found.account.username.to_string();
                Ok(Some((name, format!("/admin/accounts/{id}"))))
            }
            Err(AccountError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        },
        TrafficOwner::Customer(id) => match app.customers.details(id).await {
            Ok(found) => Ok(Some((
                found.customer.name,
                format!("/admin/customers/{id}"),
            ))),
            Err(CustomerError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        },
    }
}

fn used_up(one: &NearlyUsed, (name, url): (String, String), now: When) -> Attention {
    let until = now.of(one.until).utc_day();
    let is_full = one.used >= one.limit;
    Attention {
        state: if is_full { "bad" } else { "warn" },
        fact: if is_full {
            format!("{name} has used up its traffic of this month")
        } else {
            let share = Pct::of(one.used, one.limit);
            format!("{name} has used {share} of its traffic of this month")
        },
        cause: format!(
            "{} of {}. Transfers beyond that hear “450 Transfer allowance used up” until {until}.",
            ByteSize(one.used),
            ByteSize(one.limit)
        ),
        url,
    }
}

fn ports(app: &App) -> Option<Attention> {
    let snapshot = app.network.ports();
    let count =
        |wanted: fn(&PortState) -> bool| snapshot.iter().filter(|port| wanted(&port.state)).count();
    let foreign = count(|state| matches!(state, PortState::Foreign));
    let failing = count(|state| matches!(state, PortState::Failing(_)));
    if foreign + failing == 0 {
        return None;
    }
    let unusable = u64::try_from(foreign + failing).unwrap_or(u64::MAX);
    let cause = if foreign > 0 {
        "Another program listens on them. Choose a range that nobody else uses."
    } else {
        "The system refuses to open them. The network page says why."
    };
    Some(Attention {
        state: if foreign + failing == snapshot.len() {
            "bad"
        } else {
            "warn"
        },
        fact: format!(
            "{} cannot be used",
            plural(unusable, "passive port", "passive ports")
        ),
        cause: cause.to_owned(),
        url: "/admin/network".to_owned(),
    })
}

fn certificate(app: &App, now: When) -> Option<Attention> {
    let facts = app.certificates.facts();
    let left = facts.not_after.since(now.at());
    if left >= CERTIFICATE_WARNS {
        return None;
    }
    let days = left.as_secs() / 86_400;
    let fact = match days {
        0 if left.is_zero() => "The certificate has expired".to_owned(),
        0 => "The certificate expires today".to_owned(),
        _ => format!("The certificate expires in {}", plural(days, "day", "days")),
    };
    Some(Attention {
        state: if left < CERTIFICATE_URGENT {
            "bad"
        } else {
            "warn"
        },
        fact,
        cause: format!(
            "{}, until {}.",
            facts.names.join(", "),
            now.of(facts.not_after).day()
        ),
        url: "/admin/network".to_owned(),
    })
}

fn journal(app: &App) -> Option<Attention> {
    let lost = app.journal.tally().lost;
    (lost > 0).then(|| Attention {
        state: "bad",
        fact: format!(
            "{} missing from the journal",
            plural(lost, "transfer is", "transfers are")
        ),
        cause:
            "The database did not take them. Each of them is in the log of the server, with the \
                words “not in the journal”."
                .to_owned(),
        url: "/admin/transfers".to_owned(),
    })
}

fn volumes(app: &App) -> Vec<Attention> {
    let reports = app.volumes.reports();
    let is_only = reports.len() == 1;
    reports
        .iter()
        .filter_map(|report| volume(report, is_only))
        .collect()
}

fn volume(report: &VolumeReport, is_only: bool) -> Option<Attention> {
    let name = &report.volume.name;
    let url = format!("/admin/storage/{}", report.volume.id);
    if report.is_ill() {
        let refused = if report.is_open {
            ""
        } else {
            " Its accounts cannot sign in until then."
        };
        return Some(Attention {
            state: if report.condition == Condition::Returning {
                "warn"
            } else {
                "bad"
            },
            fact: format!("Volume {name} {}", state_words(&report.condition)),
            cause: format!("{}{refused}", report.condition.advice()),
            url,
        });
    }
    let space = report.space?;
    let is_low = space.available_bytes < space.total_bytes / 20;
    is_low.then(|| Attention {
        state: if space.available_bytes < space.total_bytes / 50 {
            "bad"
        } else {
            "warn"
        },
        fact: if is_only {
            "The disk is nearly full".to_owned()
        } else {
            format!("The disk of {name} is nearly full")
        },
        cause: room_left(
            space.available_bytes,
            space.reserved_bytes,
            space.total_bytes,
        ),
        url,
    })
}

fn state_words(condition: &Condition) -> &'static str {
    match condition {
        Condition::Ready => "works",
        Condition::Returning => "is back and is being counted",
        Condition::Missing | Condition::Unmarked => "is missing",
        Condition::Foreign => "is another disk",
        Condition::Silent => "does not answer",
        Condition::Failing(_) => "fails",
    }
}

fn room_left(available_bytes: u64, reserved_bytes: u64, total_bytes: u64) -> String {
    if available_bytes == 0 {
        let reserved = ByteSize(reserved_bytes);
        return format!("Uploads are refused: what is left, up to {reserved}, is the reserve.");
    }
    let (available, total) = (ByteSize(available_bytes), ByteSize(total_bytes));
    format!("{available} of {total} are free for uploads.")
}

fn missing_host_name(app: &App) -> Option<Attention> {
    app.settings
        .current()
        .host_name
        .is_empty()
        .then(|| Attention {
            state: "warn",
            fact: "Customers have no host name to type".to_owned(),
            cause: "Set it, so that connection details are complete.".to_owned(),
            url: "/admin/settings".to_owned(),
        })
}
