//! The ledger: who uses and who has reserved how much. In memory, authoritative for this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::allowance::AccountQuota;
use super::book::{Change, Lift, Limits, Reserved, signed};
use super::shared::{MarkRequest, SharedPool};
use crate::hosting::limits::{EffectiveLimits, pool_bytes, pool_files, pool_traffic};
use crate::hosting::traffic::TrafficLedger;
use crate::model::{Account, AccountId, Customer, CustomerId, Plan, Usage};

/// A cheap handle on the books of all customers.
#[derive(Clone, Debug)]
pub struct Ledger(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pools: Mutex<HashMap<CustomerId, Arc<SharedPool>>>,
    accounts: Mutex<HashMap<AccountId, Arc<SharedPool>>>,
    marks: mpsc::Sender<MarkRequest>,
    traffic: TrafficLedger,
}

impl Ledger {
    /// Mark requests that may wait for the keeper.
    const MARK_QUEUE: usize = 1_024;

    /// Empty books, and the mark requests for the keeper.
    pub(super) fn new(traffic: TrafficLedger) -> (Self, mpsc::Receiver<MarkRequest>) {
        let (marks, requests) = mpsc::channel(Self::MARK_QUEUE);
        let shared = Shared {
            pools: Mutex::default(),
            accounts: Mutex::default(),
            marks,
            traffic,
        };
        (Self(Arc::new(shared)), requests)
    }

    /// What is moved, as opposed to stored.
    pub fn traffic(&self) -> &TrafficLedger {
        &self.0.traffic
    }

    /// Puts the limits of a customer's pool in force.
    pub fn limit_pool(&self, customer: &Customer, plan: &Plan) {
        let limits = Limits {
            bytes: pool_bytes(customer, plan).limit,
            files: pool_files(customer, plan).limit,
        };
        self.set_pool_limits(customer.id, limits);
        let limits = pool_traffic(customer, plan).map(|effective| effective.limit);
        let day = customer.traffic.reset_day;
        self.0.traffic.set_customer(customer.id, limits, day);
    }

    /// Puts the limits of an account in force; one that is not known yet begins with `usage`, or with
    /// nothing stored.
    pub fn limit_account(&self, account: &Account, limits: &EffectiveLimits, usage: Option<Usage>) {
        let own = Limits {
            bytes: limits.account.bytes.limit,
            files: limits.account.files.limit,
        };
        let (customer, id) = (account.customer_id, account.id);
        let traffic = limits.account.traffic.map(|effective| effective.limit);
        self.0.traffic.set_account(customer, id, traffic);
        self.set_account(customer, id, own, usage);
    }

    /// Sets the limits of a customer's pool.
    pub fn set_pool_limits(&self, customer: CustomerId, limits: Limits) {
        let pool = self.pool(customer);
        pool.lock().set_limits(limits);
        pool.freed.notify_waiters();
    }

    /// Adds an account, or sets the limits of one that is known. `usage` replaces what is booked.
    pub fn set_account(
        &self,
        customer: CustomerId,
        account: AccountId,
        limits: Limits,
        usage: Option<Usage>,
    ) {
        let pool = self.pool(customer);
        pool.lock().set_account(account, limits, usage);
        pool.freed.notify_waiters();
        lock(&self.0.accounts).insert(account, pool);
    }

    /// Adds an account that holds `usage` already, in place of one with its id that was deleted.
    ///
    /// # Errors
    ///
    /// What is free in the customer's pool, if that is less.
    pub fn admit(
        &self,
        customer: CustomerId,
        account: AccountId,
        (limits, usage): (Limits, Usage),
    ) -> Result<(), Limits> {
        let pool = self.pool(customer);
        pool.lock().admit(account, limits, usage)?;
        lock(&self.0.accounts).insert(account, pool);
        Ok(())
    }

    /// Books what a walk over the account's home found.
    pub fn recounted(&self, account: AccountId, usage: Usage) {
        if let Some(pool) = self.pool_of(account) {
            pool.lock().recounted(account, usage);
            pool.freed.notify_waiters();
        }
    }

    /// Adds to the books by how much the disk differed from them at one moment.
    pub fn correct(&self, account: AccountId, books: Usage, disk: Usage) {
        if books == disk {
            return;
        }
        if let Some(pool) = self.pool_of(account) {
            let bytes = signed(disk.bytes).saturating_sub(signed(books.bytes));
            let files = signed(disk.files).saturating_sub(signed(books.files));
            pool.lock().add(account, bytes, files);
            pool.freed.notify_waiters();
        }
    }

