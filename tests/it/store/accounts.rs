//! Accounts, their lists and what they hold.

use quaymaster::model::{
    Account, AccountLimits, AccountQuery, AccountSort, AccountStanding, AccountStatus, Checksum,
    Direction, Durability, LoginRules, NamePatterns, NetworkRules, Networks, Override,
    PasswordHash, PathRule, PathRules, PermissionProfile, Plan, SessionRules, TlsRule, Traffic,
    Usage, VirtualPath, Window,
};
use quaymaster::store::{Conflict, Db, StoreError, UsageChange};

use super::{assert_conflict, first, on_both_engines};
use crate::support::samples::{self, MADE, account_id, customer_id, later, plan_id};

/// Folders, what holds there, and whether they are hidden.
fn rules(of: &[(&str, &str, bool)]) -> PathRules {
    let rule = |(folder, permissions, hidden): &(&str, &str, bool)| PathRule {
        folder: VirtualPath::root().resolve(folder).unwrap(),
        permissions: permissions.parse().unwrap(),
        hidden: *hidden,
    };
    PathRules::new(of.iter().map(rule).collect()).unwrap()
}

on_both_engines!(an_account_reads_back_as_it_was_stored, |db| {
    samples::store_accounts(&db, &[]).await;
    let account = Account {
        status: AccountStatus::Suspended,
        suspend_reason: "Unpaid “bill”".to_owned(),
        permissions: PermissionProfile::UploadOnly,
        rules: rules(&[
            ("/Für “alle”/\\", "none", true),
            ("/a", "list,upload", false),
        ]),
        tls: TlsRule::Optional,
        limits: AccountLimits {
            bytes: Override::Own(Some(5_000_000_000)),
            files: Override::Own(None),
            file_bytes: Override::Own(Some(3)),
            sessions: Override::Own(Some(0)),
            sessions_per_address: Override::Own(Some(8)),
            upload_rate: Override::Own(Some(4)),
            download_rate: Override::Own(Some(5)),
            session_upload_rate: Override::Own(Some(6)),
            session_download_rate: Override::Own(Some(7)),
            traffic: Traffic {
                up: Override::Own(Some(8)),
                down: Override::Own(None),
                both: Override::Own(Some(0)),
            },
        },
        login: LoginRules {
            expires_at: Some(later(9)),
            networks: NetworkRules {
                allowed: "192.0.2.0/24\n2001:db8::/32".parse().unwrap(),
                denied: "192.0.2.7".parse().unwrap(),
            },
        },
        session: SessionRules {
            start: VirtualPath::root().resolve("/Für “alle”").unwrap(),
            umask: "077".parse().unwrap(),
            active_mode: Override::Own(false),
            durability: Override::Own(Durability::OnDisk),
            checksum: Override::Own(Checksum::Sha256),
            denied_names: Override::Own("*.php .ht*".parse().unwrap()),
        },
        notes: "Zürich\n雨".to_owned(),
        last_login_at: Some(later(5)),
        last_login_ip: "2001:db8::7".to_owned(),
        ..samples::account(1, "kestrel")
    };

    let mut tx = db.begin().await.unwrap();
    tx.insert_account(&account).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(db.account(account.id).await.unwrap(), Some(account.clone()));
    assert_eq!(
        db.account_by_username(&account.username).await.unwrap(),
        Some(account)
    );
    assert_eq!(db.account(account_id(9)).await.unwrap(), None);
});

on_both_engines!(a_user_name_is_given_once, |db| {
    samples::store_accounts(&db, &["kestrel", "heron"]).await;

    let mut tx = db.begin().await.unwrap();
    let again = tx.insert_account(&samples::account(3, "kestrel")).await;
    assert_conflict(again, Conflict::Username);
    drop(tx);

    let mut tx = db.begin().await.unwrap();
    let renamed = samples::account(2, "kestrel");
    assert_conflict(tx.save_account(&renamed, MADE).await, Conflict::Username);
    drop(tx);

    let mut tx = db.begin().await.unwrap();
    let orphan = Account {
        customer_id: customer_id(9),
        ..samples::account(3, "swift")
    };
    assert_conflict(tx.insert_account(&orphan).await, Conflict::Missing);
    drop(tx);
});

