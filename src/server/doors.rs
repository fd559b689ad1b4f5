//! All doors of a server, opened and closed in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use super::http;
use crate::app::{App, Housekeeping, OpenError};
use crate::clock::Clock;
use crate::net::{BindError, listen};
use crate::settings::Boot;
use crate::{api, ftp, jobs, web};

/// A running server.
#[derive(Debug)]
pub struct Server {
    app: App,
    keep: Housekeeping,
    doors: TaskTracker,
    addresses: Addresses,
}

/// Where the doors really are; port 0 has become a number.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// FTP with explicit TLS.
    pub ftp: Vec<SocketAddr>,
    /// FTP with implicit TLS.
    pub ftps: Vec<SocketAddr>,
    /// Browsers.
    pub web: SocketAddr,
    /// Health and metrics.
    pub metrics: Option<SocketAddr>,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be used.
    #[error("{0}")]
    Bind(#[from] BindError),
    /// A listener does not say where it is.
    #[error("a listener cannot be used: {0}")]
    Listener(#[from] std::io::Error),
    /// A service cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl Server {
    /// How long running sessions and pages may take to end.
    const GRACE: Duration = Duration::from_secs(20);
    /// How long the books may take to be written.
    const LAST_WRITES: Duration = Duration::from_secs(10);

    /// Binds every address, opens the house and starts the doors.
    ///
    /// # Errors
    ///
    /// [`StartError`] names the address or the service.
    pub async fn start(boot: Boot, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let explicit = listen(&boot.ftp_listen)?;
        let implicit = listen(&boot.ftps_listen)?;
        let web_listener = only(listen(&[boot.web_listen])?)?;
        let metrics: Vec<SocketAddr> = boot.metrics_listen.into_iter().collect();
        let metrics = listen(&metrics)?.into_iter().next();
        let addresses = Addresses {
            ftp: local_addresses(&explicit)?,
            ftps: local_addresses(&implicit)?,
            web: web_listener.local_addr()?,
            metrics: metrics.as_ref().map(TcpListener::local_addr).transpose()?,
        };
        let keep = Housekeeping::default();
        let app = App::open(boot, clock, &keep).await?;
        let doors = TaskTracker::new();
        jobs::start(&app, &keep);
        let stop = keep.stop.clone();
        let pages = [Some(addresses.web), addresses.metrics];
        let listeners = ftp::Listeners {
            explicit,
            implicit,
            other_doors: pages.into_iter().flatten().collect(),
        };
        doors.spawn(ftp::serve(
            app.clone(),
            listeners,
            stop.clone(),
            doors.clone(),
        ));
        let pages = web::router(app.clone());
        doors.spawn(http::serve(web_listener, pages, stop.clone()));
        if let Some(listener) = metrics {
            doors.spawn(http::serve(listener, api::router(app.clone()), stop));
        }
        Ok(Self {
            app,
            keep,
            doors,
            addresses,
        })
    }

    /// The services, for whoever started the server.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Where the doors are.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Stops in order. Running transfers get a moment to finish, then `421`.
    pub async fn stop(self) {
        self.keep.stop.cancel();
        self.doors.close();
        if tokio::time::timeout(Self::GRACE, self.doors.wait())
            .await
            .is_err()
        {
            tracing::warn!(left = self.doors.len(), "some sessions did not end in time");
        }
        if !self.app.journal.flush().await {
            let rows = self.app.journal.tally().waiting;
            tracing::error!(
                rows,
                "journal rows may be lost: the database does not take them"
            );
        }
        self.keep.stop_last.cancel();
        let tasks = self.keep.tasks;
        drop(self.app);
        tasks.close();
        if tokio::time::timeout(Self::LAST_WRITES, tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(left = tasks.len(), "some tasks did not end in time");
        }
    }
}

fn local_addresses(listeners: &[TcpListener]) -> Result<Vec<SocketAddr>, std::io::Error> {
    listeners.iter().map(TcpListener::local_addr).collect()
}

fn only(listeners: Vec<TcpListener>) -> Result<TcpListener, std::io::Error> {
    let missing = || std::io::Error::other("no listener was opened");
    listeners.into_iter().next().ok_or_else(missing)
}