    /// Forgets a deleted account; its files no longer count in the customer's pool.
    pub fn remove_account(&self, account: AccountId) {
        if let Some(pool) = lock(&self.0.accounts).remove(&account) {
            pool.lock().remove_account(account);
            pool.freed.notify_waiters();
        }
        self.0.traffic.remove_account(account);
    }

    /// The books as `account` sees them; `None` if it is not known.
    pub fn quota(&self, account: AccountId) -> Option<AccountQuota> {
        let pool = self.pool_of(account)?;
        Some(AccountQuota::new(account, pool, self.0.marks.clone()))
    }

    /// What an account uses.
    pub fn usage(&self, account: AccountId) -> Usage {
        self.pool_of(account)
            .map_or_else(Usage::default, |pool| pool.lock().account_usage(account))
    }

    /// How many accounts are known.
    pub fn accounts(&self) -> usize {
        lock(&self.0.accounts).len()
    }

    /// What all accounts of a customer use together.
    pub fn pool_usage(&self, customer: CustomerId) -> Usage {
        let pool = lock(&self.0.pools).get(&customer).cloned();
        pool.map_or_else(Usage::default, |pool| pool.lock().usage())
    }

    /// What all accounts use together.
    pub fn total_usage(&self) -> Usage {
        let mut total = Usage::default();
        for pool in self.all_pools() {
            let usage = pool.lock().usage();
            total.bytes = total.bytes.saturating_add(usage.bytes);
            total.files = total.files.saturating_add(usage.files);
        }
        total
    }

    /// What all uploads under way have reserved.
    pub fn reserved(&self) -> Reserved {
        let mut total = Reserved::default();
        for pool in self.all_pools() {
            let reserved = pool.lock().reserved();
            total.uploads += reserved.uploads;
            total.bytes = total.bytes.saturating_add(reserved.bytes);
            total.files = total.files.saturating_add(reserved.files);
        }
        total
    }

    /// What the database does not know yet.
    pub(super) fn take_changes(&self, lift: Lift) -> Vec<Change> {
        self.all_pools()
            .iter()
            .flat_map(|pool| pool.lock().take_changes(lift))
            .collect()
    }

    /// The changes could not be written; they are due again.
    pub(super) fn put_back(&self, changes: &[Change]) {
        for change in changes {
            if let Some(pool) = self.pool_of(change.account) {
                pool.lock().put_back(change.account);
            }
        }
    }

    pub(super) fn set_marked(&self, account: AccountId, marked: bool) {
        if let Some(pool) = self.pool_of(account) {
            pool.lock().set_marked(account, marked);
        }
    }

    fn all_pools(&self) -> Vec<Arc<SharedPool>> {
        lock(&self.0.pools).values().cloned().collect()
    }

    fn pool(&self, customer: CustomerId) -> Arc<SharedPool> {
        Arc::clone(lock(&self.0.pools).entry(customer).or_default())
    }

    fn pool_of(&self, account: AccountId) -> Option<Arc<SharedPool>> {
        lock(&self.0.accounts).get(&account).cloned()
    }
}

