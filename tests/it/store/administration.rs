//! Administrators, their sign-ins, settings and the audit log.

use quaymaster::clock::Timestamp;
use quaymaster::model::{
    Admin, AdminStatus, AuditAction, AuditEvent, AuditQuery, PasswordHash, Role, Secret,
    SettingRevision, WebSession, WebSessionId,
};
use quaymaster::store::{Conflict, Db, StoreError, StoredSettings};

use super::{assert_conflict, on_both_engines};
use crate::support::samples::{self, MADE, admin_id, later};

on_both_engines!(an_admin_is_found_by_address_whatever_the_case, |db| {
    let admin = samples::admin(1, "Ada@Example.net");
    let mut tx = db.begin().await.unwrap();
    tx.insert_admin(&admin).await.unwrap();
    tx.commit().await.unwrap();

    let found = db.admin_by_email(" ada@EXAMPLE.net").await.unwrap();
    assert_eq!(found, Some(admin.clone()));
    assert_eq!(db.admin(admin.id).await.unwrap(), Some(admin.clone()));
    assert_eq!(db.admins().await.unwrap(), [admin]);
    assert_eq!(db.admin(admin_id(9)).await.unwrap(), None);
    let mut tx = db.begin().await.unwrap();
    let twin = samples::admin(2, "ADA@example.NET");
    assert_conflict(tx.insert_admin(&twin).await, Conflict::AdminEmail);
    drop(tx);
});

on_both_engines!(an_admin_is_edited_signs_in_and_is_removed, |db| {
    let mut tx = db.begin().await.unwrap();
    tx.insert_admin(&samples::admin(1, "ada@example.net"))
        .await
        .unwrap();
    tx.insert_admin(&samples::admin(2, "bob@example.net"))
        .await
        .unwrap();
    assert_eq!(tx.count_owners().await.unwrap(), 2);
    let edited = Admin {
        name: "Robert".to_owned(),
        role: Role::Owner,
        status: AdminStatus::Disabled,
        theme: "dark".to_owned(),
        ..samples::admin(2, "robert@example.net")
    };
    assert_eq!(tx.save_admin(&edited, later(1)).await.unwrap(), 2);
    let stale = tx.save_admin(&edited, later(1)).await;
    assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
    assert_eq!(tx.count_owners().await.unwrap(), 1);
    let hash = PasswordHash::new("$new".to_owned());
    assert!(
        tx.set_admin_password(edited.id, &hash, later(2))
            .await
            .unwrap()
    );
    assert!(tx.record_admin_sign_in(edited.id, later(3)).await.unwrap());
    tx.commit().await.unwrap();

    let stored = db.admin(edited.id).await.unwrap().unwrap();
    assert_eq!(
        stored,
        Admin {
            password_hash: hash,
            last_login_at: Some(later(3)),
            updated_at: later(2),
            version: 3,
            ..edited
        }
    );
    let mut tx = db.begin().await.unwrap();
    assert!(tx.delete_admin(admin_id(2)).await.unwrap());
    assert!(!tx.delete_admin(admin_id(2)).await.unwrap());
    tx.commit().await.unwrap();
});

on_both_engines!(a_sign_in_is_found_by_its_token_touched_and_ended, |db| {
    let admin = samples::admin(1, "ada@example.net");
    let mut tx = db.begin().await.unwrap();
    tx.insert_admin(&admin).await.unwrap();
    for number in 1..=4 {
        tx.insert_web_session(&sign_in(number)).await.unwrap();
    }
    assert!(
        tx.touch_web_session(sign_in(2).id, later(9), later(99))
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();

    let found = db.web_session("token-1").await.unwrap().unwrap();
    assert_eq!((found.session, found.admin), (sign_in(1), admin.clone()));
    assert!(db.web_session("token-9").await.unwrap().is_none());
    let of_admin = db.web_sessions_of(admin.id).await.unwrap();
    assert_eq!(of_admin.len(), 4);
    assert_eq!(
        (of_admin[0].last_seen_at, of_admin[0].expires_at),
        (later(9), later(99))
    );

    let mut tx = db.begin().await.unwrap();
    assert!(tx.delete_web_session(sign_in(1).id).await.unwrap());
    assert!(!tx.delete_web_session(sign_in(1).id).await.unwrap());
    assert!(
        !tx.touch_web_session(sign_in(1).id, MADE, MADE)
            .await
            .unwrap()
    );
    assert_eq!(tx.delete_expired_web_sessions(later(63)).await.unwrap(), 1);
    assert_eq!(tx.delete_web_sessions_of(admin.id).await.unwrap(), 2);
    tx.commit().await.unwrap();
});

on_both_engines!(a_removed_admin_is_signed_out_everywhere, |db| {
    let mut tx = db.begin().await.unwrap();
    tx.insert_admin(&samples::admin(1, "ada@example.net"))
        .await
        .unwrap();
    tx.insert_web_session(&sign_in(1)).await.unwrap();
    tx.delete_admin(admin_id(1)).await.unwrap();
    tx.commit().await.unwrap();

    assert!(db.web_session("token-1").await.unwrap().is_none());
});

on_both_engines!(
    settings_change_as_one_revision_and_not_on_old_ground,
    |db| {
        assert_eq!(db.settings().await.unwrap(), StoredSettings::default());
        let changed = |key: &str, before: &str, after: &str| {
            (key.to_owned(), before.to_owned(), after.to_owned())
        };
        let first = [
            changed("banner", "", "Hello"),
            changed("idle_timeout", "300", "600"),
        ];
        let second = [changed("banner", "Hello", "Hé \"you\"")];

        let mut tx = db.begin().await.unwrap();
        assert_eq!(tx.change_settings(0, MADE, "ada", &first).await.unwrap(), 1);
        assert_eq!(
            tx.change_settings(1, later(1), "bob", &second)
                .await
                .unwrap(),
            2
        );
        let stale = tx.change_settings(1, later(2), "ada", &first).await;
        assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
        tx.commit().await.unwrap();

        let stored = db.settings().await.unwrap();
        let row = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            stored,
            StoredSettings {
                revision: 2,
                rows: vec![row("banner", "Hé \"you\""), row("idle_timeout", "600")],
            }
        );
        let revision = |seq, at, actor: &str, changes: &[_]| SettingRevision {
            seq,
            at,
            actor: actor.to_owned(),
            changes: changes.to_vec(),
        };
        let latest = db.setting_revisions(None, 1).await.unwrap();
        assert_eq!(latest, [revision(2, later(1), "bob", &second)]);
        let older = db.setting_revisions(Some(2), 10).await.unwrap();
        assert_eq!(older, [revision(1, MADE, "ada", &first)]);
    }
);

