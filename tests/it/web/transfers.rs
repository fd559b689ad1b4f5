//! The page of transfers: filters, pages and the file, as an administrator meets them.

use axum::http::{StatusCode, header};
use quaymaster::model::{
    AuditAction, AuditQuery, CustomerId, JournalEntry, Operation, Override, Role,
};

use super::records::{customer, form_of};
use crate::support::browser::House;
use crate::support::samples::{later, transfer};

/// A row of `path`, `minutes` after the first.
fn row(house: &House, path: &str, minutes: i64) -> JournalEntry {
    let ended_at = later(minutes * 60);
    JournalEntry {
        id: house.app.journal.id(ended_at),
        path: path.to_owned(),
        ended_at,
        ..transfer(1, 0)
    }
}

fn record(house: &House, rows: impl IntoIterator<Item = JournalEntry>) {
    rows.into_iter()
        .for_each(|row| house.app.journal.record(row));
}

#[tokio::test]
async fn transfers_are_found_by_path_address_customer_and_operation() {
    let house = House::open().await;
    let mut auditor = house.signed_in(Role::Auditor).await;
    let owner = customer(&house, "Kestrel Print").await;
    record(
        &house,
        [
            row(&house, "/in/one", 1),
            JournalEntry {
                operation: Operation::Mkdir,
                ..row(&house, "/in/two", 2)
            },
            JournalEntry {
                ip: "198.51.100.9".parse().unwrap(),
                ..row(&house, "/out/three", 3)
            },
            JournalEntry {
                customer_id: owner.id,
                ..row(&house, "/out/four", 4)
            },
        ],
    );

    for (query, found) in [
        ("", &["one", "two", "three", "four"][..]),
        ("?path=/in/", &["one", "two"]),
        ("?path=out/", &["three", "four"]),
        ("?address=198.51.100.9", &["three"]),
        ("?address=198.51.100.0/24", &["three"]),
        ("?customer=kestrel+print", &["four"]),
        (&format!("?customer={}", owner.id), &["four"]),
        ("?kind=mkdir", &["two"]),
        ("?path=/in/&kind=upload", &["one"]),
        ("?path=%00", &[]),
    ] {
        let page = auditor.get(&format!("/admin/transfers{query}")).await;

        assert_eq!(page.status, StatusCode::OK, "{query}: {}", page.text);
        for name in ["one", "two", "three", "four"] {
            let is_there = page.text.contains(&format!("/{name}</bdi>"));
            assert_eq!(is_there, found.contains(&name), "{query} {name}");
        }
    }
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_told_and_one_that_names_nobody_is_refused() {
    let house = House::open().await;
    let mut auditor = house.signed_in(Role::Auditor).await;
    record(&house, [row(&house, "/in/one", 1)]);

    let odd = auditor
        .get("/admin/transfers?address=nowhere&kind=theft&from=monday&path=/in/")
        .await;

    assert_eq!(odd.status, StatusCode::OK);
    assert!(
        odd.text
            .contains("Ignored filter: kind=theft, address=nowhere, from=monday")
    );
    assert!(odd.text.contains("/in/one</bdi>"));
    // What was typed stands in the form again.
    assert!(
        odd.text
            .contains("name=\"address\" class=\"mono\" value=\"nowhere\"")
    );
    let nobody = auditor.get("/admin/transfers?customer=Nobody").await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    assert!(nobody.text.contains("No customer is called Nobody."));
}

#[tokio::test]
async fn older_pages_follow_and_keep_the_filter() {
    let house = House::open().await;
    let mut auditor = house.signed_in(Role::Auditor).await;
    let rows = (0..240).map(|number| {
        let folder = if number % 2 == 0 { "even" } else { "odd" };
        row(&house, &format!("/{folder}/{number:03}"), number)
    });
    record(&house, rows.collect::<Vec<_>>());

    let mut url = "/admin/transfers?path=/odd/".to_owned();
    let mut seen = Vec::new();
    for _ in 0..9 {
        let page = auditor.get(&url).await;
        let paths = page.text.split("<bdi dir=\"ltr\">").skip(1);
        seen.extend(paths.filter_map(|rest| rest.split('<').next().map(str::to_owned)));
        let Some((before, _)) = page.text.split_once("rel=\"next\"") else {
            break;
        };
        let (_, link) = before.rsplit_once("href=\"").unwrap();
        let older = link.split('"').next().unwrap();
        url = older.replace("&#38;", "&");
    }

    let expected: Vec<String> = (0..240)
        .rev()
        .filter(|number| number % 2 == 1)
        .map(|number| format!("/odd/{number:03}"))
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn the_file_has_all_rows_of_the_filter_and_no_formula() {
    let house = House::open().await;
    let mut auditor = house.signed_in(Role::Auditor).await;
    let rows = (0..1_300).map(|number| {
        let folder = if number < 1_200 { "in" } else { "out" };
        JournalEntry {
            username: "@kestrel".to_owned(),
            customer_id: CustomerId::from_parts(1, [1; 10]),
            ..row(&house, &format!("/{folder}/{number}"), number)
        }
    });
    record(&house, rows.collect::<Vec<_>>());

    let page = auditor.get("/admin/transfers?path=/in/").await;
    assert!(
        page.text
            .contains("href=\"/admin/transfers.csv?path=/in/\"")
    );
    let file = auditor.get("/admin/transfers.csv?path=/in/").await;

    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(
        file.headers[header::CONTENT_TYPE],
        "text/csv; charset=utf-8"
    );
    let disposition = file.headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    assert!(disposition.starts_with("attachment; filename=\"transfers-"));
    assert!(file.text.starts_with("\u{feff}ended,account,"));
    assert_eq!(file.text.matches("\r\n").count(), 1_201);
    assert!(file.text.contains(",\"'@kestrel\",upload,/in/1199,"));
    assert!(!file.text.contains("/out/"));
}

#[tokio::test]
async fn a_plan_keeps_the_journal_as_its_form_says() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let plan = house.app.plans.all().await.unwrap().remove(0).plan;
    let url = format!("/admin/plans/{}", plan.id);

    let page = admin.get(&url).await;
    assert!(
        page.text.contains("As in the settings: 90 days"),
        "{}",
        page.text
    );
    let mut form = form_of(&page.text, &url);
    form.set("journal", "days");
    form.set("journal_days", "0");
    let refused = admin.post(&url, &form.pairs()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused
            .text
            .contains("Days must be a number from 1 to 3,650")
    );

    form.set("journal_days", "30");
    let saved = admin.post(&url, &form.pairs()).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    let days = async || house.app.plans.get(plan.id).await.unwrap().journal_days;
    assert_eq!(days().await, Override::Own(Some(30)));
    let page = admin.get(&url).await;
    // Saving what is shown changes nothing.
    let mut form = form_of(&page.text, &url);
    admin.post(&url, &form.pairs()).await;
    assert_eq!(days().await, Override::Own(Some(30)));
    let page = admin.get(&url).await;
    form = form_of(&page.text, &url);
    form.set("journal", "ever");
    admin.post(&url, &form.pairs()).await;
    assert_eq!(days().await, Override::Own(None));

    let query = AuditQuery {
        action: Some(AuditAction::PlanChanged),
        ..AuditQuery::default()
    };
    let entries = house.app.audit.page(&query).await.unwrap();
    let changes: Vec<_> = entries.iter().flat_map(|entry| &entry.changes).collect();
    let change =
        |before: &str, after: &str| ("journal".to_owned(), before.to_owned(), after.to_owned());
    assert!(
        changes.contains(&&change("as the settings say", "30 days")),
        "{changes:?}"
    );
    assert!(
        changes.contains(&&change("30 days", "for ever")),
        "{changes:?}"
    );
}
