//! The network page and the settings page: what is saved is in force, what cannot be is not saved.

use std::net::TcpListener;

use axum::http::StatusCode;
use quaymaster::model::{Actor, PublicAddress, Role};

use super::records::form_of;
use crate::support::browser::House;
use crate::support::server::free_range;

const PATH: &str = "/admin/network";

/// Ports in a row that nobody has, with their listeners, so that a test decides which of them are
/// free.
fn ports(count: u16) -> Vec<TcpListener> {
    let range = free_range(count);
    (range.first()..=range.last())
        .map(|port| TcpListener::bind(("127.0.0.1", port)).expect("a free port"))
        .collect()
}

fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn a_new_range_is_in_force_and_the_firewall_is_remembered() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let held = ports(3);
    let (first, last) = (port(&held[0]).to_string(), port(&held[2]).to_string());
    drop(held);
    let page = admin.get(PATH).await;
    let mut form = form_of(&page.text, PATH);
    form.set("first", &first);
    form.set("last", &last);

    let saved = admin.post(PATH, &form.pairs()).await;
    let page = admin.get(saved.location()).await;

    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    let range = house.app.settings.current().passive_ports;
    assert_eq!(range.to_string(), format!("{first}-{last}"));
    assert_eq!(house.app.passive_ports.counters().ports, 3);
    assert!(page.text.contains(&format!(
        "Open {first} to {last} in your firewall, then close "
    )));
    assert!(
        page.text
            .contains(&format!("{first}-{last} }} ct state new accept"))
    );
}

#[tokio::test]
async fn a_port_that_another_program_holds_is_named_and_nothing_is_saved() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let held = ports(3);
    let taken = port(&held[1]).to_string();
    let before = house.app.settings.current().passive_ports;
    let page = admin.get(PATH).await;
    let mut form = form_of(&page.text, PATH);
    form.set("first", &port(&held[0]).to_string());
    form.set("last", &port(&held[2]).to_string());
    let mut held = held;
    drop((held.remove(2), held.remove(0)));

    let refused = admin.post(PATH, &form.pairs()).await;

    let text = format!("Port {taken} is in use by another program");
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused
            .text
            .contains(&format!("<a href=\"#first\">{text}</a>")),
        "{}",
        refused.text
    );
    assert!(
        refused
            .text
            .contains(&format!("Error: </span>{text}</span>"))
    );
    assert_eq!(house.app.settings.current().passive_ports, before);
}

#[tokio::test]
async fn a_wrong_range_is_told_at_its_field() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let page = admin.get(PATH).await;

    for (first, last, text) in [
        ("80", "90", "First port must be a number from 1024 to 65535"),
        (
            "50000",
            "49000",
            "Last port must be higher than the first (50000)",
        ),
        (
            "20000",
            "29999",
            "The range has 10000 ports. Use 1000 or fewer; a few serve any number of clients",
        ),
    ] {
        let mut form = form_of(&page.text, PATH);
        form.set("first", first);
        form.set("last", last);
        let refused = admin.post(PATH, &form.pairs()).await;

        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        assert!(refused.text.contains(&format!("{text}</a>")), "{text}");
        assert!(refused.text.contains(&format!("value=\"{first}\"")));
    }
}

#[tokio::test]
async fn clients_are_told_what_the_page_says() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let page = admin.get(PATH).await;
    let mut form = form_of(&page.text, PATH);
    form.set("public", "fixed");
    form.set("public_value", "203.0.113.24");
    let mut pairs = form.pairs();
    pairs.extend([("network", "198.51.0.0/16"), ("address", "192.0.2.9")]);

    let saved = admin.post(PATH, &pairs).await;
    let page = admin.get(saved.location()).await;

    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    assert!(page.text.contains("Clients in 198.51.0.0/16"));
    assert!(page.text.contains("227 Entering Passive Mode (192,0,2,9,"));
    let told = house
        .app
        .network
        .advertised([198, 51, 7, 7].into(), [10, 0, 0, 1].into());
    assert_eq!(told.to_string(), "192.0.2.9");
    let told = house
        .app
        .network
        .advertised([9, 9, 9, 9].into(), [10, 0, 0, 1].into());
    assert_eq!(told.to_string(), "203.0.113.24");
}

