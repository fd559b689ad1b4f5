//! The latest transfers, kept up to date: read again when the news say that one has ended.

use askama::Template;
use futures_util::FutureExt;

use super::format::When;
use super::state::Web;
use super::transfer_row::TransferRow;
use crate::app::App;
use crate::events::{Event, EventReader, News};
use crate::model::JournalEntry;
use crate::model::page::JournalQuery;

/// The latest transfers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent(Vec<JournalEntry>);

impl Recent {
    /// Rows shown.
    const ROWS: u64 = 6;

    /// Reads them.
    ///
    /// # Errors
    ///
    /// If the journal does not answer.
    pub(crate) async fn load(app: &App) -> Result<Self, impl std::error::Error + use<>> {
        let query = JournalQuery {
            limit: Self::ROWS,
            ..JournalQuery::default()
        };
        app.journal.page(&query).await.map(Self)
    }

    /// The rows on a page made at `now`.
    pub(crate) fn rows(&self, now: When) -> Vec<TransferRow> {
        self.0
            .iter()
            .map(|entry| TransferRow::new(entry, now))
            .collect()
    }
}

/// The latest transfers as a fragment of a live page.
#[derive(Debug)]
pub(crate) struct RecentPart {
    web: Web,
    news: EventReader,
    known: Option<Recent>,
}

#[derive(Template)]
#[template(path = "admin/_recent.html")]
struct Part {
    recent: Vec<TransferRow>,
}

impl RecentPart {
    /// Listens to the news from now on.
    pub(crate) fn new(web: &Web) -> Self {
        Self {
            web: web.clone(),
            news: web.app().events.subscribe(),
            known: None,
        }
    }

    /// The fragment of this moment. The journal is asked only after a transfer has ended.
    pub(crate) async fn html(&mut self) -> String {
        if self.known.is_none() || self.has_ended() {
            self.known = Recent::load(self.web.app()).await.ok();
        }
        let now = self.web.app().clock.now();
        let recent = self
            .known
            .clone()
            .unwrap_or_default()
            .rows(When::new(now, now));
        Part { recent }.render().unwrap_or_default()
    }

    /// Whether a transfer has ended since the last call.
    fn has_ended(&mut self) -> bool {
        let mut ended = false;
        while let Some(news) = self.news.next().now_or_never() {
            match news {
                News::Event(Event::TransferEnded(_)) | News::Lagged => ended = true,
                News::Event(_) => {}
                News::Closed => return ended,
            }
        }
        ended
    }
}