on_both_engines!(of_two_editors_the_second_is_told, |db| {
    samples::store_accounts(&db, &["kestrel"]).await;
    let read = db.account(account_id(1)).await.unwrap().unwrap();
    let edited = Account {
        notes: "first".to_owned(),
        limits: AccountLimits {
            session_download_rate: Override::Own(Some(7)),
            session_upload_rate: Override::Own(None),
            sessions_per_address: Override::Own(None),
            download_rate: Override::Own(Some(8)),
            upload_rate: Override::Own(Some(9)),
            traffic: Traffic {
                up: Override::Inherit,
                down: Override::Own(Some(10)),
                both: Override::Own(Some(11)),
            },
            ..read.limits
        },
        permissions: PermissionProfile::ReadOnly,
        rules: rules(&[("/", "full", false)]),
        tls: TlsRule::Required,
        login: LoginRules {
            expires_at: Some(later(7)),
            networks: NetworkRules {
                allowed: Networks::default(),
                denied: "::/0".parse().unwrap(),
            },
        },
        session: SessionRules {
            active_mode: Override::Own(true),
            checksum: Override::Own(Checksum::Off),
            denied_names: Override::Own(NamePatterns::default()),
            ..SessionRules::default()
        },
        ..read.clone()
    };
    let mut tx = db.begin().await.unwrap();
    assert_eq!(tx.save_account(&edited, later(1)).await.unwrap(), 2);
    tx.commit().await.unwrap();

    let mut tx = db.begin().await.unwrap();
    let refused = tx.save_account(&read, later(2)).await;

    assert!(matches!(refused, Err(StoreError::Stale)), "{refused:?}");
    drop(tx);
    let stored = db.account(account_id(1)).await.unwrap().unwrap();
    assert_eq!(
        stored,
        Account {
            version: 2,
            updated_at: later(1),
            ..edited
        }
    );
});

on_both_engines!(
    status_password_and_login_are_set_without_reading_first,
    |db| {
        samples::store_accounts(&db, &["kestrel"]).await;
        let (id, hash) = (account_id(1), PasswordHash::new("$new".to_owned()));

        let mut tx = db.begin().await.unwrap();
        let suspended = AccountStatus::Suspended;
        assert!(
            tx.set_account_status(id, suspended, "why", later(1))
                .await
                .unwrap()
        );
        assert!(tx.set_account_password(id, &hash, later(2)).await.unwrap());
        assert!(
            tx.record_account_login(id, later(3), "192.0.2.1")
                .await
                .unwrap()
        );
        let gone = account_id(9);
        assert!(
            !tx.set_account_status(gone, suspended, "", MADE)
                .await
                .unwrap()
        );
        assert!(!tx.set_account_password(gone, &hash, MADE).await.unwrap());
        assert!(!tx.record_account_login(gone, MADE, "").await.unwrap());
        tx.commit().await.unwrap();

        let stored = db.account(id).await.unwrap().unwrap();
        assert_eq!(
            stored,
            Account {
                status: suspended,
                suspend_reason: "why".to_owned(),
                password_hash: hash,
                password_changed_at: later(2),
                updated_at: later(2),
                last_login_at: Some(later(3)),
                last_login_ip: "192.0.2.1".to_owned(),
                version: 3,
                ..samples::account(1, "kestrel")
            }
        );
    }
);

