//! Where the cases come from: fragments and raw bytes in any order, the same again for the same seed.

use quaymaster::proto::{Line, LineBuffer};

use crate::support::chance::seed;
use crate::support::server::rounds;

/// Cases of one target …
const CASES: usize = 3_000;
/// … at night so many times as many: ten million.
const NIGHTLY: usize = 3_334;

/// The chance of one case. Quick, because a case takes some microseconds only, and good enough to put
/// fragments together.
pub(super) struct Feed(u64);

/// Says which case it was when a case fails.
struct Case {
    target: &'static str,
    seed: u64,
}

/// Runs every case of `target`. With `FAULTS_SEED` the first one is the case with that seed.
pub(super) fn run(target: &'static str, mut case: impl FnMut(&mut Feed)) {
    let (first, cases) = (seed(), rounds(CASES, NIGHTLY));
    println!("{target}: FAULTS_SEED={first}, {cases} cases");
    for number in 0..cases {
        let seed = first.wrapping_add(number as u64);
        let _case = Case { target, seed };
        case(&mut Feed::of(seed));
    }
}

impl Feed {
    fn of(seed: u64) -> Self {
        let mut feed = Self(seed);
        // Neighbours have nothing in common.
        feed.0 = feed.number();
        feed
    }

    /// Any number (`SplitMix64`).
    pub(super) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % end as u64).expect("a number below")
    }

    /// A number from `low` to `high`, both possible.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.abs_diff(low).saturating_add(1);
        low.saturating_add_unsigned(self.number() % span)
    }

    /// Happens once in `times` times.
    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Any byte.
    pub(super) fn byte(&mut self) -> u8 {
        self.number().to_le_bytes()[0]
    }

    /// One of `from`.
    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Up to `most` fragments and single bytes of any value.
    pub(super) fn bytes(&mut self, fragments: &[&[u8]], most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..self.below(most + 1) {
            if self.one_in(3) {
                bytes.push(self.byte());
            } else {
                bytes.extend_from_slice(self.pick(fragments));
            }
        }
        bytes
    }

    /// Up to `most` fragments, digits, and characters from anywhere.
    pub(super) fn text(&mut self, fragments: &[&str], most: usize) -> String {
        let mut text = String::new();
        for _ in 0..self.below(most + 1) {
            match self.below(8) {
                0 => text.push(char::from(b'0' + self.byte() % 10)),
                1 => text.push(char::from(0x20 + self.byte() % 0x5f)),
                2 => text.extend(char::from_u32(u32::from(self.byte()) << (self.byte() % 12))),
                _ => text.push_str(self.pick(fragments)),
            }
        }
        text
    }

    /// `text` with every letter in a case of its own.
    pub(super) fn in_any_case(&mut self, text: &str) -> String {
        let upper = self.number();
        let letters = text.chars().enumerate();
        letters
            .map(|(at, letter)| {
                if upper >> (at % 64) & 1 == 0 {
                    letter.to_ascii_lowercase()
                } else {
                    letter.to_ascii_uppercase()
                }
            })
            .collect()
    }
}

/// The line that `text` is, if it is one.
pub(super) fn line(text: &str) -> Option<Line> {
    if text.contains('\n') {
        return None;
    }
    let mut buffer = LineBuffer::new();
    buffer.extend(text.as_bytes());
    buffer.extend(b"\r\n");
    buffer.next_line()?.ok()
}

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}: FAULTS_SEED={} is the case", self.target, self.seed);
        }
    }
}
