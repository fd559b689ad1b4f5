//! Nobody sees a control that the role may not use, and the server refuses it anyway.

use std::net::SocketAddr;

use axum::http::StatusCode;
use quaymaster::hosting::sessions::{Admission, LiveSession, Orders};
use quaymaster::model::{AuditAction, AuditQuery, Role, SessionId};

use crate::support::browser::House;

fn connect(house: &House) -> (LiveSession, Orders) {
    let id = SessionId::from_parts(1, [7; 10]);
    let peer: SocketAddr = ([127, 0, 0, 9], 40_000).into();
    let admission = Admission {
        total: 9,
        per_address: 9,
    };
    house
        .app
        .sessions
        .open(id, peer, peer, admission)
        .expect("a session")
}

#[tokio::test]
async fn an_auditor_reads_and_disconnects_nobody() {
    let house = House::open().await;
    let mut auditor = house.signed_in(Role::Auditor).await;
    let (session, _orders) = connect(&house);
    let id = session.id().to_string();

    let page = auditor.get("/admin/live").await;
    let refused = auditor
        .post("/admin/live/disconnect", &[("only", &id)])
        .await;
    let asked = auditor
        .get(&format!("/admin/live/disconnect?id={id}"))
        .await;

    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("127.0.0.9"));
    assert!(!page.text.contains("Disconnect"));
    for answer in [refused, asked] {
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.text.contains("This needs the Operator role."));
    }
}

#[tokio::test]
async fn an_operator_disconnects_and_the_audit_log_says_so() {
    let house = House::open().await;
    let mut operator = house.signed_in(Role::Operator).await;
    let (session, mut orders) = connect(&house);
    let id = session.id().to_string();
    operator.get("/admin/live").await;

    let done = operator
        .post("/admin/live/disconnect", &[("only", &id)])
        .await;
    let page = operator.get(done.location()).await;

    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(
        page.text.contains("the session disconnected."),
        "{}",
        page.text
    );
    assert!(format!("{:?}", orders.next().await).contains("Closed by the operator."));
    let query = AuditQuery {
        action: Some(AuditAction::SessionDisconnected),
        ..AuditQuery::default()
    };
    let entries = house.app.audit.page(&query).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].actor, "Ada Operator");
}

#[tokio::test]
async fn every_page_opens_for_whoever_may_read() {
    let house = House::open().await;
    let mut auditor = house.signed_in(Role::Auditor).await;

    for path in [
        "/admin",
        "/admin?range=7d",
        "/admin?range=30d",
        "/admin/live",
        "/admin/transfers",
        "/admin/transfers?kind=upload&result=failed&from=2026-01-01&to=2026-01-02",
        "/admin/transfers.csv",
        "/admin/audit",
        "/admin/audit?what=admin.created&who=ada",
        "/admin/audit.csv",
        "/admin/jobs",
        "/admin/jobs?state=failed",
    ] {
        let answer = auditor.get(path).await;

        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    }
}