on_both_engines!(a_renewed_hash_never_brings_an_old_password_back, |db| {
    samples::store_accounts(&db, &["kestrel"]).await;
    let id = account_id(1);
    let before = db.account(id).await.unwrap().unwrap();
    let hash = |text: &str| PasswordHash::new(text.to_owned());
    let mut tx = db.begin().await.unwrap();

    // A login saw the old hash, an administrator sets another password, the login comes back.
    let set = hash("$set");
    assert!(tx.set_account_password(id, &set, later(2)).await.unwrap());
    let (seen, after) = (&before.password_hash, hash("$after"));
    assert!(!tx.renew_account_password(id, seen, &after).await.unwrap());
    let seen = set.clone();
    assert!(tx.renew_account_password(id, &seen, &after).await.unwrap());
    assert!(!tx.renew_account_password(id, &seen, &after).await.unwrap());
    assert!(
        !tx.renew_account_password(account_id(9), &seen, &after)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();

    let stored = db.account(id).await.unwrap().unwrap();
    assert_eq!(
        stored,
        Account {
            password_hash: after,
            password_changed_at: later(2),
            updated_at: later(2),
            version: 2,
            ..before
        }
    );
});

on_both_engines!(a_deleted_account_takes_its_usage_along, |db| {
    samples::store_accounts(&db, &["kestrel", "heron"]).await;
    let mut tx = db.begin().await.unwrap();
    assert_eq!(
        tx.count_accounts_of_customer(customer_id(1)).await.unwrap(),
        2
    );

    assert!(tx.delete_account(account_id(1)).await.unwrap());
    assert!(!tx.delete_account(account_id(1)).await.unwrap());
    assert_eq!(
        tx.count_accounts_of_customer(customer_id(1)).await.unwrap(),
        1
    );
    tx.commit().await.unwrap();

    assert_eq!(db.usage(account_id(1)).await.unwrap(), None);
    let left = db.accounts_of_customer(customer_id(1)).await.unwrap();
    assert_eq!(left, [samples::account(2, "heron")]);
});

on_both_engines!(
    usage_is_written_in_batches_and_passes_over_what_is_gone,
    |db| {
        samples::store_accounts(&db, &["kestrel", "heron"]).await;
        let held = |number, bytes, dirty| UsageChange {
            account_id: account_id(number),
            usage: Usage { bytes, files: 3 },
            dirty,
        };
        let mut tx = db.begin().await.unwrap();
        let changes = [
            held(1, 5_000_000_000, false),
            held(9, 1, false),
            held(2, 7, true),
        ];
        tx.save_usage(&changes, MADE).await.unwrap();
        tx.mark_dirty(&[account_id(1), account_id(9)], later(1))
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let usage = db.usage(account_id(1)).await.unwrap();
        assert_eq!(usage, Some((changes[0].usage, true)));

        let one = db.account_briefs(None, 1).await.unwrap();
        let rest = db
            .account_briefs(Some(one[0].account_id), 10)
            .await
            .unwrap();
        assert_eq!(one[0].usage, changes[0].usage);
        assert_eq!(one[0].home, "customer-1/kestrel-1");
        assert_eq!(one[0].customer_id, customer_id(1));
        assert!(one[0].dirty);
        assert_eq!(rest.len(), 1);
        assert_eq!((rest[0].account_id, rest[0].dirty), (account_id(2), true));
    }
);

on_both_engines!(an_account_is_listed_with_customer_plan_and_usage, |db| {
    samples::store_accounts(&db, &["kestrel"]).await;

    let row = db.account_row(account_id(1)).await.unwrap().unwrap();

    assert_eq!(row.account, samples::account(1, "kestrel"));
    assert_eq!(
        (
            row.customer_name.as_str(),
            row.plan_name.as_str(),
            row.plan_id
        ),
        ("Kestrel", "Plan 1", plan_id(1))
    );
    assert_eq!(row.usage, Usage::default());
    assert_eq!(db.account_row(account_id(9)).await.unwrap(), None);
});

on_both_engines!(a_list_is_filtered_by_part_of_a_name_taken_literally, |db| {
    samples::store_accounts(&db, &["kestrel", "heron_1", "heron21"]).await;
    let mut tx = db.begin().await.unwrap();
    tx.insert_customer(&samples::customer(2, "ÉTOILE 100%"))
        .await
        .unwrap();
    let foreign = Account {
        customer_id: customer_id(2),
        ..samples::account(4, "swift")
    };
    tx.insert_account(&foreign).await.unwrap();
    tx.record_account_login(account_id(1), MADE, "192.0.2.1")
        .await
        .unwrap();
    tx.commit().await.unwrap();

    for (text, found) in [
        ("HERON", vec!["heron21", "heron_1"]),
        ("n_1", vec!["heron_1"]),
        ("étoile", vec!["swift"]),
        ("0%", vec!["swift"]),
        ("192.0.2.", vec!["kestrel"]),
        ("%", vec!["swift"]),
        ("!", vec![]),
    ] {
        assert_eq!(names(&db, &searched(text)).await, found, "{text}");
    }
});

on_both_engines!(
    a_list_is_filtered_by_status_customer_plan_and_fullness,
    |db| {
        samples::store_accounts(&db, &["full", "half", "free"]).await;
        let mut tx = db.begin().await.unwrap();
        let plan = Plan {
            account: AccountLimits {
                bytes: Some(100),
                ..AccountLimits::default()
            },
            ..samples::plan(1)
        };
        tx.save_plan(&plan, MADE).await.unwrap();
        let free = Account {
            limits: AccountLimits {
                bytes: Override::Own(None),
                ..AccountLimits::default()
            },
            ..samples::account(3, "free")
        };
        tx.save_account(&free, MADE).await.unwrap();
        let held = |number, bytes| UsageChange {
            account_id: account_id(number),
            usage: Usage { bytes, files: 1 },
            dirty: false,
        };
        tx.save_usage(&[held(1, 100), held(2, 50), held(3, 1_000)], MADE)
            .await
            .unwrap();
        let suspended = AccountStatus::Suspended;
        tx.set_account_status(account_id(2), suspended, "", MADE)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let all = searched("");
        let over = |percent| AccountQuery {
            over_percent: Some(percent),
            ..all.clone()
        };
        assert_eq!(names(&db, &over(51)).await, ["full"]);
        assert_eq!(names(&db, &over(50)).await, ["full", "half"]);
        let query = AccountQuery {
            standing: Some(AccountStanding::Suspended),
            ..all.clone()
        };
        assert_eq!(names(&db, &query).await, ["half"]);
        let query = AccountQuery {
            customer_id: Some(customer_id(9)),
            ..all.clone()
        };
        assert_eq!(names(&db, &query).await, [""; 0]);
        let query = AccountQuery {
            plan_id: Some(plan_id(1)),
            ..all.clone()
        };
        assert_eq!(names(&db, &query).await.len(), 3);
    }
);

on_both_engines!(a_list_runs_in_every_order_and_ties_stand_still, |db| {
    samples::store_accounts(&db, &["cc", "bb", "aa"]).await;
    let mut tx = db.begin().await.unwrap();
    tx.record_account_login(account_id(2), MADE, "")
        .await
        .unwrap();
    let held = UsageChange {
        account_id: account_id(3),
        usage: Usage { bytes: 1, files: 1 },
        dirty: false,
    };
    tx.save_usage(&[held], MADE).await.unwrap();
    let suspended = AccountStatus::Suspended;
    tx.set_account_status(account_id(1), suspended, "", MADE)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    for (sort, found) in [
        (AccountSort::Created, ["cc", "bb", "aa"]),
        (AccountSort::Customer, ["cc", "bb", "aa"]),
        (AccountSort::LastLogin, ["cc", "aa", "bb"]),
        (AccountSort::Status, ["bb", "aa", "cc"]),
        (AccountSort::Usage, ["cc", "bb", "aa"]),
        (AccountSort::Username, ["aa", "bb", "cc"]),
    ] {
        let mut query = AccountQuery {
            sort,
            ..searched("")
        };
        assert_eq!(names(&db, &query).await, found, "{sort:?}");
        query.direction = Direction::Descending;
        let mut backwards = found;
        backwards.reverse();
        assert_eq!(names(&db, &query).await, backwards, "{sort:?}");
    }
});

on_both_engines!(pages_do_not_overlap_and_know_the_total, |db| {
    samples::store_accounts(&db, &["aa", "bb", "cc", "dd", "ee"]).await;

    let mut seen = Vec::new();
    for offset in [0, 2, 4, 6] {
        let window = Window { offset, limit: 2 };
        let query = AccountQuery {
            window,
            ..searched("")
        };
        let page = db.account_page(&query, MADE).await.unwrap();
        assert_eq!(page.total, 5);
        seen.extend(
            page.rows
                .into_iter()
                .map(|row| row.account.username.to_string()),
        );
    }

    assert_eq!(seen, ["aa", "bb", "cc", "dd", "ee"]);
});

on_both_engines!(an_account_expires_in_lists_at_its_moment, |db| {
    samples::store_accounts(&db, &["bb", "cc"]).await;
    let ends = |number, username, seconds| Account {
        login: LoginRules {
            expires_at: Some(later(seconds)),
            ..LoginRules::default()
        },
        ..samples::account(number, username)
    };
    let mut tx = db.begin().await.unwrap();
    tx.insert_account(&ends(3, "now", 0)).await.unwrap();
    tx.insert_account(&ends(4, "soon", 1)).await.unwrap();
    tx.insert_account(&ends(5, "unpaid", -9)).await.unwrap();
    for (number, standing) in [(2, AccountStatus::Suspended), (5, AccountStatus::Suspended)] {
        tx.set_account_status(account_id(number), standing, "", MADE)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();

    for (standing, found) in [
        (AccountStanding::Active, ["bb", "soon"].as_slice()),
        (AccountStanding::Expired, &["now"]),
        (AccountStanding::Suspended, &["cc", "unpaid"]),
    ] {
        let query = AccountQuery {
            standing: Some(standing),
            ..searched("")
        };
        assert_eq!(names(&db, &query).await, found, "{standing:?}");
    }
    let by_standing = AccountQuery {
        sort: AccountSort::Status,
        ..searched("")
    };
    let sorted = names(&db, &by_standing).await;
    assert_eq!(sorted, ["bb", "soon", "now", "cc", "unpaid"]);
});

fn searched(text: &str) -> AccountQuery {
    AccountQuery {
        text: text.to_owned(),
        window: first(50),
        ..AccountQuery::default()
    }
}

async fn names(db: &Db, query: &AccountQuery) -> Vec<String> {
    let page = db.account_page(query, MADE).await.unwrap();
    assert_eq!(page.total, page.rows.len() as u64);
    page.rows
        .into_iter()
        .map(|row| row.account.username.to_string())
        .collect()
}
