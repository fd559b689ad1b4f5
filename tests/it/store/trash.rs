//! Files of deleted accounts.

use quaymaster::model::{
    Account, AccountId, AccountLimits, AccountStatus, Job, JobKind, LoginRules, NetworkRules,
    Override, PathRule, PathRules, PermissionProfile, SessionRules, TlsRule, TrashEntry,
    TrashState, Usage, VirtualPath, VolumeId,
};

use super::on_both_engines;
use crate::support::samples::{MADE, account, account_id, customer, customer_id, later, plan};

fn entry(number: u8, state: TrashState) -> TrashEntry {
    TrashEntry {
        account_id: account_id(number),
        username: "kestrel".to_owned(),
        customer_id: customer_id(1),
        customer: "Ünï".to_owned(),
        volume_id: VolumeId::FIRST,
        place: format!("a/b-{number}"),
        state,
        usage: Usage {
            bytes: 5_000_000_000,
            files: 7,
        },
        is_partial: false,
        is_restorable: false,
        deleted_by: "system".to_owned(),
        deleted_at: MADE,
        due_at: (state == TrashState::Trashed).then(|| later(i64::from(number))),
    }
}

async fn ids(db: &quaymaster::store::Db, before: Option<AccountId>) -> Vec<AccountId> {
    let entries = db.trash(before, 9).await.unwrap();
    entries.into_iter().map(|entry| entry.account_id).collect()
}

on_both_engines!(
    what_an_account_left_reads_back_moves_and_is_forgotten,
    |db| {
        let mut tx = db.begin().await.unwrap();
        tx.insert_trash(&entry(1, TrashState::Kept), None)
            .await
            .unwrap();
        tx.insert_trash(&entry(2, TrashState::Trashed), None)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(ids(&db, None).await, [account_id(2), account_id(1)]);
        assert_eq!(ids(&db, Some(account_id(2))).await, [account_id(1)]);
        let kept = db.trash_entry(account_id(1)).await.unwrap();
        assert_eq!(kept, Some(entry(1, TrashState::Kept)));

        let mut tx = db.begin().await.unwrap();
        assert!(tx.set_trash_place(account_id(1), ".trash/1").await.unwrap());
        assert!(!tx.set_trash_place(account_id(9), ".trash/9").await.unwrap());
        assert!(tx.delete_trash(account_id(2)).await.unwrap());
        assert!(!tx.delete_trash(account_id(2)).await.unwrap());
        tx.commit().await.unwrap();

        let moved = db.trash_entry(account_id(1)).await.unwrap().unwrap();
        assert_eq!(moved.place, ".trash/1");
        assert_eq!(db.trash_entry(account_id(2)).await.unwrap(), None);
    }
);

on_both_engines!(only_what_lies_in_the_trash_falls_due, |db| {
    let mut tx = db.begin().await.unwrap();
    tx.insert_trash(&entry(1, TrashState::Kept), None)
        .await
        .unwrap();
    tx.insert_trash(&entry(2, TrashState::Trashed), None)
        .await
        .unwrap();
    tx.insert_trash(&entry(3, TrashState::Trashed), None)
        .await
        .unwrap();
    assert!(tx.begin_purge(account_id(3)).await.unwrap());
    tx.commit().await.unwrap();

    assert_eq!(db.due_trash(later(1), 9).await.unwrap(), []);
    let due = db.due_trash(later(100), 9).await.unwrap();
    assert_eq!(due, [entry(2, TrashState::Trashed)]);
});

/// An account with something in every field.
fn whole(number: u8) -> Account {
    let rule = PathRule {
        folder: VirtualPath::root().resolve("/ro").unwrap(),
        permissions: PermissionProfile::ReadOnly.permissions(),
        hidden: true,
    };
    Account {
        status: AccountStatus::Suspended,
        suspend_reason: "\"bill\"".to_owned(),
        permissions: PermissionProfile::NoDelete,
        rules: PathRules::new(vec![rule]).unwrap(),
        tls: TlsRule::Required,
        login: LoginRules {
            expires_at: Some(later(500)),
            networks: NetworkRules {
                allowed: "192.0.2.0/24".parse().unwrap(),
                denied: "192.0.2.7".parse().unwrap(),
            },
        },
        session: SessionRules {
            umask: "027".parse().unwrap(),
            active_mode: Override::Own(true),
            ..SessionRules::default()
        },
        limits: AccountLimits {
            bytes: Override::Own(Some(5_000_000_000)),
            files: Override::Own(None),
            sessions: Override::Own(Some(0)),
            ..AccountLimits::default()
        },
        notes: "Ünï".to_owned(),
        last_login_at: Some(later(3)),
        last_login_ip: "192.0.2.1".to_owned(),
        last_upload_at: Some(later(4)),
        version: 7,
        ..account(number, "kestrel")
    }
}

