//! How fast bytes may move: token buckets of the server, the account and the session, one for each
//! direction. A transfer asks all of its three before it moves a piece.
//!
//! A bucket does not count tokens. It knows until when what was taken has been paid for; whoever
//! takes a piece moves that time on and waits for it. So those who ask are served in the order in
//! which they asked, nobody holds a lock while waiting, and a late wake-up is made up for by the next.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::model::{AccountId, AccountLimits, Limit};

/// The buckets of everybody.
#[derive(Clone, Debug, Default)]
pub struct Rates(Arc<Book>);

#[derive(Debug, Default)]
struct Book {
    server: Arc<Buckets>,
    accounts: Mutex<HashMap<AccountId, Weak<Buckets>>>,
}

/// The buckets of the server, of an account or of a session.
#[derive(Debug, Default)]
pub struct Buckets {
    up: Bucket,
    down: Bucket,
}

/// What the transfers of one session ask.
#[derive(Clone, Debug)]
pub struct SessionRates {
    server: Arc<Buckets>,
    account: Arc<Buckets>,
    session: Arc<Buckets>,
    limits: AccountLimits<Limit>,
}

/// Which way bytes move, as the client sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// To the server.
    Up,
    /// To the client.
    Down,
}

/// Some bytes that may be moved.
#[derive(Debug)]
#[must_use = "what is not moved is given back"]
pub struct Piece {
    bytes: u64,
    origin: Origin,
}

/// Who has to be told of bytes that were not moved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Origin {
    /// Nobody.
    Free,
    /// They belong to those that nobody is asked for.
    Exempt,
    /// They were booked.
    Buckets,
}

/// What one transfer asks before it moves bytes.
#[derive(Clone, Debug)]
pub struct Pace {
    buckets: [Arc<Buckets>; 3],
    direction: Direction,
    /// Bytes that are moved before anybody is asked.
    exempt: Arc<AtomicU64>,
}

/// One direction.
#[derive(Debug, Default)]
struct Bucket {
    /// Bytes a second; [`Bucket::FREE`] is no limit.
    rate: AtomicU64,
    paid_until: Mutex<Option<Instant>>,
    changed: Notify,
}

impl Rates {
    /// Where the map is looked through for accounts that nobody uses any more.
    const TIDY_AT: usize = 1_024;

    /// The buckets that all transfers share.
    pub fn server(&self) -> &Buckets {
        &self.0.server
    }

    /// The buckets that all sessions of an account share.
    fn account(&self, id: AccountId) -> Arc<Buckets> {
        let mut accounts = self
            .0
            .accounts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(buckets) = accounts.get(&id).and_then(Weak::upgrade) {
            return buckets;
        }
        if accounts.len() >= Self::TIDY_AT && accounts.len().is_power_of_two() {
            accounts.retain(|_, buckets| buckets.strong_count() > 0);
        }
        let buckets = Arc::new(Buckets::default());
        accounts.insert(id, Arc::downgrade(&buckets));
        buckets
    }

    /// What a session of the account asks, under these limits.
    pub fn session(&self, id: AccountId, limits: AccountLimits<Limit>) -> SessionRates {
        SessionRates {
            server: Arc::clone(&self.0.server),
            account: self.account(id),
            session: Arc::default(),
            limits,
        }
    }
}

impl SessionRates {
    /// What a transfer asks.
    pub fn pace(&self, direction: Direction) -> Pace {
        let buckets = [&self.session, &self.account, &self.server].map(Arc::clone);
        Pace {
            buckets,
            direction,
            exempt: Arc::default(),
        }
    }

    /// The same limits for a session that had others before: its running transfers notice.
    #[must_use]
    pub fn in_place_of(self, before: &Self) -> Self {
        Self {
            session: Arc::clone(&before.session),
            ..self
        }
    }

    /// Puts the limits in force, for all sessions of the account. Only for what is known to hold now:
    /// a login that is outdated before it ends must not bring old limits back.
    pub fn enforce(&self) {
        let limits = &self.limits;
        self.account.set(limits.upload_rate, limits.download_rate);
        self.session
            .set(limits.session_upload_rate, limits.session_download_rate);
    }
}

