//! Files of deleted accounts.

use quaymaster::model::{AccountId, TrashEntry, TrashState, Usage};

use super::on_both_engines;
use crate::support::samples::{MADE, account_id, customer_id, later};

fn entry(number: u8, state: TrashState) -> TrashEntry {
    TrashEntry {
        account_id: account_id(number),
        username: "kestrel".to_owned(),
        customer_id: customer_id(1),
        customer: "Ünï".to_owned(),
        place: format!("a/b-{number}"),
        state,
        usage: Usage {
            bytes: 5_000_000_000,
            files: 7,
        },
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
        tx.insert_trash(&entry(1, TrashState::Kept)).await.unwrap();
        tx.insert_trash(&entry(2, TrashState::Trashed))
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
    tx.insert_trash(&entry(1, TrashState::Kept)).await.unwrap();
    tx.insert_trash(&entry(2, TrashState::Trashed))
        .await
        .unwrap();
    tx.insert_trash(&entry(3, TrashState::Trashed))
        .await
        .unwrap();
    let again = tx.set_trash_state(account_id(3), TrashState::Purging, None);
    assert!(again.await.unwrap());
    tx.commit().await.unwrap();

    assert_eq!(db.due_trash(later(1), 9).await.unwrap(), []);
    let due = db.due_trash(later(100), 9).await.unwrap();
    assert_eq!(due, [entry(2, TrashState::Trashed)]);
});
