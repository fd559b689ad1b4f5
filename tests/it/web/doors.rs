//! What every answer has in common: headers, tokens, pages for refusals, assets.

use axum::http::{StatusCode, header};
use quaymaster::model::Role;

use crate::support::browser::{House, between};

#[tokio::test]
async fn every_page_has_the_headers_that_keep_it_safe() {
    let house = House::open().await;
    let mut browser = house.signed_in(Role::Owner).await;

    for path in ["/admin", "/admin/nowhere", "/admin/sign-in"] {
        let answer = browser.get(path).await;

        let policy = answer.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(policy.contains("frame-ancestors 'none'; base-uri 'none'"));
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers[header::REFERRER_POLICY], "same-origin");
        assert_eq!(answer.headers["cross-origin-opener-policy"], "same-origin");
        assert_eq!(
            answer.headers["cross-origin-resource-policy"],
            "same-origin"
        );
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        assert!(
            !answer
                .headers
                .contains_key(header::STRICT_TRANSPORT_SECURITY)
        );
    }
}

#[tokio::test]
async fn over_https_cookies_are_bound_to_the_host() {
    let house = House::open_at(Some("https://ftp.example.net")).await;
    let browser = house.signed_in(Role::Owner).await;

    assert!(browser.has("__Host-sid"));
    assert!(!browser.has("sid"));
}

#[tokio::test]
async fn a_form_without_its_token_is_refused() {
    let house = House::open().await;
    let mut browser = house.signed_in(Role::Owner).await;

    let without = browser
        .post_without_token("/admin/me/theme", &[("theme", "dark")])
        .await;
    let wrong = browser
        .post_without_token("/admin/me/theme", &[("theme", "dark"), ("csrf", "guess")])
        .await;

    for answer in [without, wrong] {
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text.contains("This form was open too long"));
    }
}

#[tokio::test]
async fn a_form_from_another_site_is_refused_even_with_the_right_token() {
    let house = House::open().await;
    let mut browser = house.signed_in(Role::Owner).await;
    browser.get("/admin").await;

    let answer = browser.post_from_elsewhere("/admin/sign-out", &[]).await;

    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text.contains("This form came from somewhere else"));
    assert_eq!(browser.get("/admin").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_token_of_one_session_is_worthless_in_another() {
    let house = House::open().await;
    let mut owner = house.signed_in(Role::Owner).await;
    let page = owner.get("/admin").await;
    let token = between(&page.text, "name=\"csrf\" value=\"", "\"")
        .unwrap()
        .to_owned();
    let mut other = house.browser();
    other
        .sign_in("owner@example.net", crate::support::browser::PASSWORD)
        .await;

    let answer = other
        .post_without_token("/admin/sign-out", &[("csrf", &token)])
        .await;

    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_does_not_exist_gets_a_page_in_the_frame() {
    let house = House::open().await;
    let mut browser = house.signed_in(Role::Owner).await;

    let missing = browser.get("/admin/nowhere").await;
    let method = browser.post("/admin/live", &[]).await;
    let stranger = house.browser().get("/nowhere").await;

    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(missing.text.contains("<h1>This page does not exist</h1>"));
    assert!(missing.text.contains("aria-label=\"Main\""));
    assert_eq!(method.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(method.text.contains("This address does not work that way"));
    assert_eq!(method.headers[header::ALLOW], "GET,HEAD");
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    assert!(!stranger.text.contains("aria-label=\"Main\""));
}

#[tokio::test]
async fn the_root_leads_to_the_administration() {
    let house = House::open().await;

    let answer = house.browser().get("/").await;

    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), "/admin");
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_the_name_of_their_content() {
    let house = House::open().await;
    let mut browser = house.browser();
    let page = browser.get("/setup").await;
    let style = between(&page.text, "<link rel=\"stylesheet\" href=\"", "\"")
        .unwrap()
        .to_owned();

    let asset = browser.get(&style).await;
    let older = browser.get("/assets/app.00000000.css").await;
    let unknown = browser.get("/assets/secret.00000000.txt").await;

    assert_eq!(asset.status, StatusCode::OK);
    assert_eq!(
        asset.headers[header::CONTENT_TYPE],
        "text/css; charset=utf-8"
    );
    assert_eq!(
        asset.headers[header::CACHE_CONTROL],
        "public, max-age=31536000, immutable"
    );
    assert!(asset.headers.contains_key(header::ETAG));
    assert_eq!(older.text, asset.text);
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_slash_too_many_leads_to_the_page_that_was_meant() {
    let house = House::open().await;
    let mut browser = house.signed_in(Role::Owner).await;

    for (address, page) in [
        ("/admin/", "/admin"),
        ("/admin/live/?q=a%2Fb", "/admin/live?q=a%2Fb"),
        ("/setup/", "/setup"),
    ] {
        let answer = browser.get(address).await;

        assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT, "{address}");
        assert_eq!(answer.location(), page);
    }
    for address in ["//evil.example/", "//evil.example//admin/"] {
        let answer = browser.get(address).await;

        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}");
    }
}
