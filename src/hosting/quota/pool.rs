//! The books of one customer: its pool, its accounts, and who holds reservations. Pure arithmetic;
//! the lock around it and the waiting are [`super::ledger`]'s.
//!
//! The invariant, at every grant and in both scopes:
//! `used + Σ max(0, granted − credit) ≤ limit`.
//! A credit is the size of the file that an upload is going to replace. Only its holder can use it,
//! so an upload that is aborted in the end never leaves others over the limit.

use std::collections::{BTreeMap, HashMap};

use super::book::{AccountBook, Book, Change, Lift, Limits, Reserved, signed};
use super::holder::Holder;
use crate::model::{AccountId, FileKey, Limit, Scope, Usage};

#[derive(Debug, Default)]
pub(super) struct Pool {
    limits: Limits,
    book: Book,
    pub(super) accounts: HashMap<AccountId, AccountBook>,
    holders: BTreeMap<u64, Holder>,
    credits: HashMap<(AccountId, FileKey), u64>,
    next_holder: u64,
}

/// The answer to a wish for more bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Grant {
    /// So many bytes, at least one.
    Granted(u64),
    /// Nothing is left and nobody younger holds anything that could come back.
    Refused(Scope),
    /// Nothing is left, but a younger upload may give back what it holds.
    Wait(Scope),
}

impl Pool {
    /// Above this headroom, grants come in slices so that the lock is asked rarely.
    const PLENTY_BYTES: u64 = 1 << 30;
    /// Size of such a slice.
    const SLICE_BYTES: u64 = 4 << 20;

    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    pub(super) fn set_account(&mut self, id: AccountId, limits: Limits, usage: Option<Usage>) {
        let account = self.accounts.entry(id).or_default();
        account.limits = limits;
        if let Some(usage) = usage {
            let (bytes, files) = (signed(usage.bytes), signed(usage.files));
            self.book.bytes += bytes - account.book.bytes;
            self.book.files += files - account.book.files;
            account.book.bytes = bytes;
            account.book.files = files;
        }
    }

    /// Adds an account that holds `usage`, in place of one that was deleted; if that does not fit, it tells
    /// what is free.
    pub(super) fn admit(
        &mut self,
        id: AccountId,
        limits: Limits,
        usage: Usage,
    ) -> Result<(), Limits> {
        self.remove_account(id);
        let free = Limits {
            bytes: self.book.free_bytes(self.limits),
            files: self.book.free_files(self.limits),
        };
        if !free.hold(usage) {
            return Err(free);
        }
        self.set_account(id, limits, Some(usage));
        Ok(())
    }

    pub(super) fn recounted(&mut self, id: AccountId, usage: Usage) {
        if let Some(limits) = self.accounts.get(&id).map(|account| account.limits) {
            self.set_account(id, limits, Some(usage));
            self.touch(id);
        }
    }

    pub(super) fn remove_account(&mut self, id: AccountId) {
        if let Some(account) = self.accounts.remove(&id) {
            self.book.bytes -= account.book.bytes;
            self.book.files -= account.book.files;
            self.book.reserved_bytes = self
                .book
                .reserved_bytes
                .saturating_sub(account.book.reserved_bytes);
            self.book.reserved_files = self
                .book
                .reserved_files
                .saturating_sub(account.book.reserved_files);
        }
        self.holders.retain(|_, holder| holder.account != id);
        self.credits.retain(|(account, _), _| *account != id);
    }

    pub(super) fn knows(&self, id: AccountId) -> bool {
        self.accounts.contains_key(&id)
    }

    pub(super) fn usage(&self) -> Usage {
        self.book.usage()
    }

    pub(super) fn reserved(&self) -> Reserved {
        Reserved {
            uploads: self.holders.len(),
            bytes: self.book.reserved_bytes,
            files: self.book.reserved_files,
        }
    }

    pub(super) fn account_usage(&self, id: AccountId) -> Usage {
        self.accounts
            .get(&id)
            .map_or_else(Usage::default, |account| account.book.usage())
    }

    pub(super) fn limit(&self, scope: Scope, id: AccountId) -> Limits {
        match scope {
            Scope::Account => self
                .accounts
                .get(&id)
                .map_or(Limits::default(), |a| a.limits),
            Scope::Customer => self.limits,
        }
    }

    /// Bytes that an upload without credit could still be granted; `None` = no limit.
    pub(super) fn headroom(&self, id: AccountId) -> Limit {
        self.scopes(id)
            .filter_map(|(_, limits, book)| book.free_bytes(limits))
            .min()
    }

