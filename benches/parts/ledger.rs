//! The books: what a file and what a chunk of it costs.

use anyhow::Context;
use quaymaster::hosting::quota::Reservation;

use super::measure::{Bench, Does};
use super::premises::Premises;

const CHUNK: u64 = 64 * 1_024;
/// Chunks of a long file; as many are measured at once.
const CHUNKS: u64 = 1_000;

pub(crate) fn run(bench: &Bench, premises: &Premises) -> anyhow::Result<()> {
    let quota = premises.quota().context("the account is in the books")?;
    let new = Reservation {
        new_file: true,
        ..Reservation::default()
    };
    bench.time(
        "ledger: a file of one chunk",
        Does::Things(1, "file"),
        || {
            premises.block_on(async {
                let mut allowance = quota.reserve(new).await?;
                allowance.extend(CHUNK).await?;
                allowance.take(CHUNK);
                allowance.settle(CHUNK, None);
                Ok(())
            })
        },
    )?;
    bench.time(
        "ledger: a chunk of a file",
        Does::Things(CHUNKS, "chunk"),
        || {
            premises.block_on(async {
                let mut allowance = quota.reserve(new).await?;
                for _ in 0..CHUNKS {
                    allowance.extend(CHUNK).await?;
                    allowance.take(CHUNK);
                }
                allowance.settle(CHUNK * CHUNKS, None);
                Ok(())
            })
        },
    )
}
