//! `volume list|add|edit|adopt|remove`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;

use super::console;
use super::known::find_volume;
use crate::app::Office;
use crate::clock::SystemClock;
use crate::hosting::volumes::{Condition, NewVolume, VolumeReport, VolumeSettings};
use crate::model::{Actor, ByteSize, StorageVolume, VolumeId, VolumeMark, VolumeRow};
use crate::settings::Boot;

/// Lists, adds, changes and removes volumes: folders of this computer that hold the homes of accounts. A
/// running server follows within a second.
#[derive(Debug, clap::Subcommand)]
pub(super) enum VolumeCommand {
    /// Lists volumes with the room on their disks.
    List,
    /// Adds a folder, typically of another disk. Accounts can be made there at once.
    Add(Add),
    /// Changes a volume; what is not said stays as it is.
    Edit(Edit),
    /// Marks the folder of a volume again whose mark was lost. Make sure first that its disk is mounted
    /// there: an empty folder in its place would hide the files of its accounts.
    Adopt {
        /// The volume.
        name: String,
        /// The folder is the right one.
        #[arg(long)]
        yes: bool,
    },
    /// Removes a volume on which nobody has anything; its folder stays.
    Remove {
        /// The volume.
        name: String,
    },
}

/// What a new volume is.
#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// What it is called, for example “Second disk”.
    name: String,
    /// The folder, absolute; it is made if it is missing.
    root: String,
    /// How much uploads leave free there, for example 20GiB; the settings decide if left out.
    #[arg(long)]
    reserve: Option<ByteSize>,
    /// Put new accounts there unless told otherwise.
    #[arg(long)]
    default: bool,
}

/// What is to be changed.
#[derive(Debug, clap::Args)]
pub(super) struct Edit {
    /// The volume.
    name: String,
    /// Call it so.
    #[arg(long)]
    rename: Option<String>,
    /// Where its folder is now, after it was moved with everything in it.
    #[arg(long)]
    root: Option<String>,
    /// How much uploads leave free there, for example 20GiB; “settings” follows the settings.
    #[arg(long)]
    reserve: Option<String>,
    /// Whether it takes new accounts: yes or no.
    #[arg(long, value_parser = yes_or_no)]
    new_accounts: Option<bool>,
    /// Put new accounts there unless told otherwise.
    #[arg(long)]
    default: bool,
}

