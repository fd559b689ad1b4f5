//! The pages about accounts, as an administrator meets them.

use axum::http::StatusCode;
use quaymaster::model::{
    Account, AccountStatus, Actor, AuditAction, AuditQuery, Override, PermissionProfile, Role,
    Secret, TlsRule,
};

use super::records::{customer, form_of};
use crate::support::browser::{Browser, House, between};

const NEW: &str = "/admin/accounts/new";

/// The fields of a new account that follows its plan in everything.
fn fields<'a>(username: &'a str, customer: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("username", username),
        ("customer", customer),
        ("pw", "gen"),
        ("permissions", "full"),
        ("tls", "inherit"),
        ("bytes_src", "plan"),
        ("files_src", "plan"),
        ("sessions_src", "plan"),
        ("notes", ""),
    ]
}

async fn create(browser: &mut Browser, house: &House, username: &str) -> Account {
    let customer = customer(house, "Kestrel Print").await.id.to_string();
    browser.get(NEW).await;
    let answer = browser.post(NEW, &fields(username, &customer)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    stored(house, username).await
}

async fn stored(house: &House, username: &str) -> Account {
    let name = username.parse().unwrap();
    house
        .app
        .accounts
        .by_username(&name)
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn a_name_and_a_customer_are_enough_and_the_password_is_shown_once() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let customer = customer(&house, "Kestrel Print").await;
    admin.get(NEW).await;

    let created = admin
        .post(NEW, &fields("Kestrel-Print", &customer.id.to_string()))
        .await;
    let password = between(&created.text, "<code id=\"pw\">", "</code>").unwrap();
    let page = admin.get("/admin/accounts/kestrel-print").await;
    let connect = admin.get("/admin/accounts/kestrel-print/connect").await;
    let list = admin.get("/admin/accounts").await;

    assert_eq!(created.status, StatusCode::OK);
    assert_eq!(created.headers["cache-control"], "no-store");
    assert!(created.text.contains("kestrel-print is ready"));
    assert!(created.text.contains("curl --ssl-reqd"));
    assert!(password.len() >= 12);
    for later in [page, connect, list] {
        assert_eq!(later.status, StatusCode::OK);
        assert!(!later.text.contains(password));
    }
    let account = stored(&house, "kestrel-print").await;
    assert_eq!(account.limits.bytes, Override::Inherit);
    let verified = house
        .app
        .logins
        .verify(
            account.username.as_str(),
            &Secret::new(password.to_owned()),
            ([127, 0, 0, 1]).into(),
            true,
        )
        .await;
    assert!(verified.is_ok(), "{verified:?}");
}

#[tokio::test]
async fn what_is_wrong_stands_in_the_summary_and_at_its_field() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let mut wrong = fields("kestrel print", "");
    wrong.retain(|(name, _)| *name != "pw" && *name != "bytes_src");
    wrong.extend([
        ("pw", "own"),
        ("password", ""),
        ("bytes_src", "own"),
        ("bytes", "lots"),
        ("bytes_unit", "GiB"),
    ]);
    admin.get(NEW).await;

    let refused = admin.post(NEW, &wrong).await;

    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("<title>Error: New account"));
    assert!(refused.text.contains("4 things need fixing"));
    for (field, text) in [
        (
            "username",
            "User name “kestrel print” has a space. Use letters, digits, dot, dash, underscore or @",
        ),
        ("customer", "Choose a customer"),
        ("password", "Enter a password"),
        ("bytes", "Storage limit must be a number, for example 50"),
    ] {
        let link = format!("<a href=\"#{field}\">{text}</a>");
        let beside = format!("Error: </span>{text}</span>");
        assert!(refused.text.contains(&link), "{link}");
        assert!(refused.text.contains(&beside), "{beside}");
    }
    assert!(refused.text.contains("value=\"kestrel print\""));
}

#[tokio::test]
async fn a_typed_password_follows_the_rules_and_is_never_sent_back() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let customer = customer(&house, "Kestrel Print").await.id.to_string();

    for (typed, text) in [
        ("tooshort", "Password must be at least 12 characters"),
        (
            "my-kestrel-print-key",
            "Password must not contain the user name",
        ),
    ] {
        let mut sent = fields("kestrel-print", &customer);
        sent.retain(|(name, _)| *name != "pw");
        sent.extend([("pw", "own"), ("password", typed)]);
        admin.get(NEW).await;

        let refused = admin.post(NEW, &sent).await;

        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        assert!(refused.text.contains(text), "{text}");
        assert!(!refused.text.contains(&format!("\"{typed}\"")));
    }
}

