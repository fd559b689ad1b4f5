//! Customers and plans.

use quaymaster::model::{
    AccountLimits, Checksum, Customer, CustomerQuery, CustomerSort, CustomerStatus, Direction,
    Override, Plan, PoolTraffic, ResetDay, Traffic, Usage,
};
use quaymaster::store::{Conflict, Db, StoreError, UsageChange};

use super::{assert_conflict, first, on_both_engines};
use crate::support::samples::{self, MADE, account_id, customer_id, later, plan_id};

on_both_engines!(a_plan_reads_back_as_it_was_stored, |db| {
    let plan = Plan {
        pool_bytes: Some(10_000_000_000),
        pool_files: Some(0),
        max_accounts: Some(5),
        pool_traffic: Traffic::from_array([12, 13, 14]).map(Some),
        account: AccountLimits::from_array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15]).map(Some),
        denied_names: "*.php .ht*".parse().unwrap(),
        checksum: Override::Own(Checksum::Sha256),
        journal_days: Override::Own(Some(9)),
        trash_days: Some(30),
        ..samples::plan(1)
    };
    let mut tx = db.begin().await.unwrap();
    tx.insert_plan(&plan).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(db.plan(plan.id).await.unwrap(), Some(plan.clone()));
    assert_eq!(db.default_plan().await.unwrap(), Some(plan.clone()));
    assert_eq!(db.plan(plan_id(9)).await.unwrap(), None);
    let edited = Plan {
        pool_bytes: None,
        description: "Edited".to_owned(),
        journal_days: Override::Own(None),
        trash_days: None,
        checksum: Override::Inherit,
        ..plan
    };
    let mut tx = db.begin().await.unwrap();
    assert_eq!(tx.save_plan(&edited, later(1)).await.unwrap(), 2);
    let stale = tx.save_plan(&edited, later(2)).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
    tx.commit().await.unwrap();
    let stored = db.plan(plan_id(1)).await.unwrap().unwrap();
    assert_eq!((stored.pool_bytes, stored.version), (None, 2));
    assert_eq!(stored.journal_days, Override::Own(None));
    assert_eq!(stored.trash_days, None);
    assert_eq!(stored.checksum, Override::Inherit);
});

on_both_engines!(exactly_one_plan_is_the_default, |db| {
    let mut tx = db.begin().await.unwrap();
    let plain = Plan {
        is_default: false,
        ..samples::plan(1)
    };
    assert_conflict(tx.insert_plan(&plain).await, Conflict::DefaultPlan);
    drop(tx);

    let mut tx = db.begin().await.unwrap();
    tx.insert_plan(&samples::plan(1)).await.unwrap();
    tx.insert_plan(&samples::plan(2)).await.unwrap();
    tx.commit().await.unwrap();
    let defaults: Vec<bool> = plans(&db)
        .await
        .iter()
        .map(|plan| plan.is_default)
        .collect();
    assert_eq!(defaults, [false, true]);

    let mut tx = db.begin().await.unwrap();
    let demoted = Plan {
        is_default: false,
        ..samples::plan(2)
    };
    assert_conflict(tx.save_plan(&demoted, MADE).await, Conflict::DefaultPlan);
    drop(tx);
    let mut tx = db.begin().await.unwrap();
    assert_conflict(tx.delete_plan(plan_id(2)).await, Conflict::DefaultPlan);
    drop(tx);
    let mut tx = db.begin().await.unwrap();
    assert!(tx.delete_plan(plan_id(1)).await.unwrap());
    assert!(!tx.delete_plan(plan_id(1)).await.unwrap());
    tx.commit().await.unwrap();
});

on_both_engines!(a_plan_name_is_given_once_and_a_used_plan_stays, |db| {
    samples::store_accounts(&db, &[]).await;
    let twin = Plan {
        name: " PLAN 1".to_owned(),
        is_default: false,
        ..samples::plan(2)
    };
    let mut tx = db.begin().await.unwrap();
    assert_conflict(tx.insert_plan(&twin).await, Conflict::PlanName);
    drop(tx);

    let mut tx = db.begin().await.unwrap();
    assert_conflict(tx.delete_plan(plan_id(1)).await, Conflict::InUse);
    drop(tx);
    let rows = db.plans().await.unwrap();
    assert_eq!(
        rows.iter().map(|row| row.customers).collect::<Vec<_>>(),
        [1]
    );
});

on_both_engines!(a_customer_reads_back_as_it_was_stored, |db| {
    samples::store_accounts(&db, &[]).await;
    let customer = Customer {
        status: CustomerStatus::Suspended,
        pool_bytes: Override::Own(Some(1)),
        pool_files: Override::Own(None),
        max_accounts: Override::Own(Some(0)),
        traffic: PoolTraffic {
            limits: Traffic {
                up: Override::Own(Some(4)),
                down: Override::Own(None),
                both: Override::Own(Some(0)),
            },
            reset_day: ResetDay::new(28).unwrap(),
        },
        notes: "VIP".to_owned(),
        ..samples::customer(2, "Étoile du Nord")
    };
    let mut tx = db.begin().await.unwrap();
    tx.insert_customer(&customer).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(
        db.customer(customer.id).await.unwrap(),
        Some(customer.clone())
    );
    let found = db.customer_by_name(" ÉTOILE du nord ").await.unwrap();
    assert_eq!(found, Some(customer.clone()));
    assert_eq!(db.customer_by_name("nobody").await.unwrap(), None);
    let all = db.customers().await.unwrap();
    assert_eq!(all.iter().filter(|other| **other == customer).count(), 1);
});

