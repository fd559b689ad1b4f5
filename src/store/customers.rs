//! Customers.

use super::db::{Db, Tx};
use super::error::StoreError;
use crate::clock::Timestamp;
use crate::model::{
    Customer, CustomerId, CustomerQuery, CustomerRow, CustomerStatus, Page, Version,
};

impl Db {
    /// The customer `id`.
    pub async fn customer(&self, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        todo!()
    }

    /// The customer with this name, whatever the case.
    pub async fn customer_by_name(&self, name: &str) -> Result<Option<Customer>, StoreError> {
        todo!()
    }

    /// The customer `id` with its plan, accounts and usage.
    pub async fn customer_row(&self, id: CustomerId) -> Result<Option<CustomerRow>, StoreError> {
        todo!()
    }

    /// One page of the customers that match.
    pub async fn customer_page(
        &self,
        query: &CustomerQuery,
    ) -> Result<Page<CustomerRow>, StoreError> {
        todo!()
    }

    /// Every customer, by name.
    pub async fn customers(&self) -> Result<Vec<Customer>, StoreError> {
        todo!()
    }
}

impl Tx {
    /// Adds a customer.
    pub async fn insert_customer(&mut self, customer: &Customer) -> Result<(), StoreError> {
        todo!()
    }

    /// Saves everything an administrator can edit (not slug and status) and raises the version.
    pub async fn save_customer(
        &mut self,
        customer: &Customer,
        at: Timestamp,
    ) -> Result<Version, StoreError> {
        todo!()
    }

    /// Suspends or resumes a customer whatever its version; `false` if there is no such customer.
    pub async fn set_customer_status(
        &mut self,
        id: CustomerId,
        status: CustomerStatus,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        todo!()
    }

    /// Removes a customer without accounts; `false` if there is no such customer.
    pub async fn delete_customer(&mut self, id: CustomerId) -> Result<bool, StoreError> {
        todo!()
    }
}

pub(super) const STATEMENTS: &[(&str, &str)] = &[];
