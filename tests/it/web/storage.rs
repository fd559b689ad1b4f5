//! The pages about volumes.

use axum::http::StatusCode;
use quaymaster::model::{Role, VolumeId, VolumeMark};

use crate::support::browser::House;

/// The address of the second volume, which the test has added.
fn second(house: &House) -> (VolumeId, String) {
    let reports = house.app.volumes.reports();
    let mut volumes = reports.iter().map(|report| &report.volume);
    let id = volumes.find(|volume| volume.id != VolumeId::FIRST);
    let id = id.expect("a second volume").id;
    (id, format!("/admin/storage/{id}"))
}

#[tokio::test]
async fn a_volume_is_added_edited_and_removed() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let disks = tempfile::tempdir().unwrap();
    let root = disks.path().join("two");
    let typed = root.display().to_string();
    admin.get("/admin/storage/new").await;

    let added = [("name", "Second <b>"), ("root", &typed), ("reserve", "")];
    let added = admin.post("/admin/storage/new", &added).await;
    let list = admin.get("/admin/storage").await;
    let (id, url) = second(&house);
    let shown = admin.get(&url).await;
    let edit = [
        ("version", "1"),
        ("name", "Zweite"),
        ("root", &typed),
        ("reserve", "20"),
        ("reserve_unit", "GiB"),
        ("takes", "yes"),
        ("is_default", "yes"),
    ];
    let saved = admin.post(&url, &edit).await;
    let late = admin.post(&url, &edit).await;
    let stored = house.app.volumes.get(id).await.unwrap();

    assert_eq!(added.location(), "/admin/storage", "{}", added.text);
    assert!(list.text.contains("Second &#60;b&#62;"), "{}", list.text);
    assert!(list.text.contains("Default for new accounts"));
    assert!(root.join(VolumeMark::FILE).exists());
    assert!(shown.text.contains(&typed), "{}", shown.text);
    assert_eq!(saved.location(), "/admin/storage", "{}", saved.text);
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text.contains("changed this volume"), "{}", late.text);
    assert_eq!(
        (stored.name.as_str(), stored.reserve),
        ("Zweite", Some(20 << 30))
    );
    assert!(stored.is_default);

    let remove = format!("{url}/remove");
    let refused = admin.get(&remove).await;
    assert!(
        refused
            .text
            .contains("Make another volume the default first")
    );
    let first = format!("/admin/storage/{}", VolumeId::FIRST);
    let page = admin.get(&first).await;
    assert!(!page.text.contains("Remove volume"), "{}", page.text);
    let default = [
        ("version", "2"),
        ("name", "Files"),
        ("takes", "yes"),
        ("is_default", "yes"),
    ];
    let saved = admin.post(&first, &default).await;
    assert_eq!(saved.location(), "/admin/storage", "{}", saved.text);
    let removed = admin.post(&remove, &[]).await;
    assert_eq!(removed.location(), "/admin/storage", "{}", removed.text);
    assert!(root.exists() && !root.join(VolumeMark::FILE).exists());
    let gone = admin.get(&url).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_wrong_folder_is_named_beside_its_field() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    admin.get("/admin/storage/new").await;
    let nothing = [("name", ""), ("root", " "), ("reserve", "much")];
    let nothing = admin.post("/admin/storage/new", &nothing).await;
    for why in [
        "Enter a name",
        "Enter the path of a folder",
        "Leave free must be a number",
    ] {
        assert!(nothing.text.contains(why), "{why}");
    }
    for (root, why) in [
        ("two", "Folder must be an absolute path"),
        ("/etc", "/etc belongs to the system"),
        ("/proc/self/fd", "belongs to the system"),
        ("/a/../b", "Folder must be a plain path"),
    ] {
        let form = [("name", "Second"), ("root", root), ("reserve", "")];
        let refused = admin.post("/admin/storage/new", &form).await;

        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text.contains("id=\"root-e\""), "{root}");
        assert!(refused.text.contains(why), "{root}: {}", refused.text);
        assert!(
            refused.text.contains(&format!("value=\"{root}\"")),
            "{root}"
        );
    }
    assert_eq!(house.app.volumes.reports().len(), 1);
}

/// What is typed for a new account.
fn newcomer<'a>(name: &'a str, customer: &'a str, volume: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("username", name),
        ("customer", customer),
        ("pw", "gen"),
        ("permissions", "full"),
        ("tls", "inherit"),
        ("volume", volume),
    ]
}

