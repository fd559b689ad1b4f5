//! The page that imports accounts, as an administrator meets it.

use axum::http::StatusCode;
use quaymaster::model::Role;

use super::records::customer;
use crate::support::browser::{Browser, House};

const PAGE: &str = "/admin/accounts/import";
const FILE: &str = "\
kestrel:$1$quaysalt$CZToviFmw60gDuam1t4gW/:1:1::/srv/ftp/kestrel/./::::::::::::
broken:plain:1:1::/srv/ftp/broken/./::::::::::::
";

/// What stands in the hidden field `seen` of a page.
fn seen(body: &str) -> &str {
    let (_, rest) = body
        .split_once("name=\"seen\" value=\"")
        .expect("a rehearsal");
    rest.split_once('"').expect("its end").0
}

async fn names(house: &House) -> Vec<String> {
    let query = quaymaster::model::AccountQuery::default();
    let page = house.app.accounts.page(&query).await.unwrap();
    page.rows
        .iter()
        .map(|row| row.account.username.to_string())
        .collect()
}

async fn send(
    admin: &mut Browser,
    customer: &str,
    more: &[(&str, &str)],
) -> crate::support::browser::Answer {
    let fields = [("from", "pure-ftpd"), ("customer", customer)];
    admin.get(PAGE).await;
    admin.post(PAGE, &[&fields, more].concat()).await
}

#[tokio::test]
async fn a_file_is_rehearsed_and_then_imported() {
    let house = House::open().await;
    let customer = customer(&house, "Kestrel Print").await.id.to_string();
    let mut admin = house.signed_in(Role::Admin).await;

    let rehearsed = send(
        &mut admin,
        &customer,
        &[("content", FILE), ("then", "check")],
    )
    .await;

    assert_eq!(rehearsed.status, StatusCode::OK);
    assert!(
        rehearsed.text.contains("1 created · 1 refused"),
        "{}",
        rehearsed.text
    );
    assert!(
        rehearsed
            .text
            .contains("not a password hash of a known kind")
    );
    assert!(rehearsed.text.contains("Import 1 account<"));
    assert!(names(&house).await.is_empty());

    let again = [
        ("content", FILE),
        ("seen", seen(&rehearsed.text)),
        ("then", "import"),
    ];
    let done = send(&mut admin, &customer, &again).await;

    assert!(done.text.contains(">Imported<"), "{}", done.text);
    assert!(done.text.contains("/srv/ftp/kestrel"));
    assert!(!done.text.contains("quaysalt"), "the file is shown again");
    assert_eq!(names(&house).await, ["kestrel"]);
}

#[tokio::test]
async fn a_file_that_was_changed_after_its_rehearsal_is_rehearsed_again() {
    let house = House::open().await;
    let customer = customer(&house, "Kestrel Print").await.id.to_string();
    let mut admin = house.signed_in(Role::Admin).await;
    let rehearsed = send(
        &mut admin,
        &customer,
        &[("content", FILE), ("then", "check")],
    )
    .await;

    let other = FILE.replace("kestrel", "heron");
    let fields = [
        ("content", other.as_str()),
        ("seen", seen(&rehearsed.text)),
        ("then", "import"),
    ];
    let answer = send(&mut admin, &customer, &fields).await;

    assert!(
        answer.text.contains("What would be done"),
        "{}",
        answer.text
    );
    assert!(names(&house).await.is_empty());
}

#[tokio::test]
async fn what_is_no_file_is_told_beside_the_field() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let large = "a".repeat(1_048_577);
    for (content, told) in [
        ("", "Choose a file, or paste it"),
        ("# nothing\n", "There is no account in it"),
        (large.as_str(), "What is pasted must be 1 MiB or less"),
    ] {
        let answer = send(&mut admin, "", &[("content", content), ("then", "check")]).await;

        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
        assert!(answer.text.contains(told), "{told}");
    }
}

/// So many accounts as `pureftpd.passwd`, the last one refused.
fn passwd(accounts: usize) -> String {
    let line = |number| {
        format!("bird-{number}:$1$quaysalt$CZToviFmw60gDuam1t4gW/:1:1::/srv/{number}/./\n")
    };
    (1..accounts)
        .map(line)
        .chain(["broken:plain:1:1::/x\n".to_owned()])
        .collect()
}

