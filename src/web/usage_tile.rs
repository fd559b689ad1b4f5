//! A tile that says how much of a limit is used and who set the limit.

use crate::hosting::limits::Effective;
use crate::model::LimitSource;
use crate::web::format::Bytes;
use crate::web::meter::Meter;

/// A usage tile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Tile {
    /// What is measured.
    pub(crate) label: &'static str,
    /// How much of it is used.
    pub(crate) meter: Meter,
    /// Share, what is free, and where the limit comes from.
    pub(crate) note: String,
}

/// Bytes in use.
pub(crate) fn bytes_tile(label: &'static str, used: u64, limit: Effective) -> Tile {
    let free = limit.limit.map(|limit| match limit.checked_sub(used) {
        Some(0) => "full".to_owned(),
        Some(free) => format!("{} free", Bytes(free)),
        None => format!("{} over", Bytes(used - limit)),
    });
    tile(label, Meter::storage(used, limit.limit), free, limit.source)
}

/// Things in use.
pub(crate) fn count_tile(label: &'static str, used: u64, limit: Effective) -> Tile {
    tile(label, Meter::count(used, limit.limit), None, limit.source)
}

fn tile(label: &'static str, meter: Meter, free: Option<String>, source: LimitSource) -> Tile {
    let from = match source {
        LimitSource::Account => "limit set here",
        LimitSource::Customer => "limit from the customer",
        LimitSource::Plan => "limit from the plan",
    };
    let note = if meter.has_limit() {
        let share = [Some(meter.percent.clone()), free].into_iter().flatten();
        share
            .chain([from.to_owned()])
            .collect::<Vec<_>>()
            .join(", ")
    } else {
        format!("No {from}")
    };
    Tile { label, meter, note }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn limit(limit: Option<u64>, source: LimitSource) -> Effective {
        Effective { limit, source }
    }

    #[test]
    fn a_tile_names_share_rest_and_source() {
        let tile = bytes_tile(
            "Storage",
            38 * GIB,
            limit(Some(50 * GIB), LimitSource::Plan),
        );

        assert_eq!(
            tile.note,
            "76\u{a0}%, 12\u{a0}GiB free, limit from the plan"
        );
    }

    #[test]
    fn use_above_a_lowered_limit_is_told() {
        let tile = bytes_tile(
            "Storage",
            51 * GIB,
            limit(Some(50 * GIB), LimitSource::Account),
        );

        assert_eq!(tile.note, "102\u{a0}%, 1\u{a0}GiB over, limit set here");
    }

    #[test]
    fn no_limit_is_said_in_words() {
        let tile = count_tile("Files", 7, limit(None, LimitSource::Customer));

        assert_eq!(tile.note, "No limit from the customer");
    }
}
