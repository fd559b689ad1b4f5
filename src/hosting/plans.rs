//! Plans: the limits that customers and accounts inherit.

use crate::events::Event;
use crate::hosting::foundation::{Deed, Foundation};
use crate::hosting::plan_trail::changes;
use crate::model::page::{CustomerQuery, PlanRow, Window};
use crate::model::{
    AccountLimits, Actor, AuditAction, Checksum, Limit, NamePatterns, Override, Plan, PlanId,
    Right, Traffic, Version,
};
use crate::store::{Conflict, StoreError};

/// Days that a plan may keep the journal, if not for ever.
pub const JOURNAL_DAYS: std::ops::RangeInclusive<u64> = 1..=3_650;

/// Days that a plan may keep the files of deleted accounts in the trash.
pub const TRASH_DAYS: std::ops::RangeInclusive<u32> = 1..=3_650;

/// A cheap handle on the plans.
#[derive(Clone, Debug)]
pub struct Plans(Foundation);

/// The part of a plan that an administrator edits.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PlanSettings {
    /// Unique name, 1 to 60 characters.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Bytes that all accounts of a customer share.
    pub pool_bytes: Limit,
    /// Files that all accounts of a customer share.
    pub pool_files: Limit,
    /// Accounts a customer may have.
    pub max_accounts: Limit,
    /// Bytes that all accounts of a customer may move in a period.
    pub pool_traffic: Traffic<Limit>,
    /// What limits one account.
    pub account: AccountLimits<Limit>,
    /// Days that the journal of its customers is kept, 1 to 3,650; inherits from the settings, and no
    /// limit is for ever.
    pub journal_days: Override,
    /// Days that the files of a deleted account stay in the trash, 1 to 3,650; `None` = as the settings say.
    pub trash_days: Option<u32>,
    /// Names that its accounts may not give to files and folders.
    pub denied_names: NamePatterns,
    /// Whether uploads of its accounts get a checksum; inherits from the settings.
    pub checksum: Override<Checksum>,
    /// Whether new customers get it unless told otherwise.
    pub is_default: bool,
}

/// Whom a plan concerns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PlanImpact {
    /// Customers on the plan.
    pub customers: u64,
    /// Their accounts.
    pub accounts: u64,
}

/// What can go wrong with a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// There is no such plan.
    #[error("no such plan")]
    NotFound,
    /// The actor's role does not include the right.
    #[error("the role does not include {0:?}")]
    Forbidden(Right),
    /// The name is empty or longer than 60 characters.
    #[error("Name must be 1 to 60 characters")]
    BadName,
    /// The journal would be kept for no day, or for longer than ten years.
    #[error("Days must be 1 to 3,650")]
    BadDays,
    /// Files would be in the trash for no day, or for longer than ten years.
    #[error("Days in the trash must be 1 to 3,650")]
    BadTrashDays,
    /// Another plan has the name.
    #[error("{0} is taken")]
    Taken(String),
    /// Customers are on it.
    #[error("{0} customers are on the plan")]
    InUse(u64),
    /// It is the default plan; another one must become the default first.
    #[error("the default plan cannot be deleted")]
    IsDefault,
    /// Somebody else saved first.
    #[error("the plan was changed meanwhile")]
    Stale,
    /// The database failed.
    #[error("plans are not available")]
    Store(StoreError),
}

impl Plans {
    /// Most customers that an impact is counted over.
    const MOST_CUSTOMERS: u64 = 100_000;

    /// The plans over this foundation.
    pub fn new(foundation: Foundation) -> Self {
        Self(foundation)
    }

