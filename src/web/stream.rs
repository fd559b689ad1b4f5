//! Pages that keep themselves up to date: HTML fragments over server-sent events.
//!
//! `patch` replaces elements by id, `gone` removes a row, `keep` names the rows that still exist,
//! `say` is for screen readers. A fragment is made by the template that made the page, and is sent
//! only when it differs from what the viewer has.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::auth::Admin;
use super::live::Seat;
use super::state::Web;
use crate::events::{EventReader, News};

/// A page's live parts.
pub(crate) trait Scene: Send + 'static {
    /// How it looks now.
    fn frame(&mut self) -> impl Future<Output = Frame> + Send;
}

/// How the live parts of a page look at one moment: id and HTML of each element.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    /// Rows of the list. One that is missing in the next frame has ended.
    pub(crate) rows: Vec<(String, String)>,
    /// Ids of rows that exist but that the viewer's filter leaves out.
    pub(crate) hidden: Vec<String>,
    /// Everything else.
    pub(crate) parts: Vec<(String, String)>,
}

/// Answers with a stream of `scene`, or with 204, which ends the browser's tries, if the person has
/// enough streams open.
pub(crate) fn answer(web: &Web, admin: &Admin, scene: impl Scene) -> Response {
    let Some(seat) = web.live().seat(admin.session().admin.id) else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let feed = Feed::new(scene, seat, web.app().events.subscribe());
    let events = stream::unfold(feed, |mut feed| async {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    });
    let alive = KeepAlive::new()
        .interval(Duration::from_secs(15))
        .text("ping");
    let mut response = Sse::new(events).keep_alive(alive).into_response();
    response.headers_mut().insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    response
}

#[derive(Template)]
#[template(path = "admin/_closed_row.html")]
struct ClosedRow<'a> {
    id: &'a str,
}

struct Feed<S> {
    scene: S,
    ticks: Interval,
    ticks_left: u32,
    started: bool,
    shown: HashMap<String, String>,
    rows: Vec<String>,
    closing: Vec<(String, u32)>,
    said_at: u32,
    news: u32,
    waiting: VecDeque<Event>,
    events: EventReader,
    last_batch: Option<Instant>,
    _seat: Seat,
}

impl<S: Scene> Feed<S> {
    /// Seconds after which the browser has to come again, so that an ended sign-in is noticed.
    const SECONDS: u32 = 15 * 60;
    /// Seconds that the row of an ended session stays.
    const FAREWELL_SECONDS: u32 = 5;
    /// What happens together is shown together.
    const GATHER: Duration = Duration::from_millis(50);
    /// Fewest seconds between two things that a screen reader says.
    const SAY_EVERY_SECONDS: u32 = 20;

    fn new(scene: S, seat: Seat, events: EventReader) -> Self {
        let mut ticks = interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            scene,
            ticks,
            ticks_left: Self::SECONDS,
            started: false,
            shown: HashMap::new(),
            rows: Vec::new(),
            closing: Vec::new(),
            said_at: Self::SECONDS,
            news: 0,
            waiting: VecDeque::new(),
            events,
            last_batch: None,
            _seat: seat,
        }
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.ticks_left == 0 {
                return None;
            }
            self.wait().await;
            let frame = self.scene.frame().await;
            self.take(frame);
            if !self.waiting.is_empty() {
                self.last_batch = Some(Instant::now());
            }
        }
    }

    /// Waits for the next second, or, on a page that has been still for one, for something to happen:
    /// what begins or ends is seen at once, and yet there is at most one batch a second.
    async fn wait(&mut self) {
        loop {
            tokio::select! {
                _ = self.ticks.tick() => break,
                news = self.events.next() => {
                    if news == News::Closed {
                        self.ticks.tick().await;
                        break;
                    }
                    if self.is_still() {
                        tokio::time::sleep(Self::GATHER).await;
                        return;
                    }
                }
            }
        }
        self.ticks_left -= 1;
    }

    fn is_still(&self) -> bool {
        self.last_batch
            .is_none_or(|at| at.elapsed() >= Duration::from_secs(1))
    }

    /// Compares a frame with what the viewer has, and puts the difference into the queue.
    fn take(&mut self, frame: Frame) {
        let ids: Vec<String> = frame.rows.iter().map(|(id, _)| id.clone()).collect();
        if self.started {
            let known = &self.rows;
            let fresh = ids.iter().filter(|id| !known.contains(id)).count();
            self.news = self.news.saturating_add(u32::try_from(fresh).unwrap_or(0));
        } else {
            self.started = true;
            self.waiting.push_back(keep(&ids));
        }
        self.say_goodbye(&ids, &frame.hidden);
        self.rows = ids;
        // Rows first and alone: a table row after another element would be dropped by the parser.
        let rows = self.changed(frame.rows);
        self.patch(&rows);
        let parts = self.changed(frame.parts);
        self.patch(&parts);
        self.speak();
    }

    fn say_goodbye(&mut self, ids: &[String], hidden: &[String]) {
        for (_, left) in &mut self.closing {
            *left = left.saturating_sub(1);
        }
        let (ended, staying): (Vec<_>, Vec<_>) =
            self.closing.drain(..).partition(|(_, left)| *left == 0);
        self.closing = staying;
        for (id, _) in ended {
            self.waiting
                .push_back(Event::default().event("gone").data(id));
        }
        for id in self.rows.iter().filter(|id| !ids.contains(id)) {
            self.shown.remove(id);
            if hidden.contains(id) {
                self.waiting
                    .push_back(Event::default().event("gone").data(id));
                continue;
            }
            self.closing.push((id.clone(), Self::FAREWELL_SECONDS));
            if let Ok(html) = (ClosedRow { id }).render() {
                self.waiting
                    .push_back(Event::default().event("patch").data(one_line(&html)));
            }
        }
    }

    /// The fragments that differ from what the viewer has.
    fn changed(&mut self, fragments: Vec<(String, String)>) -> String {
        let mut html = String::new();
        for (id, fragment) in fragments {
            if self.shown.get(&id) != Some(&fragment) {
                html.push_str(&fragment);
                self.shown.insert(id, fragment);
            }
        }
        html
    }

    fn patch(&mut self, html: &str) {
        if !html.is_empty() {
            self.waiting
                .push_back(Event::default().event("patch").data(one_line(html)));
        }
    }

    fn speak(&mut self) {
        if self.news == 0 || self.said_at.saturating_sub(self.ticks_left) < Self::SAY_EVERY_SECONDS
        {
            return;
        }
        let words = super::format::plural(u64::from(self.news), "new session", "new sessions");
        self.waiting
            .push_back(Event::default().event("say").data(words));
        self.said_at = self.ticks_left;
        self.news = 0;
    }
}

