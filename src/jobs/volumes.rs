//! Looks after the volumes: ends the sessions whose files are gone with a disk, and lets everybody in
//! again when it is back.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::hosting::quota::recovery::Recovery;
use crate::model::{AccountId, VolumeId};

/// Volumes are looked at this often.
const PERIOD: Duration = Duration::from_secs(5);
/// What sessions hear whose files are not there any more.
const FAREWELL: &str = "The storage of this account is not available, try again later.";

/// Looks until `stop`. What is counted on one volume keeps nobody from looking at the others.
pub(super) async fn run(app: App, stop: CancellationToken) {
    let mut tick = tokio::time::interval(PERIOD);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut counts = JoinSet::new();
    let mut counted: HashMap<Id, VolumeId> = HashMap::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(ended) = counts.join_next_with_id() => {
                let id = ended.map_or_else(|lost| lost.id(), |(id, ())| id);
                counted.remove(&id);
                continue;
            }
            _ = tick.tick() => {}
        }
        let sighting = app.volumes.look().await;
        if !sighting.lost.is_empty() {
            end_sessions(&app, &sighting.lost);
        }
        for (volume, accounts) in sighting.returning {
            if counted.values().any(|other| *other == volume) {
                continue;
            }
            let count = counts.spawn(count(app.clone(), volume, accounts));
            counted.insert(count.id(), volume);
        }
    }
}

fn end_sessions(app: &App, accounts: &[AccountId]) {
    let ended = app.sessions.end_where(|guest| {
        let is_lost = accounts.contains(&guest.account.id);
        is_lost.then_some(FAREWELL)
    });
    tracing::warn!(
        sessions = ended,
        "sessions ended because their volume is missing"
    );
}

async fn count(app: App, volume: VolumeId, accounts: Vec<AccountId>) {
    let recovery = Recovery::new(&app.foundation, &app.volumes);
    let counted = recovery.count_returned(&app.ledger, volume, &accounts);
    if let Err(error) = counted.await {
        tracing::error!(%error, "a volume that is back stays closed until its accounts are counted");
    }
}