    /// The scope in which not one more file fits.
    pub(super) fn full_of_files(&self, id: AccountId) -> Option<Scope> {
        self.scopes(id)
            .find(|(_, limits, book)| book.free_files(*limits) == Some(0))
            .map(|s| s.0)
    }

    /// The scope in which `needed` bytes do not fit, with what is free there.
    pub(super) fn short_of(&self, id: AccountId, needed: u64, credit: u64) -> Option<(Scope, u64)> {
        self.scopes(id).find_map(|(scope, limits, book)| {
            let free = book.free_bytes(limits)?;
            (needed.saturating_sub(credit) > free).then_some((scope, free.saturating_add(credit)))
        })
    }

    /// The size that replacing `key` frees; zero if another upload already counts on it.
    pub(super) fn credit_for(&self, id: AccountId, key: FileKey, bytes: u64) -> u64 {
        if self.credits.contains_key(&(id, key)) {
            0
        } else {
            bytes
        }
    }

    /// Adds a holder without a byte granted yet.
    pub(super) fn hold(
        &mut self,
        id: AccountId,
        replaced: Option<(FileKey, u64)>,
        files: u64,
    ) -> u64 {
        let seq = self.next_holder;
        self.next_holder += 1;
        let mut holder = Holder {
            account: id,
            granted: 0,
            credit: 0,
            credit_key: None,
            files,
            wanted: 0,
        };
        if let Some((key, bytes)) = replaced
            && self.credit_for(id, key, bytes) > 0
        {
            self.credits.insert((id, key), seq);
            holder.credit = bytes;
            holder.credit_key = Some(key);
        }
        self.holders.insert(seq, holder);
        self.each_book(id, |book| book.reserved_files += files);
        seq
    }

    /// Grants up to `want` bytes, or a slice if there is plenty.
    ///
    /// Near the limit the older upload wins: a younger one that needs more than there is gives up,
    /// so that of many parallel uploads as many complete as fit.
    pub(super) fn grant(&mut self, seq: u64, want: u64) -> Grant {
        let Some(holder) = self.holders.get(&seq) else {
            return Grant::Refused(Scope::Account);
        };
        let (id, charge) = (holder.account, holder.charge());
        let unused_credit = holder.credit.saturating_sub(holder.granted);
        let mut most = u64::MAX;
        for (scope, limits, book) in self.scopes(id) {
            let Some(free) = book.free_bytes(limits) else {
                continue;
            };
            let left = free.saturating_sub(self.older_want(seq, scope, id));
            let own = unused_credit.saturating_add(left);
            if own == 0 {
                let answer = if self.younger_holds(seq, scope, id) {
                    Grant::Wait(scope)
                } else {
                    Grant::Refused(scope)
                };
                let waits = matches!(answer, Grant::Wait(_));
                self.set_wanted(seq, if waits { want } else { 0 });
                return answer;
            }
            most = most.min(own);
        }
        let size = if most > Self::PLENTY_BYTES {
            want.max(Self::SLICE_BYTES)
        } else {
            want
        };
        let granted = size.min(most);
        let Some(holder) = self.holders.get_mut(&seq) else {
            return Grant::Refused(Scope::Account);
        };
        holder.wanted = 0;
        holder.granted = holder.granted.saturating_add(granted);
        let more = holder.charge() - charge;
        self.each_book(id, |book| book.reserved_bytes += more);
        Grant::Granted(granted)
    }

    /// Whether the holder may now put `size` bytes in the place of `replaced`. What it counted on
    /// replacing may have been renamed or deleted since; then the whole file must fit. If it does, the
    /// reservation is brought up to what the books are going to be told.
    pub(super) fn cover(&mut self, seq: u64, size: u64, replaced: Option<u64>) -> bool {
        let Some(holder) = self.holders.get(&seq) else {
            return false;
        };
        let (id, charge, files) = (holder.account, holder.charge(), holder.files);
        let freed = replaced.unwrap_or(0);
        let new_charge = holder.granted.saturating_sub(freed);
        let new_files = u64::from(replaced.is_none());
        let fits = |(_, limits, book): (Scope, Limits, Book)| {
            book.holds_bytes(limits, charge, new_charge)
                && book.holds_files(limits, files, new_files)
        };
        if (size > freed || new_files > 0) && !self.scopes(id).all(fits) {
            return false;
        }
        if let Some(holder) = self.holders.get_mut(&seq) {
            holder.credit = freed;
            holder.files = new_files;
        }
        self.each_book(id, |book| {
            book.reserved_bytes = book.reserved_bytes.saturating_sub(charge) + new_charge;
            book.reserved_files = book.reserved_files.saturating_sub(files) + new_files;
        });
        true
    }

