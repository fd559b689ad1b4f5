//! What becomes of an account of a file, on both databases.

use std::ops::ControlFlow;

use quaymaster::hosting::imports::{
    Existing, ExportFormat, Hashes, Imports, Mode, Order, Outcome, Report, Source,
};
use quaymaster::model::{
    Actor, AuditAction, AuditQuery, Durability, Expiry, LoginRules, Override, Secret, SessionRules,
};
use quaymaster::store::Engine;

use crate::support::engines::TestDatabase;
use crate::support::server::{PASSWORD, TestServer};

const LIGHTS: &str = "Harbour-lights 7";
const HASH: &str = "$1$quaysalt$CZToviFmw60gDuam1t4gW/";
const OTHER: &str = "$apr1$quaysalt$2S34GDlP8A3hdg.teoU10/";

/// A test on each database. The body gets a server with the customer Harbour.
macro_rules! on_both {
    ($name:ident, |$server:ident| $body:expr) => {
        mod $name {
            use super::*;

            #[tokio::test]
            async fn sqlite() {
                run(Engine::Sqlite).await;
            }

            #[tokio::test]
            async fn postgres() {
                run(Engine::Postgres).await;
            }

            async fn run(engine: Engine) {
                let database = TestDatabase::new(engine).await;
                let $server = TestServer::on_database(database.url()).await;
                $body
            }
        }
    };
}

fn order(existing: Existing, mode: Mode) -> Order {
    Order {
        title: "a test".to_owned(),
        customer: Some("Harbour".to_owned()),
        existing,
        mode,
    }
}

async fn import(server: &TestServer, csv: &str, order: &Order) -> Report {
    let records = Source::Csv.read(csv.as_bytes()).unwrap();
    let (imports, actor) = (server.app().imports(), Actor::system());
    let run = imports.run(&actor, records, order, |_| ControlFlow::Continue(()));
    run.await.unwrap()
}

fn told(report: &Report) -> Vec<String> {
    let rows = report.rows.iter();
    let line = |outcome: &Outcome| format!("{} {}", outcome.as_str(), outcome.detail());
    rows.map(|row| line(&row.outcome).trim().to_owned())
        .collect()
}

on_both!(a_rehearsal_tells_what_is_done_after_it, |server| {
    server.account("taken").await;
    let csv = format!(
        "username,customer,permissions,storage,password_hash\n\
         kestrel,,read-only,5GiB,{HASH}\n\
         Kestrel,,,,\n\
         heron,Quay West,,,\n\
         taken,Quay West,,,\n\
         swan,,fly,,\n\
         kite,,,,$2y$31$.....................................................\n"
    );
    let expected = [
        "created",
        "refused user name: stands on line 2 already",
        "created",
        "refused user name: another customer has an account of this name",
        "refused permissions: unknown permission profile: use full, no-delete, read-only or upload-only",
        "refused password_hash: bcrypt with 31 as cost is not accepted, only 4 to 13",
    ];

    let rehearsed = import(&server, &csv, &order(Existing::Keep, Mode::Rehearse)).await;

    assert_eq!(told(&rehearsed), expected);
    assert_eq!(rehearsed.new_customers, ["Quay West"]);
    let customers = &server.app().customers;
    assert_eq!(customers.by_name("Quay West").await.unwrap(), None);

    let done = import(&server, &csv, &order(Existing::Keep, Mode::Perform)).await;

    assert_eq!(told(&done), expected);
    assert_eq!(done.new_customers, ["Quay West"]);
    let kestrel = "kestrel".parse().unwrap();
    let account = server
        .app()
        .accounts
        .by_username(&kestrel)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(account.permissions.as_str(), "read-only");
    assert_eq!(account.limits.bytes.or(None), Some(5 << 30));
    assert!(server.home(&account).is_dir());
    let mut ftp = server.connect().await;
    ftp.log_in("kestrel", LIGHTS).await;
    let query = AuditQuery {
        limit: 10,
        ..AuditQuery::default()
    };
    let log = server
        .app()
        .foundation
        .db
        .audit_events(&query)
        .await
        .unwrap();
    let entry = log
        .iter()
        .find(|entry| entry.action == AuditAction::AccountsImported)
        .unwrap();
    let figures: Vec<_> = entry
        .changes
        .iter()
        .map(|(_, _, count)| count.as_str())
        .collect();
    assert_eq!(figures, ["2", "0", "0", "0", "4"]);
});

