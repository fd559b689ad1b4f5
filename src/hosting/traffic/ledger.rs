//! The ledger: who moved how much in this period. In memory, authoritative for this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::account::AccountTraffic;
use super::shared::SharedPool;
use crate::clock::{Clock, Timestamp};
use crate::model::{
    AccountId, CustomerId, Limit, Moved, Period, PeriodTraffic, ResetDay, Traffic, TrafficOwner,
};
use crate::store::TrafficChange;

/// A cheap handle on the books of all customers.
#[derive(Clone, Debug)]
pub struct TrafficLedger(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pools: Mutex<HashMap<CustomerId, Arc<SharedPool>>>,
    accounts: Mutex<HashMap<AccountId, AccountTraffic>>,
    clock: Arc<dyn Clock>,
}

/// Somebody who has moved nearly all that may be moved in the period.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NearlyUsed {
    /// Who.
    pub owner: TrafficOwner,
    /// Bytes that count against the limit.
    pub used: u64,
    /// The limit that is the nearest.
    pub limit: u64,
    /// When the next period begins.
    pub until: Timestamp,
}

impl TrafficLedger {
    /// Empty books.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            pools: Mutex::default(),
            accounts: Mutex::default(),
            clock,
        }))
    }

    /// Sets what all accounts of a customer may move together, and the day on which their periods
    /// begin. A changed day moves the end of the running period; what was moved in it stays.
    pub fn set_customer(&self, customer: CustomerId, limits: Traffic<Limit>, day: ResetDay) {
        let pool = self.pool(customer);
        let now = pool.now();
        pool.lock().set_customer(limits, day, now);
    }

    /// Adds an account, or sets the limits of one that is known.
    pub fn set_account(&self, customer: CustomerId, account: AccountId, limits: Traffic<Limit>) {
        let pool = self.pool(customer);
        let now = pool.now();
        let is_counted = pool.lock().set_account(account, limits, now);
        let books = AccountTraffic::new(account, pool, is_counted);
        lock(&self.0.accounts).insert(account, books);
    }

    /// Forgets a deleted account; what it moved still counts for its customer.
    pub fn remove_account(&self, account: AccountId) {
        let removed = lock(&self.0.accounts).remove(&account);
        if let Some(books) = removed {
            books.pool().lock().remove_account(account);
        }
    }

    /// Forgets a deleted customer, which has no accounts any more.
    pub fn remove_customer(&self, customer: CustomerId) {
        lock(&self.0.pools).remove(&customer);
    }

    /// The books as `account` sees them; `None` if it is not known.
    pub fn account(&self, account: AccountId) -> Option<AccountTraffic> {
        lock(&self.0.accounts).get(&account).cloned()
    }

    /// What an account moved in this period; `day` tells which that is if the account is not known.
    pub fn traffic(&self, account: AccountId, day: ResetDay) -> PeriodTraffic {
        match self.account(account) {
            Some(books) => {
                let now = books.pool().now();
                books.pool().lock().account_traffic(account, now)
            }
            None => self.nothing(day),
        }
    }

    /// What all accounts of a customer moved together in this period.
    pub fn pool_traffic(&self, customer: CustomerId, day: ResetDay) -> PeriodTraffic {
        let found = lock(&self.0.pools).get(&customer).cloned();
        match found {
            Some(pool) => {
                let now = pool.now();
                pool.lock().traffic(now)
            }
            None => self.nothing(day),
        }
    }

    /// Whoever has moved at least `percent` of a limit, the nearest to it first. Where nothing is allowed
    /// there is nothing to be used up, and nobody who has to be told.
    pub fn nearly_used(&self, percent: u64) -> Vec<NearlyUsed> {
        let mut found = Vec::new();
        for pool in self.all_pools() {
            let now = pool.now();
            let limited = pool.lock().limited(now);
            let nearest = limited.into_iter().filter_map(|(owner, traffic, limits)| {
                let (used, limit) = nearest(traffic.moved, limits, percent)?;
                Some(NearlyUsed {
                    owner,
                    used,
                    limit,
                    until: traffic.period.end,
                })
            });
            found.extend(nearest);
        }
        found.sort_by_key(|it| std::cmp::Reverse(share(it.used, it.limit)));
        found
    }

    /// Takes over what the database knows; the accounts and customers are set before.
    pub(super) fn restore(&self, latest: &[TrafficChange]) {
        for change in latest {
            if let Some(pool) = self.pool_of(change.owner) {
                let now = pool.now();
                pool.lock().restore(change, now);
            }
        }
        for pool in self.all_pools() {
            let now = pool.now();
            pool.lock().turn_all(now);
        }
    }

    /// What the database does not know yet.
    pub(super) fn take_changes(&self) -> Vec<TrafficChange> {
        let changes = |pool: &Arc<SharedPool>| {
            let now = pool.now();
            pool.lock().take_changes(now)
        };
        self.all_pools().iter().flat_map(changes).collect()
    }

    /// The changes could not be written; they are due again.
    pub(super) fn put_back(&self, changes: &[TrafficChange]) {
        for change in changes {
            if let Some(pool) = self.pool_of(change.owner) {
                pool.lock().put_back(*change);
            }
        }
    }

    fn nothing(&self, day: ResetDay) -> PeriodTraffic {
        PeriodTraffic {
            period: Period::at(self.0.clock.now(), day),
            moved: Moved::default(),
        }
    }

    fn all_pools(&self) -> Vec<Arc<SharedPool>> {
        lock(&self.0.pools).values().cloned().collect()
    }

    fn pool(&self, customer: CustomerId) -> Arc<SharedPool> {
        let mut pools = lock(&self.0.pools);
        let new = || Arc::new(SharedPool::new(customer, Arc::clone(&self.0.clock)));
        Arc::clone(pools.entry(customer).or_insert_with(new))
    }

    fn pool_of(&self, owner: TrafficOwner) -> Option<Arc<SharedPool>> {
        match owner {
            TrafficOwner::Account(id) => {
                let accounts = lock(&self.0.accounts);
                accounts.get(&id).map(|books| Arc::clone(books.pool()))
            }
            TrafficOwner::Customer(id) => lock(&self.0.pools).get(&id).cloned(),
        }
    }
}

