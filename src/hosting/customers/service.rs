//! The service itself.

use std::sync::Arc;

use super::details::{CustomerDetails, CustomerSettings};
use super::error::CustomerError;
use super::slug::slug;
use super::trail::changes;
use crate::events::Event;
use crate::hosting::ended::Cause;
use crate::hosting::foundation::{Deed, Foundation};
use crate::hosting::limits::{max_accounts, pool_bytes, pool_files, pool_traffic};
use crate::hosting::quota::Ledger;
use crate::hosting::sessions::Sessions;
use crate::model::page::{CustomerQuery, CustomerRow, Page};
use crate::model::{
    Actor, AuditAction, Customer, CustomerId, CustomerStatus, Plan, PlanId, Right, Version,
};
use crate::store::{Conflict, StoreError};

/// A cheap handle on the customers.
#[derive(Clone, Debug)]
pub struct Customers(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    foundation: Foundation,
    ledger: Ledger,
    sessions: Sessions,
}

impl Customers {
    /// Most customers in a choice.
    const MOST_CHOICES: usize = 1_000;

    /// The customers over these services.
    pub fn new(foundation: Foundation, ledger: Ledger, sessions: Sessions) -> Self {
        Self(Arc::new(Parts {
            foundation,
            ledger,
            sessions,
        }))
    }

