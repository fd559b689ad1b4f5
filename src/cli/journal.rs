//! `journal search|export`.

use std::fmt;
use std::io::Write;
use std::net::IpAddr;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, bail};
use ipnet::IpNet;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::console;
use super::known::find;
use crate::app::Office;
use crate::clock::{SystemClock, Timestamp};
use crate::hosting::journal_export::{ExportFormat, JournalExport, write_json};
use crate::model::page::JournalQuery;
use crate::model::{
    AccountId, ByteSize, CustomerId, JournalEntry, Operation, TransferId, TransferResult,
};
use crate::settings::Boot;

/// Searches the journal: who uploaded, downloaded, deleted and renamed what. What a running server did
/// last is in it after a second.
#[derive(Debug, clap::Subcommand)]
pub(super) enum JournalCommand {
    /// Prints what matches, latest first.
    Search {
        #[command(flatten)]
        filter: Filter,
        /// Most rows to print.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=10_000))]
        limit: u64,
        /// Only rows older than the one with this id, to go on where a search stopped.
        #[arg(long)]
        before: Option<TransferId>,
        /// One JSON object in each line instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Writes everything that matches to standard output, latest first.
    Export {
        #[command(flatten)]
        filter: Filter,
        /// csv, or json for one object in each line.
        #[arg(long)]
        format: ExportFormat,
    },
}

/// What to look for; all of it must hold.
#[derive(Debug, clap::Args)]
pub(super) struct Filter {
    /// Name or id of an account; one that is deleted is found by its id.
    #[arg(long)]
    account: Option<String>,
    /// Name or id of a customer.
    #[arg(long)]
    customer: Option<String>,
    /// What the path begins with, or the new path of a rename, for example /incoming/.
    #[arg(long)]
    path: Option<String>,
    /// The client's address, or a network such as 192.0.2.0/24.
    #[arg(long, value_parser = network)]
    address: Option<IpNet>,
    /// append, delete, download, mkdir, rename, rmdir or upload.
    #[arg(long, value_parser = operation)]
    operation: Option<Operation>,
    /// complete, aborted, failed or refused.
    #[arg(long, value_parser = result)]
    result: Option<TransferResult>,
    /// Ended at or after this moment: 2026-03-12, 2026-03-12T14:30 or with an offset.
    #[arg(long)]
    from: Option<Moment>,
    /// Ended before this moment; a day is included.
    #[arg(long)]
    to: Option<Moment>,
    /// Part of the user name, path or address. Slower than the others.
    #[arg(long)]
    text: Option<String>,
}

/// A moment, or a day of the time zone of this machine.
#[derive(Clone, Copy, Debug)]
struct Moment {
    begins: Timestamp,
    ends: Timestamp,
}

/// Neither a day nor a moment.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not a time; write 2026-03-12, 2026-03-12T14:30 or 2026-03-12T14:30:00Z")]
struct MomentError;

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        let at = |moment: jiff::Timestamp| Timestamp::from_millis(moment.as_millisecond());
        let once = |at| Self {
            begins: at,
            ends: at,
        };
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Ok(once(at(moment)));
        }
        let local = |time: DateTime| time.to_zoned(TimeZone::system()).map_err(|_| MomentError);
        if let Ok(day) = text.parse::<Date>()
            && !text.contains(['T', 't', ' '])
        {
            let next = day.tomorrow().map_err(|_| MomentError)?;
            return Ok(Self {
                begins: at(local(day.into())?.timestamp()),
                ends: at(local(next.into())?.timestamp()),
            });
        }
        let time: DateTime = text.parse().map_err(|_| MomentError)?;
        Ok(once(at(local(time)?.timestamp())))
    }
}

