//! The books of one customer: its page, those of its accounts, and who holds grants. Pure arithmetic
//! but for the counters of running transfers, which are read and never waited for.
//!
//! The invariant, at every grant and in both scopes: `moved + granted and not moved ≤ limit`.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::book::{Book, taken};
use super::error::UsedUp;
use crate::clock::Timestamp;
use crate::hosting::rates::Direction;
use crate::model::{
    AccountId, CustomerId, Limit, Moved, PeriodTraffic, ResetDay, Scope, Traffic, TrafficOwner,
};
use crate::store::TrafficChange;

#[derive(Debug)]
pub(super) struct Pool {
    customer: CustomerId,
    day: ResetDay,
    book: Book,
    accounts: HashMap<AccountId, AccountBook>,
    tolls: HashMap<u64, Grants>,
    next_toll: u64,
    /// When the first of the running periods ends.
    ends: Timestamp,
    /// Periods that are over and not written down yet.
    closed: Vec<TrafficChange>,
    /// Whether the database may have to be told something.
    is_touched: bool,
}

#[derive(Debug)]
struct AccountBook {
    book: Book,
    /// Whether its transfers are counted; asked without the lock.
    is_counted: Arc<AtomicBool>,
}

impl AccountBook {
    /// Tells transfers that begin from now on whether they are counted; `pool` is the customer's page.
    fn look_if_counted(&self, pool: &Book) {
        let is_counted = self.book.is_limited() || pool.is_limited();
        self.is_counted.store(is_counted, Ordering::Relaxed);
    }
}

/// What one transfer was granted.
#[derive(Debug)]
struct Grants {
    account: AccountId,
    way: Direction,
    granted: u64,
    moved: Arc<AtomicU64>,
}

impl Grants {
    /// What it may still move.
    fn unspent(&self) -> u64 {
        self.granted
            .saturating_sub(self.moved.load(Ordering::Relaxed))
    }
}

impl Pool {
    /// Grants at once, unless less is left: as much as is asked for up to here, …
    const PIECE_BYTES: u64 = 1 << 20;
    /// … and more where so much is left that others do not miss it, so that the lock is asked rarely:
    /// one part in so many, …
    const SHARE: u64 = 1_024;
    /// … up to this.
    const SLICE_BYTES: u64 = 64 << 20;

    pub(super) fn new(customer: CustomerId, now: Timestamp) -> Self {
        let day = ResetDay::default();
        let book = Book::new(now, day);
        Self {
            customer,
            day,
            ends: book.period.end,
            book,
            accounts: HashMap::new(),
            tolls: HashMap::new(),
            next_toll: 0,
            closed: Vec::new(),
            is_touched: false,
        }
    }

    /// Sets the limits of all accounts together, and the day on which the periods of all begin.
    pub(super) fn set_customer(&mut self, limits: Traffic<Limit>, day: ResetDay, now: Timestamp) {
        self.turn(now);
        let was_limited = self.book.is_limited();
        self.book.limits = limits;
        if self.day != day {
            self.day = day;
            self.turn_all(now);
        }
        // Told again for every account that is looked at: most of the time nothing has changed.
        if was_limited != self.book.is_limited() {
            for account in self.accounts.values() {
                account.look_if_counted(&self.book);
            }
        }
    }

    /// Adds an account, or sets the limits of one that is known; what tells whether it is counted.
    pub(super) fn set_account(
        &mut self,
        id: AccountId,
        limits: Traffic<Limit>,
        now: Timestamp,
    ) -> Arc<AtomicBool> {
        let day = self.day;
        let account = self.accounts.entry(id).or_insert_with(|| AccountBook {
            book: Book::new(now, day),
            is_counted: Arc::default(),
        });
        account.book.limits = limits;
        account.look_if_counted(&self.book);
        self.ends = self.ends.min(account.book.period.end);
        Arc::clone(&account.is_counted)
    }

    /// Forgets a deleted account; what it moved counts in the customer's pool until its period ends.
    pub(super) fn remove_account(&mut self, id: AccountId) {
        self.accounts.remove(&id);
    }

    /// Takes over what the database knows; [`Pool::turn_all`] has to follow, once for all that is taken over.
    pub(super) fn restore(&mut self, latest: &TrafficChange, now: Timestamp) {
        let day = self.day;
        match latest.owner {
            TrafficOwner::Customer(_) => self.book.restore(latest.traffic, now, day),
            TrafficOwner::Account(id) => {
                if let Some(account) = self.accounts.get_mut(&id) {
                    account.book.restore(latest.traffic, now, day);
                }
            }
        }
    }

