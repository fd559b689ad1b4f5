//! Traffic of a month on the pages: limited on three levels, and shown with what is used of it.

use axum::http::StatusCode;
use quaymaster::hosting::accounts::{AccountSettings, NewAccount};
use quaymaster::hosting::rates::Direction;
use quaymaster::model::{Account, Actor, Customer, Role, Secret};

use super::records::{customer, form_of};
use crate::support::browser::{Answer, Browser, House, PASSWORD};

const MIB: u64 = 1 << 20;

struct Scene {
    house: House,
    admin: Browser,
    customer: Customer,
    account: Account,
}

impl Scene {
    async fn new() -> Self {
        let house = House::open().await;
        let admin = house.signed_in(Role::Admin).await;
        let customer = customer(&house, "Kestrel Print").await;
        let new = NewAccount {
            username: "kestrel".parse().unwrap(),
            customer_id: customer.id,
            password: Secret::new(PASSWORD.to_owned()),
            volume_id: None,
            settings: AccountSettings::default(),
        };
        let account = house.app.accounts.create(&Actor::system(), new).await;
        Self {
            account: account.unwrap(),
            house,
            admin,
            customer,
        }
    }

    fn plan_url(&self) -> String {
        format!("/admin/plans/{}", self.customer.plan_id)
    }

    fn customer_url(&self) -> String {
        format!("/admin/customers/{}", self.customer.id)
    }

    /// Opens a form, types into it and sends it.
    async fn fill(&mut self, url: &str, typed: &[(&str, &str)]) -> Answer {
        let page = self.admin.get(url).await;
        let mut form = form_of(&page.text, url);
        for (name, value) in typed {
            form.set(name, value);
        }
        self.admin.post(url, &form.pairs()).await
    }

    async fn save(&mut self, url: &str, typed: &[(&str, &str)]) {
        let saved = self.fill(url, typed).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text);
    }

    /// Uploads a mebibyte, as far as the books are concerned.
    fn upload(&self) {
        let books = self.house.app.ledger.traffic().account(self.account.id);
        let toll = books.unwrap().begin(Direction::Up).unwrap().unwrap();
        assert_eq!(toll.reach(MIB), Ok(MIB));
        toll.moved(MIB);
    }
}

const ACCOUNT: &str = "/admin/accounts/kestrel";
const EDIT_ACCOUNT: &str = "/admin/accounts/kestrel/edit";

#[tokio::test]
async fn traffic_is_limited_on_each_level_and_shown_with_its_source() {
    let mut scene = Scene::new().await;
    let (plan, customer) = (scene.plan_url(), scene.customer_url());
    let edit_customer = format!("{customer}/edit");
    let before = scene.admin.get(ACCOUNT).await.text;
    assert!(!before.contains("this month") && !before.contains("Traffic by month"));

    let of_plan = [("account_traffic_down", "200")];
    scene.save(&plan, &of_plan).await;
    let of_customer = [
        ("pool_traffic_both_src", "own"),
        ("pool_traffic_both", "2"),
        ("pool_traffic_both_unit", "MiB"),
        ("traffic_reset_day", "20"),
    ];
    scene.save(&edit_customer, &of_customer).await;
    let of_account = [
        ("traffic_up_src", "own"),
        ("traffic_up", "1"),
        ("traffic_up_unit", "MiB"),
    ];
    scene.save(EDIT_ACCOUNT, &of_account).await;
    scene.upload();

    let page = scene.admin.get(ACCOUNT).await.text;
    for (label, note, source) in [
        (
            "Uploaded this month",
            "100\u{a0}%, used up",
            "Set for this account",
        ),
        (
            "Downloaded this month",
            "0\u{a0}%, 200\u{a0}GiB left",
            "Set by the plan",
        ),
        (
            "Traffic of the customer",
            "50\u{a0}%, 1\u{a0}MiB left",
            "Set for the customer",
        ),
    ] {
        let (_, tile) = page.split_once(&format!("<h3>{label}</h3>")).unwrap();
        let (tile, _) = tile.split_once("</div>").unwrap();
        let note = format!("{note}, until 20 Jan 2027 UTC</p>");
        assert!(
            tile.contains(&note) && tile.contains(source),
            "{label}: {tile}"
        );
    }
    let shown = scene.admin.get(&customer).await.text;
    assert!(shown.contains("50\u{a0}%, 1\u{a0}MiB left, until 20 Jan 2027 UTC"));
    assert!(shown.contains("Day 20"));
    for months in [&page, &shown] {
        let (_, months) = months.split_once("Traffic by month</h2>").unwrap();
        assert!(
            months.contains("<th scope=\"row\">20 Dec 2026<"),
            "{months}"
        );
    }
    let overview = scene.admin.get("/admin").await.text;
    assert!(overview.contains("kestrel has used up its traffic of this month"));
    assert!(!overview.contains("Kestrel Print has used"));
    // Saving a form that nobody touched changes nothing.
    scene.save(EDIT_ACCOUNT, &[]).await;
    scene.save(&edit_customer, &[]).await;
    scene.save(&plan, &[]).await;
    assert_eq!(
        scene
            .admin
            .get(ACCOUNT)
            .await
            .text
            .matches("until 20 Jan")
            .count(),
        3
    );
}

/// Nobody has to be told of what was meant so.
#[tokio::test]
async fn an_account_that_may_move_nothing_needs_no_attention() {
    let mut scene = Scene::new().await;
    let nothing = [("traffic_down_src", "own"), ("traffic_down", "0")];

    scene.save(EDIT_ACCOUNT, &nothing).await;

    let page = scene.admin.get(ACCOUNT).await.text;
    assert!(page.contains("used up, until 1 Feb 2027 UTC"), "{page}");
    let overview = scene.admin.get("/admin").await.text;
    assert!(!overview.contains("its traffic of this month"));
}

#[tokio::test]
async fn wrong_limits_of_traffic_are_told_at_their_fields() {
    let mut scene = Scene::new().await;
    let edit_customer = format!("{}/edit", scene.customer_url());
    let plan = scene.plan_url();
    let up_of_customer = [("pool_traffic_up_src", "own"), ("pool_traffic_up", "lots")];
    let both_of_account = [
        ("traffic_both_src", "own"),
        ("traffic_both", "0.5"),
        ("traffic_both_unit", "MiB"),
    ];

    for (url, typed, text) in [
        (
            plan.as_str(),
            [("account_traffic_up", "-1")].as_slice(),
            "Uploads in a month must be a number, for example 50",
        ),
        (
            edit_customer.as_str(),
            &up_of_customer,
            "Uploads of all accounts in a month must be a number, for example 50",
        ),
        (
            edit_customer.as_str(),
            &[("traffic_reset_day", "29")],
            "Day must be 1 to 28",
        ),
        (
            EDIT_ACCOUNT,
            &both_of_account,
            "Uploads and downloads in a month must be at least 1 MiB",
        ),
    ] {
        let refused = scene.fill(url, typed).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        assert!(refused.text.contains(&format!("{text}</a>")), "{text}");
    }
}