    /// Makes a plan.
    ///
    /// # Errors
    ///
    /// [`PlanError::BadName`], [`PlanError::Taken`].
    pub async fn create(&self, actor: &Actor, settings: PlanSettings) -> Result<Plan, PlanError> {
        require(actor)?;
        let (unix_ms, random) = self.0.id_parts();
        let now = self.0.now();
        let id = PlanId::from_parts(unix_ms, random);
        let blank = Plan {
            id,
            name: String::new(),
            description: String::new(),
            pool_bytes: None,
            pool_files: None,
            max_accounts: None,
            pool_traffic: Traffic::default(),
            account: AccountLimits::default(),
            journal_days: Override::Inherit,
            denied_names: NamePatterns::default(),
            checksum: Override::Inherit,
            trash_days: None,
            is_default: false,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let plan = edited(blank, settings)?;
        let mut tx = self.0.db.begin().await?;
        tx.insert_plan(&plan)
            .await
            .map_err(|error| taken(error, &plan.name))?;
        self.0
            .audit(
                &mut tx,
                actor,
                deed(AuditAction::PlanCreated, &plan, Vec::new()),
            )
            .await?;
        tx.commit().await?;
        self.0.publish(Event::PlanChanged(id));
        Ok(plan)
    }

    /// Replaces the editable part; `seen` is the version that the editor saw. Limits of everybody on
    /// the plan change at once.
    ///
    /// # Errors
    ///
    /// [`PlanError::Stale`] if somebody else saved first, and those of [`Plans::create`].
    pub async fn change(
        &self,
        actor: &Actor,
        id: PlanId,
        seen: Version,
        settings: PlanSettings,
    ) -> Result<Plan, PlanError> {
        require(actor)?;
        let before = self.get(id).await?;
        // The default moves by making another plan the default, never by leaving none.
        let is_default = settings.is_default || before.is_default;
        let settings = PlanSettings {
            is_default,
            ..settings
        };
        let mut plan = edited(
            Plan {
                version: seen,
                ..before.clone()
            },
            settings,
        )?;
        let mut tx = self.0.db.begin().await?;
        let saved = tx.save_plan(&plan, self.0.now()).await;
        plan.version = saved.map_err(|error| taken(error, &plan.name))?;
        self.0
            .audit(
                &mut tx,
                actor,
                deed(AuditAction::PlanChanged, &plan, changes(&before, &plan)),
            )
            .await?;
        tx.commit().await?;
        self.0.publish(Event::PlanChanged(id));
        self.get(id).await
    }

    /// Deletes a plan that nobody is on.
    ///
    /// # Errors
    ///
    /// [`PlanError::InUse`], [`PlanError::IsDefault`], [`PlanError::NotFound`].
    pub async fn delete(&self, actor: &Actor, id: PlanId) -> Result<(), PlanError> {
        require(actor)?;
        let plan = self.get(id).await?;
        if plan.is_default {
            return Err(PlanError::IsDefault);
        }
        let customers = self.impact(id).await?.customers;
        if customers > 0 {
            return Err(PlanError::InUse(customers));
        }
        let mut tx = self.0.db.begin().await?;
        if !tx.delete_plan(id).await? {
            return Err(PlanError::NotFound);
        }
        self.0
            .audit(
                &mut tx,
                actor,
                deed(AuditAction::PlanDeleted, &plan, Vec::new()),
            )
            .await?;
        tx.commit().await?;
        self.0.publish(Event::PlanChanged(id));
        Ok(())
    }

    /// One plan.
    ///
    /// # Errors
    ///
    /// [`PlanError::NotFound`].
    pub async fn get(&self, id: PlanId) -> Result<Plan, PlanError> {
        self.0.db.plan(id).await?.ok_or(PlanError::NotFound)
    }

    /// Whom a change of the plan concerns.
    pub async fn impact(&self, id: PlanId) -> Result<PlanImpact, PlanError> {
        let window = Window {
            offset: 0,
            limit: Self::MOST_CUSTOMERS,
        };
        let query = CustomerQuery {
            plan_id: Some(id),
            window,
            ..CustomerQuery::default()
        };
        let page = self.0.db.customer_page(&query).await?;
        let accounts = page.rows.iter().map(|row| row.accounts).sum();
        Ok(PlanImpact {
            customers: page.total,
            accounts,
        })
    }

    /// All plans by name, with the number of their customers.
    pub async fn all(&self) -> Result<Vec<PlanRow>, PlanError> {
        Ok(self.0.db.plans().await?)
    }

    /// The plan that new customers get, made if there is no plan at all.
    pub(crate) async fn ensure_default(&self) -> Result<Plan, PlanError> {
        if let Some(plan) = self.0.db.default_plan().await? {
            return Ok(plan);
        }
        let settings = PlanSettings {
            name: "Standard".to_owned(),
            description: "For most customers".to_owned(),
            pool_bytes: Some(50 << 30),
            pool_files: Some(1_000_000),
            max_accounts: Some(10),
            pool_traffic: Traffic::default(),
            account: AccountLimits {
                bytes: Some(10 << 30),
                files: Some(200_000),
                sessions: Some(8),
                sessions_per_address: Some(8),
                ..AccountLimits::default()
            },
            journal_days: Override::Inherit,
            denied_names: NamePatterns::default(),
            checksum: Override::Inherit,
            trash_days: None,
            is_default: true,
        };
        self.create(&Actor::system(), settings).await
    }
}

impl From<StoreError> for PlanError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Stale,
            StoreError::Conflict(Conflict::InUse) => Self::InUse(1),
            other => Self::Store(other),
        }
    }
}

fn deed(action: AuditAction, plan: &Plan, changes: Vec<(String, String, String)>) -> Deed<'_> {
    let object_id = plan.id.to_string();
    Deed {
        action,
        object: &plan.name,
        object_id,
        changes,
    }
}

fn require(actor: &Actor) -> Result<(), PlanError> {
    let right = Right::ManageCustomers;
    if actor.may(right) {
        Ok(())
    } else {
        Err(PlanError::Forbidden(right))
    }
}

fn edited(mut plan: Plan, settings: PlanSettings) -> Result<Plan, PlanError> {
    let name = settings.name.trim();
    if !(1..=60).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(PlanError::BadName);
    }
    if let Override::Own(Some(days)) = settings.journal_days
        && !JOURNAL_DAYS.contains(&days)
    {
        return Err(PlanError::BadDays);
    }
    if (settings.trash_days).is_some_and(|days| !TRASH_DAYS.contains(&days)) {
        return Err(PlanError::BadTrashDays);
    }
    name.clone_into(&mut plan.name);
    plan.description = settings.description;
    plan.pool_bytes = settings.pool_bytes;
    plan.pool_files = settings.pool_files;
    plan.max_accounts = settings.max_accounts;
    plan.pool_traffic = settings.pool_traffic;
    plan.account = settings.account;
    plan.journal_days = settings.journal_days;
    plan.trash_days = settings.trash_days;
    plan.denied_names = settings.denied_names;
    plan.checksum = settings.checksum;
    plan.is_default = settings.is_default;
    Ok(plan)
}

fn taken(error: StoreError, name: &str) -> PlanError {
    match error {
        StoreError::Conflict(Conflict::PlanName) => PlanError::Taken(name.to_owned()),
        other => other.into(),
    }
}