on_both!(an_account_without_a_password_waits_for_one, |server| {
    let done = import(
        &server,
        "username\nheron\n",
        &order(Existing::Keep, Mode::Perform),
    )
    .await;
    assert_eq!(told(&done), ["created"]);
    for typed in ["!", "x"] {
        let mut ftp = server.connect().await;
        ftp.expect("USER heron", 331).await;
        ftp.expect(&format!("PASS {typed}"), 530).await;
    }

    let heron = "heron".parse().unwrap();
    let accounts = &server.app().accounts;
    let account = accounts.by_username(&heron).await.unwrap().unwrap();
    let password = Secret::new(PASSWORD.to_owned());
    accounts
        .set_password(&Actor::system(), account.id, password)
        .await
        .unwrap();

    server.login("heron").await;
});

on_both!(
    an_account_that_is_there_changes_only_if_that_is_wanted,
    |server| {
        let account = server.account("kestrel").await;
        let mut session = server.login("kestrel").await;
        let csv = format!(
            "username,status,storage,sessions,folder_rules,notes,password_hash\n\
         kestrel,active,plan,3,/in=upload-only,Moved,{HASH}\n"
        );
        let changes = "storage: no limit → from plan; sessions: no limit → 3; notes: nothing → Moved; \
                   folder /in: no rule → Drop box; password: nothing → changed";

        let kept = import(&server, &csv, &order(Existing::Keep, Mode::Perform)).await;
        assert_eq!(told(&kept), [format!("differs {changes}")]);
        let accounts = &server.app().accounts;
        let after = accounts
            .by_username(&account.username)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(after.password_hash, account.password_hash);
        assert_eq!(after.notes, "");

        let altered = import(&server, &csv, &order(Existing::Change, Mode::Perform)).await;
        assert_eq!(told(&altered), [format!("changed {changes}")]);
        let after = accounts
            .by_username(&account.username)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(after.password_hash.as_str(), HASH);
        assert_eq!(after.notes, "Moved");
        session.play("S: 421 The password was changed.").await;
        server
            .expect_ended("kestrel", 1, "reset password of account")
            .await;

        let again = import(&server, &csv, &order(Existing::Change, Mode::Perform)).await;
        assert_eq!(told(&again), ["unchanged"]);
    }
);

on_both!(a_suspension_is_named_as_what_ended_the_sessions, |server| {
    server.account("kestrel").await;
    let mut session = server.login("kestrel").await;
    let csv = format!(
        "username,status,suspend_reason,password_hash\nkestrel,suspended,Has not paid,{HASH}\n"
    );

    import(&server, &csv, &order(Existing::Change, Mode::Perform)).await;

    session.expect_reply(421).await;
    server.expect_ended("kestrel", 1, "suspended account").await;
});

on_both!(access_rules_come_in_and_go_out, |server| {
    let csv = "username,expires,allowed_networks,denied_networks,start_folder,umask,active_mode,durability,\
               forbidden_names,sessions_per_address,tls\n\
               kestrel,2099-12-31 23:59,127.0.0.0/8 2001:db8::/32,127.0.0.9,/in/50%25,027,no,on-disk,\
               *.php plan,2,optional\n\
               heron,never,all,none,/,022,server,server,plan,plan,inherit\n\
               swan,,,,,,,,,,\n";
    let perform = order(Existing::Change, Mode::Perform);
    let done = import(&server, csv, &perform).await;
    assert_eq!(told(&done), ["created", "created", "created"]);

    let accounts = &server.app().accounts;
    let stored = async |name: &str| {
        let name = name.parse().unwrap();
        accounts.by_username(&name).await.unwrap().unwrap()
    };
    let kestrel = stored("kestrel").await;
    let end = Expiry(kestrel.login.expires_at.unwrap()).to_string();
    assert_eq!(end, "2099-12-31 23:59 UTC");
    let networks = &kestrel.login.networks;
    assert_eq!(networks.allowed.to_string(), "127.0.0.0/8\n2001:db8::/32");
    assert_eq!(networks.denied.to_string(), "127.0.0.9");
    assert_eq!(kestrel.session.start.as_str(), "/in/50%");
    assert_eq!(kestrel.session.umask.to_string(), "027");
    assert_eq!(kestrel.session.active_mode, Override::Own(false));
    assert_eq!(
        kestrel.session.durability,
        Override::Own(Durability::OnDisk)
    );
    assert_eq!(
        kestrel.session.denied_names,
        Override::Own("*.php plan".parse().unwrap())
    );
    for name in ["heron", "swan"] {
        let usual = stored(name).await;
        assert_eq!(usual.login, LoginRules::default(), "{name}");
        assert_eq!(usual.session, SessionRules::default(), "{name}");
    }

    let export = async || {
        let (imports, actor) = (server.app().imports(), Actor::system());
        let written = imports.export(&actor, ExportFormat::Csv, None, Hashes::Included);
        written.await.unwrap()
    };
    let before = export().await;
    let again = import(&server, &before, &perform).await;
    assert_eq!(told(&again), ["unchanged", "unchanged", "unchanged"]);
    assert_eq!(export().await, before);

    let changed = import(
        &server,
        "username,expires,denied_networks,start_folder\nkestrel,never,none,/\n",
        &perform,
    )
    .await;
    assert_eq!(
        told(&changed),
        [
            "changed expires: 2099-12-31 23:59 UTC → never; denied networks: 127.0.0.9 → none; \
             start folder: /in/50% → /"
        ]
    );
    assert!(stored("kestrel").await.login.expires_at.is_none());
});

