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
        ("", "Paste the file"),
        ("# nothing\n", "There is no account in it"),
        (large.as_str(), "The file must be 1 MiB or less"),
    ] {
        let answer = send(&mut admin, "", &[("content", content), ("then", "check")]).await;

        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{told}");
        assert!(answer.text.contains(told), "{told}");
    }
}

#[tokio::test]
async fn whoever_may_only_look_imports_nothing() {
    let house = House::open().await;
    let mut auditor = house.signed_in(Role::Auditor).await;

    let answer = auditor.get(PAGE).await;

    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}