#[tokio::test]
async fn a_private_public_address_is_asked_about_once() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let page = admin.get(PATH).await;
    let mut form = form_of(&page.text, PATH);
    form.set("public", "fixed");
    form.set("public_value", "10.0.4.12");

    let asked = admin.post(PATH, &form.pairs()).await;
    let again = form_of(&asked.text, PATH);
    let saved = admin.post(PATH, &again.pairs()).await;

    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.text.contains(
        "10.0.4.12 is a private address. Customers outside cannot reach it. Save anyway?"
    ));
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    let public = house.app.settings.current().public_address.clone();
    assert_eq!(public, PublicAddress::Fixed([10, 0, 4, 12].into()));
}

#[tokio::test]
async fn active_mode_is_switched_and_leaves_the_rules() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let before = admin.get(PATH).await;
    let mut form = form_of(&before.text, PATH);
    form.set("active", "off");

    let saved = admin.post(PATH, &form.pairs()).await;
    let after = admin.get(saved.location()).await;

    assert!(before.text.contains("quaymaster active mode"));
    assert!(!after.text.contains("quaymaster active mode"));
    assert!(!house.app.settings.current().active_mode);
}

#[tokio::test]
async fn rows_are_added_and_removed_without_saving() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let page = admin.get(PATH).await;
    let form = form_of(&page.text, PATH);
    let mut pairs = form.pairs();
    pairs.retain(|(name, _)| *name != "network" && *name != "address");
    pairs.extend([("network", "10.0.0.0/8"), ("address", ""), ("add", "1")]);

    let added = admin.post(PATH, &pairs).await;
    pairs.pop();
    pairs.push(("remove", "0"));
    let removed = admin.post(PATH, &pairs).await;

    assert_eq!(added.status, StatusCode::OK);
    assert!(added.text.contains("Remove 10.0.0.0/8"));
    assert!(!removed.text.contains("Remove 10.0.0.0/8"));
    assert!(house.app.settings.current().address_rules.is_empty());
}

#[tokio::test]
async fn settings_are_saved_with_their_history() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let page = admin.get("/admin/settings").await;
    let mut form = form_of(&page.text, "/admin/settings");
    form.set("idle_timeout", "600");
    let mut wrong = form_of(&page.text, "/admin/settings");
    wrong.set("idle_timeout", "1");

    let refused = admin.post("/admin/settings", &wrong.pairs()).await;
    let saved = admin.post("/admin/settings", &form.pairs()).await;
    let page = admin.get(saved.location()).await;

    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused
            .text
            .contains("<a href=\"#idle_timeout\">Enter a number of seconds from 30 to 86400</a>")
    );
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    assert!(page.text.contains("Idle session: 300 seconds"));
    assert!(page.text.contains("Idle session: 600 seconds"));
    assert!(page.text.contains("Default: 300 seconds"));
}

#[tokio::test]
async fn a_setting_that_somebody_else_changed_is_not_overwritten_unasked() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let page = admin.get("/admin/settings").await;
    let mut form = form_of(&page.text, "/admin/settings");
    form.set("idle_timeout", "600");
    let theirs = [
        ("idle_timeout".to_owned(), "900".to_owned()),
        ("banner".to_owned(), "Hello.".to_owned()),
    ];
    let now = house.app.clock.now();
    house
        .app
        .settings
        .change(&Actor::system(), &theirs, now)
        .await
        .unwrap();

    let conflict = admin.post("/admin/settings", &form.pairs()).await;
    let again = form_of(&conflict.text, "/admin/settings");
    let saved = admin.post("/admin/settings", &again.pairs()).await;

    assert_eq!(conflict.status, StatusCode::CONFLICT);
    assert!(conflict.text.contains("Idle session is “900 seconds” now."));
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    let settings = house.app.settings.current();
    assert_eq!(settings.idle_timeout.as_secs(), 600);
    assert_eq!(settings.banner, "Hello.");
}

#[tokio::test]
async fn an_operator_reads_network_and_settings_and_changes_neither() {
    let house = House::open().await;
    let mut operator = house.signed_in(Role::Operator).await;

    for path in [PATH, "/admin/settings"] {
        let page = operator.get(path).await;
        let refused = operator.post(path, &[]).await;

        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(
            page.text.contains("Changing this needs the Admin role."),
            "{path}"
        );
        assert!(!page.text.contains(">Save "), "{path}");
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
}