#[tokio::test]
async fn whoever_makes_an_account_chooses_among_open_volumes_if_there_are_several() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let customer = super::records::customer(&house, "Kestrel").await;
    let alone = admin.get("/admin/accounts/new").await;
    let disks = tempfile::tempdir().unwrap();
    let typed = disks.path().join("two").display().to_string();
    admin.get("/admin/storage/new").await;
    let form = [("name", "Second"), ("root", &typed), ("reserve", "")];
    admin.post("/admin/storage/new", &form).await;
    let (id, url) = second(&house);
    let choice = admin.get("/admin/accounts/new").await;
    let (customer, volume) = (customer.id.to_string(), id.to_string());
    let made = admin
        .post(
            "/admin/accounts/new",
            &newcomer("there", &customer, &volume),
        )
        .await;
    let page = admin.get("/admin/accounts/there").await;
    let closed = [("version", "1"), ("name", "Second"), ("root", &typed)];
    let saved = admin.post(&url, &closed).await;
    let late = admin
        .post("/admin/accounts/new", &newcomer("late", &customer, &volume))
        .await;
    let usual = admin
        .post("/admin/accounts/new", &newcomer("usual", &customer, ""))
        .await;
    let used = admin.get(&format!("{url}/remove")).await;

    assert!(!alone.text.contains("name=\"volume\""));
    assert!(choice.text.contains("Files (default)"), "{}", choice.text);
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    assert!(page.text.contains("on volume Second"), "{}", page.text);
    assert_eq!(saved.location(), "/admin/storage", "{}", saved.text);
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        late.text.contains("Second takes no new accounts"),
        "{}",
        late.text
    );
    assert_eq!(usual.status, StatusCode::OK, "{}", usual.text);
    assert!(used.text.contains("1 account lives there"), "{}", used.text);
}

#[tokio::test]
async fn a_missing_volume_is_told_on_the_overview_and_marked_again_when_asked() {
    let house = House::open().await;
    let mut admin = house.signed_in(Role::Admin).await;
    let disks = tempfile::tempdir().unwrap();
    let root = disks.path().join("two");
    let typed = root.display().to_string();
    admin.get("/admin/storage/new").await;
    let form = [("name", "Second"), ("root", &typed), ("reserve", "")];
    admin.post("/admin/storage/new", &form).await;
    let (_, url) = second(&house);
    let fine = admin.post("/admin/storage/look", &[]).await;
    let fine = admin.get(fine.location()).await;
    let early = admin.post(&format!("{url}/adopt"), &[]).await;
    // As after a reboot without its disk.
    std::fs::rename(&root, disks.path().join("aside")).unwrap();
    std::fs::create_dir(&root).unwrap();
    house.app.volumes.look().await;

    let overview = admin.get("/admin").await;
    let list = admin.get("/admin/storage").await;
    let page = admin.get(&url).await;
    let ill = admin.post("/admin/storage/look", &[]).await;
    let ill = admin.get(ill.location()).await;
    let asked = admin.get(&format!("{url}/adopt")).await;
    assert!(!root.join(VolumeMark::FILE).exists());
    let adopted = admin.post(&format!("{url}/adopt"), &[]).await;

    assert!(fine.text.contains("Every volume can be written to."));
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        overview.text.contains("Volume Second is missing"),
        "{}",
        overview.text
    );
    assert!(list.text.contains("not mounted"), "{}", list.text);
    assert!(page.text.contains(&format!("{url}/adopt")), "{}", page.text);
    assert!(ill.text.contains("Volumes that cannot be written to: 1."));
    assert!(
        asked.text.contains("Is this the folder of"),
        "{}",
        asked.text
    );
    assert_eq!(adopted.location(), "/admin/storage", "{}", adopted.text);
    assert!(root.join(VolumeMark::FILE).exists());
    let page = admin.get("/admin").await;
    assert!(!page.text.contains("Volume Second is missing"));
}

#[tokio::test]
async fn an_operator_looks_and_changes_nothing() {
    let house = House::open().await;
    let mut operator = house.signed_in(Role::Operator).await;
    let first = format!("/admin/storage/{}", VolumeId::FIRST);

    let list = operator.get("/admin/storage").await;
    let page = operator.get(&first).await;

    assert_eq!((list.status, page.status), (StatusCode::OK, StatusCode::OK));
    assert!(!list.text.contains("Add volume") && !list.text.contains("Check now"));
    assert!(!page.text.contains("Save volume"), "{}", page.text);
    for path in ["/admin/storage/new", &first] {
        let form = [("version", "1"), ("name", "X"), ("root", "/x")];
        let refused = operator.post(path, &form).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
    let refused = operator.get(&format!("{first}/remove")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    for path in [format!("{first}/adopt"), "/admin/storage/look".to_owned()] {
        let refused = operator.post(&path, &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
}
