//! `account import`.

use std::fs::File;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::console;
use crate::app::Office;
use crate::hosting::csv::write_row;
use crate::hosting::imports::{
    Counts, Existing, Imports, LARGEST_BYTES, Mode, Order, Record, Source,
};
use crate::model::{Actor, ImportId, ImportRow, ImportRowQuery, JobState};

/// Takes accounts over. Every account of the file gets a line that says what became of it; the exit code
/// is 2 if some were refused. The same file can be imported again: what is there already stays.
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The file; - for standard input.
    file: PathBuf,
    /// csv, json, pure-ftpd, proftpd, proftpd-sql or sftpgo.
    #[arg(long)]
    from: Source,
    /// Name of the customer, where the file does not tell; made on the default plan if there is none.
    #[arg(long)]
    customer: Option<String>,
    /// Change accounts that are there already and differ from the file.
    #[arg(long)]
    update: bool,
    /// Make every check and tell every result, but change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write the results as CSV into this file too, with old and new homes.
    #[arg(long)]
    report: Option<PathBuf>,
}

impl Import {
    pub(super) async fn run(self, office: &Office) -> anyhow::Result<ExitCode> {
        let file = read(&self.file)?;
        let records = self
            .from
            .read(&file)
            .with_context(|| format!("{} is not imported", self.file.display()))?;
        let order = Order {
            title: self.from.label().to_owned(),
            customer: self.customer.clone(),
            existing: if self.update {
                Existing::Change
            } else {
                Existing::Keep
            },
            mode: if self.dry_run {
                Mode::Rehearse
            } else {
                Mode::Perform
            },
        };
        if order.mode == Mode::Perform && records.len() > Imports::FEW {
            let by_server = by_server(office, &records, &order).await?;
            if let Some((done, is_whole)) = by_server {
                let code = self.tell(&done, order.mode)?;
                return Ok(if is_whole { code } else { ExitCode::FAILURE });
            }
            console::complain("No server has begun it, so it is done here.");
        }
        let actor = Actor::command_line();
        let run = office
            .imports
            .run(&actor, records, &order, |_| ControlFlow::Continue(()));
        let report = run.await?;
        let numbered = (1..).zip(&report.rows);
        let done = Done {
            rows: numbered.map(|(number, row)| row.row(number)).collect(),
            counts: report.counts(),
            new_customers: report.new_customers,
        };
        self.tell(&done, order.mode)
    }

    /// Prints what became of each account, and writes the report.
    fn tell(&self, done: &Done, mode: Mode) -> anyhow::Result<ExitCode> {
        done.rows.iter().for_each(say_row);
        say_sum(done, mode);
        if let Some(path) = &self.report {
            write_report(path, &done.rows)?;
        }
        Ok(if done.counts.refused > 0 {
            ExitCode::from(2)
        } else {
            ExitCode::SUCCESS
        })
    }
}

/// What became of a file.
struct Done {
    rows: Vec<ImportRow>,
    counts: Counts,
    new_customers: Vec<String>,
}

/// How long a running server may take to begin.
const BEGUN_WITHIN: Duration = Duration::from_secs(3);
/// The job is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How far it is, is told this often.
const TELL_EVERY: Duration = Duration::from_secs(5);
/// Rows that are read at once.
const PAGE: u64 = 1_000;

