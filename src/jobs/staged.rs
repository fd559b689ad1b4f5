//! Removes what uploads left behind when they died in a way that gave them no time to tidy up.

use crate::app::App;

/// Sweeps the homes that were in use since the start; whatever was left by an earlier process in a
/// home that nobody uses was swept when the service started.
pub async fn run(app: &App) {
    let before = app.clock.now().minus(app.settings.current().staged_ttl);
    match app.volumes.sweep_open(before).await {
        Ok(0) => {}
        Ok(removed_files) => {
            tracing::info!(removed_files, "removed what dead uploads left behind");
        }
        Err(error) => tracing::warn!(%error, "leftovers of dead uploads could not be removed"),
    }
}