impl VolumeCommand {
    pub(super) async fn run(self, boot: &Boot) -> anyhow::Result<ExitCode> {
        let office = Office::open(boot, Arc::new(SystemClock)).await?;
        let actor = Actor::command_line();
        match self {
            Self::List => list(&office).await?,
            Self::Add(add) => add.run(&office, &actor).await?,
            Self::Edit(edit) => edit.run(&office, &actor).await?,
            Self::Adopt { name, yes } => adopt(&office, &actor, (&name, yes)).await?,
            Self::Remove { name } => {
                let id = find_volume(&office, &name).await?.id;
                let removed = office.volumes.remove(&actor, id).await?;
                let root = removed.root;
                console::say(&format!("{name} is removed. Its folder {root} stays."));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Add {
    async fn run(self, office: &Office, actor: &Actor) -> anyhow::Result<()> {
        let new = NewVolume {
            name: self.name,
            root: self.root,
            reserve: self.reserve.map(|size| size.0),
            is_default: self.default,
        };
        let volume = office.volumes.add(actor, new).await?;
        let (name, root) = (&volume.name, &volume.root);
        console::say(&format!("{name} is added: {root}."));
        if volume.is_default {
            console::say("New accounts go there.");
        }
        Ok(())
    }
}

impl Edit {
    async fn run(self, office: &Office, actor: &Actor) -> anyhow::Result<()> {
        let volume = find_volume(office, &self.name).await?;
        let settings = self.put_on(&volume)?;
        if settings == VolumeSettings::of(&volume) {
            bail!("nothing changes; say what, for example --reserve 20GiB");
        }
        let (id, version) = (volume.id, volume.version);
        let volume = office.volumes.change(actor, id, version, settings).await?;
        console::say(&format!("{} is changed.", volume.name));
        Ok(())
    }

    fn put_on(self, volume: &StorageVolume) -> anyhow::Result<VolumeSettings> {
        let before = VolumeSettings::of(volume);
        let reserve = match self.reserve.as_deref() {
            None => before.reserve,
            Some("settings") => None,
            Some(typed) => match typed.parse::<ByteSize>() {
                Ok(size) => Some(size.0),
                Err(_) => bail!("--reserve takes a size, for example 20GiB, or “settings”"),
            },
        };
        Ok(VolumeSettings {
            name: self.rename.unwrap_or(before.name),
            root: self.root.unwrap_or(before.root),
            reserve,
            is_closed: self.new_accounts.map_or(before.is_closed, |takes| !takes),
            is_default: self.default || before.is_default,
        })
    }
}

async fn list(office: &Office) -> anyhow::Result<()> {
    let rows = office.volumes.rows().await?;
    let reports = office.volumes.reports();
    console::say(&format!(
        "{:<20} {:<10} {:>8} {:>12} {:>12} {:>12}  FOLDER",
        "VOLUME", "STATE", "ACCOUNTS", "STORED", "FREE", "SIZE"
    ));
    for report in &reports {
        let row = rows.iter().find(|row| row.volume.id == report.volume.id);
        print(report, row);
    }
    Ok(())
}

fn print(report: &VolumeReport, row: Option<&VolumeRow>) {
    let size = |bytes: u64| ByteSize(bytes).to_string().replace('\u{a0}', " ");
    let unknown = || "?".to_owned();
    let free = report.space.map(|space| size(space.available_bytes));
    let total = report.space.map(|space| size(space.total_bytes));
    let state = match &report.condition {
        Condition::Ready if report.volume.is_default => "default",
        Condition::Ready if report.volume.is_closed => "closed",
        condition => condition.as_str(),
    };
    console::say(&format!(
        "{:<20} {state:<10} {:>8} {:>12} {:>12} {:>12}  {}",
        report.volume.name,
        row.map_or(0, |row| row.accounts),
        size(row.map_or(0, |row| row.usage.bytes)),
        free.unwrap_or_else(unknown),
        total.unwrap_or_else(unknown),
        report.root.display()
    ));
    if report.is_ill() {
        console::say(&format!("  {}", report.condition.advice()));
    }
}

async fn adopt(office: &Office, actor: &Actor, (name, yes): (&str, bool)) -> anyhow::Result<()> {
    let volume = find_volume(office, name).await?;
    let root = root_of(office, volume.id);
    if !yes {
        bail!(
            "this writes the file {} into {root}; if it is the right folder, say so with --yes",
            VolumeMark::FILE
        );
    }
    office.volumes.adopt(actor, volume.id).await?;
    console::say(&format!("{root} is marked as {name}."));
    console::say("Have the files counted again: quaymaster quota reconcile --all");
    Ok(())
}

fn root_of(office: &Office, id: VolumeId) -> String {
    let found = office.volumes.report(id);
    found.map_or_else(String::new, |report| report.root.display().to_string())
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("use yes or no".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn volume() -> StorageVolume {
        StorageVolume {
            id: VolumeId::FIRST,
            name: "Files".to_owned(),
            root: String::new(),
            mark: "m".to_owned(),
            reserve: Some(5),
            is_closed: true,
            is_default: false,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            version: 1,
        }
    }

    fn nothing() -> Edit {
        Edit {
            name: "Files".to_owned(),
            rename: None,
            root: None,
            reserve: None,
            new_accounts: None,
            default: false,
        }
    }

    #[test]
    fn what_is_not_said_stays_as_it_is() {
        let kept = nothing().put_on(&volume()).unwrap();
        let opened = Edit {
            new_accounts: Some(true),
            reserve: Some("settings".to_owned()),
            ..nothing()
        };
        let opened = opened.put_on(&volume()).unwrap();

        assert_eq!(kept, VolumeSettings::of(&volume()));
        assert!(!opened.is_closed);
        assert_eq!(opened.reserve, None);
    }

    #[test]
    fn a_reserve_is_a_size_or_that_of_the_settings() {
        let typed = |reserve: &str| {
            let edit = Edit {
                reserve: Some(reserve.to_owned()),
                ..nothing()
            };
            edit.put_on(&volume()).map(|settings| settings.reserve)
        };

        assert_eq!(typed("20GiB").unwrap(), Some(20 << 30));
        assert_eq!(typed("0").unwrap(), Some(0));
        for wrong in ["", "much", "-1"] {
            assert!(typed(wrong).is_err(), "{wrong}");
        }
    }
}