/// The rows that the browser may keep; the first event of every stream.
fn keep(ids: &[String]) -> Event {
    // An event without data is not delivered; no row has the id of a dash.
    let known = if ids.is_empty() {
        "-".to_owned()
    } else {
        ids.join(" ")
    };
    Event::default()
        .event("keep")
        .data(known)
        .retry(Duration::from_secs(3))
}

/// A carriage return would end the field of an event in the middle.
fn one_line(html: &str) -> String {
    html.replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::clock::TestClock;
    use crate::events::Events;
    use crate::hosting::sessions::Sessions;
    use crate::model::AdminId;
    use crate::web::live::Live;

    struct Still;

    impl Scene for Still {
        async fn frame(&mut self) -> Frame {
            Frame::default()
        }
    }

    fn feed() -> Feed<Still> {
        let clock = Arc::new(TestClock::default());
        let live = Live::new(Sessions::new(clock.clone(), Events::new()), clock);
        let seat = live.seat(AdminId::from_parts(1, [0; 10])).unwrap();
        Feed::new(Still, seat, Events::new().subscribe())
    }

    fn rows(ids: &[&str], text: &str) -> Frame {
        let row = |id: &&str| ((*id).to_owned(), format!("<tr id=\"{id}\">{text}</tr>"));
        Frame {
            rows: ids.iter().map(row).collect(),
            ..Frame::default()
        }
    }

    fn told(feed: &mut Feed<Still>, frame: Frame) -> String {
        feed.take(frame);
        feed.waiting
            .drain(..)
            .map(|event| format!("{event:?}"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[tokio::test]
    async fn only_what_differs_is_sent() {
        let mut feed = feed();

        let first = told(&mut feed, rows(&["a", "b"], "1"));
        let same = told(&mut feed, rows(&["a", "b"], "1"));
        let changed = told(&mut feed, rows(&["a", "b"], "2"));

        assert!(first.contains("keep") && first.contains("a b"), "{first}");
        assert_eq!(same, "");
        assert!(changed.contains("patch"), "{changed}");
    }

    #[tokio::test]
    async fn an_ended_row_says_goodbye_and_goes_after_a_while() {
        let mut feed = feed();
        told(&mut feed, rows(&["a"], "1"));

        let goodbye = told(&mut feed, Frame::default());
        let later: Vec<String> = (0..6).map(|_| told(&mut feed, Frame::default())).collect();

        assert!(goodbye.contains("Closed"), "{goodbye}");
        assert_eq!(later.iter().filter(|text| text.contains("gone")).count(), 1);
        assert!(!later[0].contains("gone"));
    }

    #[tokio::test]
    async fn a_row_that_the_filter_leaves_out_goes_without_goodbye() {
        let mut feed = feed();
        told(&mut feed, rows(&["a"], "1"));

        let hidden = Frame {
            hidden: vec!["a".to_owned()],
            ..Frame::default()
        };
        let told = told(&mut feed, hidden);

        assert!(told.contains("gone") && !told.contains("Closed"), "{told}");
    }
}