impl JournalCommand {
    pub(super) async fn run(self, boot: &Boot) -> anyhow::Result<ExitCode> {
        let office = Office::open(boot, Arc::new(SystemClock)).await?;
        match self {
            Self::Search {
                filter,
                limit,
                before,
                json,
            } => {
                let query = JournalQuery {
                    before,
                    limit: limit + 1,
                    ..filter.query(&office).await?
                };
                search(&office, query, json).await?;
            }
            Self::Export { filter, format } => {
                let query = filter.query(&office).await?;
                let journal = office.journal.clone();
                export(JournalExport::new(journal, query, format)).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Filter {
    async fn query(self, office: &Office) -> anyhow::Result<JournalQuery> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from.begins >= to.ends
        {
            bail!("--to is not after --from");
        }
        Ok(JournalQuery {
            text: self.text.unwrap_or_default(),
            account_id: match self.account {
                Some(account) => Some(account_id(office, &account).await?),
                None => None,
            },
            customer_id: match self.customer {
                Some(customer) => Some(customer_id(office, &customer).await?),
                None => None,
            },
            operation: self.operation,
            result: self.result,
            path: self.path.unwrap_or_default(),
            address: self.address,
            from: self.from.map(|from| from.begins),
            to: self.to.map(|to| to.ends),
            ..JournalQuery::default()
        })
    }
}

async fn account_id(office: &Office, typed: &str) -> anyhow::Result<AccountId> {
    if let Ok(id) = typed.parse() {
        return Ok(id);
    }
    let name = typed.parse().with_context(|| typed.to_owned())?;
    Ok(find(office, &name).await?.id)
}

async fn customer_id(office: &Office, typed: &str) -> anyhow::Result<CustomerId> {
    if let Ok(id) = typed.parse() {
        return Ok(id);
    }
    let found = office.customers.by_name(typed).await?;
    let customer = found.with_context(|| format!("no customer is called {typed}"))?;
    Ok(customer.id)
}

async fn search(office: &Office, query: JournalQuery, json: bool) -> anyhow::Result<()> {
    let mut rows = office.journal.page(&query).await?;
    let wanted = usize::try_from(query.limit - 1).unwrap_or(usize::MAX);
    let has_more = rows.len() > wanted;
    rows.truncate(wanted);
    if json {
        let mut lines = String::new();
        for row in &rows {
            write_json(&mut lines, row);
        }
        print(&lines);
        return Ok(());
    }
    console::say(&format!(
        "{:<20} {:<20} {:<9} {:<9} {:<14} {:>10} {:<15} PATH",
        "ENDED", "ACCOUNT", "OPERATION", "RESULT", "REASON", "SIZE", "ADDRESS"
    ));
    for row in &rows {
        console::say(&Line(row).to_string());
    }
    if let Some(last) = rows.last().filter(|_| has_more) {
        console::complain(&format!("There are more: go on with --before {}", last.id));
    }
    Ok(())
}

/// Gives out one piece after the other; ends early, and quietly, if nobody reads any more.
async fn export(mut export: JournalExport) -> anyhow::Result<()> {
    while let Some(piece) = export.next().await? {
        if !print(&piece) {
            break;
        }
    }
    Ok(())
}

/// Whether somebody read it.
fn print(text: &str) -> bool {
    let mut output = std::io::stdout().lock();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .is_ok()
}

/// A row of the table.
struct Line<'a>(&'a JournalEntry);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = self.0;
        let ended = jiff::Timestamp::from_millisecond(row.ended_at.as_millis()).unwrap_or_default();
        let ended = ended.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let size = ByteSize(row.bytes).to_string().replace('\u{a0}', " ");
        let address = row.ip.to_canonical().to_string();
        let path = visible(&row.path);
        write!(
            f,
            "{ended:<20} {:<20} {:<9} {:<9} {:<14} {size:>10} {address:<15} {path}",
            row.username,
            row.operation.as_str(),
            row.result.as_str(),
            row.reason,
        )?;
        if !row.target.is_empty() {
            write!(f, " -> {}", visible(&row.target))?;
        }
        Ok(())
    }
}

/// A path that cannot move the cursor of a terminal.
fn visible(path: &str) -> String {
    let plain = |character: char| {
        if character.is_control() {
            '\u{fffd}'
        } else {
            character
        }
    };
    path.chars().map(plain).collect()
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let found = text.parse().ok().or_else(address);
    found.ok_or_else(|| "not an address or a network such as 192.0.2.0/24".to_owned())
}

fn operation(text: &str) -> Result<Operation, String> {
    Operation::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = Operation::ALL.iter().map(|it| it.as_str()).collect();
        format!("there are {}", names.join(", "))
    })
}

fn result(text: &str) -> Result<TransferResult, String> {
    TransferResult::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = TransferResult::ALL.iter().map(|it| it.as_str()).collect();
        format!("there are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_whole_day_and_a_moment_is_one() {
        let day: Moment = "2026-03-12".parse().unwrap();
        let moment: Moment = "2026-03-12T13:31:40Z".parse().unwrap();
        let local: Moment = "2026-03-12T13:31".parse().unwrap();

        assert_eq!(day.ends.since(day.begins).as_secs(), 86_400);
        assert_eq!(moment.begins, Timestamp::from_seconds(1_773_322_300));
        assert_eq!(moment.begins, moment.ends);
        assert!(local.begins > day.begins && local.begins < day.ends);
        for odd in ["", "yesterday", "2026-13-01", "12.3.2026"] {
            assert!(odd.parse::<Moment>().is_err(), "{odd}");
        }
    }

    #[test]
    fn an_address_is_a_network_of_one() {
        assert_eq!(network("192.0.2.7"), Ok("192.0.2.7/32".parse().unwrap()));
        assert!(network("192.0.2.0/33").is_err());
        assert!(
            operation("steal")
                .unwrap_err()
                .starts_with("there are append,")
        );
        assert!(result("fine").is_err());
    }

    #[test]
    fn a_path_cannot_move_the_cursor() {
        assert_eq!(visible("/a\u{1b}[2Jb"), "/a\u{fffd}[2Jb");
    }
}
