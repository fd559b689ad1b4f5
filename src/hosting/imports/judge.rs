//! Judging: what would become of each account, in the order of the file. Nothing is written.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::error::ImportError;
use super::order::{Existing, Order, Parts};
use super::record::{RowRefusal, Wanted};
use super::report::{Change, Outcome};
use crate::hosting::accounts::differing;
use crate::hosting::customers::{CustomerError, CustomerSettings};
use crate::hosting::limits::max_accounts;
use crate::hosting::plans::PlanError;
use crate::model::{
    Account, AccountStatus, Actor, AuditAction, Customer, Limit, Override, PasswordHash, Plan,
    PlanId, PoolTraffic,
};

/// Judges the accounts of one file.
pub(super) struct Judge<'a> {
    parts: &'a Parts,
    order: &'a Order,
    /// By name, as far as they were needed.
    customers: BTreeMap<String, Owner>,
}

/// A customer, and how many accounts it may still get.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    /// `None` if it does not exist yet.
    pub(super) customer: Option<Customer>,
    name: String,
    plan: Plan,
    is_new: bool,
    accounts: u64,
    most: Limit,
}

/// What is to be done with one account.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    /// It is to be made, for the customer with this key.
    Create { owner: String, wanted: Box<Wanted> },
    /// It is to be changed.
    Change(Box<Alteration>),
    /// Nothing is to be done.
    Settled(Outcome),
}

/// A change of an account that is there.
#[derive(Clone, Debug)]
pub(super) struct Alteration {
    pub(super) before: Account,
    pub(super) after: Account,
    /// The new password, if it changes.
    pub(super) password: Option<PasswordHash>,
    pub(super) changes: Vec<Change>,
}

impl Verdict {
    /// What would become of it.
    pub(super) fn rehearsed(&self) -> Outcome {
        match self {
            Self::Create { .. } => Outcome::Created {
                home: String::new(),
            },
            Self::Change(alteration) => Outcome::Changed(alteration.changes.clone()),
            Self::Settled(outcome) => outcome.clone(),
        }
    }
}

impl Alteration {
    /// What of the change ends sessions, if something does.
    pub(super) fn mightiest(&self) -> AuditAction {
        let is_suspended = self.after.status == AccountStatus::Suspended;
        if is_suspended && self.before.status != AccountStatus::Suspended {
            AuditAction::AccountSuspended
        } else if self.password.is_some() {
            AuditAction::AccountPasswordReset
        } else {
            AuditAction::AccountChanged
        }
    }
}

impl<'a> Judge<'a> {
    /// Customers of a file at most.
    const MOST_CUSTOMERS: usize = 10_000;

    pub(super) fn new(parts: &'a Parts, order: &'a Order) -> Self {
        Self {
            parts,
            order,
            customers: BTreeMap::new(),
        }
    }

    /// The customer with this key, as far as it exists.
    pub(super) fn owner(&self, key: &str) -> Option<(&Customer, &Plan)> {
        let owner = self.customers.get(key)?;
        Some((owner.customer.as_ref()?, &owner.plan))
    }

    /// Names of the customers that were made, or would be.
    pub(super) fn new_customers(&self) -> impl Iterator<Item = &String> {
        let new = self.customers.values().filter(|owner| owner.is_new);
        new.map(|owner| &owner.name)
    }

    /// What is to be done with an account of the file.
    pub(super) async fn judge(
        &mut self,
        wanted: &Result<Wanted, RowRefusal>,
    ) -> Result<Verdict, ImportError> {
        let judged = match wanted {
            Ok(wanted) => self.judge_wanted(wanted).await?,
            Err(refusal) => Err(refusal.clone()),
        };
        Ok(judged.unwrap_or_else(|refusal| Verdict::Settled(Outcome::Refused(refusal))))
    }

    /// Makes the customers that accounts need and that do not exist, on the usual plan.
    pub(super) async fn make_customers(&mut self, actor: &Actor) -> Result<(), ImportError> {
        for owner in self.customers.values_mut() {
            if owner.customer.is_none() && owner.accounts > 0 {
                let settings = new_customer(&owner.name, owner.plan.id);
                let made = self.parts.customers.create(actor, settings).await?;
                owner.customer = Some(made);
            }
        }
        Ok(())
    }

