//! `account export`.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use crate::app::Office;
use crate::hosting::imports::{ExportFormat, Hashes};
use crate::model::Actor;

/// Writes accounts into a file that `account import --from csv` or `--from json` brings back. Files and
/// usage are not in it.
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// csv or json.
    #[arg(long, default_value = "csv")]
    format: ExportFormat,
    /// Only the accounts of this customer.
    #[arg(long)]
    customer: Option<String>,
    /// Include password hashes. Whoever has them can try passwords at leisure: keep the file like the
    /// database.
    #[arg(long)]
    with_password_hashes: bool,
    /// Where to; standard output if left out. Only its owner can read it.
    #[arg(long)]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(self, office: &Office) -> anyhow::Result<ExitCode> {
        let customer = match &self.customer {
            None => None,
            Some(name) => {
                let found = office.customers.by_name(name).await?;
                Some(found.with_context(|| format!("{name} is not known"))?.id)
            }
        };
        let hashes = if self.with_password_hashes {
            Hashes::Included
        } else {
            Hashes::LeftOut
        };
        let actor = Actor::command_line();
        let export = office.imports.export(&actor, self.format, customer, hashes);
        let text = export.await?;
        match &self.output {
            Some(path) => write(path, &text)?,
            None => std::io::stdout().lock().write_all(text.as_bytes())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let shown = path.display();
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options
        .open(path)
        .with_context(|| format!("{shown} cannot be written"))?;
    file.write_all(text.as_bytes())
        .with_context(|| format!("{shown} cannot be written"))
}
