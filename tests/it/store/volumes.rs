//! Volumes.

use quaymaster::model::{Account, StorageVolume, TrashEntry, TrashState, Usage, VolumeId};
use quaymaster::store::{Conflict, Db, StoreError, UsageChange};

use super::{assert_conflict, on_both_engines};
use crate::support::samples::{self, MADE, account_id, customer_id, later, volume_id};

async fn names(db: &Db) -> Vec<String> {
    let volumes = db.volumes().await.unwrap();
    volumes.into_iter().map(|volume| volume.name).collect()
}

/// Makes volumes 1 and 2 beside the first one.
async fn two(db: &Db) {
    let mut tx = db.begin().await.unwrap();
    tx.insert_volume(&samples::volume(1)).await.unwrap();
    tx.insert_volume(&samples::volume(2)).await.unwrap();
    tx.commit().await.unwrap();
}

on_both_engines!(there_is_one_volume_from_the_start, |db| {
    let volumes = db.volumes().await.unwrap();

    assert_eq!(volumes.len(), 1);
    assert_eq!(volumes[0].id, VolumeId::FIRST);
    assert!(volumes[0].is_default && !volumes[0].is_closed);
    assert_eq!(
        (volumes[0].root.as_str(), volumes[0].mark.as_str()),
        ("", "")
    );
    assert_eq!(volumes[0].reserve, None);
});

on_both_engines!(a_volume_reads_back_as_it_was_stored_and_changed, |db| {
    let volume = StorageVolume {
        reserve: Some(5_000_000_000),
        ..samples::volume(1)
    };
    let mut tx = db.begin().await.unwrap();
    tx.insert_volume(&volume).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.volume(volume.id).await.unwrap(), Some(volume.clone()));
    assert_eq!(db.volume(volume_id(9)).await.unwrap(), None);
    assert_eq!(names(&db).await, ["Disk 1", "Files"]);

    let edited = StorageVolume {
        name: "Zürich".to_owned(),
        root: "/elsewhere".to_owned(),
        reserve: None,
        is_closed: true,
        ..volume.clone()
    };
    let mut tx = db.begin().await.unwrap();
    assert_eq!(tx.save_volume(&edited, later(1)).await.unwrap(), 2);
    let stale = tx.save_volume(&edited, later(2)).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
    tx.commit().await.unwrap();

    let stored = db.volume(volume.id).await.unwrap().unwrap();
    let expected = StorageVolume {
        updated_at: later(1),
        version: 2,
        ..edited
    };
    assert_eq!(stored, expected);
    assert_eq!(names(&db).await, ["Files", "Zürich"]);
});

on_both_engines!(a_mark_is_written_down_once, |db| {
    let mut tx = db.begin().await.unwrap();
    let first = VolumeId::FIRST;
    assert!(tx.set_volume_mark(first, "one").await.unwrap());
    assert!(!tx.set_volume_mark(first, "two").await.unwrap());
    assert!(!tx.set_volume_mark(volume_id(9), "one").await.unwrap());
    tx.commit().await.unwrap();

    assert_eq!(db.volume(first).await.unwrap().unwrap().mark, "one");
});

