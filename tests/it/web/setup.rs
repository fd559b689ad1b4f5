//! The first run, as whoever installs the server sees it.

use std::time::Duration;

use axum::http::StatusCode;
use quaymaster::hosting::demonstration::{Claim, ClaimError};
use quaymaster::model::{Actor, Role};

use crate::support::browser::{Browser, House, PASSWORD, SETUP_CODE, between};

async fn make_owner(browser: &mut Browser, code: &str) -> crate::support::browser::Answer {
    browser.get("/setup").await;
    let fields = [
        ("code", code),
        ("name", "Ada"),
        ("email", "ada@example.net"),
        ("password", PASSWORD),
    ];
    browser.post("/setup", &fields).await
}

#[tokio::test]
async fn a_fresh_installation_leads_to_the_first_run() {
    let house = House::open().await;
    let mut browser = house.browser();

    let sign_in = browser.get("/admin/sign-in").await;

    assert_eq!(sign_in.location(), "/setup");
}

#[tokio::test]
async fn the_first_run_goes_from_the_owner_to_a_working_account() {
    let house = House::open().await;
    let mut browser = house.browser();

    let owner = make_owner(&mut browser, SETUP_CODE).await;
    let address = browser.get(owner.location()).await;
    let first = between(&address.text, "id=\"first_port\" name=\"first_port\" type=\"text\" inputmode=\"numeric\" class=\"w-sm\" value=\"", "\"")
        .expect("the port in force")
        .to_owned();
    let fields = [
        ("host_name", "ftp.example.net"),
        ("public_address", "auto"),
        ("first_port", &first),
        ("last_port", &first),
    ];
    let account = browser.post("/setup/address", &fields).await;
    browser.get(account.location()).await;
    let fields = [
        ("customer", "Harbour"),
        ("username", "crane"),
        ("bytes", "5g"),
    ];
    let done = browser.post("/setup/account", &fields).await;

    assert_eq!(
        (owner.status, owner.location()),
        (StatusCode::SEE_OTHER, "/setup/address")
    );
    assert_eq!(
        (account.status, account.location()),
        (StatusCode::SEE_OTHER, "/setup/account")
    );
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    let password = between(&done.text, "<code id=\"c-pass\">", "</code>").expect("the password");
    let name = "crane".parse().unwrap();
    let made = house
        .app
        .accounts
        .by_username(&name)
        .await
        .unwrap()
        .expect("the account");
    assert_eq!(
        made.limits.bytes,
        quaymaster::model::Override::Own(Some(5 << 30))
    );
    assert!(password.len() >= 12);
    assert_eq!(house.app.settings.current().host_name, "ftp.example.net");
    assert!(
        !browser.get("/setup/done").await.text.contains(password),
        "shown once"
    );
}

#[tokio::test]
async fn a_wrong_code_is_told_beside_its_field_and_everything_typed_is_kept_but_the_password() {
    let house = House::open().await;
    let mut browser = house.browser();

    let answer = make_owner(&mut browser, "WRONG123").await;

    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = "That code is not the one in the log. It changes at every start";
    assert_eq!(
        answer.text.matches(told).count(),
        2,
        "in the summary and beside the field"
    );
    assert!(answer.text.contains("value=\"ada@example.net\""));
    assert!(!answer.text.contains(PASSWORD));
}

#[tokio::test]
async fn the_first_run_is_over_once_there_is_an_owner() {
    let house = House::open().await;
    house.signed_in(Role::Owner).await;
    let mut stranger = house.browser();

    let page = stranger.get("/setup").await;
    let step = stranger.get("/setup/address").await;

    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert_eq!(step.status, StatusCode::SEE_OTHER);
    assert!(step.location().starts_with("/admin/sign-in"));
}

#[tokio::test]
async fn whoever_guesses_the_code_waits_and_the_owner_goes_on() {
    let house = House::open().await;
    let mut guesser = house.browser_at([203, 0, 113, 9]);
    for _ in 0..5 {
        make_owner(&mut guesser, "WRONG123").await;
    }

    let waiting = make_owner(&mut guesser, SETUP_CODE).await;
    let owner = make_owner(&mut house.browser(), SETUP_CODE).await;

    assert_eq!(waiting.status, StatusCode::TOO_MANY_REQUESTS);
    let told = "Too many wrong codes. Wait 2 seconds";
    assert!(waiting.text.contains(told), "{}", waiting.text);
    assert_eq!(owner.location(), "/setup/address");
}

#[tokio::test]
async fn whoever_mistyped_the_code_goes_on_after_a_moment() {
    let house = House::open().await;
    let mut browser = house.browser();
    for _ in 0..5 {
        make_owner(&mut browser, "WRONG123").await;
    }

    house.clock.advance(Duration::from_secs(2));
    let owner = make_owner(&mut browser, SETUP_CODE).await;

    assert_eq!(owner.location(), "/setup/address");
}

#[tokio::test]
async fn the_first_run_names_the_port_that_customers_type() {
    let house = House::open().await;
    let mapped = [("host_port".to_owned(), "2021".to_owned())];
    let (app, system) = (&house.app, Actor::system());
    app.settings
        .change(&system, &mapped, app.clock.now())
        .await
        .unwrap();
    let mut browser = house.browser();
    make_owner(&mut browser, SETUP_CODE).await;

    let address = browser.get("/setup/address").await;
    browser.get("/setup/account").await;
    let fields = [("customer", "Harbour"), ("username", "crane")];
    let done = browser
        .post(
            "/setup/account",
            &[&fields[..], &[("bytes", "5g")]].concat(),
        )
        .await;

    assert!(address.text.contains("Open TCP 2021 and"));
    let port = between(&done.text, "id=\"c-port\"><bdi dir=\"ltr\">", "</bdi>");
    assert_eq!(port, Some("2021"));
    assert!(done.text.contains(":2021/"));
}

#[tokio::test]
async fn a_demonstration_takes_an_empty_installation_and_its_own_again() {
    let house = House::open().await;
    let demonstration = &house.app.demonstration;

    let first = demonstration.claim().await.unwrap();
    house.signed_in(Role::Owner).await;
    let again = demonstration.claim().await.unwrap();

    assert_eq!((first, again), (Claim::First, Claim::Again));
}

#[tokio::test]
async fn a_demonstration_leaves_a_real_installation_alone() {
    let house = House::open().await;
    house.signed_in(Role::Owner).await;

    let refused = house.app.demonstration.claim().await;

    assert!(matches!(refused, Err(ClaimError::Real)), "{refused:?}");
}
