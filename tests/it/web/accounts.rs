//! The pages about accounts, as an administrator meets them.

use axum::http::StatusCode;
use quaymaster::hosting::login::Circumstances;
use quaymaster::model::{
    Account, AccountStatus, Actor, AuditAction, AuditQuery, Checksum, Expiry, Override,
    PermissionProfile, Role, Secret, TlsRule,
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
            Circumstances {
                from: [127, 0, 0, 1].into(),
                encrypted: true,
            },
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

/// The fields about signing in and about files, as somebody types them.
const RULES: [(&str, &str); 10] = [
    ("expires", "2030-03-17T18:30"),
    ("allowed", "192.0.2.0/24\r\n2001:db8::/32"),
    ("denied", "192.0.2.7"),
    ("start", "in/today"),
    ("umask", "027"),
    ("active", "no"),
    ("durability", "on-disk"),
    ("checksum", "sha256"),
    ("names_src", "own"),
    ("names", "*.PHP\r\n.ht*"),
];

#[tokio::test]
async fn rules_are_edited_shown_with_their_source_and_told_to_the_audit_log() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    create(&mut admin, &house, "kestrel-print").await;
    let path = "/admin/accounts/kestrel-print/edit";
    let before = admin.get("/admin/accounts/kestrel-print").await;
    let mut form = form_of(&admin.get(path).await.text, path);
    for (name, typed) in RULES {
        form.set(name, typed);
    }

    let saved = admin.post(path, &form.pairs()).await;
    let page = admin.get(saved.location()).await;
    let again = form_of(&admin.get(path).await.text, path);
    let unchanged = admin.post(path, &again.pairs()).await;

    assert!(before.text.contains("Set by the server"));
    assert!(before.text.contains("Set by the plan"));
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    for shown in [
        "2030-03-17 18:30 UTC",
        "192.0.2.0/24, 2001:db8::/32",
        "192.0.2.7",
        "/in/today",
        "027",
        "Refused<span class=\"sub\">Set for this account",
        "When they are safe on disk<span class=\"sub\">Set for this account",
        "SHA-256<span class=\"sub\">Set for this account",
        "*.php .ht*<span class=\"sub\">Set for this account",
    ] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    assert_eq!(unchanged.status, StatusCode::SEE_OTHER);
    let stored = stored(&house, "kestrel-print").await;
    let end = stored.login.expires_at.map(|end| Expiry(end).to_string());
    assert_eq!(end.as_deref(), Some("2030-03-17 18:30 UTC"));
    assert_eq!(stored.login.networks.allowed.iter().count(), 2);
    assert_eq!(stored.session.start.as_str(), "/in/today");
    assert_eq!(stored.session.active_mode, Override::Own(false));
    let query = AuditQuery {
        action: Some(AuditAction::AccountChanged),
        ..AuditQuery::default()
    };
    let entry = house.app.audit.page(&query).await.unwrap().pop().unwrap();
    let told: Vec<&str> = entry
        .changes
        .iter()
        .map(|change| change.0.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "expires",
            "allowed networks",
            "denied networks",
            "start folder",
            "umask",
            "active mode",
            "confirm an upload",
            "checksum of uploads",
            "forbidden names",
        ]
    );
    assert_eq!(entry.changes[7].2, "sha256");
    assert_eq!(entry.changes[8].2, "*.php .ht*");
}

