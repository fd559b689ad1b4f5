//! The stopwatch: rounds of the same work, of which the middle one counts.

use std::io::Write;
use std::time::{Duration, Instant};

/// Rounds of one measurement; an odd number has a middle.
const ROUNDS: usize = 21;
/// How long one round takes at least: far longer than the clock needs, and than the system's tick.
const ROUND: Duration = Duration::from_millis(50);

/// Runs what the command line asks for.
pub(crate) struct Bench {
    /// A part of the names wanted; all are if there is none.
    wanted: Option<String>,
}

/// What one call of the work does.
#[derive(Clone, Copy)]
pub(crate) enum Does {
    /// So many of something.
    Things(u64, &'static str),
    /// Moves so many bytes.
    Bytes(u64),
}

impl Bench {
    /// The first argument that is no option is a part of the names wanted.
    pub(crate) fn of_arguments() -> Self {
        let mut arguments = std::env::args().skip(1);
        Self {
            wanted: arguments.find(|argument| !argument.starts_with('-')),
        }
    }

    /// Measures `work` and prints a line: what one thing takes in the middle round, and how far the
    /// middle half of all rounds lies apart.
    pub(crate) fn time(
        &self,
        name: &str,
        does: Does,
        mut work: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let is_wanted = |wanted: &String| name.contains(wanted.as_str());
        if !self.wanted.as_ref().is_none_or(is_wanted) {
            return Ok(());
        }
        let calls = calibrate(&mut work)?;
        let mut rounds = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            rounds.push(round(calls, &mut work)?);
        }
        rounds.sort_unstable();
        let at = |index: usize| rounds.get(index).copied().unwrap_or_default().as_nanos();
        let middle = at(ROUNDS / 2).max(1);
        let spread = (at(ROUNDS * 3 / 4) - at(ROUNDS / 4)) * 100 / middle;
        let calls = u128::from(calls);
        let figure = match does {
            Does::Things(things, unit) => {
                let tenths = middle * 10 / (calls * u128::from(things));
                format!("{:>10}.{} ns/{unit}", tenths / 10, tenths % 10)
            }
            Does::Bytes(bytes) => {
                let moved = calls * u128::from(bytes) * 1_000_000_000;
                format!("{:>12} MiB/s", (moved / middle) >> 20)
            }
        };
        writeln!(std::io::stdout(), "{name:<32} {figure:<24} ±{spread} %")?;
        Ok(())
    }
}

/// How many calls make a round; warms everything up by the way.
fn calibrate(work: &mut impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<u64> {
    let mut calls = 1;
    while round(calls, work)? < ROUND {
        calls *= 2;
    }
    Ok(calls)
}

fn round(calls: u64, work: &mut impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    for _ in 0..calls {
        work()?;
    }
    Ok(begun.elapsed())
}
