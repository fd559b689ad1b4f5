//! `/admin`: the dashboard.

use std::time::Duration;

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use crate::clock::Timestamp;
use crate::model::page::{AuditQuery, BusyAccount, HourTraffic};
use crate::model::{ByteSize, Right};
use crate::web::attention::{Attention, attention};
use crate::web::audit_row::AuditRow;
use crate::web::auth::Admin;
use crate::web::chart::Traffic;
use crate::web::error::PageError;
use crate::web::format::Count;
use crate::web::layout::Layout;
use crate::web::meter::Meter;
use crate::web::now_tiles::{NowTiles, TilesPart};
use crate::web::recent::{Recent, RecentPart};
use crate::web::session_row::SessionRow;
use crate::web::state::Web;
use crate::web::stream::{self, Frame, Scene};
use crate::web::table::Segment;
use crate::web::traffic_buckets::buckets;
use crate::web::transfer_row::TransferRow;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/", get(show))
        .route("/events", get(events))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/overview.html")]
struct OverviewPage {
    layout: Layout,
    periods: Vec<Segment>,
    period: &'static str,
    tiles: NowTiles,
    traffic: Traffic,
    busiest: Vec<BusyRow>,
    fastest: Vec<SessionRow>,
    recent: Vec<TransferRow>,
    attention: Vec<Attention>,
    latest: Vec<AuditRow>,
    may_create: bool,
}

#[derive(Template)]
#[template(path = "admin/_fastest.html")]
struct FastestPart {
    fastest: Vec<SessionRow>,
}

/// One of the busiest accounts.
#[derive(Clone, Debug)]
struct BusyRow {
    url: String,
    username: String,
    transfers: String,
    received: String,
    sent: String,
    share: Meter,
}

/// A period that the dashboard looks back on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Period {
    key: &'static str,
    label: &'static str,
    days: u64,
}

const PERIODS: [Period; 3] = [
    Period {
        key: "",
        label: "24 h",
        days: 1,
    },
    Period {
        key: "7d",
        label: "7 days",
        days: 7,
    },
    Period {
        key: "30d",
        label: "30 days",
        days: 30,
    },
];

#[derive(Debug, Default, Deserialize)]
struct Choice {
    #[serde(default)]
    range: String,
}

const BUSIEST: u64 = 5;
const FASTEST: usize = 4;
const EVENTS: u64 = 5;

async fn show(
    State(web): State<Web>,
    admin: Admin,
    Query(choice): Query<Choice>,
) -> Result<OverviewPage, PageError> {
    let app = web.app();
    let layout = admin.layout("Dashboard");
    let [day, ..] = PERIODS;
    let period = PERIODS
        .into_iter()
        .find(|it| it.key == choice.range)
        .unwrap_or(day);
    let now = layout.now.at();
    let since = now.minus(Duration::from_hours(24 * period.days));
    let failed = |error: &dyn std::error::Error| PageError::unavailable(error);
    let hours = app
        .journal
        .traffic(since)
        .await
        .map_err(|error| failed(&error))?;
    let today = app
        .journal
        .traffic(now.minus(Duration::from_hours(24)))
        .await;
    let today = today.map_err(|error| failed(&error))?;
    let busiest = app
        .journal
        .busiest(since, BUSIEST)
        .await
        .map_err(|error| failed(&error))?;
    let query = AuditQuery {
        limit: EVENTS,
        ..AuditQuery::default()
    };
    let latest = app
        .audit
        .page(&query)
        .await
        .map_err(|error| failed(&error))?;
    let recent = Recent::load(app).await.map_err(|error| failed(&error))?;
    let sample = web.live().sample();
    Ok(OverviewPage {
        periods: periods(period),
        period: period.label,
        tiles: NowTiles::new(&web, &sample, &today),
        traffic: chart(&hours, period, now, &layout),
        busiest: busy_rows(&busiest, &hours),
        fastest: fastest(&sample.sessions, sample.at),
        recent: recent.rows(layout.now),
        attention: attention(app, layout.now).await?,
        latest: latest
            .iter()
            .map(|event| AuditRow::new(event, layout.now))
            .collect(),
        layout,
        may_create: admin.may(Right::ManageAccounts),
    })
}

async fn events(State(web): State<Web>, admin: Admin) -> Response {
    let scene = OverviewScene {
        recent: RecentPart::new(&web),
        today: Vec::new(),
        ticks: 0,
        web: web.clone(),
    };
    stream::answer(&web, &admin, scene)
}

fn periods(current: Period) -> Vec<Segment> {
    let url = |period: Period| match period.key {
        "" => "/admin".to_owned(),
        key => format!("/admin?range={key}"),
    };
    let segment = |period: Period| Segment {
        label: period.label,
        count: String::new(),
        url: url(period),
        current: period == current,
    };
    PERIODS.into_iter().map(segment).collect()
}

fn chart(hours: &[HourTraffic], period: Period, now: Timestamp, layout: &Layout) -> Traffic {
    if hours.is_empty() {
        return Traffic::default();
    }
    let is_daily = period.days > 7;
    let step = match period.days {
        1 => 1,
        7 => 6,
        _ => 24,
    };
    let filled = buckets(hours, now, period.days * 24, step);
    Traffic::new(&filled, is_daily, layout.now)
}