    /// Gives back everything that the holder reserved.
    pub(super) fn release(&mut self, seq: u64) {
        let Some(holder) = self.holders.remove(&seq) else {
            return;
        };
        if let Some(key) = holder.credit_key {
            self.credits.remove(&(holder.account, key));
        }
        let (charge, files) = (holder.charge(), holder.files);
        self.each_book(holder.account, |book| {
            book.reserved_bytes = book.reserved_bytes.saturating_sub(charge);
            book.reserved_files = book.reserved_files.saturating_sub(files);
        });
        self.touch(holder.account);
    }

    /// Books `bytes` more and `files` more (or fewer) for an account.
    pub(super) fn add(&mut self, id: AccountId, bytes: i64, files: i64) {
        if !self.accounts.contains_key(&id) {
            return;
        }
        self.each_book(id, |book| {
            book.bytes += bytes;
            book.files += files;
        });
        self.touch(id);
    }

    /// The file `key` is gone: whoever counted on replacing it must now pay in full.
    pub(super) fn forget_credit(&mut self, id: AccountId, key: FileKey) {
        let Some(seq) = self.credits.remove(&(id, key)) else {
            return;
        };
        let Some(holder) = self.holders.get_mut(&seq) else {
            return;
        };
        let before = holder.charge();
        holder.credit = 0;
        holder.credit_key = None;
        let more = holder.charge() - before;
        self.each_book(id, |book| book.reserved_bytes += more);
    }

    /// Withdraws the holder's wish for more.
    pub(super) fn stop_waiting(&mut self, seq: u64) {
        self.set_wanted(seq, 0);
    }

    /// Whether the database knows that the account is being written to.
    pub(super) fn is_marked(&self, id: AccountId) -> bool {
        self.accounts.get(&id).is_none_or(|account| account.marked)
    }

    pub(super) fn set_marked(&mut self, id: AccountId, marked: bool) {
        if let Some(account) = self.accounts.get_mut(&id) {
            account.marked = marked;
        }
    }

    /// Accounts whose usage the database must be told, or whose mark can be lifted. A lifted mark is
    /// gone here at once: whoever changes the account from now on asks for a new one.
    pub(super) fn take_changes(&mut self, lift: Lift) -> Vec<Change> {
        let mut changes = Vec::new();
        for (id, account) in &mut self.accounts {
            let is_uploading = self.holders.values().any(|holder| holder.account == *id);
            if let Some(busy) = account.due(is_uploading, lift) {
                changes.push(Change {
                    account: *id,
                    usage: account.book.usage(),
                    busy,
                });
            }
        }
        changes
    }

    /// The changes could not be written; they are due again.
    pub(super) fn put_back(&mut self, id: AccountId) {
        self.touch(id);
    }

    fn touch(&mut self, id: AccountId) {
        if let Some(account) = self.accounts.get_mut(&id) {
            account.changed = true;
        }
    }

    fn set_wanted(&mut self, seq: u64, wanted: u64) {
        if let Some(holder) = self.holders.get_mut(&seq) {
            holder.wanted = wanted;
        }
    }

    fn older_want(&self, seq: u64, scope: Scope, id: AccountId) -> u64 {
        self.holders
            .range(..seq)
            .filter(|(_, other)| scope == Scope::Customer || other.account == id)
            .fold(0, |sum: u64, (_, other)| sum.saturating_add(other.wanted))
    }

    fn younger_holds(&self, seq: u64, scope: Scope, id: AccountId) -> bool {
        self.holders
            .range(seq + 1..)
            .filter(|(_, other)| scope == Scope::Customer || other.account == id)
            .any(|(_, other)| other.charge() > 0)
    }

    fn scopes(&self, id: AccountId) -> impl Iterator<Item = (Scope, Limits, Book)> + use<> {
        let account = self
            .accounts
            .get(&id)
            .map(|a| (Scope::Account, a.limits, a.book));
        account
            .into_iter()
            .chain(std::iter::once((Scope::Customer, self.limits, self.book)))
    }

    fn each_book(&mut self, id: AccountId, change: impl Fn(&mut Book)) {
        if let Some(account) = self.accounts.get_mut(&id) {
            change(&mut account.book);
            change(&mut self.book);
        }
    }
}
