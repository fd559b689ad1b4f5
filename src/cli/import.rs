//! `account import`.

use std::fs::File;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use super::console;
use crate::app::Office;
use crate::hosting::csv::write_row;
use crate::hosting::imports::{
    Existing, LARGEST_BYTES, Mode, Order, Outcome, Report, RowResult, Source,
};
use crate::model::Actor;

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
        let imports = &office.imports;
        let actor = Actor::command_line();
        let run = imports.run(&actor, records, &order, |_| ControlFlow::Continue(()));
        let report = run.await?;
        for row in &report.rows {
            say_row(row);
        }
        say_sum(&report, order.mode);
        if let Some(path) = &self.report {
            write_report(path, &report)?;
        }
        Ok(if report.counts().refused > 0 {
            ExitCode::from(2)
        } else {
            ExitCode::SUCCESS
        })
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

fn say_row(row: &RowResult) {
    let (place, word) = (row.place.to_string(), row.outcome.as_str());
    let mut line = format!("{place:<12} {word:<10} {:<24}", row.name);
    let detail = row.outcome.detail();
    if !detail.is_empty() {
        line.push_str("  ");
        line.push_str(&detail);
    }
    if let Outcome::Created { home } = &row.outcome {
        if !row.old_home.is_empty() {
            let shown = row.old_home.escape_debug();
            line += "  files from ";
            line.extend(shown);
        }
        if !home.is_empty() {
            line += "  to ";
            line += home;
        }
    }
    console::say(line.trim_end());
    for sentence in &row.told {
        console::say(&format!("{:<12} {sentence}", ""));
    }
}

fn say_sum(report: &Report, mode: Mode) {
    let counts = report.counts();
    for name in &report.new_customers {
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

fn write_report(path: &Path, report: &Report) -> anyhow::Result<()> {
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
    for row in &report.rows {
        let home = match &row.outcome {
            Outcome::Created { home } => home.as_str(),
            _ => "",
        };
        let (place, detail, told) = (
            row.place.to_string(),
            row.outcome.detail(),
            row.told.join(" "),
        );
        let cells = [
            place.as_str(),
            &row.name,
            row.outcome.as_str(),
            &detail,
            &row.old_home,
            home,
            &told,
        ];
        write_row(&mut csv, cells);
    }
    let shown = path.display();
    let mut file = File::create(path).with_context(|| format!("{shown} cannot be written"))?;
    file.write_all(csv.as_bytes())
        .with_context(|| format!("{shown} cannot be written"))
}