    /// Makes a customer.
    ///
    /// # Errors
    ///
    /// [`CustomerError::BadName`], [`CustomerError::Taken`], [`CustomerError::NoSuchPlan`].
    pub async fn create(
        &self,
        actor: &Actor,
        settings: CustomerSettings,
    ) -> Result<Customer, CustomerError> {
        require(actor)?;
        let name = checked(&settings.name)?;
        let (unix_ms, random) = self.0.foundation.id_parts();
        let id = CustomerId::from_parts(unix_ms, random);
        let now = self.0.foundation.now();
        let customer = Customer {
            id,
            // The end of the id keeps two names that fold to the same short form apart.
            slug: format!("{}-{}", slug(&name), id.short()),
            name,
            contact_email: settings.contact_email,
            plan_id: settings.plan_id,
            status: CustomerStatus::Active,
            pool_bytes: settings.pool_bytes,
            pool_files: settings.pool_files,
            max_accounts: settings.max_accounts,
            traffic: settings.traffic,
            notes: settings.notes,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        self.plan(customer.plan_id).await?;
        let mut tx = self.0.foundation.db.begin().await?;
        tx.insert_customer(&customer)
            .await
            .map_err(|error| taken(error, &customer.name))?;
        self.0
            .foundation
            .audit(
                &mut tx,
                actor,
                deed(AuditAction::CustomerCreated, &customer, Vec::new()),
            )
            .await?;
        tx.commit().await?;
        self.0.foundation.publish(Event::CustomerChanged(id));
        Ok(customer)
    }

    /// Replaces the editable part; `seen` is the version that the editor saw. Limits of its accounts
    /// change at once.
    ///
    /// # Errors
    ///
    /// [`CustomerError::Stale`] if somebody else saved first, and those of [`Customers::create`].
    pub async fn change(
        &self,
        actor: &Actor,
        id: CustomerId,
        seen: Version,
        settings: CustomerSettings,
    ) -> Result<Customer, CustomerError> {
        require(actor)?;
        let before = self.get(id).await?;
        let old_plan = self.plan(before.plan_id).await?;
        let new_plan = self.plan(settings.plan_id).await?;
        let mut customer = Customer {
            version: seen,
            ..before.clone()
        };
        customer.name = checked(&settings.name)?;
        customer.contact_email = settings.contact_email;
        customer.plan_id = settings.plan_id;
        customer.pool_bytes = settings.pool_bytes;
        customer.pool_files = settings.pool_files;
        customer.max_accounts = settings.max_accounts;
        customer.traffic = settings.traffic;
        customer.notes = settings.notes;
        let mut tx = self.0.foundation.db.begin().await?;
        let saved = tx.save_customer(&customer, self.0.foundation.now()).await;
        customer.version = saved.map_err(|error| taken(error, &customer.name))?;
        let changed = changes((&before, &old_plan), (&customer, &new_plan));
        self.0
            .foundation
            .audit(
                &mut tx,
                actor,
                deed(AuditAction::CustomerChanged, &customer, changed),
            )
            .await?;
        tx.commit().await?;
        self.0.foundation.publish(Event::CustomerChanged(id));
        self.get(id).await
    }

    /// Forbids logins of all its accounts and ends their sessions; tells how many.
    ///
    /// # Errors
    ///
    /// [`CustomerError::NotFound`].
    pub async fn suspend(&self, actor: &Actor, id: CustomerId) -> Result<usize, CustomerError> {
        let customer = self
            .set_status(actor, id, CustomerStatus::Suspended)
            .await?;
        // First of all, so that nobody logs in again from memory.
        self.0.foundation.publish(Event::CustomerChanged(id));
        let ended = self.0.sessions.end_where(|guest| {
            let is_its = guest.account.customer_id == id;
            is_its.then_some("The account is suspended.")
        });
        let object = (customer.name.as_str(), id.to_string());
        let cause = Cause::new(actor, AuditAction::CustomerSuspended, object);
        self.0.foundation.note_ended(cause, ended).await;
        Ok(ended)
    }

    /// Allows logins again.
    ///
    /// # Errors
    ///
    /// [`CustomerError::NotFound`].
    pub async fn resume(&self, actor: &Actor, id: CustomerId) -> Result<(), CustomerError> {
        self.set_status(actor, id, CustomerStatus::Active).await?;
        self.0.foundation.publish(Event::CustomerChanged(id));
        Ok(())
    }

    /// Deletes a customer that has no accounts.
    ///
    /// # Errors
    ///
    /// [`CustomerError::HasAccounts`], [`CustomerError::NotFound`].
    pub async fn delete(&self, actor: &Actor, id: CustomerId) -> Result<(), CustomerError> {
        require(actor)?;
        let customer = self.get(id).await?;
        let accounts = self.0.foundation.db.accounts_of_customer(id).await?.len();
        if accounts > 0 {
            return Err(CustomerError::HasAccounts(accounts));
        }
        let mut tx = self.0.foundation.db.begin().await?;
        if !tx.delete_customer(id).await? {
            return Err(CustomerError::NotFound);
        }
        self.0
            .foundation
            .audit(
                &mut tx,
                actor,
                deed(AuditAction::CustomerDeleted, &customer, Vec::new()),
            )
            .await?;
        tx.commit().await?;
        self.0.foundation.publish(Event::CustomerChanged(id));
        Ok(())
    }

    /// One customer with its limits, usage and accounts.
    ///
    /// # Errors
    ///
    /// [`CustomerError::NotFound`].
    pub async fn details(&self, id: CustomerId) -> Result<CustomerDetails, CustomerError> {
        let customer = self.get(id).await?;
        let plan = self.plan(customer.plan_id).await?;
        let is_own = |view: &crate::hosting::sessions::SessionView| {
            view.account
                .as_ref()
                .is_some_and(|account| account.customer_id == id)
        };
        Ok(CustomerDetails {
            pool_bytes: pool_bytes(&customer, &plan),
            pool_files: pool_files(&customer, &plan),
            max_accounts: max_accounts(&customer, &plan),
            pool_traffic: pool_traffic(&customer, &plan),
            traffic: self.traffic(&customer),
            usage: self.0.ledger.pool_usage(id),
            accounts: self.0.foundation.db.accounts_of_customer(id).await?,
            sessions: self
                .0
                .sessions
                .snapshot()
                .iter()
                .filter(|view| is_own(view))
                .count(),
            customer,
            plan,
        })
    }

    /// The customer with this name.
    pub async fn by_name(&self, name: &str) -> Result<Option<Customer>, CustomerError> {
        Ok(self.0.foundation.db.customer_by_name(name).await?)
    }

    /// All customers by name, for a choice; at most 1,000.
    pub async fn choices(&self) -> Result<Vec<Customer>, CustomerError> {
        let mut customers = self.0.foundation.db.customers().await?;
        customers.truncate(Self::MOST_CHOICES);
        Ok(customers)
    }

    /// One page of customers, with what they hold at this moment.
    pub async fn page(&self, query: &CustomerQuery) -> Result<Page<CustomerRow>, CustomerError> {
        let mut page = self.0.foundation.db.customer_page(query).await?;
        for row in &mut page.rows {
            row.usage = self.0.ledger.pool_usage(row.customer.id);
        }
        Ok(page)
    }

    /// Reads the pool's limits again; for changes made elsewhere.
    pub(crate) async fn refresh(&self, id: CustomerId) -> Result<(), CustomerError> {
        let customer = self.get(id).await?;
        let plan = self.plan(customer.plan_id).await?;
        self.0.ledger.limit_pool(&customer, &plan);
        Ok(())
    }

    /// Forgets what was moved by a customer that was deleted.
    pub(crate) fn forget(&self, id: CustomerId) {
        self.0.ledger.traffic().remove_customer(id);
    }

    pub(super) fn foundation(&self) -> &Foundation {
        &self.0.foundation
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    pub(super) async fn get(&self, id: CustomerId) -> Result<Customer, CustomerError> {
        self.0
            .foundation
            .db
            .customer(id)
            .await?
            .ok_or(CustomerError::NotFound)
    }

    async fn plan(&self, id: PlanId) -> Result<Plan, CustomerError> {
        self.0
            .foundation
            .db
            .plan(id)
            .await?
            .ok_or(CustomerError::NoSuchPlan)
    }

    async fn set_status(
        &self,
        actor: &Actor,
        id: CustomerId,
        status: CustomerStatus,
    ) -> Result<Customer, CustomerError> {
        require(actor)?;
        let customer = self.get(id).await?;
        let action = match status {
            CustomerStatus::Active => AuditAction::CustomerResumed,
            CustomerStatus::Suspended => AuditAction::CustomerSuspended,
        };
        let mut tx = self.0.foundation.db.begin().await?;
        if !tx
            .set_customer_status(id, status, self.0.foundation.now())
            .await?
        {
            return Err(CustomerError::NotFound);
        }
        self.0
            .foundation
            .audit(&mut tx, actor, deed(action, &customer, Vec::new()))
            .await?;
        tx.commit().await?;
        Ok(customer)
    }
}

fn deed(
    action: AuditAction,
    customer: &Customer,
    changes: Vec<(String, String, String)>,
) -> Deed<'_> {
    let object_id = customer.id.to_string();
    Deed {
        action,
        object: &customer.name,
        object_id,
        changes,
    }
}

fn require(actor: &Actor) -> Result<(), CustomerError> {
    let right = Right::ManageCustomers;
    if actor.may(right) {
        Ok(())
    } else {
        Err(CustomerError::Forbidden(right))
    }
}

fn checked(name: &str) -> Result<String, CustomerError> {
    let name = name.trim();
    let is_good = (1..=120).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if is_good {
        Ok(name.to_owned())
    } else {
        Err(CustomerError::BadName)
    }
}

fn taken(error: StoreError, name: &str) -> CustomerError {
    match error {
        StoreError::Conflict(Conflict::CustomerName) => CustomerError::Taken(name.to_owned()),
        other => other.into(),
    }
}
