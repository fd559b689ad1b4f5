//! The way in and out.

use std::time::Duration;

use axum::http::StatusCode;
use quaymaster::model::Role;

use crate::support::browser::{House, PASSWORD};

#[tokio::test]
async fn whoever_is_not_signed_in_is_led_to_the_page_and_back() {
    let house = House::open().await;
    let mut signed_in = house.signed_in(Role::Owner).await;
    signed_in.forget("sid");

    let refused = signed_in.get("/admin/live?q=a").await;
    let page = signed_in.get(refused.location()).await;
    let fields = [
        ("email", "owner@example.net"),
        ("password", PASSWORD),
        ("next", "/admin/live?q=a"),
    ];
    let entered = signed_in.post("/admin/sign-in", &fields).await;

    assert_eq!(refused.status, StatusCode::SEE_OTHER);
    assert_eq!(
        refused.location(),
        "/admin/sign-in?next=/admin/live%3Fq%3Da"
    );
    assert!(page.text.contains("<h1>Sign in</h1>"));
    assert_eq!(entered.location(), "/admin/live?q=a");
    assert_eq!(signed_in.get("/admin/live").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_told_alike() {
    let house = House::open().await;
    house.signed_in(Role::Owner).await;

    let name = house
        .browser()
        .sign_in("nobody@example.net", PASSWORD)
        .await;
    let password = house
        .browser()
        .sign_in("owner@example.net", "wrong password")
        .await;

    for answer in [&name, &password] {
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text.contains("E-mail or password is wrong"));
        assert!(
            answer
                .text
                .contains("<title>Error: Sign in · Quaymaster</title>")
        );
        assert!(
            !answer.text.contains("wrong password\""),
            "a password is never shown again"
        );
    }
}

#[tokio::test]
async fn after_too_many_tries_even_the_right_password_waits() {
    let house = House::open().await;
    house.signed_in(Role::Owner).await;
    let mut browser = house.browser();
    for _ in 0..6 {
        browser.sign_in("owner@example.net", "wrong password").await;
    }

    let refused = browser.sign_in("owner@example.net", PASSWORD).await;
    house.clock.advance(Duration::from_hours(1));
    let entered = browser.sign_in("owner@example.net", PASSWORD).await;

    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(
        refused.text.contains("Too many tries. Wait "),
        "{}",
        refused.text
    );
    assert_eq!(entered.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() {
    let house = House::open().await;
    let mut browser = house.signed_in(Role::Owner).await;
    browser.get("/admin").await;

    let out = browser.post("/admin/sign-out", &[]).await;
    let page = browser.get(out.location()).await;

    assert!(!browser.has("sid"));
    assert!(page.text.contains("You are signed out."));
    assert!(
        !browser
            .get("/admin/sign-in")
            .await
            .text
            .contains("You are signed out.")
    );
}

#[tokio::test]
async fn an_idle_session_ends_and_says_so() {
    let house = House::open().await;
    let mut browser = house.signed_in(Role::Owner).await;
    house.clock.advance(Duration::from_mins(61));

    let refused = browser.get("/admin/live").await;
    let page = browser.get(refused.location()).await;

    assert!(
        refused.location().ends_with("ended=yes"),
        "{}",
        refused.location()
    );
    assert!(
        page.text
            .contains("You were signed out after a while without activity.")
    );
}

#[tokio::test]
async fn a_theme_is_remembered() {
    let house = House::open().await;
    let mut browser = house.signed_in(Role::Auditor).await;
    browser.get("/admin/live").await;

    let changed = browser
        .post(
            "/admin/me/theme",
            &[("theme", "dark"), ("back", "/admin/live")],
        )
        .await;
    let page = browser.get(changed.location()).await;

    assert_eq!(changed.location(), "/admin/live");
    assert!(page.text.contains("data-theme=\"dark\""));
}
