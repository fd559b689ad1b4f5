//! A volume in words, for the pages about storage.

use super::error::PageError;
use super::format::{Bytes, Count, When, plural};
use super::meter::Meter;
use crate::app::App;
use crate::hosting::volumes::{Condition, VolumeReport};
use crate::model::{VolumeId, VolumeRow};

/// A volume as a page prints it.
#[derive(Clone, Debug)]
pub(crate) struct VolumeLine {
    /// What it is called.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) root: String,
    /// Its page.
    pub(crate) url: String,
    /// Whether new accounts go there.
    pub(crate) is_default: bool,
    /// How it was found, and whether it takes new accounts, in a word or two.
    pub(crate) state: &'static str,
    /// Class of the state: `ok`, `warn`, `bad` or empty.
    pub(crate) class: &'static str,
    /// What is wrong and what to do about it; empty if nothing is.
    pub(crate) advice: String,
    /// How full the disk is; `None` if nobody knows.
    pub(crate) disk: Option<Meter>,
    /// What uploads can still take: `1.2 TiB`.
    pub(crate) free: String,
    /// What uploads leave free.
    pub(crate) reserve: String,
    /// How many accounts are there.
    pub(crate) accounts: String,
    /// How much they hold.
    pub(crate) stored: String,
    /// What deleted accounts have left: `2 deleted accounts, 5 GiB`; empty if there are none.
    pub(crate) trash: String,
    /// When it was looked at last.
    pub(crate) looked: When,
}

impl VolumeLine {
    /// The volume on a page made at `now`; `row` is what is booked on it.
    pub(crate) fn new(report: &VolumeReport, row: Option<&VolumeRow>, now: When) -> Self {
        let volume = &report.volume;
        let (state, class) = state(report);
        let space = report.space;
        let disk = space.map(|space| {
            let free = space.available_bytes.saturating_add(space.reserved_bytes);
            let used = space.total_bytes.saturating_sub(free);
            Meter::storage(used, Some(space.total_bytes))
        });
        let bytes = |amount: Option<u64>| {
            amount.map_or_else(|| "unknown".to_owned(), |amount| Bytes(amount).to_string())
        };
        Self {
            name: volume.name.clone(),
            root: report.root.display().to_string(),
            url: format!("/admin/storage/{}", volume.id),
            is_default: volume.is_default,
            state,
            class,
            advice: report.condition.advice(),
            disk,
            free: bytes(space.map(|space| space.available_bytes)),
            reserve: bytes(space.map(|space| space.reserved_bytes)),
            accounts: Count(row.map_or(0, |row| row.accounts)).to_string(),
            stored: bytes(row.map(|row| row.usage.bytes)),
            trash: row.map_or_else(String::new, trash),
            looked: now.of(report.looked_at),
        }
    }
}

/// A volume with what is booked on it.
///
/// # Errors
///
/// [`PageError::NotFound`] if there is no such volume.
pub(crate) async fn volume(
    app: &App,
    id: VolumeId,
) -> Result<(VolumeReport, VolumeRow), PageError> {
    let gone = || PageError::not_found("The volume may have been removed.");
    let rows = app.volumes.rows().await;
    let rows = rows.map_err(|error| PageError::unavailable(&error))?;
    let row = rows.into_iter().find(|row| row.volume.id == id);
    let report = app.volumes.report(id);
    Ok((report.ok_or_else(gone)?, row.ok_or_else(gone)?))
}

fn state(report: &VolumeReport) -> (&'static str, &'static str) {
    match &report.condition {
        Condition::Ready if report.volume.is_closed => ("Closed for new accounts", ""),
        Condition::Ready => ("Works", "ok"),
        Condition::Returning => ("Is being counted", "warn"),
        Condition::Missing | Condition::Unmarked => ("Missing", "bad"),
        Condition::Foreign => ("Another disk", "bad"),
        Condition::Silent => ("Does not answer", "bad"),
        Condition::Failing(_) => ("Fails", "bad"),
    }
}

fn trash(row: &VolumeRow) -> String {
    match row.deleted_accounts {
        0 => String::new(),
        count => {
            let accounts = plural(count, "deleted account", "deleted accounts");
            format!("{accounts}, {}", Bytes(row.deleted.bytes))
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::clock::Timestamp;
    use crate::model::{StorageVolume, Usage};
    use crate::web::sample_records::HOSTILE;

    /// A second disk with accounts and files of deleted ones, as it was found.
    pub(crate) fn sample(condition: Condition) -> (VolumeReport, VolumeRow) {
        let at = Timestamp::from_seconds(1_773_322_300);
        let volume = StorageVolume {
            id: VolumeId::from_parts(7, [7; 10]),
            name: HOSTILE.to_owned(),
            root: "/disks/two".to_owned(),
            mark: "m".to_owned(),
            reserve: Some(20 << 30),
            is_closed: false,
            is_default: false,
            created_at: at,
            updated_at: at,
            version: 3,
        };
        let row = VolumeRow {
            volume: volume.clone(),
            accounts: 1_204,
            usage: Usage {
                bytes: 5 << 40,
                files: 12_480,
            },
            deleted_accounts: 2,
            deleted: Usage {
                bytes: 5 << 30,
                files: 7,
            },
        };
        let report = VolumeReport {
            root: PathBuf::from(&volume.root),
            volume,
            is_open: condition == Condition::Ready,
            condition,
            space: None,
            looked_at: at,
        };
        (report, row)
    }

    #[test]
    fn a_volume_says_what_is_wrong_and_what_is_there() {
        let (report, row) = sample(Condition::Unmarked);

        let line = VolumeLine::new(&report, Some(&row), When::default());

        assert_eq!((line.state, line.class), ("Missing", "bad"));
        assert!(line.advice.contains("not mounted"));
        assert_eq!(
            (line.accounts.as_str(), line.free.as_str()),
            ("1,204", "unknown")
        );
        assert_eq!(
            line.trash.replace('\u{a0}', " "),
            "2 deleted accounts, 5 GiB"
        );
    }

    #[test]
    fn a_volume_that_works_may_still_be_closed() {
        let (mut report, _) = sample(Condition::Ready);
        assert_eq!(state(&report), ("Works", "ok"));

        report.volume.is_closed = true;

        assert_eq!(state(&report), ("Closed for new accounts", ""));
    }
}
