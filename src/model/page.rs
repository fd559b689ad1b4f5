//! Lists as pages ask for them: filters, orders and the rows that come back.

use ipnet::IpNet;

use super::account::{Account, AccountStanding};
use super::audit::AuditAction;
use super::customer::{Customer, CustomerStatus};
use super::id::{AccountId, CustomerId, PlanId, TransferId};
use super::journal::{Operation, TransferResult};
use super::plan::Plan;
use super::quota::Usage;
use crate::clock::Timestamp;

/// Which way a list runs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Direction {
    /// Smallest or earliest first.
    #[default]
    Ascending,
    /// Largest or latest first.
    Descending,
}

/// The part of a numbered list that one page shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    /// Rows to skip.
    pub offset: u64,
    /// Most rows to return.
    pub limit: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            offset: 0,
            limit: 50,
        }
    }
}

/// Rows of one page and how many there are in all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Page<R> {
    /// The rows of this page.
    pub rows: Vec<R>,
    /// Rows that match, on all pages together.
    pub total: u64,
}

/// What a list of accounts is ordered by; ties by id.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AccountSort {
    /// When it was made.
    Created,
    /// Name of its customer.
    Customer,
    /// Last login; never comes first.
    LastLogin,
    /// Active, expired, suspended.
    Status,
    /// Bytes held.
    Usage,
    /// User name.
    #[default]
    Username,
}

impl AccountSort {
    /// Every order.
    pub const ALL: [Self; 6] = [
        Self::Created,
        Self::Customer,
        Self::LastLogin,
        Self::Status,
        Self::Usage,
        Self::Username,
    ];
}

/// Which accounts a list shows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AccountQuery {
    /// Part of the user name, customer name or last address, whatever the case; empty for all.
    pub text: String,
    /// Only accounts that stand so.
    pub standing: Option<AccountStanding>,
    /// Only accounts of this customer.
    pub customer_id: Option<CustomerId>,
    /// Only accounts of customers on this plan.
    pub plan_id: Option<PlanId>,
    /// Only accounts that hold at least so many percent of their own limit of bytes or files.
    pub over_percent: Option<u8>,
    /// The order.
    pub sort: AccountSort,
    /// Which way it runs.
    pub direction: Direction,
    /// Which rows.
    pub window: Window,
}

/// An account in a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountRow {
    /// The account.
    pub account: Account,
    /// Name of its customer.
    pub customer_name: String,
    /// Whether its customer may log in at all.
    pub customer_status: CustomerStatus,
    /// The plan of its customer.
    pub plan_id: PlanId,
    /// Name of the plan.
    pub plan_name: String,
    /// What it holds, as last written down.
    pub usage: Usage,
}

/// What the quota ledger knows of an account when it starts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountBrief {
    /// The account.
    pub account_id: AccountId,
    /// Its customer.
    pub customer_id: CustomerId,
    /// Its folder inside the volume.
    pub home: String,
    /// What it holds, as last written down.
    pub usage: Usage,
    /// Whether the figures may be behind the disk.
    pub dirty: bool,
}

/// What a list of customers is ordered by; ties by id.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CustomerSort {
    /// Number of accounts.
    Accounts,
    /// When it was made.
    Created,
    /// Name.
    #[default]
    Name,
    /// Name of the plan.
    Plan,
    /// Active, expired, suspended.
    Status,
    /// Bytes held by all its accounts.
    Usage,
}

impl CustomerSort {
    /// Every order.
    pub const ALL: [Self; 6] = [
        Self::Accounts,
        Self::Created,
        Self::Name,
        Self::Plan,
        Self::Status,
        Self::Usage,
    ];
}

/// Which customers a list shows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CustomerQuery {
    /// Part of the name or the contact address, whatever the case; empty for all.
    pub text: String,
    /// Only customers in this state.
    pub status: Option<CustomerStatus>,
    /// Only customers on this plan.
    pub plan_id: Option<PlanId>,
    /// The order.
    pub sort: CustomerSort,
    /// Which way it runs.
    pub direction: Direction,
    /// Which rows.
    pub window: Window,
}

/// A customer in a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CustomerRow {
    /// The customer.
    pub customer: Customer,
    /// Name of its plan.
    pub plan_name: String,
    /// Number of its accounts.
    pub accounts: u64,
    /// What its accounts hold together, as last written down.
    pub usage: Usage,
}

/// A plan in a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlanRow {
    /// The plan.
    pub plan: Plan,
    /// Number of customers on it.
    pub customers: u64,
}

/// Which entries of the audit log a page shows, latest first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditQuery {
    /// Part of the object or the address, whatever the case; empty for all.
    pub text: String,
    /// Part of the actor's name, whatever the case; empty for all.
    pub actor: String,
    /// Only this action.
    pub action: Option<AuditAction>,
    /// Only entries about the thing with this id; empty for all.
    pub object_id: String,
    /// Only entries at or after this moment.
    pub from: Option<Timestamp>,
    /// Only entries before this moment.
    pub to: Option<Timestamp>,
    /// Only entries older than the one with this number.
    pub before: Option<i64>,
    /// Most rows to return.
    pub limit: u64,
}

impl Default for AuditQuery {
    fn default() -> Self {
        Self {
            text: String::new(),
            actor: String::new(),
            action: None,
            object_id: String::new(),
            from: None,
            to: None,
            before: None,
            limit: 50,
        }
    }
}

/// Which rows of the transfer journal a page shows, latest first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JournalQuery {
    /// Part of the user name, path, new path or address, whatever the case; empty for all.
    pub text: String,
    /// Only this account.
    pub account_id: Option<AccountId>,
    /// Only accounts of this customer.
    pub customer_id: Option<CustomerId>,
    /// Only this operation.
    pub operation: Option<Operation>,
    /// Only this result.
    pub result: Option<TransferResult>,
    /// Only paths, and new paths of renames, that begin with this, byte by byte; the first 600
    /// characters count. Empty for all.
    pub path: String,
    /// Only clients in this network, which may be a single address.
    pub address: Option<IpNet>,
    /// Only transfers that ended at or after this moment.
    pub from: Option<Timestamp>,
    /// Only transfers that ended before this moment.
    pub to: Option<Timestamp>,
    /// Only rows older than this one.
    pub before: Option<TransferId>,
    /// Most rows to return.
    pub limit: u64,
}

impl Default for JournalQuery {
    fn default() -> Self {
        Self {
            text: String::new(),
            account_id: None,
            customer_id: None,
            operation: None,
            result: None,
            path: String::new(),
            address: None,
            from: None,
            to: None,
            before: None,
            limit: 50,
        }
    }
}

/// Bytes moved in one hour.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct HourTraffic {
    /// When the hour began (a full hour of UTC).
    pub hour: Timestamp,
    /// Bytes received from clients.
    pub uploaded_bytes: u64,
    /// Bytes sent to clients.
    pub downloaded_bytes: u64,
    /// Transfers that ended.
    pub transfers: u64,
}

/// An account among the busiest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BusyAccount {
    /// The account.
    pub account_id: AccountId,
    /// Its user name at the time of its last transfer in the list.
    pub username: String,
    /// Bytes received from its clients.
    pub uploaded_bytes: u64,
    /// Bytes sent to its clients.
    pub downloaded_bytes: u64,
    /// Transfers that ended.
    pub transfers: u64,
}

/// One change of settings by one person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SettingRevision {
    /// Running number; higher is later.
    pub seq: i64,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it.
    pub actor: String,
    /// Changed settings: key, text before, text after.
    pub changes: Vec<(String, String, String)>,
}