#[tokio::test]
async fn a_wrong_rule_is_told_with_its_line_and_changes_nothing() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let account = create(&mut admin, &house, "kestrel-print").await;
    let path = "/admin/accounts/kestrel-print/edit";
    let mut form = form_of(&admin.get(path).await.text, path);
    for (name, typed) in [
        ("expires", "next week"),
        ("allowed", "10.0.0.0/8\r\n\r\n10.1.2.3/16"),
        ("umask", "1000"),
        ("checksum", "crc32"),
        ("names_src", "own"),
        ("names", "*.php\r\nin/*.sh"),
    ] {
        form.set(name, typed);
    }

    let refused = admin.post(path, &form.pairs()).await;

    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for (field, text) in [
        (
            "expires",
            "Write date and time in UTC like 2027-03-12 18:30, or leave it empty for no end",
        ),
        (
            "allowed",
            "Line 3: “10.1.2.3/16” does not begin its network. Write 10.1.0.0/16",
        ),
        (
            "umask",
            "Umask must be three digits from 000 to 077, for example 027",
        ),
        ("checksum", "Choose whether uploads get a checksum"),
        (
            "names",
            "Line 2: “in/*.sh” is no pattern for a name. Write it like *.php, without folders",
        ),
    ] {
        let link = format!("<a href=\"#{field}\">{text}</a>");
        let beside = format!("Error: </span>{text}</span>");
        assert!(refused.text.contains(&link), "{link}");
        assert!(refused.text.contains(&beside), "{beside}");
    }
    assert!(refused.text.contains("10.1.2.3/16</textarea>"));
    assert_eq!(stored(&house, "kestrel-print").await, account);
}

#[tokio::test]
async fn an_expired_account_has_a_status_of_its_own() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    create(&mut admin, &house, "kestrel-print").await;
    create(&mut admin, &house, "heron").await;
    let path = "/admin/accounts/kestrel-print/edit";
    let mut form = form_of(&admin.get(path).await.text, path);
    form.set("expires", "2020-01-02 03:04");

    let saved = admin.post(path, &form.pairs()).await;
    let page = admin.get(saved.location()).await;
    let expired = admin.get("/admin/accounts?status=expired").await;
    let active = admin.get("/admin/accounts?status=active").await;
    let csv = admin.get("/admin/accounts.csv?status=expired").await;

    let fact = "kestrel-print expired on 2020-01-02 03:04 UTC. Nobody can sign in with it.";
    assert!(page.text.contains(fact), "{}", page.text);
    assert!(!page.text.contains("Resume account"));
    assert!(expired.text.contains("on 2020-01-02 03:04 UTC"));
    assert!(expired.text.contains("kestrel-print") && !expired.text.contains("heron"));
    assert!(active.text.contains("heron") && !active.text.contains(">kestrel-print<"));
    assert!(csv.text.contains("kestrel-print,Kestrel Print,expired"));
}

#[tokio::test]
async fn a_plan_forbids_names_and_limits_sessions_at_an_address() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Owner).await;
    let path = "/admin/plans/new";
    let mut form = form_of(&admin.get(path).await.text, path);
    form.set("name", "Web");
    form.set("denied_names", "a/b");
    let refused = admin.post(path, &form.pairs()).await;
    form.set("denied_names", "*.php\r\n.ht*");
    form.set("checksum", "sha256");

    let saved = admin.post(path, &form.pairs()).await;

    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Error: </span>Line 1: “a/b”"));
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    let plans = house.app.plans.all().await.unwrap();
    let plan = plans
        .into_iter()
        .find(|row| row.plan.name == "Web")
        .unwrap();
    assert_eq!(plan.plan.denied_names.line(), "*.php .ht*");
    assert_eq!(plan.plan.checksum, Override::Own(Checksum::Sha256));
    assert_eq!(plan.plan.account.sessions_per_address, Some(8));
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
    assert_eq!(after.login, before.login);
    assert_eq!(after.session, before.session);
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
        .post(path, &[("files", "purge"), ("typed", "kestrel")])
        .await;
    let unclear = admin
        .post(path, &[("files", "burn"), ("typed", "kestrel-print")])
        .await;
    let deleted = admin
        .post(path, &[("files", "keep"), ("typed", "kestrel-print")])
        .await;
    let gone = admin.get("/admin/accounts/kestrel-print").await;

    assert!(page.text.contains(&account.home));
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("Type kestrel-print to confirm</a>"));
    assert_eq!(unclear.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unclear.text.contains("Choose what happens to the files"));
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
