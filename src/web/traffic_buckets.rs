//! Hours of traffic gathered into the steps of a chart, with the silent ones filled in.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::model::page::HourTraffic;

const HOUR: Duration = Duration::from_hours(1);

/// The last `hours` before and including the hour of `now`, in steps of `step` hours, oldest first.
pub(crate) fn buckets(
    traffic: &[HourTraffic],
    now: Timestamp,
    hours: u64,
    step: u64,
) -> Vec<HourTraffic> {
    let step = step.max(1);
    let last_hour = full_hour(now);
    let first = last_hour.minus(HOUR * u32::try_from(hours.saturating_sub(1)).unwrap_or(u32::MAX));
    let count = hours.div_ceil(step);
    let width = HOUR * u32::try_from(step).unwrap_or(u32::MAX);
    let mut start = first;
    let mut filled = Vec::new();
    for _ in 0..count {
        let end = start.plus(width);
        let mut bucket = HourTraffic {
            hour: start,
            ..HourTraffic::default()
        };
        for hour in traffic
            .iter()
            .filter(|it| it.hour >= start && it.hour < end)
        {
            bucket.uploaded_bytes = bucket.uploaded_bytes.saturating_add(hour.uploaded_bytes);
            bucket.downloaded_bytes = bucket
                .downloaded_bytes
                .saturating_add(hour.downloaded_bytes);
            bucket.transfers = bucket.transfers.saturating_add(hour.transfers);
        }
        filled.push(bucket);
        start = end;
    }
    filled
}

fn full_hour(at: Timestamp) -> Timestamp {
    Timestamp::from_seconds(at.as_seconds().div_euclid(3_600) * 3_600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_hours_are_filled_in() {
        let now = Timestamp::from_seconds(100 * 3_600 + 77);
        let busy = HourTraffic {
            hour: Timestamp::from_seconds(99 * 3_600),
            uploaded_bytes: 5,
            downloaded_bytes: 6,
            transfers: 1,
        };

        let filled = buckets(&[busy], now, 24, 1);

        assert_eq!(filled.len(), 24);
        assert_eq!(filled[22], busy);
        assert_eq!(filled[23].hour, Timestamp::from_seconds(100 * 3_600));
        assert_eq!(filled[0].transfers, 0);
    }

    #[test]
    fn hours_are_gathered_into_steps() {
        let now = Timestamp::from_seconds(100 * 3_600);
        let hour = |number: i64| HourTraffic {
            hour: Timestamp::from_seconds(number * 3_600),
            uploaded_bytes: 1,
            ..HourTraffic::default()
        };
        let traffic: Vec<_> = (53..=100).map(hour).collect();

        let filled = buckets(&traffic, now, 48, 24);

        assert_eq!(
            filled
                .iter()
                .map(|it| it.uploaded_bytes)
                .collect::<Vec<_>>(),
            [24, 24]
        );
    }
}