impl Buckets {
    /// Puts limits in force, in bytes a second, at once for running transfers too.
    pub fn set(&self, up: Limit, down: Limit) {
        self.up.set(up);
        self.down.set(down);
    }

    fn way(&self, direction: Direction) -> &Bucket {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }
}

impl Piece {
    /// How many they are.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The same, for a slice.
    pub fn length(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }
}

impl Pace {
    /// The same, but the first `bytes` are not counted.
    #[must_use]
    pub fn exempting(self, bytes: u64) -> Self {
        Self {
            exempt: Arc::new(AtomicU64::new(bytes)),
            ..self
        }
    }

    /// Whether nothing is limited now.
    pub fn is_free(&self) -> bool {
        self.ways().iter().all(|bucket| bucket.rate().is_none())
    }

    /// Waits until some of `want` bytes may be moved, and tells how many: all of them where nothing is
    /// limited, otherwise a piece, so that transfers take turns. Whoever waits while a rate changes
    /// waits no longer: what comes next is under the new one.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses a piece, which the others then wait for.
    pub async fn take(&self, want: u64) -> Piece {
        let [session, account, server] = self.ways();
        let changed = [session, account, server].map(|bucket| bucket.changed.notified());
        let (piece, turn) = self.book(want, Instant::now());
        if let Some(turn) = turn {
            let [session, account, server] = changed;
            tokio::select! {
                biased;
                () = sleep_until(turn) => {}
                () = session => {}
                () = account => {}
                () = server => {}
            }
        }
        piece
    }

    /// Books a piece in all buckets; tells how large it is and when it may be moved, if not at once.
    fn book(&self, want: u64, now: Instant) -> (Piece, Option<Instant>) {
        let piece = |bytes, origin| Piece { bytes, origin };
        let exempt = self.exempt.load(Ordering::Relaxed);
        if exempt > 0 {
            let bytes = exempt.min(want);
            self.exempt.fetch_sub(bytes, Ordering::Relaxed);
            return (piece(bytes, Origin::Exempt), None);
        }
        let rates = self.ways().into_iter().filter_map(Bucket::rate);
        let Some(slowest) = rates.min() else {
            return (piece(want, Origin::Free), None);
        };
        let bytes = piece_of(slowest).min(want);
        let turns = self.ways().into_iter();
        let turns = turns.filter_map(|bucket| bucket.book(bytes, now));
        (piece(bytes, Origin::Buckets), turns.max())
    }

    /// Gives back what was taken and not moved: all but `moved` bytes of the piece.
    pub fn give_back(&self, Piece { bytes, origin }: Piece, moved: u64) {
        let bytes = bytes.saturating_sub(moved);
        match origin {
            Origin::Buckets if bytes > 0 => {
                for bucket in self.ways() {
                    bucket.give_back(bytes);
                }
            }
            Origin::Exempt => {
                self.exempt.fetch_add(bytes, Ordering::Relaxed);
            }
            Origin::Buckets | Origin::Free => {}
        }
    }

    fn ways(&self) -> [&Bucket; 3] {
        self.buckets.each_ref().map(|it| it.way(self.direction))
    }
}

impl Bucket {
    const FREE: u64 = 0;
    /// So much may be moved at once after a rest, in time.
    const BURST: Duration = Duration::from_millis(250);

    fn rate(&self) -> Option<u64> {
        Some(self.rate.load(Ordering::Relaxed)).filter(|rate| *rate != Self::FREE)
    }

    fn set(&self, limit: Limit) {
        let rate = limit.map_or(Self::FREE, |rate| rate.max(1));
        if self.rate.swap(rate, Ordering::Relaxed) != rate {
            *self.paid_until() = None;
            self.changed.notify_waiters();
        }
    }

