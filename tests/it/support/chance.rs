//! Chance that can be repeated.

/// What a person gives who looks for a fault, or any; every test prints what it began with.
pub(crate) fn seed() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a person who looks for a fault gives it; the product does not read it"
    )]
    let given = std::env::var("FAULTS_SEED");
    given.map_or_else(
        |_| rand::random(),
        |seed| seed.parse().expect("a seed is a number"),
    )
}