fn busy_rows(busiest: &[BusyAccount], hours: &[HourTraffic]) -> Vec<BusyRow> {
    let moved = |hour: &HourTraffic| hour.uploaded_bytes.saturating_add(hour.downloaded_bytes);
    let total = hours.iter().map(moved).fold(0, u64::saturating_add);
    let row = |account: &BusyAccount| BusyRow {
        url: format!("/admin/accounts/{}", account.account_id),
        username: account.username.clone(),
        transfers: Count(account.transfers).to_string(),
        received: ByteSize(account.uploaded_bytes).to_string(),
        sent: ByteSize(account.downloaded_bytes).to_string(),
        share: Meter::share(
            account
                .uploaded_bytes
                .saturating_add(account.downloaded_bytes),
            total,
        ),
    };
    busiest.iter().map(row).collect()
}

fn fastest(sessions: &[crate::web::live::Moving], now: Timestamp) -> Vec<SessionRow> {
    let mut moving: Vec<_> = sessions
        .iter()
        .filter(|it| it.view.transfer.is_some())
        .collect();
    moving.sort_by_key(|it| std::cmp::Reverse(it.rate));
    moving
        .into_iter()
        .take(FASTEST)
        .map(|it| SessionRow::new(it, now))
        .collect()
}

/// The dashboard's figures, once a second.
struct OverviewScene {
    web: Web,
    recent: RecentPart,
    today: Vec<HourTraffic>,
    ticks: u32,
}

impl OverviewScene {
    /// Seconds between two looks at the sums of the day.
    const SUMS_EVERY_SECONDS: u32 = 5;
}

impl Scene for OverviewScene {
    async fn frame(&mut self) -> Frame {
        let sample = self.web.live().sample();
        if self.ticks.is_multiple_of(Self::SUMS_EVERY_SECONDS) {
            let since = sample.at.minus(Duration::from_hours(24));
            if let Ok(today) = self.web.app().journal.traffic(since).await {
                self.today = today;
            }
        }
        self.ticks = self.ticks.wrapping_add(1);
        let tiles = TilesPart {
            tiles: NowTiles::new(&self.web, &sample, &self.today),
        };
        let fastest = FastestPart {
            fastest: fastest(&sample.sessions, sample.at),
        };
        let part =
            |id: &str, html: askama::Result<String>| (id.to_owned(), html.unwrap_or_default());
        Frame {
            parts: vec![
                part("tiles", tiles.render()),
                part("fastest", fastest.render()),
                ("recent".to_owned(), self.recent.html().await),
            ],
            ..Frame::default()
        }
    }
}

/// A busy day, and the first day.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::{AccountId, AuditAction, TransferResult};
    use crate::web::audit_row::tests::event;
    use crate::web::session_row::tests::sample_moving;
    use crate::web::transfer_row::tests::upload;

    let layout = || Layout::sample("Dashboard", "/admin");
    let now = layout().now;
    let [day, ..] = PERIODS;
    let hours: Vec<HourTraffic> = (0..24_u32)
        .map(|hour| HourTraffic {
            hour: now.at().minus(Duration::from_hours(23 - u64::from(hour))),
            uploaded_bytes: u64::from(10 + (hour * 37) % 43 + if hour == 12 { 90 } else { 0 })
                << 30,
            downloaded_bytes: u64::from(4 + (hour * 13) % 11) << 30,
            transfers: u64::from(hour * 11),
        })
        .collect();
    let busy = |name: &str, up: u64, down: u64| BusyAccount {
        account_id: AccountId::from_parts(1, [1; 10]),
        username: name.to_owned(),
        uploaded_bytes: up << 30,
        downloaded_bytes: down << 30,
        transfers: 1_906,
    };
    let item = |state, fact: &str, cause: &str| Attention {
        state,
        fact: fact.to_owned(),
        cause: cause.to_owned(),
        url: "/admin/network".to_owned(),
    };
    let full = OverviewPage {
        layout: layout(),
        periods: periods(day),
        period: day.label,
        tiles: NowTiles::sample(),
        traffic: chart(&hours, day, now.at(), &layout()),
        busiest: busy_rows(
            &[
                busy("corvid-games-ci", 18, 606),
                busy("delmar-audio", 288, 18),
            ],
            &hours,
        ),
        fastest: fastest(&sample_moving(), now.at()),
        recent: vec![
            TransferRow::new(
                &upload(
                    "/incoming/2026-spring-catalogue.pdf",
                    TransferResult::Complete,
                    "",
                ),
                now,
            ),
            TransferRow::new(
                &upload(
                    "/stems/mix_final.wav",
                    TransferResult::Aborted,
                    "client-gone",
                ),
                now,
            ),
        ],
        attention: vec![
            item(
                "bad",
                "fjord-surveys is at 98\u{a0}% of its limit",
                "488 of 500 GiB used.",
            ),
            item(
                "warn",
                "The certificate expires in 9 days",
                "It was uploaded by hand.",
            ),
        ],
        latest: vec![
            AuditRow::new(
                &event(AuditAction::AccountChanged, "brightline-studio"),
                now,
            ),
            AuditRow::new(&event(AuditAction::AdminSignInRefused, "<img src=x>"), now),
        ],
        may_create: true,
    };
    let empty = OverviewPage {
        layout: layout(),
        periods: periods(day),
        period: day.label,
        tiles: NowTiles::sample(),
        traffic: Traffic::default(),
        busiest: Vec::new(),
        fastest: Vec::new(),
        recent: Vec::new(),
        attention: Vec::new(),
        latest: Vec::new(),
        may_create: false,
    };
    vec![
        ("overview", full.to_string()),
        ("overview-first-day", empty.to_string()),
    ]
}