/// Has the running server import the accounts, which goes on if this process ends; what came of it, and
/// whether it is all of it. `None` if no server runs, or all of its hands are full: nothing was done then.
async fn by_server(
    office: &Office,
    records: &[Record],
    order: &Order,
) -> anyhow::Result<Option<(Done, bool)>> {
    let (imports, actor) = (&office.imports, Actor::command_line());
    let id = imports.keep(&actor, records, order).await?;
    let job = imports.queue(&actor, id, Mode::Perform).await?;
    let mut waited = Duration::ZERO;
    let ended = loop {
        let found = office.jobs.get(job.id).await?;
        if found.state.is_over() {
            break found;
        }
        let is_waiting = found.state == JobState::Queued && waited >= BEGUN_WITHIN;
        if is_waiting && imports.withdraw(id, &job).await? {
            return Ok(None);
        }
        let is_due = waited.as_millis().is_multiple_of(TELL_EVERY.as_millis());
        if is_due && !waited.is_zero() {
            let (done, total) = (found.progress.done, found.progress.total.unwrap_or(0));
            console::complain(&format!("Job {}: {done} of {total}", job.id));
        }
        tokio::time::sleep(LOOK_EVERY).await;
        waited += LOOK_EVERY;
    };
    let is_whole = ended.state == JobState::Done;
    if !is_whole {
        console::complain(&ended.result);
    }
    let kept = imports.kept(id).await?;
    let done = Done {
        rows: rows(office, id).await?,
        counts: kept.tally.counts,
        new_customers: kept.file.new_customers,
    };
    Ok(Some((done, is_whole)))
}

async fn rows(office: &Office, id: ImportId) -> anyhow::Result<Vec<ImportRow>> {
    let mut rows: Vec<ImportRow> = Vec::new();
    loop {
        let query = ImportRowQuery {
            after: rows.last().map_or(0, |row| row.number),
            limit: PAGE,
            ..ImportRowQuery::default()
        };
        let page = office.imports.rows(id, &query).await?;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let mut bytes = Vec::new();
    // One byte more than is allowed shows that it is too much.
    let limit = LARGEST_BYTES as u64 + 1;
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        let file = File::open(path).with_context(|| format!("{shown} cannot be opened"))?;
        file.take(limit).read_to_end(&mut bytes)
    };
    read.with_context(|| format!("{shown} cannot be read"))?;
    Ok(bytes)
}

fn say_row(row: &ImportRow) {
    let (place, name, word) = (&row.place, &row.username, row.result.outcome.as_str());
    let word = if word.is_empty() { "waiting" } else { word };
    let mut line = format!("{place:<12} {word:<10} {name:<24}");
    if !row.result.detail.is_empty() {
        line.push_str("  ");
        line.push_str(&row.result.detail);
    }
    if word == "created" && !row.old_home.is_empty() {
        let shown = row.old_home.escape_debug();
        line += "  files from ";
        line.extend(shown);
    }
    if !row.result.home.is_empty() {
        line += "  to ";
        line += &row.result.home;
    }
    console::say(line.trim_end());
    for sentence in &row.told {
        console::say(&format!("{:<12} {sentence}", ""));
    }
}

fn say_sum(done: &Done, mode: Mode) {
    let counts = done.counts;
    for name in &done.new_customers {
        console::say(&format!("Customer {name} is new."));
    }
    let would = match mode {
        Mode::Rehearse => "Nothing is changed yet. ",
        Mode::Perform => "",
    };
    console::say(&format!(
        "{would}{} created, {} changed, {} differ and stay, {} unchanged, {} refused.",
        counts.created, counts.changed, counts.differing, counts.unchanged, counts.refused
    ));
}

fn write_report(path: &Path, rows: &[ImportRow]) -> anyhow::Result<()> {
    let mut csv = String::new();
    let heads = [
        "place",
        "username",
        "result",
        "detail",
        "old_home",
        "home",
        "not_taken_over",
    ];
    write_row(&mut csv, heads);
    for row in rows {
        let (result, told) = (&row.result, row.told.join(" "));
        let cells = [
            row.place.as_str(),
            &row.username,
            &result.outcome,
            &result.detail,
            &row.old_home,
            &result.home,
            &told,
        ];
        write_row(&mut csv, cells);
    }
    let shown = path.display();
    let mut file = File::create(path).with_context(|| format!("{shown} cannot be written"))?;
    file.write_all(csv.as_bytes())
        .with_context(|| format!("{shown} cannot be written"))
}
