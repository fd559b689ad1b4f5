//! Pages that keep themselves up to date.

use std::net::SocketAddr;

use axum::http::StatusCode;
use quaymaster::hosting::sessions::Admission;
use quaymaster::model::{Operation, Role, SessionId, VirtualPath};

use crate::support::browser::House;

#[tokio::test]
async fn an_upload_shows_on_a_page_that_is_open() {
    let house = House::open().await;
    let mut browser = house.signed_in(Role::Auditor).await;
    let id = SessionId::from_parts(1, [7; 10]);
    let peer: SocketAddr = ([127, 0, 0, 9], 40_000).into();
    let admission = Admission {
        total: 9,
        per_address: 9,
    };
    let (session, _orders) = house.app.sessions.open(id, peer, peer, admission).unwrap();
    let path = VirtualPath::root().resolve("/<b>new</b>.txt").unwrap();
    let _transfer = session.begin_transfer(Operation::Upload, path, None, true);

    let events = browser
        .listen("/admin/live/events", |text| text.contains("st-s"))
        .await;

    let row = format!("s-{}", id.short());
    assert!(
        events.starts_with(&format!("event: keep\ndata: {row}\nretry: 3000")),
        "{events}"
    );
    assert!(
        events.contains(&format!("event: patch\ndata: <tr id=\"{row}\">")),
        "{events}"
    );
    assert!(
        events.contains("/&#60;b&#62;new&#60;/b&#62;.txt"),
        "{events}"
    );
    assert!(events.contains("1 transferring, 0 idle"), "{events}");
}

#[tokio::test]
async fn the_dashboard_has_a_stream_of_its_own() {
    let house = House::open().await;
    let mut browser = house.signed_in(Role::Auditor).await;

    let events = browser
        .listen("/admin/events", |text| text.contains("id=\"recent\""))
        .await;

    assert!(events.contains("id=\"t-s\""), "{events}");
}

#[tokio::test]
async fn a_stream_ends_for_whoever_is_not_signed_in() {
    let house = House::open().await;
    house.signed_in(Role::Owner).await;
    let mut stranger = house.browser();

    let answer = stranger.get_stream("/admin/live/events").await;

    assert_eq!(answer, StatusCode::NO_CONTENT);
}