    /// Books `bytes`; tells when they may be moved, if not at once.
    fn book(&self, bytes: u64, now: Instant) -> Option<Instant> {
        let rate = self.rate()?;
        let mut paid_until = self.paid_until();
        let rested = now.checked_sub(Self::BURST).unwrap_or(now);
        let begin = paid_until.map_or(rested, |paid| paid.max(rested));
        *paid_until = Some(begin + time_of(bytes, rate));
        Some(begin).filter(|begin| *begin > now)
    }

    fn give_back(&self, bytes: u64) {
        let Some(rate) = self.rate() else {
            return;
        };
        let mut paid_until = self.paid_until();
        *paid_until = paid_until.and_then(|paid| paid.checked_sub(time_of(bytes, rate)));
    }

    fn paid_until(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.paid_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much is moved at once: fifty pieces a second, if they are neither tiny nor huge.
fn piece_of(rate: u64) -> u64 {
    (rate / 50).clamp(512, 4 << 20)
}

fn time_of(bytes: u64, rate: u64) -> Duration {
    let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    struct Scene {
        rates: Rates,
        account: Arc<Buckets>,
    }

    impl Scene {
        fn new() -> Self {
            let rates = Rates::default();
            let account = rates.account(AccountId::from_parts(1, [1; 10]));
            Self { rates, account }
        }

        fn session(&self, direction: Direction) -> Pace {
            let rates = SessionRates {
                server: Arc::clone(&self.rates.0.server),
                account: Arc::clone(&self.account),
                session: Arc::default(),
                limits: AccountLimits::default(),
            };
            rates.pace(direction)
        }
    }

    /// What moves, how much is left, and when it goes on.
    struct Mover(Pace, u64, Instant);

    /// Lets all of them move on a clock of their own; tells how long each took.
    fn times(begun: Instant, movers: Vec<(Pace, u64)>) -> Vec<f64> {
        let mover = |(pace, bytes)| Mover(pace, bytes, begun);
        let mut movers: Vec<_> = movers.into_iter().map(mover).collect();
        while let Some(Mover(pace, left, at)) = movers
            .iter_mut()
            .filter(|mover| mover.1 > 0)
            .min_by_key(|mover| mover.2)
        {
            let (piece, turn) = pace.book(*left, *at);
            *left -= piece.bytes;
            *at = turn.unwrap_or(*at);
        }
        let took = |mover: &Mover| (mover.2 - begun).as_secs_f64();
        movers.iter().map(took).collect()
    }

    fn is_about(time: f64, seconds: f64) -> bool {
        (time / seconds - 1.0).abs() < 0.05
    }

    #[test]
    fn without_a_limit_everything_may_be_moved_at_once() {
        let pace = Scene::new().session(Direction::Up);

        assert!(pace.is_free());
        let (piece, turn) = pace.book(u64::MAX, Instant::now());
        assert_eq!((piece.bytes, turn), (u64::MAX, None));
    }

    #[test]
    fn what_is_limited_takes_its_time() {
        for (rate, bytes) in [(MIB, 20 * MIB), (10 << 10, 200 << 10), (1 << 30, 20 << 30)] {
            let scene = Scene::new();
            scene.account.set(None, Some(rate));

            let took = times(
                Instant::now(),
                vec![(scene.session(Direction::Down), bytes)],
            );

            assert!(is_about(took[0], 20.0), "{took:?}");
        }
    }

    #[test]
    fn sessions_of_an_account_share_its_rate_evenly() {
        let scene = Scene::new();
        scene.account.set(None, Some(MIB));
        let movers = (0..4).map(|_| (scene.session(Direction::Down), 5 * MIB));

        let took = times(Instant::now(), movers.collect());

        assert!(took.iter().all(|time| is_about(*time, 19.5)), "{took:?}");
    }

    #[test]
    fn a_session_keeps_its_bucket_under_new_limits() {
        let rates = Rates::default();
        let id = AccountId::from_parts(1, [1; 10]);
        let limits = AccountLimits::default();
        let before = rates.session(id, limits);
        let running = before.pace(Direction::Down);

        let slow = AccountLimits {
            session_download_rate: Some(MIB),
            ..limits
        };
        rates.session(id, slow).in_place_of(&before).enforce();

        let took = times(Instant::now(), vec![(running, 10 * MIB)]);
        assert!(is_about(took[0], 10.0), "{took:?}");
    }

    #[test]
    fn the_directions_do_not_share() {
        let scene = Scene::new();
        scene.account.set(Some(MIB), Some(2 * MIB));
        let movers = vec![
            (scene.session(Direction::Up), 10 * MIB),
            (scene.session(Direction::Down), 20 * MIB),
        ];

        let took = times(Instant::now(), movers);

        assert!(took.iter().all(|time| is_about(*time, 10.0)), "{took:?}");
    }

    #[test]
    fn the_lowest_of_all_limits_holds() {
        let scene = Scene::new();
        scene.account.set(Some(8 * MIB), None);
        scene.rates.server().set(Some(MIB), None);

        let took = times(
            Instant::now(),
            vec![(scene.session(Direction::Up), 10 * MIB)],
        );

        assert!(is_about(took[0], 10.0), "{took:?}");
    }

    #[tokio::test]
    async fn whoever_waits_while_the_rate_changes_waits_no_longer() {
        let scene = Scene::new();
        scene.account.set(Some(1), None);
        let pace = scene.session(Direction::Up);
        let _booked = pace.book(MIB, Instant::now());
        let waiting = tokio::spawn(async move { pace.take(MIB).await.bytes });
        tokio::task::yield_now().await;

        scene.account.set(Some(10 * MIB), None);

        assert_eq!(waiting.await.unwrap(), 512);
    }

    #[test]
    fn what_is_given_back_can_be_moved_by_another() {
        let scene = Scene::new();
        scene.account.set(Some(MIB), None);
        let (hesitant, other) = (scene.session(Direction::Up), scene.session(Direction::Up));
        let begun = Instant::now();
        for _ in 0..100 {
            let (piece, _) = hesitant.book(MIB, begun);
            hesitant.give_back(piece, 0);
        }

        let took = times(begun, vec![(other, 10 * MIB)]);

        assert!(is_about(took[0], 10.0), "{took:?}");
    }

    #[test]
    fn what_was_free_is_given_back_to_nobody() {
        let scene = Scene::new();
        let (early, other) = (
            scene.session(Direction::Down),
            scene.session(Direction::Down),
        );
        let begun = Instant::now();
        let (free, _) = early.book(100 * MIB, begun);
        scene.account.set(None, Some(MIB));
        let (booked, _) = other.book(MIB, begun);

        early.give_back(free, 0);

        let took = times(begun, vec![(other, 10 * MIB - booked.bytes)]);
        assert!(is_about(took[0], 10.0), "{took:?}");
    }

    #[test]
    fn an_outdated_login_brings_no_old_limit_back() {
        let rates = Rates::default();
        let id = AccountId::from_parts(1, [1; 10]);
        let limited = AccountLimits {
            upload_rate: Some(MIB),
            ..AccountLimits::default()
        };
        let current = rates.session(id, limited);
        current.enforce();

        let _outdated = rates.session(id, AccountLimits::default());

        assert!(!current.pace(Direction::Up).is_free());
    }

    #[test]
    fn what_is_exempt_does_not_wait() {
        let scene = Scene::new();
        scene.account.set(None, Some(MIB));

        let listing = scene.session(Direction::Down).exempting(MIB);

        let took = times(Instant::now(), vec![(listing, 11 * MIB)]);
        assert!(is_about(took[0], 10.0), "{took:?}");
    }

    #[test]
    fn accounts_that_nobody_uses_are_forgotten() {
        let rates = Rates::default();
        for number in 0..=2 * Rates::TIDY_AT as u64 {
            drop(rates.account(AccountId::from_parts(number, [0; 10])));
        }

        assert!(rates.0.accounts.lock().unwrap().len() <= Rates::TIDY_AT + 1);
    }
}
