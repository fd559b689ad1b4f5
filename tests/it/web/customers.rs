//! The pages about customers and plans.

use axum::http::StatusCode;
use quaymaster::hosting::plans::PlanSettings;
use quaymaster::model::{Actor, CustomerStatus, Override, Role};

use super::records::{customer, form_of};
use crate::support::browser::House;

#[tokio::test]
async fn a_customer_is_made_changed_suspended_and_deleted() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let page = admin.get("/admin/customers/new").await;
    let mut form = form_of(&page.text, "/admin/customers/new");
    form.set("name", "Kestrel <Print>");

    let created = admin.post("/admin/customers/new", &form.pairs()).await;
    let url = created.location().to_owned();
    let shown = admin.get(&url).await;
    let edit = format!("{url}/edit");
    let page = admin.get(&edit).await;
    let mut form = form_of(&page.text, &edit);
    form.set("pool_bytes_src", "own");
    form.set("pool_bytes", "20");
    let saved = admin.post(&edit, &form.pairs()).await;
    admin.get(&format!("{url}/danger")).await;
    let suspended = admin.post(&format!("{url}/suspend"), &[]).await;
    let found = house
        .app
        .customers
        .by_name("Kestrel <Print>")
        .await
        .unwrap()
        .unwrap();
    admin.get(&format!("{url}/danger")).await;
    let refused = admin
        .post(&format!("{url}/delete"), &[("typed", "Kestrel")])
        .await;
    let deleted = admin
        .post(&format!("{url}/delete"), &[("typed", "Kestrel <Print>")])
        .await;

    assert_eq!(created.status, StatusCode::SEE_OTHER);
    assert!(shown.text.contains("Kestrel &#60;Print&#62; created."));
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    assert_eq!(suspended.status, StatusCode::SEE_OTHER);
    assert_eq!(found.status, CustomerStatus::Suspended);
    assert_eq!(found.pool_bytes, Override::Own(Some(20 << 30)));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(deleted.location(), "/admin/customers");
}

#[tokio::test]
async fn a_customer_form_says_what_is_wrong() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    customer(&house, "Kestrel Print").await;
    let page = admin.get("/admin/customers/new").await;
    let mut form = form_of(&page.text, "/admin/customers/new");

    for (name, email, text) in [
        ("", "", "Enter a name"),
        ("Kestrel Print", "", "Kestrel Print is taken"),
        (
            "Heron",
            "heron",
            "Enter an e-mail address like name@example.com",
        ),
    ] {
        form.set("name", name);
        form.set("contact_email", email);
        let refused = admin.post("/admin/customers/new", &form.pairs()).await;

        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        assert!(refused.text.contains(&format!("{text}</a>")), "{text}");
    }
}

#[tokio::test]
async fn a_plan_in_use_is_not_deleted_and_says_whom_it_concerns() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let on_plan = customer(&house, "Kestrel Print").await;
    let url = format!("/admin/plans/{}", on_plan.plan_id);

    let page = admin.get(&url).await;
    let asked = admin.get(&format!("{url}/delete")).await;
    let refused = admin.post(&format!("{url}/delete"), &[]).await;

    assert!(
        page.text
            .contains("Saving changes 1 customer with 0 accounts.")
    );
    assert!(
        asked
            .text
            .contains("1 customer is on it. Choose another plan for it first.")
    );
    assert!(!asked.text.contains("danger solid"));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(house.app.plans.get(on_plan.plan_id).await.is_ok());
}

#[tokio::test]
async fn a_plan_is_made_changed_and_deleted() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    admin.get("/admin/plans/new").await;
    let new = [
        ("name", "Camera"),
        ("account_bytes", "512"),
        ("account_bytes_unit", "MiB"),
        ("account_sessions", "2"),
    ];

    let created = admin.post("/admin/plans/new", &new).await;
    let twice = admin.post("/admin/plans/new", &new).await;
    let rows = house.app.plans.all().await.unwrap();
    let plan = rows
        .into_iter()
        .find(|row| row.plan.name == "Camera")
        .unwrap()
        .plan;
    let url = format!("/admin/plans/{}", plan.id);
    let page = admin.get(&url).await;
    let mut form = form_of(&page.text, &url);
    form.set("account_bytes", "1");
    form.set("account_bytes_unit", "GiB");
    let saved = admin.post(&url, &form.pairs()).await;
    let changed = house.app.plans.get(plan.id).await.unwrap();
    let deleted = admin.post(&format!("{url}/delete"), &[]).await;

    assert_eq!(created.location(), "/admin/plans");
    assert!(twice.text.contains("Camera is taken</a>"));
    assert_eq!(plan.account.bytes, Some(512 << 20));
    assert_eq!(plan.account.files, None);
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    assert_eq!(changed.account.bytes, Some(1 << 30));
    assert_eq!(changed.account.sessions, Some(2));
    assert_eq!(deleted.location(), "/admin/plans");
    assert!(house.app.plans.get(plan.id).await.is_err());
}

#[tokio::test]
async fn a_plan_that_somebody_else_saved_first_is_a_conflict() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let plan = house.app.plans.all().await.unwrap().remove(0).plan;
    let url = format!("/admin/plans/{}", plan.id);
    let page = admin.get(&url).await;
    let form = form_of(&page.text, &url);
    let meanwhile = PlanSettings {
        name: "Renamed".to_owned(),
        is_default: plan.is_default,
        ..PlanSettings::default()
    };
    house
        .app
        .plans
        .change(&Actor::system(), plan.id, plan.version, meanwhile)
        .await
        .unwrap();

    let conflict = admin.post(&url, &form.pairs()).await;

    assert_eq!(conflict.status, StatusCode::CONFLICT);
    assert!(conflict.text.contains("system changed this plan"));
    assert!(conflict.text.contains("Save anyway"));
}

#[tokio::test]
async fn an_auditor_reads_customers_and_plans() {
    let house = House::open().await;
    let kestrel = customer(&house, "Kestrel Print").await;
    let mut auditor = house.signed_in(Role::Auditor).await;
    let url = format!("/admin/customers/{}", kestrel.id);
    let plan = format!("/admin/plans/{}", kestrel.plan_id);

    for path in [
        "/admin/customers".to_owned(),
        url.clone(),
        format!("{url}/edit"),
        format!("{url}/danger"),
        "/admin/plans".to_owned(),
        plan.clone(),
    ] {
        let page = auditor.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.text.contains("Save changes"), "{path}");
        assert!(!page.text.contains("data-new"), "{path}");
    }
    for path in [
        format!("{url}/suspend"),
        format!("{url}/delete"),
        plan,
        "/admin/plans/new".to_owned(),
        "/admin/customers/new".to_owned(),
    ] {
        let refused = auditor.post(&path, &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
}
