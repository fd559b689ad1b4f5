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
async fn a_cancelled_job_is_started_again_from_its_page() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let operator = Actor {
        role: Role::Operator,
        ..Actor::system()
    };
    let new = quaymaster::hosting::quota::RecountSpec::All.job("");
    let job = house.app.jobs.queue(&Actor::system(), new).await.unwrap();
    let url = format!("/admin/jobs/{}", job.id);
    let waiting = admin.get(&url).await;
    house
        .app
        .jobs
        .cancel(&Actor::system(), job.id)
        .await
        .unwrap();

    let page = admin.get(&url).await;
    let refused = house.app.jobs.again(&operator, job.id).await;
    let begun = admin.post(&format!("{url}/again"), &[]).await;
    let next = admin.get(begun.location()).await;
    let twice = admin.post(&format!("{url}/again"), &[]).await;
    let told = admin.get(twice.location()).await;

    assert!(!waiting.text.contains("Start again"), "{}", waiting.text);
    assert!(page.text.contains("Start again"), "{}", page.text);
    assert!(refused.is_err(), "{refused:?}");
    assert_ne!(begun.location(), url);
    assert!(next.text.contains("Waiting"), "{}", next.text);
    assert!(next.text.contains("started again."), "{}", next.text);
    assert_eq!(twice.location(), url);
    assert!(
        told.text.contains("cannot be started again"),
        "{}",
        told.text
    );
}

#[tokio::test]
async fn files_are_asked_about_before_they_are_deleted_once_more() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let account = house.account("kestrel-print").await;
    let (system, files) = (Actor::system(), quaymaster::hosting::accounts::Files::Keep);
    house
        .app
        .accounts
        .delete(&system, account.id, (files, 7))
        .await
        .unwrap();
    let job = house.app.trash.purge(&system, account.id).await.unwrap();
    house.app.jobs.cancel(&system, job.id).await.unwrap();
    let url = format!("/admin/jobs/{}", job.id);

    let page = admin.get(&url).await;
    let unasked = admin.post(&format!("{url}/again"), &[]).await;

    let ask = format!("href=\"/admin/trash/{}/purge\"", account.id);
    assert!(page.text.contains(&ask), "{}", page.text);
    assert_eq!(unasked.location(), url);
    let kept = house.app.trash.get(account.id).await.unwrap();
    assert_eq!(kept.state, quaymaster::model::TrashState::Kept);
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
    let account = house.account("kestrel-print").await;
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

#[tokio::test]
async fn a_deleted_account_is_restored_from_its_page_under_a_name_that_is_free() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let account = house.account("kestrel-print").await;
    let (system, files) = (Actor::system(), quaymaster::hosting::accounts::Files::Trash);
    let deleted = house.app.accounts.delete(&system, account.id, (files, 7));
    deleted.await.unwrap();
    house.account("kestrel-print").await;
    let url = format!("/admin/trash/{}/restore", account.id);

    let list = admin.get("/admin/trash").await;
    let asked = admin.get(&url).await;
    let wrong = admin.post(&url, &[("username", "no spaces")]).await;
    let taken = admin.post(&url, &[("username", "kestrel-print")]).await;
    let begun = admin.post(&url, &[("username", "kestrel-old")]).await;
    let job = admin.get(begun.location()).await;
    let again = admin.post(&url, &[("username", "kestrel-old")]).await;
    let purge = admin
        .post(&format!("/admin/trash/{}/purge", account.id), &[])
        .await;
    let busy = admin.get("/admin/trash").await;

    assert!(list.text.contains(&url), "{}", list.text);
    assert!(
        asked.text.contains("value=\"kestrel-print\""),
        "{}",
        asked.text
    );
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("has a space"), "{}", wrong.text);
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        taken.text.contains("Another account is called"),
        "{}",
        taken.text
    );
    assert!(
        job.text.contains("kestrel-old is being restored"),
        "{}",
        job.text
    );
    assert_eq!(
        (again.location(), purge.location()),
        ("/admin/trash", "/admin/trash")
    );
    assert!(busy.text.contains("Being restored"), "{}", busy.text);
    assert!(!busy.text.contains(&url), "{}", busy.text);
}

#[tokio::test]
async fn an_operator_neither_restores_nor_removes_what_lies_in_the_trash() {
    let house = House::open().await;
    let mut operator = house.signed_in(Role::Operator).await;
    let account = house.account("kestrel-print").await;
    let (system, files) = (Actor::system(), quaymaster::hosting::accounts::Files::Trash);
    let deleted = house.app.accounts.delete(&system, account.id, (files, 7));
    deleted.await.unwrap();
    let url = format!("/admin/trash/{}/restore", account.id);

    let list = operator.get("/admin/trash").await;
    let asked = operator.get(&url).await;
    let refused = operator.post(&url, &[("username", "kestrel-print")]).await;

    assert!(
        list.text.contains("kestrel-print") && !list.text.contains(&url),
        "{}",
        list.text
    );
    assert_eq!(asked.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn files_stay_in_the_trash_as_long_as_the_plan_says() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let account = house.account("kestrel-print").await;
    let plan = house.app.plans.all().await.unwrap().remove(0).plan;
    let edit = format!("/admin/plans/{}", plan.id);
    let mut form = super::records::form_of(&admin.get(&edit).await.text, &edit);
    form.set("trash_days", "0");
    let refused = admin.post(&edit, &form.pairs()).await;
    form.set("trash_days", "30");
    admin.post(&edit, &form.pairs()).await;

    let path = "/admin/accounts/kestrel-print/delete";
    let asked = admin.get(path).await;
    let form = [("files", "trash"), ("typed", "kestrel-print")];
    admin.post(path, &form).await;

    assert!(refused.text.contains("from 1 to 3,650"), "{}", refused.text);
    assert!(asked.text.contains("trash for 30 days"), "{}", asked.text);
    let entry = house.app.trash.get(account.id).await.unwrap();
    let days = std::time::Duration::from_hours(24 * 30);
    assert_eq!(entry.due_at, Some(entry.deleted_at.plus(days)));
}
