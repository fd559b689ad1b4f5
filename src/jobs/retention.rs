//! Removes rows that are older than the settings say.

use std::time::Duration;

use crate::app::App;
use crate::store::StoreError;

/// Rows that are removed in one transaction.
const STEP: u64 = 5_000;

/// Shortens the transfer journal and the audit log.
pub(super) async fn run(app: &App) {
    match remove(app).await {
        Ok((0, 0)) => {}
        Ok((transfers, entries)) => {
            tracing::info!(
                transfers,
                entries,
                "removed old rows of journal and audit log"
            );
        }
        Err(error) => tracing::warn!(%error, "old rows could not be removed"),
    }
}

/// Old rows go in steps, so that nobody who writes waits long.
async fn remove(app: &App) -> Result<(u64, u64), StoreError> {
    let now = app.clock.now();
    let settings = app.settings.current();
    let journal = now.minus(Duration::from_hours(
        24 * u64::from(settings.journal_days.0),
    ));
    let audit = now.minus(Duration::from_hours(24 * u64::from(settings.audit_days.0)));
    let mut removed = (0, 0);
    loop {
        let mut tx = app.foundation.db.begin().await?;
        let transfers = tx.delete_transfers_before(journal, STEP).await?;
        let entries = tx.delete_audit_before(audit, STEP).await?;
        tx.commit().await?;
        removed = (removed.0 + transfers, removed.1 + entries);
        if transfers < STEP && entries < STEP {
            return Ok(removed);
        }
    }
}