on_both_engines!(a_deleted_account_becomes_the_row_that_it_was, |db| {
    let mut tx = db.begin().await.unwrap();
    tx.insert_plan(&plan(1)).await.unwrap();
    tx.insert_customer(&customer(1, "Harbour")).await.unwrap();
    let left = entry(1, TrashState::Trashed);
    tx.insert_trash(&left, Some(&whole(1))).await.unwrap();
    tx.insert_trash(&entry(2, TrashState::Kept), None)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let kept = db.deleted_account(account_id(1)).await.unwrap();
    assert_eq!(kept, Some(whole(1)));
    assert_eq!(db.deleted_account(account_id(2)).await.unwrap(), None);
    assert_eq!(db.deleted_account(account_id(9)).await.unwrap(), None);
    let entry = db.trash_entry(account_id(1)).await.unwrap().unwrap();
    assert!(entry.is_restorable && !entry.is_partial, "{entry:?}");
    let mut tx = db.begin().await.unwrap();
    tx.restore_account(&whole(1)).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(db.account(account_id(1)).await.unwrap(), Some(whole(1)));
});

on_both_engines!(
    files_are_in_the_hands_of_a_job_as_long_as_it_is_not_over,
    |db| {
        let mut tx = db.begin().await.unwrap();
        for number in [1, 2] {
            let entry = entry(number, TrashState::Trashed);
            tx.insert_trash(&entry, None).await.unwrap();
        }
        assert!(tx.begin_purge(account_id(2)).await.unwrap());
        for (number, kind) in [(1, JobKind::Restore), (2, JobKind::Purge)] {
            let job = Job {
                kind,
                subject_id: account_id(number).to_string(),
                ..super::jobs::job(number)
            };
            tx.insert_job(&job).await.unwrap();
        }
        // Whoever is in the hands of a job is not given to another one.
        for number in [1, 2] {
            assert!(!tx.begin_purge(account_id(number)).await.unwrap());
        }
        tx.commit().await.unwrap();
        let states = async || {
            let entries = db.trash(None, 9).await.unwrap();
            let told = entries.iter().map(|entry| (entry.state, entry.is_partial));
            told.collect::<Vec<_>>()
        };

        let busy = states().await;
        let due = db.due_trash(later(100), 9).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        for number in [1, 2] {
            let id = super::jobs::id(number);
            assert!(tx.cancel_queued_job(id, "", MADE).await.unwrap());
        }
        tx.commit().await.unwrap();

        assert_eq!(
            busy,
            [(TrashState::Purging, true), (TrashState::Restoring, false)]
        );
        assert_eq!(due, []);
        assert_eq!(
            states().await,
            [(TrashState::Kept, true), (TrashState::Trashed, false)]
        );
        assert_eq!(db.due_trash(later(100), 9).await.unwrap().len(), 1);
    }
);

on_both_engines!(files_are_found_by_the_name_that_their_account_had, |db| {
    let mut tx = db.begin().await.unwrap();
    for number in [1, 2] {
        let entry = entry(number, TrashState::Kept);
        tx.insert_trash(&entry, None).await.unwrap();
    }
    let left = Usage { bytes: 5, files: 1 };
    assert!(tx.set_trash_usage(account_id(2), left).await.unwrap());
    assert!(!tx.set_trash_usage(account_id(9), left).await.unwrap());
    tx.commit().await.unwrap();

    let found = db
        .trash_of_name(&"kestrel".parse().unwrap(), 9)
        .await
        .unwrap();
    let none = db
        .trash_of_name(&"heron".parse().unwrap(), 9)
        .await
        .unwrap();

    let told: Vec<_> = found
        .iter()
        .map(|entry| (entry.account_id, entry.usage.bytes))
        .collect();
    assert_eq!(told, [(account_id(2), 5), (account_id(1), 5_000_000_000)]);
    assert_eq!(none, []);
});