#[tokio::test]
async fn a_taken_name_leads_to_its_account() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let account = create(&mut admin, &house, "kestrel-print").await;
    admin.get(NEW).await;

    let customer = account.customer_id.to_string();
    let refused = admin.post(NEW, &fields("KESTREL-PRINT", &customer)).await;

    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("kestrel-print is taken"));
    assert!(refused.text.contains("Open KESTREL-PRINT</a>"));
}

#[tokio::test]
async fn limits_and_access_are_edited_and_told_to_the_audit_log() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let account = create(&mut admin, &house, "kestrel-print").await;
    let page = admin.get("/admin/accounts/kestrel-print/edit").await;
    let mut form = form_of(&page.text, "/admin/accounts/kestrel-print/edit");
    form.set("bytes_src", "own");
    form.set("bytes", "1.5");
    form.set("bytes_unit", "TiB");
    form.set("tls", "optional");
    form.set("permissions", "upload-only");

    let saved = admin
        .post("/admin/accounts/kestrel-print/edit", &form.pairs())
        .await;
    let page = admin.get(saved.location()).await;

    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    assert!(page.text.contains("Saved."));
    assert!(page.text.contains("Plain connections allowed"));
    let after = stored(&house, "kestrel-print").await;
    assert_eq!(after.limits.bytes, Override::Own(Some(3 << 39)));
    assert_eq!(after.tls, TlsRule::Optional);
    assert_eq!(after.permissions, PermissionProfile::UploadOnly);
    let query = AuditQuery {
        action: Some(AuditAction::AccountChanged),
        ..AuditQuery::default()
    };
    let entries = house.app.audit.page(&query).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].object_id, account.id.to_string());
    assert_eq!(entries[0].actor, "Ada Admin");
}

#[tokio::test]
async fn a_form_left_alone_changes_nothing() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let before = create(&mut admin, &house, "kestrel-print").await;
    let page = admin.get("/admin/accounts/kestrel-print/edit").await;
    let form = form_of(&page.text, "/admin/accounts/kestrel-print/edit");

    let saved = admin
        .post("/admin/accounts/kestrel-print/edit", &form.pairs())
        .await;

    let after = stored(&house, "kestrel-print").await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    assert_eq!(after.limits, before.limits);
    assert_eq!(after.notes, before.notes);
}

#[tokio::test]
async fn who_saves_second_sees_both_and_may_save_anyway() {
    let house = House::open().await;
    let mut first = house.signed_in(Role::Admin).await;
    let account = create(&mut first, &house, "kestrel-print").await;
    let path = "/admin/accounts/kestrel-print/edit";
    let page = first.get(path).await;
    let mut form = form_of(&page.text, path);
    form.set("notes", "mine");
    let meanwhile = quaymaster::hosting::accounts::AccountSettings {
        notes: "theirs".to_owned(),
        ..Default::default()
    };
    house
        .app
        .accounts
        .change(&Actor::system(), account.id, account.version, meanwhile)
        .await
        .unwrap();

    let conflict = first.post(path, &form.pairs()).await;
    let again = form_of(&conflict.text, path);
    let saved = first.post(path, &again.pairs()).await;

    assert_eq!(conflict.status, StatusCode::CONFLICT);
    assert!(
        conflict.text.contains("system changed this account"),
        "{}",
        conflict.text
    );
    assert!(conflict.text.contains("theirs"));
    assert!(conflict.text.contains(">\nmine</textarea>"));
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    assert_eq!(stored(&house, "kestrel-print").await.notes, "mine");
}

#[tokio::test]
async fn suspending_asks_for_a_reason_and_resuming_undoes_it() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    create(&mut admin, &house, "kestrel-print").await;
    admin.get("/admin/accounts/kestrel-print/danger").await;

    let suspended = admin
        .post(
            "/admin/accounts/kestrel-print/suspend",
            &[("reason", "Invoice 12 & 13")],
        )
        .await;
    let page = admin.get(suspended.location()).await;
    let during = stored(&house, "kestrel-print").await.status;
    let list = admin.get("/admin/accounts?status=suspended").await;
    admin.get("/admin/accounts/kestrel-print").await;
    let resumed = admin
        .post("/admin/accounts/kestrel-print/resume", &[])
        .await;

    assert!(page.text.contains("kestrel-print suspended."));
    assert!(page.text.contains("Reason: Invoice 12 &#38; 13"));
    assert_eq!(during, AccountStatus::Suspended);
    assert!(list.text.contains("kestrel-print"));
    assert_eq!(resumed.status, StatusCode::SEE_OTHER);
    assert_eq!(
        stored(&house, "kestrel-print").await.status,
        AccountStatus::Active
    );
}