/// A poisoned lock still guards plain numbers that were written in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::hosting::quota::{QuotaError, Reservation};
    use crate::model::{FileKey, Scope};
    use crate::vfs::Removed;

    const LIMIT: u64 = 1_000_000;

    fn account(number: u8) -> AccountId {
        AccountId::from_parts(u64::from(number), [number; 10])
    }

    fn customer() -> CustomerId {
        CustomerId::from_parts(9, [9; 10])
    }

    fn key(inode: u64) -> FileKey {
        FileKey { device: 1, inode }
    }

    /// A ledger whose accounts are marked, so that no keeper is needed.
    fn ledger(pool: Limits, own: Limits, accounts: u8) -> Ledger {
        let traffic = TrafficLedger::new(Arc::new(crate::clock::SystemClock));
        let (ledger, _requests) = Ledger::new(traffic);
        ledger.set_pool_limits(customer(), pool);
        for number in 0..accounts {
            ledger.set_account(customer(), account(number), own, Some(Usage::default()));
            ledger.set_marked(account(number), true);
        }
        ledger
    }

    fn bytes(limit: u64) -> Limits {
        Limits {
            bytes: Some(limit),
            files: None,
        }
    }

    fn new_file() -> Reservation {
        Reservation {
            new_file: true,
            ..Reservation::default()
        }
    }

    fn over(inode: u64, bytes: u64) -> Reservation {
        Reservation {
            replaced: Some(Removed {
                key: key(inode),
                bytes,
            }),
            ..Reservation::default()
        }
    }

    /// Uploads `size` bytes in chunks of `chunk`, as a session does: bytes first, grant second.
    async fn upload(quota: &AccountQuota, size: u64, chunk: u64) -> Result<Usage, QuotaError> {
        let mut allowance = quota.reserve(new_file()).await?;
        let mut stored = 0;
        while stored < size {
            let wanted = chunk.min(size - stored);
            let granted = allowance.extend(wanted).await?.min(wanted);
            allowance.take(granted);
            stored += granted;
            tokio::task::yield_now().await;
        }
        Ok(allowance.settle(stored, None))
    }

    #[tokio::test]
    async fn a_limit_is_reached_to_the_byte_and_not_passed() {
        let ledger = ledger(Limits::default(), bytes(LIMIT), 1);
        let quota = ledger.quota(account(0)).unwrap();

        assert_eq!(upload(&quota, LIMIT, 4_096).await.unwrap().bytes, LIMIT);
        let refused = quota.reserve(new_file()).await.unwrap_err();
        assert_eq!(
            refused,
            QuotaError::Bytes {
                scope: Scope::Account,
                free_bytes: 0,
                limit_bytes: LIMIT
            }
        );
    }

    #[tokio::test]
    async fn an_account_that_comes_back_fits_into_the_pool_or_is_told_what_is_free() {
        let ledger = ledger(bytes(100), Limits::default(), 2);
        let held = |bytes| Usage { bytes, files: 1 };
        ledger.set_account(customer(), account(1), Limits::default(), Some(held(60)));
        let back = |bytes| ledger.admit(customer(), account(0), (Limits::default(), held(bytes)));

        assert_eq!(back(41), Err(bytes(40)));
        assert_eq!(ledger.pool_usage(customer()), held(60));
        assert_eq!(back(40), Ok(()));
        // The books may not know yet that it was deleted.
        assert_eq!(back(39), Ok(()));

        let all = Usage {
            bytes: 99,
            files: 2,
        };
        assert_eq!(ledger.pool_usage(customer()), all);
        assert_eq!(ledger.usage(account(0)), held(39));
    }

    #[tokio::test]
    async fn what_an_aborted_upload_reserved_is_free_again() {
        let ledger = ledger(Limits::default(), bytes(LIMIT), 1);
        let quota = ledger.quota(account(0)).unwrap();

        let mut allowance = quota.reserve(new_file()).await.unwrap();
        allowance.extend(LIMIT).await.unwrap();
        assert_eq!(quota.headroom(), Some(0));
        drop(allowance);

        assert_eq!(quota.headroom(), Some(LIMIT));
        assert_eq!(ledger.usage(account(0)), Usage::default());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn of_fifty_uploads_at_once_exactly_those_that_fit_complete() {
        let ledger = ledger(Limits::default(), bytes(LIMIT), 1);
        let quota = ledger.quota(account(0)).unwrap();
        let uploads: Vec<_> = (0..50)
            .map(|_| {
                let quota = quota.clone();
                tokio::spawn(async move { upload(&quota, 100_000, 7_919).await })
            })
            .collect();

        let mut complete = 0;
        for upload in uploads {
            complete += usize::from(upload.await.unwrap().is_ok());
        }

        assert_eq!(complete, 10);
        assert_eq!(
            ledger.usage(account(0)),
            Usage {
                bytes: LIMIT,
                files: 10
            }
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn two_accounts_share_the_pool_of_their_customer() {
        let ledger = ledger(bytes(LIMIT), Limits::default(), 2);
        let uploads: Vec<_> = (0..40)
            .map(|number| {
                let quota = ledger.quota(account(number % 2)).unwrap();
                tokio::spawn(async move { upload(&quota, 50_000, 9_973).await })
            })
            .collect();

        let mut complete = 0;
        for upload in uploads {
            complete += u64::from(upload.await.unwrap().is_ok());
        }

        assert_eq!(complete, 20);
        assert_eq!(
            ledger.pool_usage(customer()),
            Usage {
                bytes: LIMIT,
                files: 20
            }
        );
    }

    #[tokio::test]
    async fn replacing_a_file_of_the_same_size_fits_into_a_full_account() {
        let ledger = ledger(Limits::default(), bytes(LIMIT), 1);
        let quota = ledger.quota(account(0)).unwrap();
        upload(&quota, LIMIT, LIMIT).await.unwrap();

        let mut allowance = quota.reserve(over(1, LIMIT)).await.unwrap();
        assert_eq!(allowance.extend(LIMIT).await, Ok(LIMIT));
        allowance.take(LIMIT);
        let too_much = allowance.extend(1).await;
        let usage = allowance.settle(
            LIMIT,
            Some(Removed {
                key: key(1),
                bytes: LIMIT,
            }),
        );

        assert!(matches!(too_much, Err(QuotaError::Bytes { .. })));
        assert_eq!(
            usage,
            Usage {
                bytes: LIMIT,
                files: 1
            }
        );
    }

    #[tokio::test]
    async fn nobody_else_can_use_the_credit_of_an_overwrite() {
        let ledger = ledger(Limits::default(), bytes(LIMIT), 1);
        let quota = ledger.quota(account(0)).unwrap();
        upload(&quota, 900_000, LIMIT).await.unwrap();

        let _overwrite = quota.reserve(over(1, 900_000)).await.unwrap();
        let mut other = quota.reserve(new_file()).await.unwrap();

        assert_eq!(other.extend(LIMIT).await, Ok(100_000));
    }

    #[tokio::test]
    async fn a_second_overwrite_of_the_same_file_has_no_credit() {
        let ledger = ledger(Limits::default(), bytes(LIMIT), 1);
        let quota = ledger.quota(account(0)).unwrap();
        upload(&quota, 900_000, LIMIT).await.unwrap();

        let mut first = quota.reserve(over(1, 900_000)).await.unwrap();
        let mut second = quota.reserve(over(1, 900_000)).await.unwrap();

        assert_eq!(first.extend(900_000).await, Ok(900_000));
        assert_eq!(second.extend(900_000).await, Ok(100_000));
    }

    #[tokio::test]
    async fn deleting_the_target_of_a_running_overwrite_keeps_the_books_right() {
        let ledger = ledger(Limits::default(), bytes(LIMIT), 1);
        let quota = ledger.quota(account(0)).unwrap();
        upload(&quota, 900_000, LIMIT).await.unwrap();
        let mut overwrite = quota.reserve(over(1, 900_000)).await.unwrap();
        overwrite.extend(900_000).await.unwrap();

        quota.removed(Removed {
            key: key(1),
            bytes: 900_000,
        });
        assert_eq!(quota.headroom(), Some(100_000));
        let usage = overwrite.settle(900_000, None);

        assert_eq!(
            usage,
            Usage {
                bytes: 900_000,
                files: 1
            }
        );
        assert_eq!(quota.headroom(), Some(100_000));
    }

    #[tokio::test]
    async fn an_overwrite_whose_target_was_renamed_must_fit_in_full() {
        let ledger = ledger(Limits::default(), bytes(LIMIT), 1);
        let quota = ledger.quota(account(0)).unwrap();
        upload(&quota, 900_000, LIMIT).await.unwrap();
        let mut overwrite = quota.reserve(over(1, 900_000)).await.unwrap();
        overwrite.extend(900_000).await.unwrap();

        let standing = Removed {
            key: key(1),
            bytes: 900_000,
        };
        assert!(!overwrite.cover().allows(900_000, None));
        assert!(overwrite.cover().allows(900_000, Some(standing)));
    }

    #[tokio::test]
    async fn an_overwrite_whose_target_was_deleted_needs_a_place_among_the_files() {
        let own = Limits {
            bytes: None,
            files: Some(1),
        };
        let ledger = ledger(Limits::default(), own, 1);
        let quota = ledger.quota(account(0)).unwrap();
        upload(&quota, 10, 10).await.unwrap();
        let mut overwrite = quota.reserve(over(1, 10)).await.unwrap();
        overwrite.extend(10).await.unwrap();

        quota.removed(Removed {
            key: key(1),
            bytes: 10,
        });
        upload(&quota, 10, 10).await.unwrap();

        assert!(!overwrite.cover().allows(10, None));
    }

    #[tokio::test]
    async fn an_upload_that_holds_nothing_keeps_nobody_waiting() {
        let ledger = ledger(Limits::default(), bytes(LIMIT), 1);
        let quota = ledger.quota(account(0)).unwrap();
        let mut older = quota.reserve(new_file()).await.unwrap();
        let _idle = quota.reserve(new_file()).await.unwrap();
        older.extend(LIMIT).await.unwrap();
        older.take(LIMIT);

        let refused = tokio::time::timeout(Duration::from_secs(1), older.extend(1)).await;

        assert!(matches!(refused, Ok(Err(QuotaError::Bytes { .. }))));
    }

    #[tokio::test]
    async fn files_are_limited_too_and_an_overwrite_needs_no_slot() {
        let own = Limits {
            bytes: None,
            files: Some(1),
        };
        let ledger = ledger(Limits::default(), own, 1);
        let quota = ledger.quota(account(0)).unwrap();
        upload(&quota, 10, 10).await.unwrap();

        let refused = quota.reserve(new_file()).await.unwrap_err();

        assert_eq!(
            refused,
            QuotaError::Files {
                scope: Scope::Account,
                limit_files: 1
            }
        );
        assert!(quota.reserve(over(1, 10)).await.is_ok());
    }

    #[tokio::test]
    async fn a_limit_lowered_below_use_stops_growth_and_nothing_else() {
        let ledger = ledger(Limits::default(), bytes(LIMIT), 1);
        let quota = ledger.quota(account(0)).unwrap();
        upload(&quota, 500_000, LIMIT).await.unwrap();

        ledger.set_account(customer(), account(0), bytes(100), None);

        assert!(quota.reserve(new_file()).await.is_err());
        let mut smaller = quota.reserve(over(1, 500_000)).await.unwrap();
        assert_eq!(smaller.extend(400_000).await, Ok(400_000));
        quota.removed(Removed {
            key: key(2),
            bytes: 499_950,
        });
        drop(smaller);
        assert_eq!(quota.headroom(), Some(50));
    }

    #[tokio::test]
    async fn an_announced_size_that_cannot_fit_is_refused_at_once() {
        let ledger = ledger(bytes(500), bytes(LIMIT), 1);
        let quota = ledger.quota(account(0)).unwrap();

        let wanted = Reservation {
            expected: Some(501),
            ..new_file()
        };
        let refused = quota.reserve(wanted).await.unwrap_err();

        assert_eq!(
            refused,
            QuotaError::Bytes {
                scope: Scope::Customer,
                free_bytes: 500,
                limit_bytes: 500
            }
        );
    }

    proptest::proptest! {
        /// Any sequence of uploads, overwrites, aborts and deletions keeps the invariant and ends
        /// with the books equal to what a model says.
        #[test]
        fn the_books_equal_a_model_after_any_sequence(
            steps in proptest::collection::vec((0_u8..4, 0_u64..6, 1_u64..400_000), 1..60)
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(async {
                let ledger = ledger(bytes(LIMIT + 100_000), bytes(LIMIT), 1);
                let quota = ledger.quota(account(0)).unwrap();
                let mut model: HashMap<u64, u64> = HashMap::new();
                for (what, inode, size) in steps {
                    if what == 3 {
                        if let Some(bytes) = model.remove(&inode) {
                            quota.removed(Removed { key: key(inode), bytes });
                        }
                        continue;
                    }
                    let replaced =
                        model.get(&inode).map(|bytes| Removed { key: key(inode), bytes: *bytes });
                    let wanted =
                        Reservation { replaced, new_file: replaced.is_none(), ..Reservation::default() };
                    let Ok(mut allowance) = quota.reserve(wanted).await else { continue };
                    let Ok(granted) = allowance.extend(size).await else { continue };
                    let stored = granted.min(size);
                    allowance.take(stored);
                    if what < 2 && stored == size {
                        allowance.settle(stored, replaced);
                        model.insert(inode, stored);
                    }
                    let used: u64 = model.values().sum();
                    assert!(used <= LIMIT);
                    assert_eq!(quota.usage().bytes, used);
                }
                let files = u64::try_from(model.len()).unwrap();
                assert_eq!(quota.usage(), Usage { bytes: model.values().sum(), files });
                assert_eq!(quota.headroom(), Some(LIMIT - quota.usage().bytes));
            });
        }
    }
}
