//! `/admin/live`: who is connected now and what moves.

use std::sync::Arc;

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use crate::model::Right;
use crate::web::auth::Admin;
use crate::web::error::PageError;
use crate::web::layout::Layout;
use crate::web::live::Sample;
use crate::web::recent::{Recent, RecentPart};
use crate::web::session_row::{SessionRow, key};
use crate::web::state::Web;
use crate::web::stream::{self, Frame, Scene};
use crate::web::strip::{Strip, StripPart};
use crate::web::table::{Address, Segment};
use crate::web::transfer_row::TransferRow;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/live", get(show))
        .route("/live/events", get(events))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/live.html")]
struct LivePage {
    layout: Layout,
    events: String,
    strip: Strip,
    segments: Vec<Segment>,
    show: &'static str,
    q: String,
    rows: Vec<SessionRow>,
    total: usize,
    empty_text: String,
    recent: Vec<TransferRow>,
    may_disconnect: bool,
}

#[derive(Template)]
#[template(path = "admin/_live_row.html")]
struct RowPart<'a> {
    row: &'a SessionRow,
    may_disconnect: bool,
}

#[derive(Template)]
#[template(path = "admin/_live_empty.html")]
struct EmptyPart {
    empty_text: String,
}

#[derive(Template)]
#[template(path = "admin/_live_segments.html")]
struct SegmentsPart {
    segments: Vec<Segment>,
}

/// Which sessions a page shows.
#[derive(Clone, Debug, Default, Deserialize)]
struct Filter {
    #[serde(default)]
    show: String,
    #[serde(default)]
    q: String,
}

/// The filters with few values: name in the URL, words, and which rows they pick.
type Pick = (&'static str, &'static str, fn(&SessionRow) -> bool);

const PICKS: [Pick; 4] = [
    ("", "All", |_| true),
    ("moving", "Transferring", SessionRow::is_transferring),
    ("idle", "Idle", |row| !row.is_transferring()),
    ("plain", "Not encrypted", SessionRow::is_plain),
];

impl Filter {
    fn pick(&self) -> Pick {
        let [all, ..] = PICKS;
        PICKS
            .into_iter()
            .find(|(name, ..)| *name == self.show)
            .unwrap_or(all)
    }

    fn takes(&self, row: &SessionRow) -> bool {
        let (_, _, is_picked) = self.pick();
        let q = self.q.trim();
        is_picked(row) && (q.is_empty() || row.matches(q))
    }

    fn address(&self, path: &str) -> Address {
        let (name, ..) = self.pick();
        Address::new(path)
            .with("show", name)
            .with("q", self.q.trim())
    }

    fn segments(&self, rows: &[SessionRow]) -> Vec<Segment> {
        let (current, ..) = self.pick();
        let segment = |(name, label, is_picked): Pick| Segment {
            label,
            count: rows.iter().filter(|row| is_picked(row)).count().to_string(),
            url: self.address("/admin/live").with("show", name).to_string(),
            current: name == current,
        };
        PICKS.into_iter().map(segment).collect()
    }
}

/// What stands below an empty list; nothing below one with rows.
fn empty_text(shown: usize, total: usize) -> String {
    match (shown, total) {
        (1.., _) => String::new(),
        (0, 0) => "Nobody is connected.".to_owned(),
        (0, 1) => "No session matches. 1 other is open.".to_owned(),
        (0, others) => format!("No session matches. {others} others are open."),
    }
}

fn rows(sample: &Sample) -> Vec<SessionRow> {
    sample
        .sessions
        .iter()
        .map(|moving| SessionRow::new(moving, sample.at))
        .collect()
}

async fn show(
    State(web): State<Web>,
    admin: Admin,
    Query(filter): Query<Filter>,
) -> Result<LivePage, PageError> {
    let sample = web.live().sample();
    let all = rows(&sample);
    let segments = filter.segments(&all);
    let total = all.len();
    let rows: Vec<SessionRow> = all.into_iter().filter(|row| filter.takes(row)).collect();
    let layout = admin.layout("Live");
    let recent = Recent::load(web.app())
        .await
        .map_err(|error| PageError::unavailable(&error))?;
    Ok(LivePage {
        events: filter.address("/admin/live/events").to_string(),
        strip: Strip::new(&web, &sample),
        segments,
        show: filter.pick().0,
        empty_text: empty_text(rows.len(), total),
        q: filter.q,
        rows,
        total,
        recent: recent.rows(layout.now),
        layout,
        may_disconnect: admin.may(Right::Disconnect),
    })
}