on_both!(
    a_password_that_was_set_later_stays_until_the_file_has_another_one,
    |server| {
        let csv = |hash: &str| format!("username,password_hash\nkestrel,{hash}\n");
        let change = order(Existing::Change, Mode::Perform);
        import(&server, &csv(HASH), &change).await;
        let kestrel = "kestrel".parse().unwrap();
        let accounts = &server.app().accounts;
        let account = accounts.by_username(&kestrel).await.unwrap().unwrap();
        let password = Secret::new(PASSWORD.to_owned());
        accounts
            .set_password(&Actor::system(), account.id, password)
            .await
            .unwrap();

        let same = import(&server, &csv(HASH), &change).await;
        assert_eq!(told(&same), ["unchanged"]);
        server.login("kestrel").await;

        let other = import(&server, &csv(OTHER), &change).await;
        assert_eq!(told(&other), ["changed password: nothing → changed"]);
    }
);

on_both!(
    a_customer_gets_no_more_accounts_than_it_may_have,
    |server| {
        let app = server.app();
        let plan = app.plans.all().await.unwrap().remove(0).plan;
        let most = plan.max_accounts.expect("a limit in the first plan");
        let rows: Vec<String> = (0..=most).map(|number| format!("bird-{number}")).collect();
        let rows = rows.join("\n");
        let csv = format!("username\n{rows}");
        let mut orders = [Mode::Rehearse, Mode::Perform].map(|mode| order(Existing::Keep, mode));
        for order in &mut orders {
            order.customer = Some("Quay West".to_owned());
        }

        for order in &orders {
            let report = import(&server, &csv, order).await;

            let counts = report.counts();
            assert_eq!((counts.created, counts.refused), (most, 1));
            let last = told(&report).pop().unwrap();
            assert_eq!(
                last,
                format!("refused customer: Quay West may have {most} accounts")
            );
        }
    }
);

on_both!(
    an_import_that_is_stopped_keeps_its_batches_and_goes_on_later,
    |server| {
        let rows: Vec<String> = (0..250).map(|number| format!("bird-{number}")).collect();
        let rows = rows.join("\n");
        let records = || {
            Source::Csv
                .read(format!("username\n{rows}").as_bytes())
                .unwrap()
        };
        let (imports, actor) = (server.app().imports(), Actor::system());
        let order = order(Existing::Keep, Mode::Perform);
        let mut seen = Vec::new();

        let stopped = imports.run(&actor, records(), &order, |progress| {
            seen.push((progress.done, progress.total));
            if seen.len() == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        let stopped = stopped.await.unwrap();

        assert!(stopped.is_cancelled);
        assert_eq!(stopped.rows.len(), 2 * Imports::BATCH);
        assert_eq!(seen, [(100, 250), (200, 250)]);
        let run = imports.run(&actor, records(), &order, |_| ControlFlow::Break(()));
        let counts = run.await.unwrap().counts();
        assert_eq!((counts.created, counts.unchanged), (0, 100));
        let run = imports.run(&actor, records(), &order, |_| ControlFlow::Continue(()));
        let counts = run.await.unwrap().counts();
        assert_eq!((counts.created, counts.unchanged), (50, 200));
    }
);
