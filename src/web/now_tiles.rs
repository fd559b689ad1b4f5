//! The tiles on top of the dashboard: what is true now, each a link to more.

use askama::Template;

use super::chart::{Svg, spark};
use super::facts;
use super::format::{Bytes, Count, Figure, Rate, plural};
use super::live::Sample;
use super::state::Web;
use crate::model::page::HourTraffic;

/// The tiles.
#[derive(Clone, Debug, Default)]
pub(crate) struct NowTiles {
    /// In the order of the page.
    pub(crate) all: Vec<Tile>,
}

/// One tile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tile {
    /// The id of its element.
    pub(crate) id: &'static str,
    /// Where it leads.
    pub(crate) url: &'static str,
    /// Its name.
    pub(crate) label: &'static str,
    /// The figure.
    pub(crate) figure: Figure,
    /// What stands below it.
    pub(crate) note: String,
    /// The curve beside it; may be empty.
    pub(crate) curve: Svg,
}

/// The tiles as a fragment.
#[derive(Template)]
#[template(path = "admin/_now_tiles.html")]
pub(crate) struct TilesPart {
    /// The tiles.
    pub(crate) tiles: NowTiles,
}

impl NowTiles {
    /// The tiles of `sample` and of the last day's traffic.
    pub(crate) fn new(web: &Web, sample: &Sample, today: &[HourTraffic]) -> Self {
        Self {
            all: vec![
                sessions(web, sample),
                throughput(web, sample),
                moved(today, sample),
                storage(web),
                ports(web),
            ],
        }
    }

    /// Tiles for the samples of pages.
    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        let tile = |id, label, figure, note: &str| Tile {
            id,
            url: "/admin/live",
            label,
            figure,
            note: note.to_owned(),
            curve: spark(&[4, 5, 9, 30, 22, 18, 21, 19, 20]),
        };
        let all = vec![
            tile(
                "t-s",
                "Sessions now",
                Figure::count(9, "of 1,000"),
                "7 transferring, 2 idle",
            ),
            tile(
                "t-r",
                "Throughput now",
                Figure::of(Rate(53_267_660)),
                "38.2 MiB/s in, 12.6 MiB/s out",
            ),
            tile(
                "t-m",
                "Transferred, 24 h",
                Figure::of(Bytes(1_682_000_000_000)),
                "8,214 transfers",
            ),
            tile(
                "t-d",
                "Storage used",
                Figure::of(Bytes(7_487_000_000_000)),
                "5.19 TiB free on the disk",
            ),
            tile(
                "t-p",
                "Passive ports",
                Figure::count(14, "of 20"),
                "6 promised, 8 connected",
            ),
        ];
        Self { all }
    }
}

fn sessions(web: &Web, sample: &Sample) -> Tile {
    let count = u64::try_from(sample.sessions.len()).unwrap_or(u64::MAX);
    let moving = sample.transferring(true) + sample.transferring(false);
    Tile {
        id: "t-s",
        url: "/admin/live",
        label: "Sessions now",
        figure: Figure::count(
            count,
            format!("of {}", Count(facts::session_limit(web.app()))),
        ),
        note: format!(
            "{moving} transferring, {} idle",
            count.saturating_sub(moving)
        ),
        curve: Svg::default(),
    }
}

fn throughput(web: &Web, sample: &Sample) -> Tile {
    let (received, sent) = web.live().curves();
    let both: Vec<u64> = received
        .iter()
        .zip(&sent)
        .map(|(up, down)| up.saturating_add(*down))
        .collect();
    Tile {
        id: "t-r",
        url: "/admin/live?show=moving",
        label: "Throughput now",
        figure: Figure::of(Rate(sample.received_rate.saturating_add(sample.sent_rate))),
        note: format!(
            "{} in, {} out",
            Rate(sample.received_rate),
            Rate(sample.sent_rate)
        ),
        curve: spark(&both),
    }
}

fn moved(today: &[HourTraffic], sample: &Sample) -> Tile {
    let hours = super::traffic_buckets::buckets(today, sample.at, 24, 1);
    let each: Vec<u64> = hours
        .iter()
        .map(|hour| hour.uploaded_bytes.saturating_add(hour.downloaded_bytes))
        .collect();
    let transfers = today.iter().map(|hour| hour.transfers).sum();
    let bytes = each.iter().copied().fold(0, u64::saturating_add);
    Tile {
        id: "t-m",
        url: "/admin/transfers",
        label: "Transferred, 24 h",
        figure: Figure::of(Bytes(bytes)),
        note: plural(transfers, "transfer", "transfers"),
        curve: if bytes == 0 {
            Svg::default()
        } else {
            spark(&each)
        },
    }
}

fn storage(web: &Web) -> Tile {
    let used = web.app().ledger.total_usage();
    let reports = web.app().volumes.reports();
    let spaces: Vec<u64> = reports
        .iter()
        .filter_map(|report| Some(report.space?.available_bytes))
        .collect();
    let free = Bytes(spaces.iter().copied().fold(0, u64::saturating_add));
    let note = match (spaces.len(), reports.len()) {
        (0, _) => "The disk does not answer".to_owned(),
        (1, 1) => format!("{free} free on the disk"),
        (there, all) => format!("{free} free on {there} of {all} volumes"),
    };
    Tile {
        id: "t-d",
        url: "/admin/storage",
        label: "Storage used",
        figure: Figure::of(Bytes(used.bytes)),
        note,
        curve: Svg::default(),
    }
}

fn ports(web: &Web) -> Tile {
    let ports = web.app().passive_ports.counters();
    let in_use = (ports.reserved + ports.connected).min(ports.ports);
    Tile {
        id: "t-p",
        url: "/admin/network",
        label: "Passive ports",
        figure: Figure {
            number: in_use.to_string(),
            unit: format!("of {}", ports.ports),
        },
        note: format!("{} promised, {} connected", ports.reserved, ports.connected),
        curve: Svg::default(),
    }
}