async fn events(State(web): State<Web>, admin: Admin, Query(filter): Query<Filter>) -> Response {
    let scene = LiveScene {
        web: web.clone(),
        filter,
        may_disconnect: admin.may(Right::Disconnect),
        recent: RecentPart::new(&web),
    };
    stream::answer(&web, &admin, scene)
}

/// The live page, once a second.
struct LiveScene {
    web: Web,
    filter: Filter,
    may_disconnect: bool,
    recent: RecentPart,
}

impl Scene for LiveScene {
    async fn frame(&mut self) -> Frame {
        let sample: Arc<Sample> = self.web.live().sample();
        let all = rows(&sample);
        let total = all.len();
        let mut frame = Frame::default();
        for row in &all {
            if !self.filter.takes(row) {
                frame.hidden.push(row.key.clone());
                continue;
            }
            let part = RowPart {
                row,
                may_disconnect: self.may_disconnect,
            };
            frame
                .rows
                .push((key(row.id), part.render().unwrap_or_default()));
        }
        let empty = EmptyPart {
            empty_text: empty_text(frame.rows.len(), total),
        };
        frame
            .parts
            .push(("live-empty".to_owned(), empty.render().unwrap_or_default()));
        let segments = SegmentsPart {
            segments: self.filter.segments(&all),
        };
        frame
            .parts
            .push(("live-seg".to_owned(), segments.render().unwrap_or_default()));
        let strip = StripPart {
            strip: Strip::new(&self.web, &sample),
        };
        frame
            .parts
            .push(("strip".to_owned(), strip.render().unwrap_or_default()));
        frame
            .parts
            .push(("recent".to_owned(), self.recent.html().await));
        frame
    }
}

/// Sessions that move, idle, wait for a login, and one with a hostile name.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::TransferResult;
    use crate::web::session_row::tests::sample_rows;
    use crate::web::transfer_row::tests::upload;

    let page = |rows: Vec<SessionRow>, may_disconnect| {
        let layout = Layout::sample("Live", "/admin/live");
        let filter = Filter::default();
        LivePage {
            events: "/admin/live/events".to_owned(),
            strip: Strip::sample(),
            segments: filter.segments(&rows),
            show: "",
            q: String::new(),
            total: rows.len(),
            empty_text: empty_text(rows.len(), rows.len()),
            recent: vec![
                TransferRow::new(
                    &upload("/incoming/a.pdf", TransferResult::Complete, ""),
                    layout.now,
                ),
                TransferRow::new(
                    &upload("/<img src=x>", TransferResult::Refused, "quota"),
                    layout.now,
                ),
            ],
            rows,
            layout,
            may_disconnect,
        }
    };
    vec![
        ("live", page(sample_rows(), true).to_string()),
        ("live-auditor", page(sample_rows(), false).to_string()),
        ("live-empty", page(Vec::new(), true).to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::session_row::tests::sample_rows;

    #[test]
    fn an_unknown_filter_shows_everything() {
        let filter = Filter {
            show: "colourful".to_owned(),
            q: String::new(),
        };

        assert_eq!(filter.pick().0, "");
        assert_eq!(
            sample_rows().iter().filter(|row| filter.takes(row)).count(),
            sample_rows().len()
        );
    }

    #[test]
    fn the_address_of_a_filter_is_kept_by_its_segments() {
        let filter = Filter {
            show: "moving".to_owned(),
            q: "kestrel".to_owned(),
        };

        let segments = filter.segments(&sample_rows());

        assert!(segments[1].current);
        assert_eq!(segments[2].url, "/admin/live?q=kestrel&show=idle");
    }

    #[test]
    fn an_auditor_sees_no_control() {
        let html = samples()[1].1.clone();

        assert!(!html.contains("Disconnect"));
        assert!(!html.contains("class=\"pick\""));
    }
}
