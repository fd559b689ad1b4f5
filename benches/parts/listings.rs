//! Lines of listings, and name patterns.

use std::hint::black_box;

use anyhow::ensure;
use quaymaster::clock::Timestamp;
use quaymaster::model::Permissions;
use quaymaster::proto::{EntryKind, Facts, Glob, ListEntry, list_line, mlsd_line, nlst_line};

use super::measure::{Bench, Does};

/// 2026-01-02 03:04:05.
const NOW: Timestamp = Timestamp::from_seconds(1_767_323_045);
const NAME: &str = "2026-01-02 harbour at night.jpg";

pub(crate) fn run(bench: &Bench) -> anyhow::Result<()> {
    let entry = ListEntry {
        name: NAME.as_bytes(),
        kind: EntryKind::File,
        size: 4_194_304,
        modified: Timestamp::from_seconds(1_760_000_000),
        mode: 0o644,
        unique: 0x0123_4567_89ab_cdef,
        permissions: Permissions::all(),
        target: None,
    };
    let mut out = String::with_capacity(1_024);
    let line = Does::Things(1, "line");
    bench.time("listing: LIST", line, || {
        out.clear();
        list_line(black_box(&entry), NOW, &mut out);
        black_box(&out);
        Ok(())
    })?;
    bench.time("listing: MLSD", line, || {
        out.clear();
        let is_told = mlsd_line(black_box(&entry), Facts::default(), &mut out);
        ensure!(is_told, "the name can be told");
        black_box(&out);
        Ok(())
    })?;
    bench.time("listing: NLST", line, || {
        out.clear();
        nlst_line("pictures", black_box(entry.name), &mut out);
        black_box(&out);
        Ok(())
    })?;
    let glob = Glob::new("2026-*-0[1-9]*.jpg");
    bench.time("listing: pattern", Does::Things(1, "name"), || {
        ensure!(glob.matches(black_box(NAME)), "the pattern fits");
        Ok(())
    })
}
