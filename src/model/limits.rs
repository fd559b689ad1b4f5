//! Limits and where they come from. No limit is `None`; zero means that nothing is allowed.

/// A limit: `None` = no limit, `Some(0)` = nothing allowed.
pub type Limit = Option<u64>;

/// What a record says about something that it could inherit, mostly a limit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Override<T = Limit> {
    /// Take the value of the level above.
    #[default]
    Inherit,
    /// Use this value instead; `Own(None)` lifts a limit.
    Own(T),
}

impl<T> Override<T> {
    /// The value in force if the level above says `inherited`.
    pub fn or(self, inherited: T) -> T {
        match self {
            Self::Inherit => inherited,
            Self::Own(value) => value,
        }
    }

    /// What this record says, or else what the level above does, which may inherit in its turn.
    #[must_use]
    pub fn or_else_of(self, above: Self) -> Self {
        match self {
            Self::Inherit => above,
            own @ Self::Own(_) => own,
        }
    }

    /// Whether this record replaces the inherited value.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    /// The own value; `None` if it is inherited.
    pub fn own(self) -> Option<T> {
        match self {
            Self::Inherit => None,
            Self::Own(value) => Some(value),
        }
    }
}

impl<T> From<Option<T>> for Override<T> {
    fn from(own: Option<T>) -> Self {
        own.map_or(Self::Inherit, Self::Own)
    }
}

/// The level that decided a limit or a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LimitSource {
    /// The account's own value.
    Account,
    /// The customer's own value.
    Customer,
    /// The plan's value.
    Plan,
    /// The settings of the server.
    Server,
}
