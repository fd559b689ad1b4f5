//! Identifiers: `UUIDv7`, so that they sort by the moment they were made, written as lower-case text.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::clock::Timestamp;

/// The text is no id.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not an id")]
pub struct IdError;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes an id from the time in milliseconds since 1970 and ten random bytes.
            pub fn from_parts(unix_ms: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
            }

            /// The upper and the lower half as signed numbers, whose order is that of ids. Nearly
            /// all of the lower half is random.
            pub fn halves(self) -> (i64, i64) {
                let (high, low) = self.0.as_u64_pair();
                (high.cast_signed(), low.cast_signed())
            }

            /// Puts an id together from its halves.
            pub fn from_halves((high, low): (i64, i64)) -> Self {
                Self(Uuid::from_u64_pair(high.cast_unsigned(), low.cast_unsigned()))
            }

            /// The last six characters, which are random: enough to tell two ids apart on a page or
            /// in a folder name.
            pub fn short(self) -> String {
                let text = self.0.simple().to_string();
                text.chars().skip(26).collect()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| IdError)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// An account: one FTP login.
    AccountId;
    /// An administrator.
    AdminId;
    /// A customer: the company or person that owns accounts.
    CustomerId;
    /// A file with accounts that is imported.
    ImportId;
    /// A job.
    JobId;
    /// A plan.
    PlanId;
    /// One FTP control connection.
    SessionId;
    /// One row of the transfer journal.
    TransferId;
    /// A folder of the host that holds homes.
    VolumeId;
    /// One sign-in of an administrator in a browser.
    WebSessionId;
}

impl TransferId {
    /// The first id of a row about something that ended at `at`.
    pub fn first_at(at: Timestamp) -> Self {
        Self::from_parts(u64::try_from(at.as_millis()).unwrap_or(0), [0; 10])
    }
}

impl VolumeId {
    /// The volume that every installation begins with: the folder `files` of the data directory.
    pub const FIRST: Self = Self(Uuid::from_u128(0x7000_8000_0000_0000_0001));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = AccountId::from_parts(1_700_000_000_000, [7; 10]);

        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.short().len(), 6);
    }

    #[test]
    fn the_halves_of_an_id_are_in_its_order_and_make_it_whole_again() {
        let mut ids = Vec::new();
        for (time, random) in [(1, 0), (1, 7), (1, 255), (2, 0), (1 << 47, 128)] {
            let mut bytes = [0; 10];
            bytes[2] = random;
            ids.push(AccountId::from_parts(time - 1, bytes));
        }

        let halves = ids.iter().map(|id| id.halves());
        let halves: Vec<(i64, i64)> = halves.collect();

        assert!(halves.is_sorted(), "{halves:?}");
        let again: Vec<_> = halves.into_iter().map(AccountId::from_halves).collect();
        assert_eq!(again, ids);
    }

    #[test]
    fn the_first_volume_has_the_id_that_the_database_gives_it() {
        let text = "00000000-0000-7000-8000-000000000001";

        assert_eq!(VolumeId::FIRST.to_string(), text);
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let early = AccountId::from_parts(1, [255; 10]);
        let late = AccountId::from_parts(2, [0; 10]);

        assert!(early < late);
    }
}