    async fn judge_wanted(
        &mut self,
        wanted: &Wanted,
    ) -> Result<Result<Verdict, RowRefusal>, ImportError> {
        let named = wanted
            .customer
            .as_deref()
            .or(self.order.customer.as_deref());
        let existing = self.parts.accounts.by_username(&wanted.username).await?;
        if let Some(account) = existing {
            return self.judge_existing(account, wanted, named).await;
        }
        let Some(name) = named else {
            return Ok(Err(RowRefusal::new(
                "customer",
                "the file does not tell whose it is",
            )));
        };
        let key = match self.know(name).await? {
            Ok(key) => key,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(owner) = self.customers.get_mut(&key) else {
            return Ok(Err(RowRefusal::new("customer", "not known")));
        };
        if let Some(most) = owner.most.filter(|most| owner.accounts >= *most) {
            let reason = format!("{} may have {most} accounts", owner.name);
            return Ok(Err(RowRefusal::new("customer", reason)));
        }
        owner.accounts += 1;
        owner.is_new |= owner.customer.is_none();
        let wanted = Box::new(wanted.clone());
        Ok(Ok(Verdict::Create { owner: key, wanted }))
    }

    async fn judge_existing(
        &self,
        before: Account,
        wanted: &Wanted,
        named: Option<&str>,
    ) -> Result<Result<Verdict, RowRefusal>, ImportError> {
        if let Some(name) = named {
            let meant = self.parts.customers.by_name(name).await?;
            if meant.is_none_or(|customer| customer.id != before.customer_id) {
                let reason = "another customer has an account of this name";
                return Ok(Err(RowRefusal::new("user name", reason)));
            }
        }
        let after = wanted.put_on(before.clone());
        let mut changes = differing(&before, &after);
        let password = self.new_password(&before, wanted).await?;
        if password.is_some() {
            changes.push(("password".to_owned(), String::new(), "changed".to_owned()));
        }
        let verdict = if changes.is_empty() {
            Verdict::Settled(Outcome::Unchanged)
        } else if self.order.existing == Existing::Keep {
            Verdict::Settled(Outcome::Differs(changes))
        } else {
            Verdict::Change(Box::new(Alteration {
                before,
                after,
                password,
                changes,
            }))
        };
        Ok(Ok(verdict))
    }

    /// The password of the file, unless the account has it, or had it from the same file before: then
    /// its hash was renewed by a login, or somebody set a later password, which stays.
    async fn new_password(
        &self,
        account: &Account,
        wanted: &Wanted,
    ) -> Result<Option<PasswordHash>, ImportError> {
        let Some(hash) = &wanted.password else {
            return Ok(None);
        };
        if *hash == account.password_hash {
            return Ok(None);
        }
        let db = &self.parts.accounts.parts().foundation.db;
        let earlier = db.account_import(account.id).await?;
        let is_same = earlier.is_some_and(|earlier| earlier == mark(hash));
        Ok((!is_same).then(|| hash.clone()))
    }

    /// Looks a customer up; the key under which it is known then.
    async fn know(&mut self, name: &str) -> Result<Result<String, RowRefusal>, ImportError> {
        let name = name.trim();
        let key = name.to_lowercase();
        if self.customers.contains_key(&key) {
            return Ok(Ok(key));
        }
        if name.is_empty() || name.chars().count() > 120 {
            let refusal = RowRefusal::new("customer", CustomerError::BadName);
            return Ok(Err(refusal));
        }
        if self.customers.len() >= Self::MOST_CUSTOMERS {
            return Ok(Err(RowRefusal::new(
                "customer",
                "too many customers in one file",
            )));
        }
        let owner = self.look_up(name).await?;
        self.customers.insert(key.clone(), owner);
        Ok(Ok(key))
    }

    async fn look_up(&self, name: &str) -> Result<Owner, ImportError> {
        let accounts = &self.parts.accounts;
        if let Some(customer) = self.parts.customers.by_name(name).await? {
            let (customer, plan) = accounts.owner(customer.id).await?;
            let db = &accounts.parts().foundation.db;
            let held = db.accounts_of_customer(customer.id).await?.len() as u64;
            return Ok(Owner {
                most: max_accounts(&customer, &plan).limit,
                name: customer.name.clone(),
                customer: Some(customer),
                plan,
                is_new: false,
                accounts: held,
            });
        }
        let plans = self.parts.plans.all().await?;
        let usual = plans.into_iter().find(|row| row.plan.is_default);
        let plan = usual.ok_or(PlanError::NotFound)?.plan;
        Ok(Owner {
            customer: None,
            name: name.to_owned(),
            most: plan.max_accounts,
            plan,
            is_new: false,
            accounts: 0,
        })
    }
}

/// By which a password of a file is known again: no password can be found from it, since the salt of
/// the hash is not kept.
pub(super) fn mark(hash: &PasswordHash) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(hash.as_str().as_bytes()))
}

fn new_customer(name: &str, plan_id: PlanId) -> CustomerSettings {
    CustomerSettings {
        name: name.to_owned(),
        contact_email: String::new(),
        plan_id,
        pool_bytes: Override::Inherit,
        pool_files: Override::Inherit,
        max_accounts: Override::Inherit,
        traffic: PoolTraffic::default(),
        notes: String::new(),
    }
}
