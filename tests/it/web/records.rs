//! What the tests of the record pages share: a customer, and a form as a browser would send it.

use quaymaster::hosting::customers::CustomerSettings;
use quaymaster::model::{Actor, Customer, Override, PoolTraffic};

use crate::support::browser::House;
pub(super) use crate::support::form::form_of;

/// The customer `name` on the first plan, made if it is not there.
pub(super) async fn customer(house: &House, name: &str) -> Customer {
    if let Some(found) = house.app.customers.by_name(name).await.unwrap() {
        return found;
    }
    let plan = house.app.plans.all().await.unwrap().remove(0).plan;
    let settings = CustomerSettings {
        name: name.to_owned(),
        contact_email: String::new(),
        plan_id: plan.id,
        pool_bytes: Override::Inherit,
        pool_files: Override::Inherit,
        max_accounts: Override::Inherit,
        traffic: PoolTraffic::default(),
        notes: String::new(),
    };
    house
        .app
        .customers
        .create(&Actor::system(), settings)
        .await
        .unwrap()
}
