//! `settings list|get|set`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};

use super::console;
use crate::app::Office;
use crate::clock::{Clock, SystemClock};
use crate::model::Actor;
use crate::settings::{Boot, ROWS, SettingRow, SettingsError};

/// Shows and changes the settings; a running server follows within a second.
#[derive(Debug, clap::Subcommand)]
pub(super) enum SettingsCommand {
    /// Lists every setting with its value.
    List {
        /// Only those that are not as they were at the beginning.
        #[arg(long)]
        changed: bool,
    },
    /// Prints the value of one setting.
    Get {
        /// The name, as `settings list` prints it.
        #[arg(value_parser = row)]
        key: &'static SettingRow,
    },
    /// Changes one setting or several at once, for example `checksum=sha256 durability=on-disk`.
    Set {
        /// Names and values.
        #[arg(required = true, value_name = "NAME=VALUE", value_parser = pair)]
        changes: Vec<(String, String)>,
    },
}

impl SettingsCommand {
    pub(super) async fn run(self, boot: &Boot) -> anyhow::Result<ExitCode> {
        let office = Office::open(boot, Arc::new(SystemClock)).await?;
        match self {
            Self::List { changed } => list(&office, changed),
            Self::Get { key } => console::say(&key.text(&office.settings.current())),
            Self::Set { changes } => set(&office, &changes).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn row(key: &str) -> Result<&'static SettingRow, String> {
    SettingRow::find(key).ok_or_else(|| format!("there is no setting `{key}`"))
}

fn pair(typed: &str) -> Result<(String, String), String> {
    let (key, value) = typed
        .split_once('=')
        .ok_or_else(|| "write the name of a setting, = and its value".to_owned())?;
    let key = row(key.trim())?.key;
    Ok((key.to_owned(), value.to_owned()))
}

fn list(office: &Office, only_changed: bool) {
    let settings = office.settings.current();
    for row in ROWS {
        let value = row.text(&settings);
        if !only_changed || value != row.default_text() {
            console::say(&line(row.key, &value));
        }
    }
}

/// A setting in one line, however many its value has.
fn line(key: &str, value: &str) -> String {
    format!("{key} = {}", value.replace('\n', "; "))
}

async fn set(office: &Office, changes: &[(String, String)]) -> anyhow::Result<()> {
    let (actor, now) = (Actor::command_line(), SystemClock.now());
    let done = match office.settings.change(&actor, changes, now).await {
        Err(SettingsError::Invalid(problems)) => {
            let lines = problems.iter().map(|field| {
                let (key, problem) = (&field.key, &field.problem);
                format!("{key}: {problem}")
            });
            bail!("{}", lines.collect::<Vec<_>>().join("\n"));
        }
        outcome => outcome.context("nothing is changed")?,
    };
    if done.is_empty() {
        console::say("Everything stays as it is.");
    }
    for (key, _, value) in done {
        console::say(&line(&key, &value));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_known_name_and_any_value() {
        let named = |typed: &str| pair(typed).ok();

        let durability = ("durability".to_owned(), "on-disk".to_owned());
        assert_eq!(named("durability=on-disk"), Some(durability));
        let banner = ("banner".to_owned(), " a=b ".to_owned());
        assert_eq!(named("banner= a=b "), Some(banner));
        assert_eq!(named("colour=blue"), None);
        assert_eq!(named("durability"), None);
    }

    #[test]
    fn a_value_of_several_lines_is_told_in_one() {
        assert_eq!(
            line("address_rules", "10.0.0.0/8=same\n192.0.2.0/24=203.0.113.9"),
            "address_rules = 10.0.0.0/8=same; 192.0.2.0/24=203.0.113.9"
        );
    }
}