on_both_engines!(exactly_one_open_volume_is_the_default, |db| {
    two(&db).await;
    let second = StorageVolume {
        is_default: true,
        ..samples::volume(2)
    };
    let mut tx = db.begin().await.unwrap();
    tx.save_volume(&second, MADE).await.unwrap();
    tx.commit().await.unwrap();
    let volumes = db.volumes().await.unwrap();
    let defaults = volumes.into_iter().filter(|volume| volume.is_default);
    let defaults: Vec<VolumeId> = defaults.map(|volume| volume.id).collect();
    assert_eq!(defaults, [second.id]);

    let stored = db.volume(second.id).await.unwrap().unwrap();
    for wrong in [
        StorageVolume {
            is_default: false,
            ..stored.clone()
        },
        StorageVolume {
            is_closed: true,
            ..stored.clone()
        },
    ] {
        let mut tx = db.begin().await.unwrap();
        assert_conflict(tx.save_volume(&wrong, MADE).await, Conflict::DefaultVolume);
    }
    let mut tx = db.begin().await.unwrap();
    assert_conflict(tx.delete_volume(second.id).await, Conflict::DefaultVolume);
    drop(tx);
    let mut tx = db.begin().await.unwrap();
    assert!(tx.delete_volume(volume_id(1)).await.unwrap());
    assert!(!tx.delete_volume(volume_id(1)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(names(&db).await, ["Disk 2", "Files"]);
});

on_both_engines!(a_name_and_a_folder_are_given_once, |db| {
    two(&db).await;
    let namesake = StorageVolume {
        name: " DISK 1".to_owned(),
        ..samples::volume(3)
    };
    let mut tx = db.begin().await.unwrap();
    assert_conflict(tx.insert_volume(&namesake).await, Conflict::VolumeName);
    drop(tx);
    let neighbour = StorageVolume {
        root: samples::volume(1).root,
        ..samples::volume(2)
    };
    let mut tx = db.begin().await.unwrap();
    let saved = tx.save_volume(&neighbour, MADE).await;
    assert_conflict(saved, Conflict::VolumeRoot);
});

on_both_engines!(a_volume_tells_what_is_booked_on_it_and_stays, |db| {
    two(&db).await;
    samples::store_accounts(&db, &["on-first"]).await;
    let on_one = |number, name| Account {
        volume_id: volume_id(1),
        ..samples::account(number, name)
    };
    let left = TrashEntry {
        account_id: account_id(9),
        username: "gone".to_owned(),
        customer_id: customer_id(1),
        customer: "Kestrel".to_owned(),
        volume_id: volume_id(2),
        place: ".trash/gone".to_owned(),
        state: TrashState::Kept,
        usage: Usage { bytes: 5, files: 1 },
        is_partial: false,
        is_restorable: false,
        deleted_by: "system".to_owned(),
        deleted_at: MADE,
        due_at: None,
    };
    let mut tx = db.begin().await.unwrap();
    tx.insert_account(&on_one(2, "two")).await.unwrap();
    tx.insert_account(&on_one(3, "three")).await.unwrap();
    tx.insert_trash(&left, None).await.unwrap();
    let holds = |number, bytes, files| UsageChange {
        account_id: account_id(number),
        usage: Usage { bytes, files },
        dirty: false,
    };
    let changes = [
        holds(1, 7, 1),
        holds(2, 5_000_000_000, 2),
        holds(3, 5_000_000_000, 3),
    ];
    tx.save_usage(&changes, MADE).await.unwrap();
    tx.commit().await.unwrap();

    let rows = db.volume_rows().await.unwrap();

    let told: Vec<(&str, u64, Usage, u64, Usage)> = rows
        .iter()
        .map(|row| {
            let deleted = (row.deleted_accounts, row.deleted);
            let name = row.volume.name.as_str();
            (name, row.accounts, row.usage, deleted.0, deleted.1)
        })
        .collect();
    let (usage, none) = (|bytes, files| Usage { bytes, files }, Usage::default());
    assert_eq!(
        told,
        [
            ("Disk 1", 2, usage(10_000_000_000, 5), 0, none),
            ("Disk 2", 0, none, 1, usage(5, 1)),
            ("Files", 1, usage(7, 1), 0, none),
        ]
    );
    let account = db.account(account_id(3)).await.unwrap().unwrap();
    assert_eq!(account.volume_id, volume_id(1));
    let entry = db.trash_entry(account_id(9)).await.unwrap().unwrap();
    assert_eq!(entry.volume_id, volume_id(2));
    for used in [1, 2] {
        let mut tx = db.begin().await.unwrap();
        let refused = tx.delete_volume(volume_id(used)).await;
        assert_conflict(refused, Conflict::InUse);
    }
});

on_both_engines!(an_account_cannot_be_on_a_volume_that_is_not_known, |db| {
    samples::store_accounts(&db, &[]).await;
    let lost = Account {
        volume_id: volume_id(9),
        ..samples::account(1, "lost")
    };

    let mut tx = db.begin().await.unwrap();

    assert_conflict(tx.insert_account(&lost).await, Conflict::Missing);
});
