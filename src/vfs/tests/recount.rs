//! Counting while the home is in use.

use super::*;
use crate::model::Usage;

async fn count(premises: &Premises) -> Usage {
    premises.local.count().await.unwrap()
}

/// Runs a count to its end, with nothing in between.
async fn recount(premises: &Premises) -> RecountStep {
    let mut recount = premises.local.begin_recount().unwrap();
    loop {
        let step = recount.step(7).await.unwrap();
        if !matches!(step, RecountStep::More(_)) {
            return step;
        }
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % sides
    }

    fn path(&mut self) -> String {
        let mut path = String::new();
        for _ in 0..=self.below(3) {
            path = format!("{path}/n{}", self.below(5));
        }
        path
    }
}

/// Does something to the home; what cannot be done does nothing.
async fn change(home: &Home, dice: &mut Dice) {
    let (from, to) = (at(&dice.path()), at(&dice.path()));
    let bytes = vec![b'x'; usize::try_from(dice.below(50)).unwrap()];
    match dice.below(8) {
        0 | 1 => drop(store(home, from.as_str(), &bytes).await),
        2 => drop(home.create_dir(&from).await),
        3 => drop(home.remove_file(&from).await),
        4 => drop(home.remove_dir(&from).await),
        5 => drop(append(home, from.as_str(), &bytes).await),
        6 => drop(break_off_if_possible(home, from.as_str(), &bytes).await),
        _ => drop(home.rename(&from, &to).await),
    }
}

async fn break_off_if_possible(home: &Home, path: &str, bytes: &[u8]) -> Option<Abandoned> {
    let upload = begin(home, path, UploadMode::Replace, bytes).await.ok()?;
    upload.abandon(OnAbort::Keep).await.ok()
}

#[tokio::test]
async fn a_count_of_a_quiet_home_is_the_count() {
    let premises = Premises::new().await;
    let deep = "d/".repeat(150);
    premises.make_dir(&deep);
    premises.write(&format!("{deep}f"), b"12");
    premises.make_dir("e");
    premises.write("e/.fx~left", b"staged");
    premises.link("e", "link");
    premises.write("f", b"123");

    let counted = recount(&premises).await;

    let expected = Usage { bytes: 5, files: 3 };
    assert_eq!(counted, RecountStep::Done(expected));
    assert_eq!(count(&premises).await, expected);
}

/// Whatever happens between two steps: what is told at the end stood there at the beginning.
#[tokio::test]
async fn a_count_tells_what_stood_there_when_it_began_whatever_happens_meanwhile() {
    let (mut told, mut crossed) = (0, 0);
    for seed in 0..150 {
        let premises = Premises::new().await;
        let home = premises.home();
        let mut dice = Dice(seed);
        for number in 0..25 {
            let folder = format!("n{}/n{}", number / 5, number % 5);
            premises.make_dir(&folder);
            premises.write(&format!("{folder}/n{}", number % 3), b"at first");
        }
        for _ in 0..40 {
            change(&home, &mut dice).await;
        }
        let stood = count(&premises).await;
        let mut recount = premises.local.begin_recount().unwrap();

        loop {
            match recount.step(1 + dice.below(3)).await.unwrap() {
                RecountStep::More(_) => {
                    change(&home, &mut dice).await;
                    change(&home, &mut dice).await;
                }
                RecountStep::Done(counted) => {
                    assert_eq!(counted, stood, "seed {seed}");
                    told += 1;
                    break;
                }
                RecountStep::Crossed => {
                    crossed += 1;
                    break;
                }
                RecountStep::TooMany => panic!("so few names"),
            }
        }
    }

    assert!(told > 40 && crossed > 10, "{told} told, {crossed} crossed");
}

#[tokio::test]
async fn a_file_that_is_being_continued_counts_as_long_as_it_was() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.write("a", b"0123456789");
    premises.write("b", b"0123456789");
    let ahead = begin(&home, "b", UploadMode::Resume { offset: 2 }, b"XYZ");
    let ahead = ahead.await.unwrap();

    let mut recount = premises.local.begin_recount().unwrap();
    let behind = begin(&home, "a", UploadMode::Append, b"more")
        .await
        .unwrap();
    // The names are read, and `a` and `b` are counted.
    recount.step(3).await.unwrap();
    ahead.commit(Durability::Received).await.unwrap();
    behind.commit(Durability::Received).await.unwrap();
    let counted = recount.step(9).await.unwrap();

    let expected = Usage {
        bytes: 20,
        files: 2,
    };
    assert_eq!(counted, RecountStep::Done(expected));
}

#[tokio::test]
async fn a_change_by_way_of_a_link_is_seen_where_it_happens() {
    let premises = Premises::new().await;
    let home = premises.home();
    premises.make_dir("z/real");
    premises.write("z/real/old", b"12345");
    premises.write("b", b"1");
    premises.link("z/real", "a");

    let mut recount = premises.local.begin_recount().unwrap();
    // The link is counted, and the walk is before `z`.
    recount.step(2).await.unwrap();
    store(&home, "a/new", b"123456").await.unwrap();
    home.remove_file(&at("a/old")).await.unwrap();
    let counted = recount.step(20).await.unwrap();

    assert_eq!(counted, RecountStep::Done(Usage { bytes: 6, files: 3 }));
}

#[tokio::test]
async fn one_count_at_a_time_and_a_dropped_one_is_over() {
    let premises = Premises::new().await;
    let first = premises.local.begin_recount().unwrap();

    let second = premises.local.begin_recount();
    assert!(matches!(second, Err(StorageError::Busy)), "{second:?}");

    drop(first);
    assert!(premises.local.begin_recount().is_ok());
}
