//! Exact figures: what the calls return adds up to what is on the disk, whoever races whom.

use super::*;
use crate::model::Usage;

/// What the returned deltas add up to.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Ledger {
    bytes: i64,
    files: i64,
}

impl Ledger {
    fn stored(&mut self, committed: &Committed) {
        self.bytes += i64::try_from(committed.size).unwrap();
        self.files += 1;
        self.removed(committed.replaced);
    }

    fn removed(&mut self, removed: Option<Removed>) {
        if let Some(removed) = removed {
            self.bytes -= i64::try_from(removed.bytes).unwrap();
            self.files -= 1;
        }
    }

    fn is(self, usage: Usage) -> bool {
        let bytes = i64::try_from(usage.bytes).unwrap();
        let files = i64::try_from(usage.files).unwrap();
        (self.bytes, self.files) == (bytes, files)
    }
}

/// Small deterministic numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % sides
    }
}

const NAMES: [&str; 4] = ["a", "b", "d/a", "link"];

/// One client that does anything to four names, and keeps its own books.
struct Client {
    home: Home,
    dice: Dice,
    ledger: Ledger,
}

impl Client {
    fn new(home: Home, seed: u64) -> Self {
        Self {
            home,
            dice: Dice(seed),
            ledger: Ledger::default(),
        }
    }

    async fn play(mut self, rounds: usize) -> Ledger {
        for _ in 0..rounds {
            let (name, other) = (self.name(), self.name());
            match self.dice.roll(7) {
                0 | 1 => self.upload(name, UploadMode::Replace).await,
                2 => self.upload(name, UploadMode::Append).await,
                3 => {
                    let offset = self.dice.roll(3_000);
                    self.upload(name, UploadMode::Resume { offset }).await;
                }
                4 | 5 => {
                    let removed = self.home.remove_file(&at(name)).await;
                    self.ledger.removed(removed.ok());
                }
                _ => {
                    let renamed = self.home.rename(&at(name), &at(other)).await;
                    self.ledger
                        .removed(renamed.ok().and_then(|one| one.replaced));
                }
            }
        }
        self.ledger
    }

    async fn upload(&mut self, name: &str, mode: UploadMode) {
        let bytes = vec![7; usize::try_from(self.dice.roll(5_000)).unwrap()];
        let Ok(upload) = begin(&self.home, name, mode, &bytes).await else {
            return;
        };
        let policy = match self.dice.roll(6) {
            0 => OnAbort::Auto,
            1 => OnAbort::Keep,
            2 => OnAbort::Discard,
            _ => {
                let committed = upload.commit(Durability::Received).await;
                return committed.iter().for_each(|one| self.ledger.stored(one));
            }
        };
        let abandoned = upload.abandon(policy).await.unwrap();
        abandoned
            .change()
            .into_iter()
            .for_each(|one| self.ledger.stored(one));
    }

    fn name(&mut self) -> &'static str {
        NAMES[usize::try_from(self.dice.roll(4)).unwrap()]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deltas_of_racing_clients_add_up_to_the_disk() {
    let premises = Premises::new().await;
    premises.make_dir("d");
    premises.link("d/a", "link");
    let mut clients = tokio::task::JoinSet::new();
    for seed in 0..8 {
        clients.spawn(Client::new(premises.home(), seed).play(150));
    }

    let mut total = Ledger {
        bytes: 0,
        files: 1, // the link that was there before
    };
    for ledger in clients.join_all().await {
        total.bytes += ledger.bytes;
        total.files += ledger.files;
    }

    let usage = premises.local.count().await.unwrap();
    assert!(total.is(usage), "{total:?} is not {usage:?}");
    let hidden = |name: &String| name.starts_with(STAGED_PREFIX);
    assert!(!premises.names(".").iter().any(hidden));
    assert!(!premises.names("d").iter().any(hidden));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replacements_of_one_path_at_once_count_each_version_once() {
    let premises = Premises::new().await;
    let mut total = Ledger::default();

    for round in 0..50 {
        let (first, second) = (premises.home(), premises.home());
        let bytes = vec![1; round * 10];
        let (a, b) = tokio::join!(
            tokio::spawn(async move { store(&first, "f", &bytes).await.unwrap() }),
            tokio::spawn(async move { store(&second, "f", b"second").await.unwrap() }),
        );
        total.stored(&a.unwrap());
        total.stored(&b.unwrap());
    }

    let usage = premises.local.count().await.unwrap();
    assert_eq!(usage.files, 1);
    assert!(total.is(usage), "{total:?} is not {usage:?}");
}
