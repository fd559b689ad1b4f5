//! What every handler of the browser door may ask for.

use std::sync::Arc;

use axum::extract::FromRef;

use super::facts;
use super::live::Live;
use crate::app::App;

/// The services, and what the pages share among themselves.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    app: App,
    own: Arc<Own>,
}

#[derive(Debug)]
struct Own {
    origin: String,
    live: Live,
}

impl Web {
    /// The state behind all pages.
    pub(crate) fn new(app: App) -> Self {
        let live = Live::new(app.sessions.clone(), Arc::clone(&app.clock));
        let origin = facts::origin(&app);
        Self {
            app,
            own: Arc::new(Own { origin, live }),
        }
    }

    /// Every service.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// The configured address of the pages, without a path: `https://ftp.example`; may be empty.
    pub(crate) fn origin(&self) -> &str {
        &self.own.origin
    }

    /// Whether browsers reach the pages over HTTPS, so that cookies may be bound to the host.
    pub(crate) fn is_secure(&self) -> bool {
        self.own.origin.starts_with("https://")
    }

    /// What moves now, sampled once a second for all viewers together.
    pub(crate) fn live(&self) -> &Live {
        &self.own.live
    }
}

impl FromRef<Web> for App {
    fn from_ref(web: &Web) -> Self {
        web.app.clone()
    }
}
