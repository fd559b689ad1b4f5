//! `traffic show`.

use std::process::ExitCode;
use std::sync::Arc;

use super::console;
use super::known::{find, find_customer};
use crate::app::Office;
use crate::clock::{SystemClock, Timestamp};
use crate::hosting::limits::Effective;
use crate::model::{ByteSize, LimitSource, Period, PeriodTraffic, Traffic, Username};
use crate::proto::date::Civil;
use crate::settings::Boot;

/// Shows what accounts and customers moved in each month.
#[derive(Debug, clap::Subcommand)]
pub(super) enum TrafficCommand {
    /// Shows what was moved in this month, what may be and who says so, and the months until now; of a
    /// running server, up to a second ago.
    Show(Whose),
}

/// Whose traffic.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Whose {
    /// This account's, and that of all accounts of its customer together.
    username: Option<Username>,
    /// That of all accounts of the customer with this name together.
    #[arg(long)]
    customer: Option<String>,
}

impl TrafficCommand {
    pub(super) async fn run(self, boot: &Boot) -> anyhow::Result<ExitCode> {
        let office = Office::open(boot, Arc::new(SystemClock)).await?;
        let Self::Show(whose) = self;
        if let Some(name) = &whose.username {
            show_account(&office, name).await?;
        }
        if let Some(name) = &whose.customer {
            let id = find_customer(&office, name).await?.id;
            let details = office.customers.details(id).await?;
            let months = office.customers.stored_traffic(id).await?;
            say_period(&months);
            say_limits(&details.customer.name, &months, details.pool_traffic);
            say_months(&months);
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn show_account(office: &Office, name: &Username) -> anyhow::Result<()> {
    let id = find(office, name).await?.id;
    let details = office.accounts.details(id).await?;
    let months = office.accounts.stored_traffic(id).await?;
    let together = office.customers.stored_traffic(details.customer.id).await?;
    say_period(&months);
    say_limits(name.as_str(), &months, details.limits.account.traffic);
    say_limits(
        &details.customer.name,
        &together,
        details.limits.pool_traffic,
    );
    say_months(&months);
    Ok(())
}

fn say_period(months: &[PeriodTraffic]) {
    if let Some(running) = months.first() {
        let Period { begin, end } = running.period;
        let (from, until) = (day(begin), day(end));
        console::say(&format!("This month: {from} until {until}, 00:00 UTC"));
    }
}

/// One line for each way: what was moved, what may be, and who says so.
fn say_limits(whose: &str, months: &[PeriodTraffic], limits: Traffic<Effective>) {
    let moved = months.first().map(|running| running.moved);
    let used = moved.unwrap_or_default().against();
    console::say("");
    console::say(&format!(
        "{whose:<32} {:>12} {:>12}  SET BY",
        "MOVED", "LIMIT"
    ));
    for ((way, used), limit) in WAYS.beside(used).beside(limits).into_array() {
        let (used, source) = (size(used), source(limit.source));
        let limit = limit.limit.map_or_else(|| "none".to_owned(), size);
        console::say(&format!("  {way:<30} {used:>12} {limit:>12}  {source}"));
    }
}

fn say_months(months: &[PeriodTraffic]) {
    console::say("");
    console::say(&format!(
        "{:<10} {:>12} {:>12} {:>12}",
        "MONTH FROM", "UPLOADED", "DOWNLOADED", "TOGETHER"
    ));
    for PeriodTraffic { period, moved } in months {
        let [up, down, both] = moved.against().map(size).into_array();
        let from = day(period.begin);
        console::say(&format!("{from:<10} {up:>12} {down:>12} {both:>12}"));
    }
}

const WAYS: Traffic<&str> = Traffic {
    up: "uploads",
    down: "downloads",
    both: "together",
};

fn source(source: LimitSource) -> &'static str {
    match source {
        LimitSource::Account => "account",
        LimitSource::Customer => "customer",
        LimitSource::Plan => "plan",
        LimitSource::Server => "server",
    }
}

fn size(bytes: u64) -> String {
    ByteSize(bytes).to_string().replace('\u{a0}', " ")
}

fn day(at: Timestamp) -> String {
    let Civil {
        year, month, day, ..
    } = Civil::of(at);
    format!("{year:04}-{month:02}-{day:02}")
}
