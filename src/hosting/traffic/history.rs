//! What was moved in the periods until now.

use crate::clock::Timestamp;
use crate::model::{Moved, Period, PeriodTraffic, ResetDay, TrafficOwner};
use crate::store::{Db, StoreError};

/// Periods that are shown, the running one not counted.
const PERIODS: u64 = 12;

/// The running period, if anything was moved in it, and those before, newest first.
///
/// # Errors
///
/// [`StoreError`] if they cannot be read.
pub(crate) async fn history(
    db: &Db,
    owner: TrafficOwner,
    now: PeriodTraffic,
) -> Result<Vec<PeriodTraffic>, StoreError> {
    let mut periods = db.traffic(owner, PERIODS + 1).await?;
    periods.retain(|it| it.period.begin < now.period.begin);
    if !now.moved.is_nothing() {
        periods.insert(0, now);
    }
    Ok(periods)
}

/// The same as last written down, for a process that does not keep the books. The running period comes
/// first, also if nothing was moved in it.
///
/// # Errors
///
/// [`StoreError`] if they cannot be read.
pub(crate) async fn stored_history(
    db: &Db,
    owner: TrafficOwner,
    (now, day): (Timestamp, ResetDay),
) -> Result<Vec<PeriodTraffic>, StoreError> {
    let mut periods = db.traffic(owner, PERIODS + 1).await?;
    let usual = || Period::at(now, day);
    let latest = periods.first().map(|latest| latest.period);
    let running = latest.map_or_else(usual, |latest| Period::after(latest, now, day));
    match periods.first_mut() {
        // Another day may have moved its end since it was written down.
        Some(latest) if latest.period.begin == running.begin => latest.period = running,
        _ => periods.insert(0, nothing_in(running)),
    }
    Ok(periods)
}

fn nothing_in(period: Period) -> PeriodTraffic {
    PeriodTraffic {
        period,
        moved: Moved::default(),
    }
}
