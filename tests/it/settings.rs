//! Live settings: changed as one revision, with an audit entry, for everybody at once.

use std::time::Duration;

use quaymaster::clock::Timestamp;
use quaymaster::events::{Event, Events, News};
use quaymaster::model::{Actor, AuditAction, AuditQuery, PortRange, Role};
use quaymaster::settings::{LiveOptions, LiveSettings, Settings, SettingsError};
use quaymaster::store::Db;

use crate::support::engines::on_both_engines;
use crate::support::samples::{MADE, later};

on_both_engines!(a_change_is_in_force_recorded_and_told, |db| {
    let events = Events::new();
    let live = opened(&db, &events, &[]).await.unwrap();
    let mut told = live.changes();
    let mut news = events.subscribe();
    let typed = texts(&[
        ("idle_timeout", "600"),
        ("banner", "FTP server ready."),
        ("passive_ports", "40000-40009"),
    ]);

    let changed = live.change(&ada(), &typed, later(1)).await.unwrap();

    let expected = [
        change("passive_ports", "30000-30019", "40000-40009"),
        change("idle_timeout", "300", "600"),
    ];
    assert_eq!(changed, expected);
    assert_eq!(live.current().idle_timeout, Duration::from_mins(10));
    assert_eq!(*told.borrow_and_update(), live.current());
    assert_eq!(news.next().await, News::Event(Event::SettingsChanged));
    let history = live.history(None, 10).await.unwrap();
    assert_eq!((history[0].seq, history[0].actor.as_str()), (1, "Ada"));
    assert_eq!(history[0].changes, expected);
    let audit = db.audit_events(&AuditQuery::default()).await.unwrap();
    assert_eq!(audit.len(), 1);
    assert_eq!(audit[0].action, AuditAction::SettingsChanged);
    assert_eq!(audit[0].object, "Passive ports, Idle session");
    assert_eq!((audit[0].ip.as_str(), audit[0].at), ("192.0.2.7", later(1)));
});

on_both_engines!(settings_outlive_the_process, |db| {
    let live = opened(&db, &Events::new(), &[]).await.unwrap();
    let rules = "10.0.0.0/8=same\n192.0.2.0/24=203.0.113.9";
    let typed = texts(&[("address_rules", rules), ("service_name", "Hafen “Süd”")]);
    live.change(&ada(), &typed, MADE).await.unwrap();

    let again = opened(&db, &Events::new(), &[]).await.unwrap();

    assert_eq!(again.current(), live.current());
    assert_eq!(again.current().address_rules.len(), 2);
});

on_both_engines!(
    what_is_wrong_is_told_field_by_field_and_nothing_is_changed,
    |db| {
        let live = opened(&db, &Events::new(), &[]).await.unwrap();
        let typed = texts(&[
            ("idle_timeout", "1"),
            ("banner", "Hello"),
            ("passive_ports", "2100-2200"),
            ("colour", "blue"),
        ]);

        let refused = live.change(&ada(), &typed, MADE).await;

        let Err(SettingsError::Invalid(problems)) = refused else {
            panic!("{refused:?}");
        };
        let problems: Vec<(&str, &str)> = problems
            .iter()
            .map(|field| (field.key.as_str(), field.problem.as_str()))
            .collect();
        assert_eq!(
            problems,
            [
                ("idle_timeout", "Enter a number of seconds from 30 to 86400"),
                ("colour", "There is no setting `colour`"),
                (
                    "passive_ports",
                    "Port 2121 is in use by this service. Choose a range without it"
                ),
            ]
        );
        assert_eq!(*live.current(), Settings::default());
        assert_eq!(live.history(None, 10).await.unwrap(), []);
    }
);

on_both_engines!(an_operator_may_not_change_settings, |db| {
    let live = opened(&db, &Events::new(), &[]).await.unwrap();
    let operator = Actor {
        role: Role::Operator,
        ..ada()
    };

    let refused = live
        .change(&operator, &texts(&[("banner", "Hi")]), MADE)
        .await;

    assert!(
        matches!(refused, Err(SettingsError::Forbidden)),
        "{refused:?}"
    );
});

on_both_engines!(of_two_processes_the_second_is_told_and_catches_up, |db| {
    let service = opened(&db, &Events::new(), &[]).await.unwrap();
    let command_line = opened(&db, &Events::new(), &[]).await.unwrap();
    let typed = texts(&[("banner", "From the shell")]);
    command_line
        .change(&Actor::command_line(), &typed, MADE)
        .await
        .unwrap();

    let refused = service
        .change(&ada(), &texts(&[("banner", "Mine")]), MADE)
        .await;

    assert!(matches!(refused, Err(SettingsError::Stale)), "{refused:?}");
    assert_eq!(service.current().banner, "From the shell");
    let changed = service
        .change(&ada(), &texts(&[("banner", "Mine")]), MADE)
        .await;
    assert_eq!(
        changed.unwrap(),
        [change("banner", "From the shell", "Mine")]
    );
});

on_both_engines!(a_first_value_counts_once, |db| {
    let first = [("passive_ports", "41000-41009")];
    let live = opened(&db, &Events::new(), &first).await.unwrap();
    assert_eq!(
        live.current().passive_ports,
        PortRange::new(41_000, 41_009).unwrap()
    );
    let typed = texts(&[("passive_ports", "42000-42009")]);
    live.change(&ada(), &typed, MADE).await.unwrap();

    let again = opened(&db, &Events::new(), &first).await.unwrap();

    assert_eq!(again.current().passive_ports.first(), 42_000);
    let history = again.history(None, 10).await.unwrap();
    assert_eq!(history[1].actor, "system");
});

on_both_engines!(
    a_stored_text_that_is_wrong_stops_the_start_and_is_named,
    |db| {
        let wrong = [change("idle_timeout", "300", "soon")];
        let mut tx = db.begin().await.unwrap();
        tx.change_settings(0, MADE, "somebody", &wrong)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let refused = opened(&db, &Events::new(), &[]).await.unwrap_err();

        assert_eq!(
            refused.to_string(),
            "the stored setting `idle_timeout` is wrong: Enter a number of seconds from 30 to 86400"
        );
    }
);

on_both_engines!(a_listener_among_the_passive_ports_stops_the_start, |db| {
    let first = [("passive_ports", "2100-2200")];

    let refused = opened(&db, &Events::new(), &first).await.unwrap_err();

    assert!(
        refused.to_string().contains("Port 2121 is in use"),
        "{refused}"
    );
});

async fn opened(
    db: &Db,
    events: &Events,
    first_values: &[(&str, &str)],
) -> Result<LiveSettings, SettingsError> {
    let options = LiveOptions {
        first_values: texts(first_values),
        reserved_ports: vec![2_121],
    };
    let at: Timestamp = MADE;
    LiveSettings::open(db.clone(), events.clone(), options, at).await
}

fn ada() -> Actor {
    Actor {
        admin_id: None,
        name: "Ada".to_owned(),
        role: Role::Admin,
        ip: Some("192.0.2.7".parse().unwrap()),
    }
}

fn texts(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()))
        .collect()
}

fn change(key: &str, before: &str, after: &str) -> (String, String, String) {
    (key.to_owned(), before.to_owned(), after.to_owned())
}