async fn upload(
    admin: &mut Browser,
    fields: &[(&str, &str)],
    file: (&str, &[u8]),
) -> crate::support::browser::Answer {
    admin.get(PAGE).await;
    let from = [("from", "pure-ftpd"), ("then", "check")];
    admin.post_file(PAGE, &[&from, fields].concat(), file).await
}

/// Does the next job, as the clock's door does.
async fn do_job(house: &House) {
    let stop = tokio_util::sync::CancellationToken::new();
    let task = house.app.jobs.claim(&stop).await.unwrap().expect("a job");
    let outcome = house.app.imports().work(&task).await;
    house.app.jobs.end(&task, outcome).await;
}

#[tokio::test]
async fn a_long_file_is_followed_on_its_own_page() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let mut plan = house.app.plans.all().await.unwrap().remove(0).plan;
    plan.max_accounts = None;
    let mut tx = house.app.foundation.db.begin().await.unwrap();
    tx.save_plan(&plan, house.app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    let file = passwd(121);
    let customer = customer(&house, "Kestrel Print").await.id.to_string();

    let sent = upload(
        &mut admin,
        &[("customer", customer.as_str())],
        ("b<.passwd", file.as_bytes()),
    )
    .await;

    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let here = sent.location().to_owned();
    let waiting = admin.get(&here).await;
    assert_eq!(waiting.status, StatusCode::OK, "{}", waiting.text);
    assert!(
        waiting
            .text
            .contains("Pure-FTPd pureftpd.passwd: b&#60;.passwd"),
        "{}",
        waiting.text
    );
    assert!(
        !waiting.text.contains("name=\"then\""),
        "nothing can be done yet"
    );
    do_job(&house).await;
    let checked = admin.get(&here).await;
    assert!(
        checked.text.contains("Import 120 accounts<"),
        "{}",
        checked.text
    );
    assert!(names(&house).await.is_empty());
    let refused = admin.get(&format!("{here}?outcome=refused")).await;
    assert!(
        refused.text.contains("not a password hash of a known kind"),
        "{}",
        refused.text
    );
    assert!(!refused.text.contains(">bird-1<"), "{}", refused.text);
    let further = admin.get(&format!("{here}?after=100")).await;
    assert!(further.text.contains("Line 101<"), "{}", further.text);

    let begun = admin.post(&here, &[("then", "import")]).await;
    assert_eq!(begun.location(), here);
    let twice = admin.post(&here, &[("then", "import")]).await;
    assert_eq!(twice.location(), here);
    do_job(&house).await;

    let done = admin.get(&here).await;
    assert!(
        done.text.contains("120 created · 1 refused"),
        "{}",
        done.text
    );
    assert!(!done.text.contains("name=\"then\""), "{}", done.text);
    assert!(!done.text.contains("quaysalt"));
    let jobs = admin.get("/admin/jobs").await;
    assert!(jobs.text.contains("Import accounts"), "{}", jobs.text);
}

#[tokio::test]
async fn an_upload_that_is_no_file_of_accounts_is_told_beside_its_field() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let large = vec![b'a'; 8 * 1_048_576 + 1];
    for (bytes, told) in [
        (&large[..], "The file must be 8 MiB or less"),
        (&b"a:b:c:d:e:f\n\xff\n"[..], "Line 2 is not UTF-8"),
        (&b"# nothing\n"[..], "There is no account in it"),
        (&b""[..], "There is no account in it"),
    ] {
        let answer = upload(&mut admin, &[], ("accounts", bytes)).await;

        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
        assert!(answer.text.contains(told), "{told}: {}", answer.text);
        assert!(answer.text.contains("href=\"#file\""), "{told}");
    }
    let both = upload(
        &mut admin,
        &[("content", FILE)],
        ("accounts", FILE.as_bytes()),
    )
    .await;
    assert!(
        both.text.contains("Choose a file or paste one, not both"),
        "{}",
        both.text
    );
}

#[tokio::test]
async fn an_upload_without_the_token_of_its_page_is_not_read() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;

    let stale = admin
        .post_file(
            PAGE,
            &[("from", "pure-ftpd")],
            ("accounts", FILE.as_bytes()),
        )
        .await;

    assert_eq!(stale.status, StatusCode::FORBIDDEN, "{}", stale.text);
    let nowhere = admin
        .get("/admin/accounts/import/0195d2f0-0000-7000-8000-000000000000")
        .await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn whoever_may_only_look_imports_nothing() {
    let house = House::open().await;
    let mut auditor = house.signed_in(Role::Auditor).await;

    let answer = auditor.get(PAGE).await;

    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}
