//! Effective limits: plan, then what the customer or the account says instead.

use crate::model::{Account, AccountLimits, Customer, Limit, LimitSource, Override, Plan, Traffic};

/// A limit and the level that decided it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Effective {
    /// The limit in force.
    pub limit: Limit,
    /// Who decided it.
    pub source: LimitSource,
}

/// Everything that limits an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EffectiveLimits {
    /// Of the account alone.
    pub account: AccountLimits<Effective>,
    /// Bytes that all accounts of the customer share.
    pub pool_bytes: Effective,
    /// Files that all accounts of the customer share.
    pub pool_files: Effective,
    /// Bytes that all accounts of the customer may move in a period.
    pub pool_traffic: Traffic<Effective>,
}

impl EffectiveLimits {
    /// The limits of `account` under its `customer` and that one's `plan`.
    pub fn of(account: &Account, customer: &Customer, plan: &Plan) -> Self {
        let limits = account.limits.beside(plan.account);
        Self {
            account: limits.map(|(own, plan)| effective(own, plan, LimitSource::Account)),
            pool_bytes: pool_bytes(customer, plan),
            pool_files: pool_files(customer, plan),
            pool_traffic: pool_traffic(customer, plan),
        }
    }

    /// The limits of the account, wherever they come from.
    pub fn of_account(&self) -> AccountLimits<Limit> {
        self.account.map(|effective| effective.limit)
    }
}

/// Bytes that all accounts of `customer` share.
pub fn pool_bytes(customer: &Customer, plan: &Plan) -> Effective {
    effective(customer.pool_bytes, plan.pool_bytes, LimitSource::Customer)
}

/// Files that all accounts of `customer` share.
pub fn pool_files(customer: &Customer, plan: &Plan) -> Effective {
    effective(customer.pool_files, plan.pool_files, LimitSource::Customer)
}

/// Bytes that all accounts of `customer` may move in a period.
pub fn pool_traffic(customer: &Customer, plan: &Plan) -> Traffic<Effective> {
    let limits = customer.traffic.limits.beside(plan.pool_traffic);
    limits.map(|(own, plan)| effective(own, plan, LimitSource::Customer))
}

/// Accounts that `customer` may have.
pub fn max_accounts(customer: &Customer, plan: &Plan) -> Effective {
    effective(
        customer.max_accounts,
        plan.max_accounts,
        LimitSource::Customer,
    )
}

fn effective(own: Override, inherited: Limit, level: LimitSource) -> Effective {
    let source = if own.is_own() {
        level
    } else {
        LimitSource::Plan
    };
    Effective {
        limit: own.or(inherited),
        source,
    }
}