    /// Begins a transfer; `moved` is where it is going to count.
    pub(super) fn begin(
        &mut self,
        account: AccountId,
        way: Direction,
        moved: Arc<AtomicU64>,
    ) -> u64 {
        let toll = self.next_toll;
        self.next_toll += 1;
        let grants = Grants {
            account,
            way,
            granted: 0,
            moved,
        };
        self.tolls.insert(toll, grants);
        toll
    }

    /// Whether at least one byte may be moved.
    ///
    /// # Errors
    ///
    /// [`UsedUp`] names the scope that has nothing left.
    pub(super) fn check(
        &mut self,
        account: AccountId,
        way: Direction,
        now: Timestamp,
    ) -> Result<(), UsedUp> {
        self.turn(now);
        self.free(account, way).map(drop)
    }

    /// Grants at least one byte, and up to `want` or a slice; tells how many.
    ///
    /// # Errors
    ///
    /// [`UsedUp`] if nothing is left, some of it perhaps granted to others.
    pub(super) fn grant(&mut self, toll: u64, want: u64, now: Timestamp) -> Result<u64, UsedUp> {
        self.turn(now);
        let Some(grants) = self.tolls.get(&toll) else {
            return Ok(want);
        };
        let (account, way) = (grants.account, grants.way);
        let left = self.free(account, way)?.unwrap_or(u64::MAX);
        let slice = (left / Self::SHARE).min(Self::SLICE_BYTES);
        let granted = want.min(Self::PIECE_BYTES).max(slice).min(left);
        self.each_book(account, |book| book.grant(way, granted));
        if let Some(grants) = self.tolls.get_mut(&toll) {
            grants.granted = grants.granted.saturating_add(granted);
        }
        Ok(granted)
    }

    /// Ends a transfer; what it did not move is free again.
    pub(super) fn end(&mut self, toll: u64) {
        let Some(grants) = self.tolls.remove(&toll) else {
            return;
        };
        let unspent = grants.unspent();
        self.each_book(grants.account, |book| book.give_back(grants.way, unspent));
        self.is_touched = true;
    }

    /// What an account moved in this period.
    pub(super) fn account_traffic(&mut self, id: AccountId, now: Timestamp) -> PeriodTraffic {
        self.turn(now);
        let unspent = self.unspent_of(Some(id));
        match self.accounts.get(&id) {
            Some(account) => account.book.traffic(unspent),
            None => Book::new(now, self.day).traffic(Moved::default()),
        }
    }

    /// What all accounts moved together in this period.
    pub(super) fn traffic(&mut self, now: Timestamp) -> PeriodTraffic {
        self.turn(now);
        self.book.traffic(self.unspent_of(None))
    }

    /// What was moved in this period in `scope`, as `account` sees it, and what may be.
    pub(super) fn figures(
        &mut self,
        account: AccountId,
        scope: Scope,
        now: Timestamp,
    ) -> (PeriodTraffic, Traffic<Limit>) {
        match scope {
            Scope::Account => {
                let own = self.accounts.get(&account);
                let limits = own.map(|own| own.book.limits).unwrap_or_default();
                (self.account_traffic(account, now), limits)
            }
            Scope::Customer => (self.traffic(now), self.book.limits),
        }
    }

    /// Every page with a limit: whose it is, what was moved, and the limits.
    pub(super) fn limited(
        &mut self,
        now: Timestamp,
    ) -> Vec<(TrafficOwner, PeriodTraffic, Traffic<Limit>)> {
        self.turn(now);
        let (all, each) = self.unspent();
        let own = (TrafficOwner::Customer(self.customer), &self.book, all);
        let accounts = self.accounts.iter().map(|(id, account)| {
            let unspent = each.get(id).copied().unwrap_or_default();
            (TrafficOwner::Account(*id), &account.book, unspent)
        });
        std::iter::once(own)
            .chain(accounts)
            .filter(|(_, book, _)| book.is_limited())
            .map(|(owner, book, unspent)| (owner, book.traffic(unspent), book.limits))
            .collect()
    }