#[tokio::test]
async fn a_reset_password_replaces_the_old_one() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let before = create(&mut admin, &house, "kestrel-print").await;
    admin.get("/admin/accounts/kestrel-print/password").await;

    let answer = admin
        .post("/admin/accounts/kestrel-print/password", &[("pw", "gen")])
        .await;

    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains("New password for kestrel-print"));
    assert!(answer.text.contains("No session was open."));
    let after = stored(&house, "kestrel-print").await;
    assert_ne!(after.password_hash, before.password_hash);
}

#[tokio::test]
async fn deleting_needs_the_name_typed() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let account = create(&mut admin, &house, "kestrel-print").await;
    let path = "/admin/accounts/kestrel-print/delete";
    let page = admin.get(path).await;

    let refused = admin
        .post(path, &[("files", "delete"), ("typed", "kestrel")])
        .await;
    let deleted = admin
        .post(path, &[("files", "keep"), ("typed", "kestrel-print")])
        .await;
    let gone = admin.get("/admin/accounts/kestrel-print").await;

    assert!(page.text.contains(&account.home));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Type kestrel-print to confirm</a>"));
    assert_eq!(deleted.location(), "/admin/accounts");
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert!(gone.text.contains("No account is called kestrel-print."));
}

#[tokio::test]
async fn an_auditor_sees_values_and_no_control() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Owner).await;
    create(&mut admin, &house, "kestrel-print").await;
    let mut auditor = house.signed_in(Role::Auditor).await;

    for path in ["", "/edit", "/folders", "/connect", "/danger"] {
        let page = auditor
            .get(&format!("/admin/accounts/kestrel-print{path}"))
            .await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.text.contains("action=\"/admin/accounts/"), "{path}");
        assert!(!page.text.contains("Reset password"), "{path}");
    }
    for (path, form) in [
        (NEW, fields("heron", "")),
        ("/admin/accounts/kestrel-print/edit", Vec::new()),
        ("/admin/accounts/kestrel-print/suspend", Vec::new()),
        (
            "/admin/accounts/kestrel-print/password",
            vec![("pw", "gen")],
        ),
        (
            "/admin/accounts/kestrel-print/delete",
            vec![("typed", "kestrel-print")],
        ),
    ] {
        auditor.get("/admin/accounts").await;
        let refused = auditor.post(path, &form).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(
            refused.text.contains("This needs the Admin role."),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_list_is_its_url() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    create(&mut admin, &house, "kestrel-print").await;
    create(&mut admin, &house, "kestrel-archive").await;

    let sorted = admin.get("/admin/accounts?sort=account&dir=desc").await;
    let odd = admin.get("/admin/accounts?status=asleep").await;
    let none = admin.get("/admin/accounts?q=heron&status=suspended").await;
    let exact = admin.get("/admin/accounts?q=kestrel-print").await;
    let far = admin.get("/admin/accounts?page=99").await;
    let csv = admin.get("/admin/accounts.csv").await;

    let first = sorted.text.find("kestrel-print").unwrap();
    assert!(first < sorted.text.find("kestrel-archive").unwrap());
    assert!(odd.text.contains("Ignored filter: status=asleep"));
    assert!(none.text.contains("No suspended accounts match “heron”"));
    assert!(none.text.contains("href=\"/admin/accounts?q=heron\""));
    assert_eq!(exact.location(), "/admin/accounts/kestrel-print");
    assert_eq!(far.location(), "/admin/accounts");
    assert!(
        csv.text
            .starts_with("\u{feff}account,customer,status,plan,bytes,files,")
    );
    assert!(
        csv.text
            .contains("\r\nkestrel-archive,Kestrel Print,active,")
    );
}

#[tokio::test]
async fn the_site_file_names_the_account_and_holds_no_password() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    create(&mut admin, &house, "kestrel-print").await;

    let file = admin
        .get("/admin/accounts/kestrel-print/filezilla.xml")
        .await;

    assert!(file.text.contains("<User>kestrel-print</User>"));
    assert!(file.text.contains("<Logontype>2</Logontype>"));
    assert_eq!(
        file.headers["content-disposition"],
        "attachment; filename=\"kestrel-print.filezilla.xml\""
    );
}

#[tokio::test]
async fn the_navigation_counts_the_accounts() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let none = admin.get("/admin/plans").await;
    create(&mut admin, &house, "kestrel-print").await;
    create(&mut admin, &house, "kestrel-proofs").await;

    let two = admin.get("/admin/plans").await;

    let counted = |page: &str| {
        let link = between(page, "href=\"/admin/accounts\"", "</a>").unwrap();
        between(link, "<span class=\"count\">", "</span>").map(str::to_owned)
    };
    assert_eq!(counted(&none.text), None);
    assert_eq!(counted(&two.text).as_deref(), Some("2"));
}
