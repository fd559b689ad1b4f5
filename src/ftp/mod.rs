//! The FTP door.

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;

/// Where FTP clients connect.
#[derive(Debug)]
pub struct Listeners {
    /// Explicit TLS.
    pub explicit: Vec<TcpListener>,
    /// Implicit TLS.
    pub implicit: Vec<TcpListener>,
}

/// Serves until `stop`.
pub async fn serve(app: App, listeners: Listeners, stop: CancellationToken, tasks: TaskTracker) {
    stop.cancelled().await;
    drop((app, listeners, tasks));
}
