//! The pages about jobs. Nothing runs here: what is queued waits.

use axum::http::StatusCode;
use quaymaster::hosting::jobs::NewJob;
use quaymaster::model::{Actor, AuditAction, AuditQuery, Job, JobKind, JobState, Role};

use crate::support::browser::House;

async fn queue(house: &House) -> Job {
    let new = NewJob {
        kind: JobKind::Purge,
        subject: "<i>kestrel</i>".to_owned(),
        subject_id: String::new(),
        spec: "\"0190a0b0-0000-7000-8000-000000000000\"".to_owned(),
    };
    house.app.jobs.queue(&Actor::system(), new).await.unwrap()
}

#[tokio::test]
async fn a_job_is_listed_shown_and_cancelled() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let job = queue(&house).await;
    let url = format!("/admin/jobs/{}", job.id);

    let list = admin.get("/admin/jobs?state=queued").await;
    let page = admin.get(&url).await;
    let done = admin.post(&format!("{url}/cancel"), &[]).await;
    let after = admin.get(done.location()).await;
    let again = admin.post(&format!("{url}/cancel"), &[]).await;
    let twice = admin.get(again.location()).await;

    assert!(list.text.contains(&url), "{}", list.text);
    assert!(page.text.contains("&#60;i&#62;kestrel"), "{}", page.text);
    assert!(page.text.contains("Cancel job"));
    assert!(
        after.text.contains("Cancelled before it began."),
        "{}",
        after.text
    );
    assert!(!after.text.contains("Cancel job"));
    assert!(
        twice.text.contains("That job is over already."),
        "{}",
        twice.text
    );
    let stored = house.app.jobs.get(job.id).await.unwrap();
    assert_eq!(stored.state, JobState::Cancelled);
    let query = AuditQuery {
        action: Some(AuditAction::JobCancelled),
        limit: 9,
        ..AuditQuery::default()
    };
    let entries = house.app.audit.page(&query).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].actor, "Ada Admin");
}

#[tokio::test]
async fn an_operator_looks_at_a_job_and_cannot_cancel_it() {
    let house = House::open().await;
    let mut operator = house.signed_in(Role::Operator).await;
    let job = queue(&house).await;
    let url = format!("/admin/jobs/{}", job.id);

    let page = operator.get(&url).await;
    let refused = operator.post(&format!("{url}/cancel"), &[]).await;

    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.text.contains("Cancel job"));
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let stored = house.app.jobs.get(job.id).await.unwrap();
    assert_eq!(stored.state, JobState::Queued);
}

#[tokio::test]
async fn a_job_that_is_not_there_has_no_page() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;

    let gone = admin
        .get("/admin/jobs/0190a0b0-0000-7000-8000-000000000000")
        .await;
    let nonsense = admin.get("/admin/jobs/all-of-them").await;

    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert!(nonsense.status.is_client_error(), "{}", nonsense.status);
}

#[tokio::test]
async fn the_page_of_a_job_keeps_itself_up_to_date() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Auditor).await;
    let job = queue(&house).await;
    let path = format!("/admin/jobs/{}/events", job.id);

    let (events, ()) = tokio::join!(
        admin.listen(&path, |text| text.contains("Cancelled before it began.")),
        async {
            let cancelled = house.app.jobs.cancel(&Actor::system(), job.id).await;
            cancelled.unwrap();
        }
    );

    assert!(events.contains("id=\"job-state\""), "{events}");
}

#[tokio::test]
async fn the_trash_shows_what_a_deleted_account_left_and_removes_it_when_asked() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let account = super::records::customer(&house, "Kestrel").await;
    let new = quaymaster::hosting::accounts::NewAccount {
        username: "kestrel-print".parse().unwrap(),
        customer_id: account.id,
        password: quaymaster::model::Secret::new("correct horse battery".to_owned()),
        settings: quaymaster::hosting::accounts::AccountSettings::default(),
    };
    let account = house
        .app
        .accounts
        .create(&Actor::system(), new)
        .await
        .unwrap();
    let path = "/admin/accounts/kestrel-print/delete";
    admin.get(path).await;
    let form = [("files", "trash"), ("typed", "kestrel-print")];
    assert_eq!(admin.post(path, &form).await.location(), "/admin/accounts");
    let purge = format!("/admin/trash/{}/purge", account.id);

    let list = admin.get("/admin/trash").await;
    let operator = Actor {
        role: Role::Operator,
        ..Actor::system()
    };
    let refused = house.app.trash.purge(&operator, account.id).await;
    let asked = admin.get(&purge).await;
    let begun = admin.post(&purge, &[]).await;
    let again = admin.post(&purge, &[]).await;

    assert!(list.text.contains(&purge), "{}", list.text);
    assert!(list.text.contains("In the trash"), "{}", list.text);
    assert!(refused.is_err(), "{refused:?}");
    assert!(asked.text.contains("cannot be undone"), "{}", asked.text);
    assert!(begun.location().starts_with("/admin/jobs/"));
    assert_eq!(again.location(), "/admin/trash");
    let page = admin.get("/admin/trash").await;
    assert!(page.text.contains("Being deleted"), "{}", page.text);
}
