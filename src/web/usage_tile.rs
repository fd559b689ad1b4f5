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
    /// The share and what is free.
    pub(crate) note: String,
    /// Where the limit comes from.
    pub(crate) source: &'static str,
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

/// Bytes moved of what may be until a day.
pub(crate) fn traffic_tile(label: &'static str, used: u64, limit: Effective, until: &str) -> Tile {
    let left = limit.limit.map(|limit| match limit.checked_sub(used) {
        Some(0) => "used up".to_owned(),
        Some(left) => format!("{} left", Bytes(left)),
        None => format!("{} over", Bytes(used - limit)),
    });
    let tile = tile(label, Meter::storage(used, limit.limit), left, limit.source);
    Tile {
        note: format!("{}, until {until}", tile.note),
        ..tile
    }
}

/// Things in use.
pub(crate) fn count_tile(label: &'static str, used: u64, limit: Effective) -> Tile {
    tile(label, Meter::count(used, limit.limit), None, limit.source)
}

fn tile(label: &'static str, meter: Meter, free: Option<String>, source: LimitSource) -> Tile {
    let note = if meter.has_limit() {
        let parts = [Some(meter.percent.clone()), free];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    } else {
        "No limit".to_owned()
    };
    Tile {
        label,
        meter,
        note,
        source: match source {
            LimitSource::Account => "Set for this account",
            LimitSource::Customer => "Set for the customer",
            LimitSource::Plan => "Set by the plan",
            LimitSource::Server => "Set by the server",
        },
    }
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

        assert_eq!(tile.note, "76\u{a0}%, 12\u{a0}GiB free");
        assert_eq!(tile.source, "Set by the plan");
    }

    #[test]
    fn use_above_a_lowered_limit_is_told() {
        let tile = bytes_tile(
            "Storage",
            51 * GIB,
            limit(Some(50 * GIB), LimitSource::Account),
        );

        assert_eq!(tile.note, "102\u{a0}%, 1\u{a0}GiB over");
    }

    #[test]
    fn no_limit_is_said_in_words() {
        let tile = count_tile("Files", 7, limit(None, LimitSource::Customer));

        assert_eq!(tile.note, "No limit");
        assert_eq!(tile.source, "Set for the customer");
    }
}
