//! Limits and where they come from. No limit is `None`; zero means that nothing is allowed.

/// A limit: `None` = no limit, `Some(0)` = nothing allowed.
pub type Limit = Option<u64>;

/// What a record says about a limit that it could inherit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Override {
    /// Take the value of the level above.
    #[default]
    Inherit,
    /// Use this value instead; `Own(None)` lifts the limit.
    Own(Limit),
}

impl Override {
    /// The limit in force if the level above says `inherited`.
    pub fn or(self, inherited: Limit) -> Limit {
        match self {
            Self::Inherit => inherited,
            Self::Own(limit) => limit,
        }
    }

    /// Whether this record replaces the inherited value.
    pub fn is_own(self) -> bool {
        matches!(self, Self::Own(_))
    }
}

/// The level that decided a limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LimitSource {
    /// The account's own value.
    Account,
    /// The customer's own value.
    Customer,
    /// The plan's value.
    Plan,
}
