//! The page about the folders of an account, as an administrator meets it.

use axum::http::StatusCode;
use quaymaster::hosting::accounts::{AccountSettings, NewAccount};
use quaymaster::model::{
    Account, Actor, AuditAction, AuditQuery, PermissionProfile, Role, Secret, VirtualPath,
};

use super::records::customer;
use crate::support::browser::{Browser, House};

const PAGE: &str = "/admin/accounts/kestrel/folders";

async fn account(house: &House) -> Account {
    let new = NewAccount {
        username: "kestrel".parse().unwrap(),
        customer_id: customer(house, "Kestrel Print").await.id,
        password: Secret::new("correct horse battery".to_owned()),
        volume_id: None,
        settings: AccountSettings::default(),
    };
    let accounts = &house.app.accounts;
    accounts.create(&Actor::system(), new).await.unwrap()
}

async fn stored(house: &House) -> Account {
    let name = "kestrel".parse().unwrap();
    let found = house.app.accounts.by_username(&name).await.unwrap();
    found.unwrap()
}

fn at(path: &str) -> VirtualPath {
    VirtualPath::root().resolve(path).unwrap()
}

/// Sends a form of the page with the version that is stored now.
async fn send(
    house: &House,
    browser: &mut Browser,
    fields: &[(&str, &str)],
) -> crate::support::browser::Answer {
    let version = stored(house).await.version.to_string();
    let version = [("version", version.as_str())];
    browser.get(PAGE).await;
    browser.post(PAGE, &[&version, fields].concat()).await
}

#[tokio::test]
async fn folders_are_added_ticked_and_removed() {
    let house = House::open().await;
    account(&house).await;
    let mut admin = house.signed_in(Role::Admin).await;

    let add = [
        ("do", "add"),
        ("new_folder", "/archive/"),
        ("preset", "read-only"),
    ];
    let added = send(&house, &mut admin, &add).await;
    let add = [
        ("do", "add"),
        ("new_folder", "/secret"),
        ("preset", "hidden"),
    ];
    send(&house, &mut admin, &add).await;

    assert_eq!(added.status, StatusCode::SEE_OTHER);
    assert_eq!(added.location(), PAGE);
    let rules = stored(&house).await.rules;
    let read_only = PermissionProfile::ReadOnly.permissions();
    assert_eq!(rules.get(&at("/archive")).unwrap().permissions, read_only);
    assert!(rules.get(&at("/secret")).unwrap().hidden);

    let ticks = [
        ("folder", "/archive"),
        ("folder", "/secret"),
        ("list", "0"),
        ("upload", "0"),
        ("download", "1"),
    ];
    send(&house, &mut admin, &ticks).await;
    let rules = stored(&house).await.rules;
    let archive = rules.get(&at("/archive")).unwrap();
    assert_eq!(archive.permissions.to_string(), "list,upload");
    assert!(!rules.get(&at("/secret")).unwrap().hidden);

    send(&house, &mut admin, &[("remove", "/archive")]).await;
    let rules = stored(&house).await.rules;
    assert!(rules.get(&at("/archive")).is_none());
    assert_eq!(rules.iter().count(), 1);
    let query = AuditQuery {
        action: Some(AuditAction::AccountChanged),
        ..AuditQuery::default()
    };
    let entries = house.app.audit.page(&query).await.unwrap();
    assert_eq!(entries.len(), 4);
    let told = ("folder /archive", "list,upload", "no rule");
    let told = (told.0.to_owned(), told.1.to_owned(), told.2.to_owned());
    assert_eq!(entries[0].changes, [told]);
}

#[tokio::test]
async fn what_cannot_be_a_rule_comes_back_beside_its_field() {
    let house = House::open().await;
    account(&house).await;
    let mut admin = house.signed_in(Role::Admin).await;

    for (folder, preset, told) in [
        ("", "now", "Enter a folder, for example /archive"),
        ("/", "hidden", "The home folder itself cannot be hidden"),
        (
            "/a\u{1}",
            "now",
            "Folder must be a path that a file can have",
        ),
    ] {
        let add = [("do", "add"), ("new_folder", folder), ("preset", preset)];
        let refused = send(&house, &mut admin, &add).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{folder}");
        assert!(refused.text.contains(told), "{folder}: {}", refused.text);
    }
    assert!(stored(&house).await.rules.is_empty());
}

#[tokio::test]
async fn a_table_that_somebody_else_changed_is_not_saved() {
    let house = House::open().await;
    let before = account(&house).await;
    let mut admin = house.signed_in(Role::Admin).await;
    let add = [("do", "add"), ("new_folder", "/a"), ("preset", "now")];
    send(&house, &mut admin, &add).await;

    let seen = before.version.to_string();
    let late = [("version", seen.as_str()), ("remove", "/a")];
    let refused = admin.post(PAGE, &late).await;

    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("changed this account"));
    assert!(stored(&house).await.rules.get(&at("/a")).is_some());
}

#[tokio::test]
async fn a_path_is_tested_as_a_session_would_find_it() {
    let house = House::open().await;
    let account = account(&house).await;
    let mut admin = house.signed_in(Role::Admin).await;
    for (folder, preset) in [("/ro", "read-only"), ("/x", "hidden")] {
        let add = [("do", "add"), ("new_folder", folder), ("preset", preset)];
        send(&house, &mut admin, &add).await;
    }
    let trial = |path: &'static str| {
        let accounts = house.app.accounts.clone();
        async move { accounts.try_path(account.id, &at(path)).await.unwrap() }
    };

    for (path, fact, why) in [
        (
            "/RO/./f",
            "/RO/f allows: list, download, checksums.",
            "The rule for /ro decides.",
        ),
        (
            "x/y",
            "/x/y does not exist for this account.",
            "The rule for /x decides.",
        ),
        (
            "/f",
            "/f allows: list,",
            "No rule: the permissions of the account hold.",
        ),
        (
            "/",
            "/ allows: list,",
            "The rule for /ro keeps it from being renamed",
        ),
    ] {
        let typed = path.replace('/', "%2F");
        let page = admin.get(&format!("{PAGE}?path={typed}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains(fact), "{path}: {}", page.text);
        assert!(page.text.contains(why), "{path}: {}", page.text);
    }
    assert!(trial("/x").await.is_hidden);
    assert_eq!(trial("/ro").await.decided_by, [at("/ro")]);
}

#[tokio::test]
async fn an_auditor_sees_the_rules_and_changes_none() {
    let house = House::open().await;
    account(&house).await;
    let mut admin = house.signed_in(Role::Owner).await;
    let add = [("do", "add"), ("new_folder", "/archive"), ("preset", "now")];
    send(&house, &mut admin, &add).await;
    let mut auditor = house.signed_in(Role::Auditor).await;

    let page = auditor.get(PAGE).await;
    let refused = send(&house, &mut auditor, &[("remove", "/archive")]).await;

    assert!(page.text.contains("/archive"));
    assert!(!page.text.contains("type=\"checkbox\""));
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(!stored(&house).await.rules.is_empty());
}