/// The limit of which the largest share is used, if that is at least `percent`.
fn nearest(moved: Moved, limits: Traffic<Limit>, percent: u64) -> Option<(u64, u64)> {
    let pairs = moved.against().beside(limits).into_array();
    let limited = pairs.into_iter().filter_map(|(used, limit)| {
        let limit = limit.filter(|limit| *limit > 0)?;
        (share(used, limit) >= u128::from(percent) * 10).then_some((used, limit))
    });
    limited.max_by_key(|(used, limit)| share(*used, *limit))
}

/// Parts in a thousand of a limit that is not zero.
fn share(used: u64, limit: u64) -> u128 {
    u128::from(used) * 1_000 / u128::from(limit.max(1))
}

/// A poisoned lock still guards plain numbers that were written in one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::clock::TestClock;
    use crate::hosting::rates::Direction;
    use crate::hosting::traffic::{Toll, UsedUp};
    use crate::model::Scope;

    /// 2026-11-10 00:00 UTC.
    const NOW: Timestamp = Timestamp::from_seconds(1_794_268_800);
    const NOV_1: Timestamp = Timestamp::from_seconds(1_793_491_200);
    const DEC_1: Timestamp = Timestamp::from_seconds(1_796_083_200);
    const DAY: Duration = Duration::from_hours(24);
    const NONE: Traffic<Limit> = Traffic {
        up: None,
        down: None,
        both: None,
    };

    struct Scene {
        ledger: TrafficLedger,
        clock: TestClock,
    }

    fn customer() -> CustomerId {
        CustomerId::from_parts(1, [1; 10])
    }

    fn account(number: u8) -> AccountId {
        AccountId::from_parts(2, [number; 10])
    }

    fn down(limit: u64) -> Traffic<Limit> {
        Traffic {
            down: Some(limit),
            ..NONE
        }
    }

    fn day(number: u8) -> ResetDay {
        ResetDay::new(number).unwrap()
    }

    fn span(begin: Timestamp, end: Timestamp) -> Period {
        Period { begin, end }
    }

    impl Scene {
        /// Two accounts with these limits in a pool with those.
        fn new(own: Traffic<Limit>, pool: Traffic<Limit>) -> Self {
            let clock = TestClock::at(NOW);
            let ledger = TrafficLedger::new(Arc::new(clock.clone()));
            ledger.set_customer(customer(), pool, day(1));
            for number in [1, 2] {
                ledger.set_account(customer(), account(number), own);
            }
            Self { ledger, clock }
        }

        fn begin(&self, number: u8, way: Direction) -> Result<Option<Arc<Toll>>, UsedUp> {
            self.ledger.account(account(number)).unwrap().begin(way)
        }

        /// Moves as much of `bytes` as may be; tells how much.
        fn take(&self, number: u8, way: Direction, bytes: u64) -> u64 {
            self.begin(number, way)
                .map_or(0, |toll| toll.map_or(bytes, |toll| take(&toll, bytes)))
        }

        fn moved(&self, number: u8) -> Moved {
            self.ledger.traffic(account(number), day(1)).moved
        }

        fn together(&self) -> PeriodTraffic {
            self.ledger.pool_traffic(customer(), day(1))
        }

        fn refused(&self, number: u8, way: Direction) -> UsedUp {
            self.begin(number, way).unwrap_err()
        }
    }

    fn take(toll: &Toll, bytes: u64) -> u64 {
        let mut left = bytes;
        while left > 0 {
            let Ok(reach) = toll.reach(left) else {
                break;
            };
            assert!(reach > 0 && reach <= left);
            toll.moved(reach);
            left -= reach;
        }
        bytes - left
    }

    #[test]
    fn without_an_allowance_nothing_is_counted() {
        let scene = Scene::new(NONE, NONE);

        assert!(scene.begin(1, Direction::Down).unwrap().is_none());

        assert_eq!(scene.moved(1), Moved::default());
        assert!(scene.ledger.take_changes().is_empty());
    }

    #[test]
    fn an_allowance_is_used_up_to_the_byte_and_refused_then() {
        let scene = Scene::new(down(1_000_003), NONE);

        assert_eq!(scene.take(1, Direction::Down, 1_000_000), 1_000_000);
        assert_eq!(scene.take(1, Direction::Down, 1_000_000), 3);

        let used_up = scene.refused(1, Direction::Down);
        assert_eq!((used_up.scope, used_up.until), (Scope::Account, DEC_1));
        // The other way and the other account are not concerned.
        assert_eq!(scene.take(1, Direction::Up, 5), 5);
        assert_eq!(scene.take(2, Direction::Down, 7), 7);
        assert_eq!(
            scene.together().moved,
            Moved {
                up: 5,
                down: 1_000_010
            }
        );
    }

    #[test]
    fn both_scopes_hold_in_one_step() {
        let scene = Scene::new(down(100), down(150));

        assert_eq!(scene.take(1, Direction::Down, 200), 100);
        assert_eq!(scene.take(2, Direction::Down, 200), 50);

        assert_eq!(scene.refused(2, Direction::Down).scope, Scope::Customer);
        assert_eq!(scene.refused(1, Direction::Down).scope, Scope::Account);
        assert_eq!((scene.moved(1).down, scene.moved(2).down), (100, 50));
        assert_eq!(scene.together().moved.down, 150);
    }

    #[test]
    fn uploads_and_downloads_share_what_counts_both() {
        let limits = Traffic {
            up: Some(80),
            both: Some(100),
            ..NONE
        };
        let scene = Scene::new(limits, NONE);

        assert_eq!(scene.take(1, Direction::Up, 90), 80);
        assert_eq!(scene.take(1, Direction::Down, 90), 20);

        assert!(scene.begin(1, Direction::Down).is_err());
    }

    #[test]
    fn what_was_granted_and_not_moved_comes_back() {
        let scene = Scene::new(down(1 << 40), NONE);
        let toll = scene.begin(1, Direction::Down).unwrap().unwrap();
        assert_eq!(toll.reach(1_000), Ok(1_000));
        toll.moved(10);

        assert_eq!(scene.moved(1).down, 10);
        drop(toll);

        assert_eq!(scene.moved(1).down, 10);
        assert_eq!(scene.take(1, Direction::Down, 1 << 41), (1 << 40) - 10);
    }

    #[test]
    fn a_small_rest_is_shared_out_in_no_more_than_is_asked_for() {
        let scene = Scene::new(down(1_000), NONE);
        let one = scene.begin(1, Direction::Down).unwrap().unwrap();
        let other = scene.begin(1, Direction::Down).unwrap().unwrap();

        assert_eq!(one.reach(400), Ok(400));
        assert_eq!(other.reach(900), Ok(600));
        assert!(scene.begin(1, Direction::Down).is_err());

        drop(one);
        assert_eq!(take(&other, 2_000), 1_000);
    }

    #[test]
    fn a_new_period_begins_with_nothing_and_the_old_one_is_written_down() {
        let scene = Scene::new(down(100), NONE);
        scene.take(1, Direction::Down, 100);
        assert!(scene.begin(1, Direction::Down).is_err());

        scene.clock.set(DEC_1);

        assert_eq!(scene.take(1, Direction::Down, 30), 30);
        let mut of_account = Vec::new();
        for change in scene.ledger.take_changes() {
            if change.owner == TrafficOwner::Account(account(1)) {
                of_account.push((change.traffic.period.begin, change.traffic.moved.down));
            }
        }
        assert_eq!(of_account, [(NOV_1, 100), (DEC_1, 30)]);
    }

    #[test]
    fn a_transfer_goes_on_across_the_end_of_a_period() {
        let scene = Scene::new(down(100), NONE);
        let toll = scene.begin(1, Direction::Down).unwrap().unwrap();
        assert_eq!(toll.reach(80), Ok(80));
        toll.moved(30);

        scene.clock.set(DEC_1);

        // What was granted before is moved in the new period, and counts there.
        assert_eq!(scene.moved(1).down, 0);
        toll.moved(50);
        assert_eq!(scene.moved(1).down, 50);
        assert_eq!(take(&toll, 1_000), 50);
        assert_eq!(scene.moved(1).down, 100);
    }

    #[test]
    fn a_limit_can_be_changed_while_bytes_move() {
        let scene = Scene::new(down(100), NONE);
        let toll = scene.begin(1, Direction::Down).unwrap().unwrap();
        assert_eq!(take(&toll, 1_000), 100);

        let set = |limits| scene.ledger.set_account(customer(), account(1), limits);
        set(down(150));
        assert_eq!(take(&toll, 1_000), 50);
        set(down(40));
        assert_eq!(take(&toll, 1_000), 0);
        assert_eq!(scene.moved(1).down, 150);
        assert!(scene.begin(1, Direction::Down).is_err());
        set(NONE);
        assert_eq!(take(&toll, 1_000), 1_000);
        assert!(scene.begin(1, Direction::Down).unwrap().is_none());
    }

    #[test]
    fn a_changed_day_moves_the_end_and_keeps_what_was_moved() {
        let scene = Scene::new(down(100), NONE);
        scene.take(1, Direction::Down, 100);

        scene.ledger.set_customer(customer(), NONE, day(15));

        let until = Timestamp::from_seconds(NOV_1.as_seconds()).plus(14 * DAY);
        assert_eq!(scene.refused(1, Direction::Down).until, until);
        let period = scene.together().period;
        assert_eq!((period.begin, period.end), (NOV_1, until));
        scene.clock.set(until);
        assert_eq!(scene.take(1, Direction::Down, 1_000), 100);
    }

    #[test]
    fn what_the_database_knows_is_taken_over() {
        let before = Scene::new(down(100), down(500));
        before.take(1, Direction::Down, 60);
        let known = before.ledger.take_changes();
        assert!(before.ledger.take_changes().is_empty());

        let after = Scene::new(down(100), down(500));
        after.ledger.restore(&known);
        assert_eq!(after.take(1, Direction::Down, 1_000), 40);
        assert_eq!(after.together().moved.down, 100);

        // A period that ended meanwhile is none of today's business.
        let later = Scene::new(down(100), down(500));
        later.clock.set(DEC_1);
        later.ledger.restore(&known);
        assert_eq!(later.moved(1), Moved::default());
    }

    #[test]
    fn what_could_not_be_written_is_due_again() {
        let scene = Scene::new(down(100), NONE);
        scene.take(1, Direction::Down, 60);
        let changes = scene.ledger.take_changes();
        scene.clock.set(DEC_1);
        assert_eq!(scene.moved(1), Moved::default());

        scene.ledger.put_back(&changes);

        let again = scene.ledger.take_changes();
        assert_eq!(again.len(), 2);
        assert!(changes.iter().all(|change| again.contains(change)));
        assert!(scene.ledger.take_changes().is_empty());
    }

    #[test]
    fn what_could_not_be_written_is_not_put_over_what_was_counted_since() {
        let scene = Scene::new(down(100), NONE);
        scene.take(1, Direction::Down, 60);
        let changes = scene.ledger.take_changes();
        // While the database refuses them, more is moved and the month comes to its end.
        scene.take(1, Direction::Down, 40);
        scene.clock.set(DEC_1);
        assert_eq!(scene.moved(1), Moved::default());

        scene.ledger.put_back(&changes);

        let again = scene.ledger.take_changes();
        let told: Vec<_> = again.iter().map(|it| it.traffic.moved.down).collect();
        assert_eq!(told, [100, 100], "{again:?}");
    }

    #[test]
    fn a_closed_month_is_never_begun_anew() {
        let scene = Scene::new(down(100), NONE);
        scene.take(1, Direction::Down, 100);
        let set_day = |number| scene.ledger.set_customer(customer(), NONE, day(number));
        set_day(15);
        let nov_15 = NOV_1.plus(14 * DAY);
        scene.clock.set(nov_15);
        assert_eq!(scene.moved(1), Moved::default());
        let closed = scene.ledger.take_changes();
        assert!(closed.iter().all(|it| it.traffic.period.begin == NOV_1));
        assert!(closed.iter().all(|it| it.traffic.moved.down == 100));

        // The usual month of the first would begin where the closed one did.
        set_day(1);

        assert_eq!(scene.together().period, span(nov_15, DEC_1));
        assert_eq!(scene.take(1, Direction::Down, 30), 30);
        let begins: Vec<_> = scene
            .ledger
            .take_changes()
            .iter()
            .map(|it| it.traffic.period.begin)
            .collect();
        assert_eq!(begins, [nov_15, nov_15]);
    }

    #[test]
    fn a_closed_month_is_not_begun_anew_after_a_restart_either() {
        let before = Scene::new(down(100), NONE);
        before.take(1, Direction::Down, 100);
        before.ledger.set_customer(customer(), NONE, day(15));
        let known = before.ledger.take_changes();
        let nov_15 = NOV_1.plus(14 * DAY);

        let after = Scene::new(down(100), NONE);
        after.ledger.set_customer(customer(), NONE, day(15));
        after.clock.set(nov_15);
        after.ledger.restore(&known);
        after.ledger.set_customer(customer(), NONE, day(1));

        assert_eq!(after.together().period, span(nov_15, DEC_1));
        after.clock.set(NOW);
        assert_eq!(after.together().period, span(nov_15, DEC_1));
    }

    #[test]
    fn a_deleted_account_counts_for_its_customer_until_the_period_ends() {
        let scene = Scene::new(NONE, down(100));
        let toll = scene.begin(1, Direction::Down).unwrap().unwrap();
        assert_eq!(take(&toll, 60), 60);

        scene.ledger.remove_account(account(1));
        drop(toll);

        assert!(scene.ledger.account(account(1)).is_none());
        assert_eq!(scene.take(2, Direction::Down, 1_000), 40);
    }

    #[test]
    fn what_is_exempt_is_not_counted_and_begins_with_nothing_left() {
        let scene = Scene::new(down(10), NONE);
        scene.take(1, Direction::Down, 10);
        let books = scene.ledger.account(account(1)).unwrap();

        let toll = books.begin_exempting(100).unwrap();

        assert_eq!(take(&toll, 1_000), 100);
        assert_eq!(scene.moved(1).down, 10);
    }

    #[test]
    fn whoever_has_nearly_used_up_an_allowance_is_known() {
        let scene = Scene::new(down(100), down(1_000));
        scene.take(1, Direction::Down, 91);
        scene.take(2, Direction::Down, 89);

        let nearly = scene.ledger.nearly_used(90);

        assert_eq!(
            nearly,
            [NearlyUsed {
                owner: TrafficOwner::Account(account(1)),
                used: 91,
                limit: 100,
                until: DEC_1,
            }]
        );
    }

    #[test]
    fn where_nothing_is_allowed_nothing_is_nearly_used_up() {
        let scene = Scene::new(down(100), NONE);
        scene.take(1, Direction::Down, 100);

        scene.ledger.set_account(customer(), account(1), down(0));
        assert_eq!(scene.ledger.nearly_used(90), []);

        // Another limit beside it is one that can be used up.
        let limits = Traffic {
            both: Some(105),
            ..down(0)
        };
        scene.ledger.set_account(customer(), account(1), limits);
        let nearly = scene.ledger.nearly_used(90);
        let told: Vec<_> = nearly.iter().map(|it| (it.used, it.limit)).collect();
        assert_eq!(told, [(100, 105)]);
    }

    #[test]
    fn a_deleted_customer_is_forgotten() {
        let scene = Scene::new(NONE, down(100));
        scene.take(1, Direction::Down, 100);
        assert_eq!(scene.ledger.nearly_used(90).len(), 1);

        for number in [1, 2] {
            scene.ledger.remove_account(account(number));
        }
        scene.ledger.remove_customer(customer());

        assert_eq!(scene.ledger.nearly_used(90), []);
        assert!(scene.ledger.take_changes().is_empty());
    }

    const LIMIT: u64 = 50_000_017;

    /// Moves so much again and again until nothing is left.
    fn take_all(scene: &Scene, size: u64, total: &AtomicU64) {
        while let Ok(Some(toll)) = scene.begin(1, Direction::Down) {
            let took = take(&toll, size);
            let sum = total.fetch_add(took, Ordering::SeqCst) + took;
            assert!(sum <= LIMIT && scene.moved(1).down <= LIMIT);
        }
    }

    #[test]
    fn many_at_once_never_move_a_byte_more() {
        let scene = Scene::new(down(LIMIT), down(LIMIT * 2));
        let total = AtomicU64::new(0);

        std::thread::scope(|threads| {
            for number in 0..8_u64 {
                let (scene, total) = (&scene, &total);
                threads.spawn(move || take_all(scene, 100_000 + number * 7_919, total));
            }
        });

        assert_eq!(total.load(Ordering::SeqCst), LIMIT);
        assert_eq!(scene.moved(1).down, LIMIT);
    }
}