on_both_engines!(customer_and_short_names_are_given_once, |db| {
    samples::store_accounts(&db, &[]).await;
    let refused = [
        (samples::customer(2, "KESTREL"), Conflict::CustomerName),
        (
            Customer {
                slug: "customer-1".to_owned(),
                ..samples::customer(2, "Heron")
            },
            Conflict::CustomerSlug,
        ),
        (
            Customer {
                plan_id: plan_id(9),
                ..samples::customer(2, "Heron")
            },
            Conflict::Missing,
        ),
    ];
    for (customer, conflict) in refused {
        let mut tx = db.begin().await.unwrap();
        assert_conflict(tx.insert_customer(&customer).await, conflict);
        drop(tx);
    }
});

on_both_engines!(
    a_customer_is_edited_suspended_and_only_deleted_when_empty,
    |db| {
        samples::store_accounts(&db, &["kestrel"]).await;
        let edited = Customer {
            name: "Falcon".to_owned(),
            pool_bytes: Override::Own(Some(9)),
            ..samples::customer(1, "Kestrel")
        };
        let mut tx = db.begin().await.unwrap();
        assert_eq!(tx.save_customer(&edited, later(1)).await.unwrap(), 2);
        let stale = tx.save_customer(&edited, later(1)).await;
        assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
        let suspended = CustomerStatus::Suspended;
        assert!(
            tx.set_customer_status(edited.id, suspended, later(2))
                .await
                .unwrap()
        );
        assert!(
            !tx.set_customer_status(customer_id(9), suspended, MADE)
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        let stored = db.customer(edited.id).await.unwrap().unwrap();
        assert_eq!(
            stored,
            Customer {
                status: suspended,
                version: 3,
                updated_at: later(2),
                ..edited
            }
        );

        let mut tx = db.begin().await.unwrap();
        assert_conflict(tx.delete_customer(customer_id(1)).await, Conflict::InUse);
        drop(tx);
        let mut tx = db.begin().await.unwrap();
        tx.delete_account(account_id(1)).await.unwrap();
        assert!(tx.delete_customer(customer_id(1)).await.unwrap());
        assert!(!tx.delete_customer(customer_id(1)).await.unwrap());
        tx.commit().await.unwrap();
    }
);

on_both_engines!(
    customers_are_listed_with_accounts_and_what_they_hold,
    |db| {
        samples::store_accounts(&db, &["kestrel", "heron"]).await;
        let held = |number, bytes| UsageChange {
            account_id: account_id(number),
            usage: Usage { bytes, files: 2 },
            dirty: false,
        };
        let mut tx = db.begin().await.unwrap();
        tx.insert_customer(&samples::customer(2, "Avocet"))
            .await
            .unwrap();
        tx.save_usage(&[held(1, 5_000_000_000), held(2, 1)], MADE)
            .await
            .unwrap();
        let suspended = CustomerStatus::Suspended;
        tx.set_customer_status(customer_id(2), suspended, MADE)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let row = db.customer_row(customer_id(1)).await.unwrap().unwrap();
        let usage = Usage {
            bytes: 5_000_000_001,
            files: 4,
        };
        assert_eq!((row.accounts, row.usage), (2, usage));
        assert_eq!(db.customer_row(customer_id(9)).await.unwrap(), None);

        let all = searched("");
        assert_eq!(names(&db, &searched("desk2@example")).await, ["Avocet"]);
        assert_eq!(names(&db, &searched("EST")).await, ["Kestrel"]);
        let query = CustomerQuery {
            status: Some(suspended),
            ..all.clone()
        };
        assert_eq!(names(&db, &query).await, ["Avocet"]);
        let query = CustomerQuery {
            plan_id: Some(plan_id(9)),
            ..all.clone()
        };
        assert_eq!(names(&db, &query).await, [""; 0]);
        for (sort, found) in [
            (CustomerSort::Accounts, ["Avocet", "Kestrel"]),
            (CustomerSort::Created, ["Kestrel", "Avocet"]),
            (CustomerSort::Name, ["Avocet", "Kestrel"]),
            (CustomerSort::Plan, ["Kestrel", "Avocet"]),
            (CustomerSort::Status, ["Kestrel", "Avocet"]),
            (CustomerSort::Usage, ["Avocet", "Kestrel"]),
        ] {
            let mut query = CustomerQuery {
                sort,
                ..all.clone()
            };
            assert_eq!(names(&db, &query).await, found, "{sort:?}");
            query.direction = Direction::Descending;
            let mut backwards = found;
            backwards.reverse();
            assert_eq!(names(&db, &query).await, backwards, "{sort:?}");
        }
    }
);

fn searched(text: &str) -> CustomerQuery {
    CustomerQuery {
        text: text.to_owned(),
        window: first(50),
        ..CustomerQuery::default()
    }
}

async fn names(db: &Db, query: &CustomerQuery) -> Vec<String> {
    let page = db.customer_page(query).await.unwrap();
    assert_eq!(page.total, page.rows.len() as u64);
    page.rows.into_iter().map(|row| row.customer.name).collect()
}

async fn plans(db: &Db) -> Vec<Plan> {
    let rows = db.plans().await.unwrap();
    rows.into_iter().map(|row| row.plan).collect()
}