on_both_engines!(
    audit_entries_are_numbered_filtered_and_read_backwards,
    |db| {
        let mut tx = db.begin().await.unwrap();
        tx.insert_admin(&samples::admin(1, "ada@example.net"))
            .await
            .unwrap();
        let entries = [
            entry(1, AuditAction::AccountCreated, "kestrel"),
            entry(2, AuditAction::AccountChanged, "Kestrel"),
            entry(3, AuditAction::CustomerChanged, "Heron 5%"),
        ];
        for event in &entries {
            assert_eq!(tx.append_audit(event).await.unwrap(), event.seq);
        }
        tx.commit().await.unwrap();

        let all = db.audit_events(&AuditQuery::default()).await.unwrap();
        let latest_first: Vec<AuditEvent> = entries.iter().rev().cloned().collect();
        assert_eq!(all, latest_first);
        let query = AuditQuery::default;
        for (query, found) in [
            (
                AuditQuery {
                    text: "KESTREL".to_owned(),
                    ..query()
                },
                vec![2, 1],
            ),
            (
                AuditQuery {
                    text: "5%".to_owned(),
                    ..query()
                },
                vec![3],
            ),
            (
                AuditQuery {
                    text: "192.0.2.".to_owned(),
                    ..query()
                },
                vec![3, 2, 1],
            ),
            (
                AuditQuery {
                    actor: "lovelace".to_owned(),
                    ..query()
                },
                vec![3, 2, 1],
            ),
            (
                AuditQuery {
                    actor: "bob".to_owned(),
                    ..query()
                },
                vec![],
            ),
            (
                AuditQuery {
                    action: Some(AuditAction::AccountChanged),
                    ..query()
                },
                vec![2],
            ),
            (
                AuditQuery {
                    object_id: "object-3".to_owned(),
                    ..query()
                },
                vec![3],
            ),
            (
                AuditQuery {
                    from: Some(later(2)),
                    ..query()
                },
                vec![3, 2],
            ),
            (
                AuditQuery {
                    to: Some(later(2)),
                    ..query()
                },
                vec![1],
            ),
            (
                AuditQuery {
                    before: Some(3),
                    limit: 1,
                    ..query()
                },
                vec![2],
            ),
        ] {
            let events = db.audit_events(&query).await.unwrap();
            let numbers: Vec<i64> = events.iter().map(|event| event.seq).collect();
            assert_eq!(numbers, found, "{query:?}");
        }
    }
);

on_both_engines!(old_audit_entries_are_removed_oldest_first, |db| {
    let mut tx = db.begin().await.unwrap();
    for number in 1..=4 {
        let event = entry(number, AuditAction::AccountChanged, "kestrel");
        tx.append_audit(&AuditEvent {
            admin_id: None,
            ..event
        })
        .await
        .unwrap();
    }

    assert_eq!(tx.delete_audit_before(later(4), 2).await.unwrap(), 2);
    assert_eq!(tx.delete_audit_before(later(4), 10).await.unwrap(), 1);
    tx.commit().await.unwrap();

    assert_eq!(numbers_left(&db).await, [4]);
});

async fn numbers_left(db: &Db) -> Vec<i64> {
    let events = db.audit_events(&AuditQuery::default()).await.unwrap();
    events.iter().map(|event| event.seq).collect()
}

/// The sign-in of admin 1 that ends `60 + number` seconds after it was made.
fn sign_in(number: u8) -> WebSession {
    WebSession {
        id: WebSessionId::from_parts(u64::from(number), [number; 10]),
        token_hash: format!("token-{number}"),
        csrf: Secret::new(format!("csrf-{number}")),
        admin_id: admin_id(1),
        created_at: MADE,
        last_seen_at: MADE,
        expires_at: later(60 + i64::from(number)),
        ip: "192.0.2.7".to_owned(),
        user_agent: "Browser “x”".to_owned(),
    }
}

fn entry(number: i64, action: AuditAction, object: &str) -> AuditEvent {
    let at: Timestamp = later(number);
    AuditEvent {
        seq: number,
        at,
        admin_id: Some(admin_id(1)),
        actor: "Ada Lovelace".to_owned(),
        ip: "192.0.2.7".to_owned(),
        action,
        object: object.to_owned(),
        object_id: format!("object-{number}"),
        changes: vec![("notes".to_owned(), "a\"b".to_owned(), "ü\n".to_owned())],
    }
}
