//! Traffic of a month in words: what is allowed, what was used, and what was used before.

use crate::hosting::limits::Effective;
use crate::model::{Limit, Moved, PeriodTraffic, Traffic};
use crate::web::format::{Bytes, Pct, When};
use crate::web::layout::Layout;
use crate::web::meter::Meter;
use crate::web::usage_tile::{Tile, traffic_tile};

/// One month in a table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TrafficLine {
    /// Its first day.
    pub(crate) from: String,
    /// Whether it runs.
    pub(crate) is_running: bool,
    /// Bytes from clients.
    pub(crate) up: Bytes,
    /// Bytes to clients.
    pub(crate) down: Bytes,
    /// Both together.
    pub(crate) both: Bytes,
}

/// Limits of a month in one line: `10 GiB up, 200 GiB down`.
pub(crate) fn allowance(limits: Traffic<Limit>) -> String {
    let words = Traffic {
        up: "up",
        down: "down",
        both: "in all",
    };
    let limited = limits.beside(words).into_array().into_iter();
    let limited = limited.filter_map(|(limit, way)| Some(format!("{} {way}", Bytes(limit?))));
    let limited: Vec<String> = limited.collect();
    if limited.is_empty() {
        "No limit".to_owned()
    } else {
        limited.join(", ")
    }
}

/// The limit of which most is used, or what was moved where nothing is limited; `None` if nothing was.
pub(crate) fn nearest(moved: Moved, limits: Traffic<Limit>) -> Option<Meter> {
    let pairs = moved.against().beside(limits).into_array().into_iter();
    let limited = pairs.filter_map(|(used, limit)| Some((used, limit?)));
    let nearest = limited.max_by_key(|(used, limit)| Pct::of(*used, *limit).per_mille());
    match nearest {
        Some((used, limit)) => Some(Meter::storage(used, Some(limit))),
        None if moved.is_nothing() => None,
        None => Some(Meter::storage(moved.both(), None)),
    }
}

/// A tile for each limit that there is; `labels` names them.
pub(crate) fn tiles(
    labels: Traffic<&'static str>,
    traffic: PeriodTraffic,
    limits: Traffic<Effective>,
    layout: &Layout,
) -> Vec<Tile> {
    let until = format!("{} UTC", layout.when(traffic.period.end).utc_day());
    let parts = labels.beside(traffic.moved.against()).beside(limits);
    let limited = parts.into_array().into_iter();
    let limited = limited.filter(|(_, limit)| limit.limit.is_some());
    limited
        .map(|((label, used), limit)| traffic_tile(label, used, limit, &until))
        .collect()
}

/// The months until now, newest first.
pub(crate) fn lines(periods: &[PeriodTraffic], layout: &Layout) -> Vec<TrafficLine> {
    let line = |it: &PeriodTraffic| {
        let begin: When = layout.when(it.period.begin);
        TrafficLine {
            from: begin.utc_day(),
            is_running: it.period.end > layout.now.at(),
            up: Bytes(it.moved.up),
            down: Bytes(it.moved.down),
            both: Bytes(it.moved.both()),
        }
    };
    periods.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LimitSource;
    use crate::web::sample_records::traffic;

    #[test]
    fn an_allowance_names_what_it_limits() {
        let limits = Traffic {
            up: None,
            down: Some(200 << 30),
            both: Some(0),
        };

        assert_eq!(allowance(limits), "200\u{a0}GiB down, 0\u{a0}B in all");
        assert_eq!(allowance(Traffic::default()), "No limit");
    }

    #[test]
    fn in_a_list_the_limit_of_which_most_is_used_stands_for_all() {
        let moved = Moved { up: 10, down: 80 };
        let limits = Traffic {
            up: Some(100),
            down: Some(100),
            both: Some(1_000),
        };

        let shown = nearest(moved, limits).unwrap();
        assert_eq!(shown, Meter::storage(80, Some(100)));

        let unlimited = nearest(moved, Traffic::default()).unwrap();
        assert_eq!(unlimited, Meter::storage(90, None));
        assert_eq!(nearest(Moved::default(), Traffic::default()), None);
    }

    #[test]
    fn only_what_is_limited_has_a_tile_which_tells_until_when() {
        let layout = Layout::sample("account", "/admin/accounts/a");
        let limit = |limit| Effective {
            limit,
            source: LimitSource::Plan,
        };
        let limits = Traffic {
            up: limit(None),
            down: limit(Some(200 << 30)),
            both: limit(Some(202 << 30)),
        };
        let labels = Traffic {
            up: "Up",
            down: "Down",
            both: "Both",
        };

        let tiles = tiles(labels, traffic(), limits, &layout);

        let told: Vec<_> = tiles
            .iter()
            .map(|it| (it.label, it.note.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("Down", "95\u{a0}%, 10\u{a0}GiB left, until 1 Apr 2026 UTC"),
                ("Both", "100\u{a0}%, used up, until 1 Apr 2026 UTC"),
            ]
        );
    }
}
