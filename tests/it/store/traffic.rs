//! What was moved in each period.

use std::time::Duration;

use quaymaster::model::{Moved, Period, PeriodTraffic, TrafficOwner};
use quaymaster::store::{Db, StoreError, TrafficChange};

use super::on_both_engines;
use crate::support::samples::{self, MADE, account_id, customer_id, later};

const MONTH: Duration = Duration::from_hours(30 * 24);

/// What was moved in the month with this number after [`MADE`].
fn month(number: u32, up: u64, down: u64) -> PeriodTraffic {
    PeriodTraffic {
        period: Period {
            begin: MADE.plus(MONTH * number),
            end: MADE.plus(MONTH * (number + 1)),
        },
        moved: Moved { up, down },
    }
}

fn of_account(number: u8, traffic: PeriodTraffic) -> TrafficChange {
    let owner = TrafficOwner::Account(account_id(number));
    TrafficChange { owner, traffic }
}

fn of_customer(traffic: PeriodTraffic) -> TrafficChange {
    let owner = TrafficOwner::Customer(customer_id(1));
    TrafficChange { owner, traffic }
}

async fn save(db: &Db, changes: &[TrafficChange]) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    tx.save_traffic(changes, later(1)).await?;
    tx.commit().await
}

on_both_engines!(a_period_is_written_and_written_over, |db| {
    samples::store_accounts(&db, &["kestrel", "heron"]).await;
    let first = [
        of_account(1, month(0, 1, 2)),
        of_account(2, month(0, 3, 4)),
        of_customer(month(0, 4, 6)),
    ];
    save(&db, &first).await.unwrap();

    // The day was changed, so the same period ends sooner.
    let mut longer = month(0, 10, 20);
    longer.period.end = later(5);
    let most = i64::MAX.unsigned_abs();
    let next = [of_account(1, longer), of_account(1, month(1, most, 0))];
    save(&db, &next).await.unwrap();

    let own = |number| db.traffic(TrafficOwner::Account(account_id(number)), 12);
    assert_eq!(own(1).await.unwrap(), [month(1, most, 0), longer]);
    assert_eq!(own(2).await.unwrap(), [month(0, 3, 4)]);
    let together = db.traffic(TrafficOwner::Customer(customer_id(1)), 12);
    assert_eq!(together.await.unwrap(), [month(0, 4, 6)]);
    let mut latest = db.latest_traffic().await.unwrap();
    latest.sort_by_key(|change| change.traffic.moved.up);
    let expected = [
        of_account(2, month(0, 3, 4)),
        of_customer(month(0, 4, 6)),
        of_account(1, month(1, most, 0)),
    ];
    assert_eq!(latest, expected);
});

on_both_engines!(
    periods_come_newest_first_and_only_as_many_as_asked_for,
    |db| {
        samples::store_accounts(&db, &["kestrel"]).await;
        let months: Vec<_> = (0..15)
            .map(|number| of_account(1, month(number, u64::from(number), 0)))
            .collect();
        save(&db, &months).await.unwrap();
        let owner = TrafficOwner::Account(account_id(1));

        let found = db.traffic(owner, 3).await.unwrap();
        assert_eq!(found, [14, 13, 12].map(|n| month(n, u64::from(n), 0)));

        let mut tx = db.begin().await.unwrap();
        let forgotten = tx.forget_traffic(month(12, 0, 0).period.begin).await;
        tx.commit().await.unwrap();
        assert_eq!(forgotten.unwrap(), 11);
        assert_eq!(db.traffic(owner, 99).await.unwrap().len(), 4);
    }
);

on_both_engines!(
    traffic_goes_with_its_owner_and_is_passed_over_without,
    |db| {
        samples::store_accounts(&db, &["kestrel", "heron"]).await;
        let changes = [of_account(1, month(0, 1, 2)), of_customer(month(0, 1, 2))];
        save(&db, &changes).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        assert!(tx.delete_account(account_id(1)).await.unwrap());
        tx.commit().await.unwrap();

        let late = [of_account(1, month(0, 5, 5)), of_account(2, month(0, 7, 7))];
        save(&db, &late).await.unwrap();

        let own = |number| db.traffic(TrafficOwner::Account(account_id(number)), 12);
        assert_eq!(own(1).await.unwrap(), []);
        assert_eq!(own(2).await.unwrap(), [month(0, 7, 7)]);
        // What the customer's accounts moved is not less because one of them is gone.
        let together = db.traffic(TrafficOwner::Customer(customer_id(1)), 12);
        assert_eq!(together.await.unwrap(), [month(0, 1, 2)]);
    }
);

on_both_engines!(more_than_an_engine_can_hold_is_refused, |db| {
    samples::store_accounts(&db, &["kestrel"]).await;

    let refused = save(&db, &[of_account(1, month(0, u64::MAX, 0))]).await;

    assert!(
        matches!(refused, Err(StoreError::BadRow { .. })),
        "{refused:?}"
    );
});
