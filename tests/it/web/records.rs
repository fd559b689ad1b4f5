//! What the tests of the record pages share: a customer, and a form as a browser would send it.

use quaymaster::model::Customer;

use crate::support::browser::House;
pub(super) use crate::support::form::form_of;

/// The customer `name` on the first plan, made if it is not there.
pub(super) async fn customer(house: &House, name: &str) -> Customer {
    house.customer(name).await
}
