//! How long the inner parts of the product take, and how much a whole server moves. `docs/PERFORMANCE.md`
//! says how to run and read it.

mod client;
mod grammar;
mod ledger;
mod listings;
mod measure;
mod premises;
mod transfers;

use measure::Bench;

fn main() -> anyhow::Result<()> {
    let bench = Bench::of_arguments();
    grammar::run(&bench)?;
    listings::run(&bench)?;
    let premises = premises::Premises::open()?;
    ledger::run(&bench, &premises)?;
    transfers::run(&bench, &premises)
}