    /// What the database must be told, which then knows it.
    pub(super) fn take_changes(&mut self, now: Timestamp) -> Vec<TrafficChange> {
        if self.tolls.is_empty() && !self.is_touched {
            return Vec::new();
        }
        self.is_touched = false;
        self.turn(now);
        let mut changes = std::mem::take(&mut self.closed);
        let (all, each) = self.unspent();
        let change = |owner, traffic| TrafficChange { owner, traffic };
        let own = self.book.due(all);
        changes.extend(own.map(|traffic| change(TrafficOwner::Customer(self.customer), traffic)));
        for (id, account) in &mut self.accounts {
            let unspent = each.get(id).copied().unwrap_or_default();
            let due = account.book.due(unspent);
            changes.extend(due.map(|traffic| change(TrafficOwner::Account(*id), traffic)));
        }
        changes
    }

    /// The change could not be written; it is due again, unless its period was closed meanwhile with
    /// more in it.
    pub(super) fn put_back(&mut self, change: TrafficChange) {
        self.is_touched = true;
        let begin = change.traffic.period.begin;
        let is_same =
            |it: &TrafficChange| it.owner == change.owner && it.traffic.period.begin == begin;
        let book = match change.owner {
            TrafficOwner::Customer(_) => Some(&mut self.book),
            TrafficOwner::Account(id) => self.accounts.get_mut(&id).map(|it| &mut it.book),
        };
        match book {
            Some(book) if book.period.begin == begin => book.forget_written(),
            Some(_) if !self.closed.iter().any(is_same) => self.closed.push(change),
            Some(_) | None => {}
        }
    }

    /// Bytes that may still be granted in every scope; `None` = no limit.
    fn free(&self, account: AccountId, way: Direction) -> Result<Limit, UsedUp> {
        let own = self.accounts.get(&account);
        let own = own.map(|account| (Scope::Account, &account.book));
        let mut least = None;
        for (scope, book) in own.into_iter().chain([(Scope::Customer, &self.book)]) {
            match book.free(way) {
                Some(0) => {
                    let until = book.period.end;
                    return Err(UsedUp { scope, until });
                }
                Some(free) => least = Some(least.map_or(free, |least: u64| least.min(free))),
                None => {}
            }
        }
        Ok(least)
    }

    /// Begins the period of `now` on every page whose last one is over.
    fn turn(&mut self, now: Timestamp) {
        if self.ends <= now {
            self.turn_all(now);
        }
    }

    /// Looks at every page: its period may be over, or end on another day now.
    pub(super) fn turn_all(&mut self, now: Timestamp) {
        let (all, each) = self.unspent();
        let owner = TrafficOwner::Customer(self.customer);
        let closed = self.book.turn(all, now, self.day);
        let closed = closed.map(|traffic| TrafficChange { owner, traffic });
        self.closed.extend(closed);
        for (id, account) in &mut self.accounts {
            let unspent = each.get(id).copied().unwrap_or_default();
            let owner = TrafficOwner::Account(*id);
            let closed = account.book.turn(unspent, now, self.day);
            let closed = closed.map(|traffic| TrafficChange { owner, traffic });
            self.closed.extend(closed);
        }
        let ends = self.accounts.values().map(|it| it.book.period.end);
        self.ends = ends.fold(self.book.period.end, Timestamp::min);
        self.is_touched = true;
    }

    /// What running transfers of the account, or of all, may still move.
    fn unspent_of(&self, account: Option<AccountId>) -> Moved {
        let mut unspent = Moved::default();
        let is_meant = |id| account.is_none_or(|account| account == id);
        for grants in self.tolls.values().filter(|it| is_meant(it.account)) {
            *taken(&mut unspent, grants.way) += grants.unspent();
        }
        unspent
    }

    /// The same of all, and of each account, both from one look.
    fn unspent(&self) -> (Moved, HashMap<AccountId, Moved>) {
        let mut all = Moved::default();
        let mut each: HashMap<AccountId, Moved> = HashMap::new();
        for grants in self.tolls.values() {
            let unspent = grants.unspent();
            *taken(&mut all, grants.way) += unspent;
            *taken(each.entry(grants.account).or_default(), grants.way) += unspent;
        }
        (all, each)
    }

    fn each_book(&mut self, account: AccountId, change: impl Fn(&mut Book)) {
        if let Some(account) = self.accounts.get_mut(&account) {
            change(&mut account.book);
        }
        change(&mut self.book);
    }
}
