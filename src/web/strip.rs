//! The strip of figures above live pages.

use askama::Template;

use super::chart::{Svg, spark};
use super::facts;
use super::format::{Count, Figure, Rate, plural};
use super::live::Sample;
use super::state::Web;

/// The figures of this moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strip {
    /// `9 of 200`.
    pub(crate) sessions: Figure,
    /// `7 transferring, 2 idle`.
    pub(crate) sessions_note: String,
    /// Bytes per second received.
    pub(crate) received: Figure,
    /// `5 uploads`.
    pub(crate) received_note: String,
    /// The last minute or two.
    pub(crate) received_curve: Svg,
    /// Bytes per second sent.
    pub(crate) sent: Figure,
    /// `2 downloads`.
    pub(crate) sent_note: String,
    /// The last minute or two.
    pub(crate) sent_curve: Svg,
    /// `14 of 20`.
    pub(crate) ports: Figure,
    /// `2 promised, 12 connected`.
    pub(crate) ports_note: String,
    /// For figures without a curve.
    pub(crate) no_curve: Svg,
}

/// The strip as a fragment.
#[derive(Template)]
#[template(path = "admin/_live_strip.html")]
pub(crate) struct StripPart {
    /// The figures.
    pub(crate) strip: Strip,
}

impl Strip {
    /// The figures of `sample`.
    pub(crate) fn new(web: &Web, sample: &Sample) -> Self {
        let (received, sent) = web.live().curves();
        let (uploads, downloads) = (sample.transferring(false), sample.transferring(true));
        let sessions = u64::try_from(sample.sessions.len()).unwrap_or(u64::MAX);
        let moving = uploads + downloads;
        let ports = web.app().passive_ports.counters();
        let in_use = ports.reserved + ports.connected;
        Self {
            sessions: Figure::count(
                sessions,
                format!("of {}", Count(facts::session_limit(web.app()))),
            ),
            sessions_note: format!(
                "{moving} transferring, {} idle",
                sessions.saturating_sub(moving)
            ),
            received: Figure::of(Rate(sample.received_rate)),
            received_note: plural(uploads, "upload", "uploads"),
            received_curve: spark(&received),
            sent: Figure::of(Rate(sample.sent_rate)),
            sent_note: plural(downloads, "download", "downloads"),
            sent_curve: spark(&sent),
            ports: Figure {
                number: in_use.min(ports.ports).to_string(),
                unit: format!("of {}", ports.ports),
            },
            ports_note: format!("{} promised, {} connected", ports.reserved, ports.connected),
            no_curve: Svg::default(),
        }
    }

    /// Figures for the samples of pages.
    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        let curve = spark(&[4, 5, 9, 30, 22, 18, 21, 19, 20]);
        Self {
            sessions: Figure::count(9, "of 1,000"),
            sessions_note: "7 transferring, 2 idle".to_owned(),
            received: Figure::of(Rate(40_055_603)),
            received_note: "5 uploads".to_owned(),
            received_curve: curve.clone(),
            sent: Figure::of(Rate(13_212_057)),
            sent_note: "2 downloads".to_owned(),
            sent_curve: curve,
            ports: Figure::count(14, "of 20"),
            ports_note: "6 promised, 8 connected".to_owned(),
            no_curve: Svg::default(),
        }
    }
}
